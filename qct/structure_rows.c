/* Hip structure as rows of a record and as a table of sections. */
#include "core/file.h"
#include "core/text.h"
#include "qct/hip_density.h"
#include "qct/hip_interval.h"
#include "qct/structure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double SLICE_LIMIT = 3; /* mm */
static const double z95 = 1.959963984540054;
static const double BUCKLING_LIMIT = 10; /* beck1990 */

struct kind { /* of one value of a slab */
  struct structure_name name;
  int family, quantity; /* of the family, or of the section */
};

static struct kind kind_of(int value, enum structure_place place) {
  struct kind k = {structure_name_of(value, place == STRUCTURE_SHAFT), value / SF_COUNT,
                   value % SF_COUNT};
  if (value >= STRUCTURE_FAMILIES * SF_COUNT) {
    k.family = STRUCTURE_FAMILIES;
    k.quantity = value - STRUCTURE_FAMILIES * SF_COUNT;
  }
  return k;
}

/* Does a value rest on the cortex's inner surface? */
static bool of_cortex(const struct kind *k) {
  if (k->family == STRUCTURE_C) return true;
  if (k->family < STRUCTURE_FAMILIES) return k->quantity == SF_BR;
  return k->quantity != SQ_SPW && k->quantity != SQ_PERIMETER_OUTER && k->quantity != SQ_MINERAL;
}

static bool of_mineral(const struct kind *k) {
  return k->family == STRUCTURE_W || (k->family == STRUCTURE_FAMILIES && k->quantity == SQ_MINERAL);
}

/* Is a value defined at all? ed_beck is of the families with a cortical area. */
static bool exists(const struct kind *k) {
  return !(k->family == STRUCTURE_G && k->quantity >= SF_ED_BECK);
}

static bool is_buckling(const struct kind *k) {
  if (k->family < STRUCTURE_FAMILIES) return k->quantity == SF_BR || k->quantity == SF_BR_BECK;
  return k->quantity == SQ_BR_DXA;
}

static bool is_beck(const struct kind *k) {
  return k->family < STRUCTURE_FAMILIES && k->quantity >= SF_ED_BECK;
}

/* Why there is no value. */
static void explain(struct measurement *m, const struct qct_structure *s,
                    const struct structure_slab *slab, const struct kind *k) {
  if (!slab->measured)
    measurement_flag(m, "%s", slab->reason);
  else if (!s->has_density && (of_mineral(k) || of_cortex(k)))
    measurement_flag(m, "the image is in HU: calibrate it first");
  else if (of_cortex(k) && !qct_structure_cortex_known(s))
    measurement_flag(m, "the cortex is resolved at %.0f %% of the surface, half is needed",
                     100 * s->resolved);
  else if (k->family == STRUCTURE_W && isnan(s->options.rho_ref))
    measurement_flag(m, "no density of fully mineralised bone known for %s: give --rho-ref",
                     material_name(s->material));
  else if (is_beck(k))
    measurement_flag(m, "more area than a ring of this width holds");
  else
    measurement_flag(m, "no cortex was resolved here");
}

static void flag_row(struct measurement *m, const struct qct_structure *s,
                     const struct structure_slab *slab, const struct kind *k) {
  if (s->slice_mm > SLICE_LIMIT)
    measurement_flag(m, "slices of %.3g mm, meant for %g mm or less", s->slice_mm, SLICE_LIMIT);
  if (slab->measured < STRUCTURE_SECTIONS)
    measurement_flag(m, "%d of %d sections left out: end of the bone or scan",
                     STRUCTURE_SECTIONS - slab->measured, (int)STRUCTURE_SECTIONS);
  if (slab->place == STRUCTURE_INTERTROCHANTER) measurement_flag(m, "plane unverified");
  if (slab->place == STRUCTURE_SHAFT && s->options.shaft == STRUCTURE_SHAFT_NECK_WIDTHS)
    measurement_flag(m, "place unverified");
  if (slab->place == STRUCTURE_INTERTROCHANTER && is_beck(k))
    measurement_flag(m, "of a circular ring");
  if (of_cortex(k) && s->guessed) measurement_flag(m, "cortical density is a guess");
  if (of_mineral(k) && s->material == MATERIAL_UNSTATED) measurement_flag(m, "material not stated");
  if (is_buckling(k) && m->value > BUCKLING_LIMIT) measurement_flag(m, "above 10");
}

