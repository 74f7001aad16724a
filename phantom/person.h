/* The parameters of a digital hip: one person.
 *
 * Every member has a key (person_keys) that --set and params.json use, with unit and permitted
 * range. Defaults are one middle-aged man; person_draw gives another person for each seed.
 * thin_cortex is 0 by choice of this toolkit: thin shells (head, trochanters, superior neck) are
 * likely more porous than the shaft's cortex, but no density of a subchondral or trochanteric shell
 * was found in the sources at hand, and a step at 1.2 mm is no anatomy. It is kept to show what a
 * thin cortex of lower density does to a measurement (0.12: +9 to +12 % of density, as much less
 * volume, mass within 3 %). Source: carmona_hips, pmc4775021 (neck-shaft angle, anteversion,
 * offset), pmc6177158 (bow); what has no source is a choice of this toolkit and is listed as such
 * in phantom/README.md.
 */
#ifndef QCT_PHANTOM_PERSON_H
#define QCT_PHANTOM_PERSON_H

#include "core/status.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

struct hip_person {
  double head_radius_mm;  /* of the femoral head */
  double neck_shaft_deg;  /* angle of neck axis and shaft axis (tangent at their crossing) */
  double anteversion_deg; /* turn of the neck forward about the shaft */
  double offset_mm;       /* head centre to shaft axis */
  double shaft_tilt_deg;  /* of the shaft in the coronal plane */
  double neck_a_mm;       /* semi-axis of the waist, superior-inferior */
  double neck_b_mm;       /* semi-axis of the waist, anterior-posterior */
  double neck_waist_mm;   /* head centre to waist */
  double bow_mm;          /* radius of the anterior bow of the shaft */
  double flare;           /* factor of the proximal widening of the shaft */
  double cortex;          /* factor of cortical thickness */
  double cortex_superior; /* further factor on the superior neck */
  double trabecular;      /* factor of trabecular bone volume fraction */
  double cortical_bvf;    /* bone volume fraction of cortex */
  double thin_cortex;     /* share of it that cortex thinner than 1.2 mm lacks; see below */
  double marrow_yellow;   /* share of fat in marrow */
  double texture;         /* SD of the trabecular texture, share of the local value */
  double fat_density;     /* adipose [g/cm3] */
  double fat_mm;          /* subcutaneous fat */
  double muscle;          /* factor of muscle girth */
  double infiltration;    /* share of fat in muscle */
  double midline_mm;      /* head centre to the body's midline */
  double joint_gap_mm;    /* between head and acetabulum */
  double implant;         /* 1: hip prosthesis on the measured side */
  double seed;            /* of the texture: an integer */
};

struct person_key {
  const char *name;
  const char *unit;
  double low, high;
  size_t offset;
  const char *help;
};
/** All keys; *count of them. */
const struct person_key *person_keys(size_t *count);

void person_defaults(struct hip_person *p);
/** Another person for each seed: geometry, bone and soft tissue from the population table by one
 * Gaussian copula, clipped at 3 SD. Seed 0 gives the defaults. `sex` 'F', 'M' or 0 (drawn). */
void person_draw(struct hip_person *p, uint64_t seed, char sex, double *age_years, char *drawn_sex);
/**
 * Set "key=value".
 * @return ST_USAGE for an unknown key (the message lists all), no number, or outside its range
 */
status person_set(struct hip_person *p, const char *assignment);
/** Keys of an object; unknown keys are refused. */
status person_from_json(struct hip_person *p, const cJSON *json, const char *what);
cJSON *person_to_json(const struct hip_person *p);
/**
 * Does the anatomy fit together? Neck inside the head, canal open, gap positive, finite.
 * @return ST_DOMAIN naming the parameter, its value and the permitted range
 */
status person_check(const struct hip_person *p);

#endif
