/* A person from a seed: the population table and one Gaussian copula. */
#include "core/random.h"
#include "phantom/person.h"
#include "phantom/solid.h"

#include <math.h>

/* Standard normal factors. Each quantity loads on at most three of them; what is left is its own.
 * The loadings reproduce (all unverified estimates): head-offset 0.55, head-neck width 0.7,
 * cortex-trabecular 0.5, weight-cortex 0.3, weight-fat 0.75. */
enum { SIZE, BONE, WEIGHT, FACTORS };

enum quantity_key {
  NECK_SHAFT,
  ANTEVERSION,
  OFFSET,
  HEAD,
  FLARE,
  WAIST_A,
  WAIST_B,
  CORTEX,
  TRABECULAR,
  FAT,
  MUSCLE,
  INFILTRATION,
  BOW,
  TILT,
  GAP,
  QUANTITIES
};

struct distribution {
  double women, men, sd; /* means and common SD */
  double load[FACTORS];
};

static const struct distribution table[QUANTITIES] = {
    [NECK_SHAFT] = {125.6, 124.1, 6.2, {0, 0, 0}},       /* carmona_hips, split as pmc4775021 */
    [ANTEVERSION] = {16.4, 12.1, 8.1, {0, 0, 0}},        /* pmc4775021, SD carmona_hips */
    [OFFSET] = {40.5, 44.3, 6, {0.66, 0, 0}},            /* carmona_hips; split unverified */
    [HEAD] = {21.75, 24.5, 1.3, {0.83, 0, 0}},           /* radius; unverified */
    [FLARE] = {1, 1, 0.12, {0, 0, 0}},                   /* unverified */
    [WAIST_A] = {15.8, 17.5, 1.0, {0.84, 0, 0}},         /* unverified */
    [WAIST_B] = {12.6, 14.0, 0.8, {0.84, 0, 0}},         /* unverified */
    [CORTEX] = {0, 0, 0.13, {0, 0.7, 0.3}},              /* mean by age below; unverified */
    [TRABECULAR] = {0, 0, 0.23, {0, 0.71, 0}},           /* mean by age below; unverified */
    [FAT] = {24, 16, 7, {0, 0, 0.75}},                   /* unverified */
    [MUSCLE] = {0.92, 1, 0.08, {0.4, 0, 0.3}},           /* unverified */
    [INFILTRATION] = {0.08, 0.06, 0.04, {0, -0.3, 0.3}}, /* unverified */
    [BOW] = {943, 943, 120, {0, 0, 0}},                  /* mean pmc6177158; SD unverified */
    [TILT] = {6, 6, 1.5, {0, 0, 0}},                     /* unverified */
    [GAP] = {3.3, 3.6, 0.4, {0, 0, 0}},                  /* unverified */
};

static double draw(const struct distribution *d, const double factors[FACTORS], uint64_t seed,
                   int index) {
  double z = 0, own = 1;
  for (int f = 0; f < FACTORS; f++) {
    z += d->load[f] * factors[f];
    own -= d->load[f] * d->load[f];
  }
  z += sqrt(own) * random_normal(seed, 12, (uint64_t)index);
  return clamp(z, -3, 3);
}

static double mean_at(int quantity, int man, double age) {
  if (quantity == CORTEX) return man ? 1.10 - 0.004 * (age - 50) : 1.05 - 0.008 * (age - 50);
  if (quantity == TRABECULAR)
    return man ? 1.10 * exp(-0.007 * (age - 50)) : 1.05 * exp(-0.011 * (age - 50));
  return man ? table[quantity].men : table[quantity].women;
}

void person_draw(struct hip_person *p, uint64_t seed, char sex, double *age_years,
                 char *drawn_sex) {
  double factors[FACTORS], v[QUANTITIES];
  person_defaults(p);
  int man = sex ? sex == 'M' : seed == 0 || random_uniform(seed, 10, 0) < 0.5;
  double age = seed ? clamp(68 + 10 * random_normal(seed, 10, 1), 40, 95) : 55;
  if (age_years) *age_years = age;
  if (drawn_sex) *drawn_sex = man ? 'M' : 'F';
  if (!seed) return;
  for (int f = 0; f < FACTORS; f++) factors[f] = clamp(random_normal(seed, 11, (uint64_t)f), -3, 3);
  for (int q = 0; q < QUANTITIES; q++)
    v[q] = mean_at(q, man, age) + table[q].sd * draw(&table[q], factors, seed, q);
  p->neck_shaft_deg = clamp(v[NECK_SHAFT] - (man ? 0.05 * fmax(0, age - 60) : 0), 106, 144);
  p->anteversion_deg = v[ANTEVERSION];
  p->head_radius_mm = v[HEAD];
  p->offset_mm = clamp(v[OFFSET], 30, 60);
  p->flare = v[FLARE];
  /* the neck widens with age; it stays inside the head */
  double widen = 1 + 0.001 * (age - 50);
  p->neck_a_mm = fmin(v[WAIST_A] * widen, p->head_radius_mm - 3);
  p->neck_b_mm = fmin(v[WAIST_B] * widen, p->head_radius_mm - 5);
  double length = p->offset_mm / sin(p->neck_shaft_deg * 0.017453292519943295);
  p->neck_waist_mm = clamp(28 * p->head_radius_mm / 24.5, 20, length - 10);
  p->cortex = clamp(v[CORTEX], 0.4, 1.6);
  p->cortex_superior = clamp(1 - 0.003 * (age - 50), 0.6, 1.1);
  p->trabecular = clamp(v[TRABECULAR], 0.2, 2);
  p->fat_mm = clamp(v[FAT], 5, 55);
  p->muscle = clamp(v[MUSCLE], 0.7, 1.2);
  p->infiltration = clamp(v[INFILTRATION], 0, 0.4);
  p->bow_mm = v[BOW];
  p->shaft_tilt_deg = clamp(v[TILT], -5, 15);
  p->joint_gap_mm = clamp(v[GAP], 2.2, 4.5);
  p->midline_mm = clamp(92 * (0.6 + 0.4 * p->head_radius_mm / 24.5) + (man ? 0 : 2), 78, 108);
  p->seed = (double)(seed % 1000000);
}