static void describe(struct measurement *m, const struct qct_structure *s, const struct kind *k) {
  char reference[48] = "";
  if (k->family == STRUCTURE_W && !isnan(s->options.rho_ref))
    snprintf(reference, sizeof reference, ", rho_ref %.4g mg/cm3", s->options.rho_ref);
  snprintf(m->method, sizeof m->method, "hsa/1%s%s%s%s%s", of_cortex(k) ? ", cortex " : "",
           of_cortex(k) ? qct_cortex_names[s->options.cortex] : "", of_mineral(k) ? ", " : "",
           of_mineral(k) ? material_name(s->material) : "", reference);
  measurement_source(m, "beck1990");
}

/* What half the interval of a calibration does to a value that rests on mineral, as a share of it.
 * A density that is wrong everywhere by as much as at its mean moves mineral as the area does,
 * moments as those of the outline. */
static double line_share(const struct qct_structure *s, const struct structure_slab *slab,
                         const struct kind *k, const struct calibration *c) {
  const double *m = slab->mean;
  double density =
      1000 * m[structure_of_section(SQ_MINERAL)] / m[structure_of_family(STRUCTURE_G, SF_AREA)];
  double half = calibration_half_width(c, calibration_hu(c, density));
  double of_area = half / density, spw = m[structure_of_section(SQ_SPW)];
  double of_moment = half / s->options.rho_ref * m[structure_of_family(STRUCTURE_G, SF_CSMI)] /
                     m[structure_of_family(STRUCTURE_W, SF_CSMI)];
  double ed = m[structure_of_family(STRUCTURE_W, SF_ED_BECK)];
  if (k->family == STRUCTURE_FAMILIES) return of_area;
  switch (k->quantity) {
  case SF_AREA:
    return of_area;
  case SF_CENTROID:
  case SF_BR:
    return 0;
  case SF_ED_BECK:
    return of_area * (spw * spw - ed * ed) / (2 * ed * ed);
  case SF_ACT_BECK:
  case SF_BR_BECK:
    return of_area * (spw + ed) / (2 * ed);
  default:
    return of_moment;
  }
}

/* What a share of the cortex's thickness does to a value that rests on it, as a share. */
static double thickness_share(const struct structure_slab *slab, const struct kind *k) {
  const double pi = 3.14159265358979323846, *m = slab->mean;
  double act = m[structure_of_section(SQ_ACT)];
  if (k->family < STRUCTURE_FAMILIES) {
    int own = k->family * SF_COUNT;
    if (k->quantity == SF_CENTROID) return 0;
    if (k->quantity == SF_ED_BECK) return 2 * m[own + SF_ACT_BECK] / m[own + SF_ED_BECK];
  }
  if (k->family == STRUCTURE_FAMILIES && k->quantity == SQ_ED)
    return 2 * act / m[structure_of_section(SQ_ED)];
  if (k->family == STRUCTURE_FAMILIES && k->quantity == SQ_PERIMETER_INNER)
    return 2 * pi * act / m[structure_of_section(SQ_PERIMETER_INNER)];
  return 1;
}

