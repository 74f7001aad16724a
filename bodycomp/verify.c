#include "bodycomp/verify.h"

#include "bodycomp/calcium.h"

#include <stdio.h>

/* A block of calcium in water, 0.5 mm pixels, all of it inside the region. */
struct block {
  int ni, nj, nk;
  float hu;
  double increment_mm;
};

static status score_of(struct calcium_score *out, const struct block *b,
                       const struct calcium_rules *rules) {
  status st = ST_OK;
  struct volume *hu = NULL;
  struct labels *region = NULL;
  const struct geometry g = geometry_make(16, 12, b->nk + 2, 0.5, 0.5, b->increment_mm);
  TRY(volume_create(&hu, &g, QUANTITY_HU));
  TRY(labels_create(&region, &g));
  hu->acquisition.kvp = 120;
  for (int64_t at = 0; at < geometry_voxels(&g); at++) region->voxels[at] = 1;
  for (int k = 1; k <= b->nk; k++)
    for (int j = 3; j < 3 + b->nj; j++)
      for (int i = 3; i < 3 + b->ni; i++) hu->voxels[geometry_index(&g, i, j, k)] = b->hu;
  TRY(calcium_score(out, hu, region, 1, rules));
done:
  volume_destroy(hu);
  labels_destroy(region);
  return st;
}

/* Area times the weight of the peak, times the increment over 3 mm. */
static status single_slices(struct evidence *e) {
  static const struct {
    struct block block;
    double expected;
  } cases[] = {{{8, 1, 1, 250, 3}, 4},   {{4, 1, 1, 130, 3}, 1},         {{3, 1, 1, 900, 3}, 0},
               {{8, 1, 1, 199, 3}, 2},   {{8, 1, 1, 200, 3}, 4},         {{8, 1, 1, 299, 1.5}, 2},
               {{8, 1, 1, 400, 1.5}, 4}, {{8, 1, 1, 400, 0.5}, 4.0 / 3}, {{8, 1, 1, 129, 3}, 0}};
  const struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  status st = ST_OK;
  struct calcium_score score = {0};
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    const struct block *b = &cases[c].block;
    char claim[128];
    TRY(score_of(&score, b, &rules));
    snprintf(claim, sizeof claim, "Agatston score of %.2f mm2 at %.0f HU, slices every %g mm",
             0.25 * b->ni, (double)b->hu, b->increment_mm);
    TRY(evidence_add(e, claim, "the rule by hand", "", cases[c].expected, score.agatston, 1e-9));
    calcium_score_free(&score);
  }
done:
  calcium_score_free(&score);
  return st;
}

static status published_block(struct evidence *e) {
  static const char from[] = "CalciumScoring.jl 9524ce7, its unit test";
  const struct block b = {4, 2, 2, 400, 0.5};
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  status st = ST_OK;
  struct calcium_score score = {0};
  rules.mass_factor = 0.00075;
  rules.slice_scaling = 0;
  TRY(score_of(&score, &b, &rules));
  TRY(evidence_add(e, "block of 2 mm3 at 400 HU: Agatston score", from, "", 16, score.agatston,
                   1e-9));
  TRY(evidence_add(e, "block of 2 mm3 at 400 HU: volume", from, "mm3", 2, score.volume_mm3, 1e-9));
  TRY(evidence_add(e, "block of 2 mm3 at 400 HU: mass", from, "mg", 0.6, score.mass_mg, 1e-9));
done:
  calcium_score_free(&score);
  return st;
}

static status low_voltages(struct evidence *e) {
  static const struct {
    const char *claim;
    enum calcium_preset preset;
    float hu;
  } cases[] = {{"3 mm2 in two slices at 135 kVp", CALCIUM_GRAENI_135, 260},
               {"3 mm2 in two slices at 120 kVp", CALCIUM_GRAENI_120, 280},
               {"3 mm2 in two slices at 100 kVp", CALCIUM_GRAENI_100, 310},
               {"3 mm2 in two slices at 80 kVp", CALCIUM_GRAENI_80, 400}};
  status st = ST_OK;
  struct calcium_score score = {0};
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    const struct block b = {4, 3, 2, cases[c].hu, 0.5};
    struct calcium_rules rules = calcium_rules_of(cases[c].preset);
    rules.slice_scaling = 0;
    TRY(score_of(&score, &b, &rules));
    TRY(evidence_add(e, cases[c].claim, "graeni2018 as coded in CalciumScoring.jl", "", 12,
                     score.agatston, 1e-9));
    calcium_score_free(&score);
  }
done:
  calcium_score_free(&score);
  return st;
}

status bodycomp_verify(struct evidence *e) {
  status st = ST_OK;
  double c;
  e->area = "calcium";
  TRY(single_slices(e));
  TRY(published_block(e));
  TRY(low_voltages(e));
  TRY(calcium_mass_factor(&c, 200, 270, 0));
  TRY(evidence_add(e, "mass factor of an insert of 200 mg/cm3 at 270 HU", "200 / (270 - 0) / 1000",
                   "mg/(mm3 HU)", 0.00074074, c, 5e-9));
done:
  return st;
}
