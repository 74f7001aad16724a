#include "study/verify.h"

#include "anatomy/compare.h"
#include "anatomy/femur.h"
#include "bodycomp/verify.h"
#include "calibration/calibrate.h"
#include "calibration/verify.h"
#include "core/json.h"
#include "core/log.h"
#include "core/phantom_registry.h"
#include "core/progress.h"
#include "fea/verify.h"
#include "ml/verify.h"
#include "phantom/hip.h"
#include "qct/hip_density.h"
#include "qct/verify.h"
#include "radiomics/verify.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- areas whose commands have tables of their own ---- */

static status elements(struct evidence *e) {
  const status st = fea_verify(e);
  if (st != ST_UNSUPPORTED) return st;
  log_warning("finite elements from here on are left out: %s", status_message());
  return ST_OK;
}

static status texture(struct evidence *e) {
  status st = ST_OK;
  struct rad_scoreboard b = {0};
  e->area = "radiomics";
  TRY(rad_verify_phantom(&b));
  for (size_t i = 0; i < b.count; i++) {
    const struct rad_check *r = &b.rows[i];
    char claim[96];
    snprintf(claim, sizeof claim, "%s %s", r->name, r->aggregation);
    TRY(evidence_add(e, claim, "IBSI-1 digital phantom, to three digits", "", r->reference,
                     rad_round(r->value), r->tolerance + 1e-9 * fabs(r->reference)));
  }
done:
  rad_scoreboard_free(&b);
  return st;
}

/* ---- one digital patient, from the scan to the density of the femur ---- */

static double truth_of(const cJSON *truth, const char *const *path) {
  for (; *path; path++) truth = cJSON_GetObjectItemCaseSensitive(truth, *path);
  return cJSON_IsNumber(truth) ? truth->valuedouble : (double)NAN;
}
#define TRUTH(json, ...) truth_of(json, (const char *const[]){__VA_ARGS__, NULL})

static const char made[] = "the solids that made the scan";

static status rods(struct evidence *e, struct calibration *c, const struct phantom_result *p,
                   const char *key) {
  status st = ST_OK;
  struct phantom_entry entry;
  const double slope = TRUTH(p->truth, "physics", "calibration", "k2hpo4", "slope");
  TRY(phantom_registry_find(&entry, key, NULL));
  TRY(cal_from_phantom(c, NULL, NULL, p->ct, &entry, NULL));
  TRY(evidence_add(e, "digital patient: slope from the rods", made, "mg/cm3/HU", slope, c->slope,
                   0.005 * slope));
  TRY(evidence_add(e, "digital patient: intercept from the rods", made, "mg/cm3",
                   TRUTH(p->truth, "physics", "calibration", "k2hpo4", "intercept"), c->intercept,
                   2));
done:
  return st;
}

static status outline(struct evidence *e, const struct femur *f, const struct femur_result *found,
                      const struct phantom_result *p) {
  status st = ST_OK;
  struct compare_result c;
  CHECK(f->state == FEMUR_FOUND, ST_NUMERIC, "finding the digital patient's femur: %s", f->reason);
  TRY(compare_labels(&c, found->labels, f->label, p->labels, f->label));
  TRY(evidence_add(e, "digital patient: Dice of the femur", made, "", 1, c.dice, 0.03));
  TRY(evidence_add(e, "digital patient: radius of the head", made, "mm", p->frame.head_radius_mm,
                   f->frame.head_radius_mm, 0.5));
  TRY(evidence_add(e, "digital patient: neck-shaft angle", made, "deg", p->frame.neck_shaft_deg,
                   f->frame.neck_shaft_deg, 1.5));
done:
  return st;
}

static status density(struct evidence *e, const struct femur *f, const struct femur_result *found,
                      const struct calibration *c, const struct phantom_result *p) {
  static const char *const regions[] = {"neck", "total"};
  status st = ST_OK;
  struct volume *mg = NULL;
  struct record *r = NULL;
  TRY(volume_create(&mg, &p->ct->grid, QUANTITY_DENSITY));
  mg->material = c->material;
  mg->acquisition = p->ct->acquisition;
  for (int64_t i = 0; i < geometry_voxels(&mg->grid); i++)
    mg->voxels[i] = (float)calibration_density(c, (double)p->ct->voxels[i]);
  TRY(record_create(&r, "digital"));
  TRY(qct_hip_regions(r, mg, found->labels, f->label, &f->frame, c, NULL, NULL));
  for (int i = 0; i < 2; i++) {
    char region[32], claim[64];
    snprintf(region, sizeof region, "%s_%s", regions[i], side_name(p->frame.side));
    snprintf(claim, sizeof claim, "digital patient: integral vBMD, %s", regions[i]);
    const struct measurement *m = record_find(r, region, "vbmd_integral");
    const double expected =
        TRUTH(p->truth, "regions", regions[i], "k2hpo4_eq", "integral", "value");
    TRY(evidence_add(e, claim, made, "mg/cm3", expected, m ? m->value : (double)NAN,
                     0.02 * expected));
  }
done:
  record_destroy(r);
  volume_destroy(mg);
  return st;
}

static status patient(struct evidence *e) {
  status st = ST_OK;
  struct hip_phantom h;
  struct phantom_result p = {0};
  struct femur_result *found = NULL;
  struct calibration c;
  e->area = "from the scan";
  hip_phantom_defaults(&h);
  TRY(hip_phantom_make(&p, &h));
  TRY(rods(e, &c, &p, h.scan.phantom));
  TRY(femur_find(&found, p.ct, NULL));
  const struct femur *f = &found->sides[p.frame.side == SIDE_LEFT ? 1 : 0];
  TRY(outline(e, f, found, &p));
  TRY(density(e, f, found, &c, &p));
done:
  femur_result_destroy(found);
  phantom_result_free(&p);
  return st;
}

status study_verify(struct evidence *e) {
  static status (*const areas[])(struct evidence *) = {
      calibration_verify, qct_verify, bodycomp_verify, ml_verify, texture, elements, patient};
  enum { AREAS = sizeof areas / sizeof areas[0] };
  status st = ST_OK;
  struct progress p;
  progress_begin(&p, "evidence", "areas", AREAS);
  for (int i = 0; i < AREAS; i++) {
    st = areas[i](e);
    if (st) status_note("%s", e->area);
    TRY(st);
    progress_update(&p, i + 1, e->area);
  }
done:
  progress_end(&p);
  return st;
}