/* Half of the 95 % interval of a reported value; NaN: not known. */
static double half_width(const struct qct_structure *s, const struct structure_slab *slab,
                         const struct kind *k, double value, const struct calibration *c) {
  bool other_cortex = s->options.cortex != QCT_CORTEX_MODEL;
  bool other_place =
      slab->place == STRUCTURE_SHAFT && s->options.shaft != STRUCTURE_SHAFT_LESSER_TROCHANTER;
  if (other_place || (s->guessed && k->family != STRUCTURE_G)) return NAN;
  if (of_cortex(k) && other_cortex) return NAN;
  double own = qct_hip_half_width(s->image->grid.spacing, structure_place_name(slab->place),
                                  k->name.key, value);
  if (of_cortex(k))
    own = hypot(own, z95 * s->cortical_spread * thickness_share(slab, k) * fabs(value));
  if (!of_mineral(k)) return own;
  return c ? hypot(own, fabs(value) * line_share(s, slab, k, c)) : NAN;
}

static status add_value(struct record *r, const struct qct_structure *s,
                        const struct structure_slab *slab, int value,
                        const struct calibration *calibration) {
  status st = ST_OK;
  char region[64], key[64];
  struct kind k = kind_of(value, slab->place);
  if (!exists(&k)) goto done;
  bool withheld = of_cortex(&k) && !qct_structure_cortex_known(s);
  snprintf(region, sizeof region, "%s_%s", structure_place_name(slab->place), side_name(s->side));
  for (int sd = 0; sd < 2; sd++) {
    double v = withheld ? (double)NAN : (sd ? slab->sd : slab->mean)[value] * k.name.scale;
    snprintf(key, sizeof key, "%s%s", k.name.key, sd ? "_sd" : "");
    if (sd && (withheld || isnan(slab->mean[value]))) break;
    struct measurement *m = record_add(r, region, key, v, k.name.unit);
    CHECK(m, ST_MEMORY, "rows of the hip structure");
    m->n = slab->measured;
    describe(m, s, &k);
    if (isnan(v)) explain(m, s, slab, &k);
    if (slab->measured) flag_row(m, s, slab, &k);
    double half = sd || isnan(v) ? NAN : half_width(s, slab, &k, v, calibration);
    m->low = v - half;
    m->high = v + half;
  }
done:
  return st;
}

status qct_structure_rows(struct record *r, const struct qct_structure *s,
                          const struct calibration *calibration) {
  status st = ST_OK;
  for (int p = 0; p < STRUCTURE_PLACES; p++)
    for (int v = 0; v < STRUCTURE_VALUES; v++) TRY(add_value(r, s, &s->slabs[p], v, calibration));
done:
  return st;
}

/* ---- sections ---- */

static void section_header(struct text *t) {
  text_append(t, "place,offset_mm,whole");
  for (int v = 0; v < STRUCTURE_VALUES; v++) {
    struct kind k = kind_of(v, STRUCTURE_NARROW_NECK);
    if (exists(&k))
      text_append(t, ",%s%s%s", k.name.key, k.name.unit[0] ? "_" : "",
                  strcmp(k.name.unit, "mg/mm") == 0 ? "mg_per_mm" : k.name.unit);
  }
  text_append(t, "\n");
}

status qct_structure_write_sections(const struct qct_structure *s, const char *path, bool force) {
  status st = ST_OK;
  struct text t = {0};
  const double apart_mm = 0.5;
  section_header(&t);
  for (int p = 0; p < STRUCTURE_PLACES; p++)
    for (int i = 0; i < STRUCTURE_SECTIONS; i++) {
      const struct structure_slab *slab = &s->slabs[p];
      text_append(&t, "%s,%g,%d", structure_place_name(slab->place),
                  apart_mm * (i - STRUCTURE_SECTIONS / 2), (int)slab->whole[i]);
      for (int v = 0; v < STRUCTURE_VALUES; v++) {
        struct kind k = kind_of(v, STRUCTURE_NARROW_NECK);
        if (!exists(&k)) continue;
        text_append(&t, ",");
        text_append_number(&t, slab->values[i][v] * k.name.scale);
      }
      text_append(&t, "\n");
    }
  TRY(text_check(&t, "table of sections"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}
