#include "qct/verify.h"

#include "qct/structure_section.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double PI = 3.14159265358979323846;
enum { SIDE = 168, FINE = 8 };
static const double STEP = 0.25; /* mm */

/* An elliptic ring: semi-axes to the front and up, wall along each, density of wall and core. */
struct ring {
  double front, up, wall, rho_wall, rho_core;
};

/* Share of a pixel inside an ellipse, by FINE x FINE points. */
static double share(double x, double y, double a, double b) {
  int inside = 0;
  for (int m = 0; m < FINE * FINE; m++) {
    const double p = x + STEP * ((m % FINE + 0.5) / FINE - 0.5);
    const double q = y + STEP * (((double)(m / FINE) + 0.5) / FINE - 0.5);
    inside += p * p / (a * a) + q * q / (b * b) <= 1;
  }
  return inside / (double)(FINE * FINE);
}

static status measure(double values[STRUCTURE_VALUES], const struct ring *k, double rho_ref) {
  status st = ST_OK;
  const size_t n = (size_t)SIDE * SIDE;
  struct structure_raster r = {.nx = SIDE, .ny = SIDE, .step = STEP};
  float *all = calloc(3 * n, sizeof *all);
  CHECK(all, ST_MEMORY, "painting a section of %d x %d pixels", SIDE, SIDE);
  r.bone = all;
  r.marrow = all + n;
  r.mineral = all + 2 * n;
  r.front0 = r.up0 = -STEP * (SIDE - 1) / 2.0;
  for (size_t at = 0; at < n; at++) {
    const double x = r.front0 + STEP * (double)(at % SIDE), y = r.up0 + STEP * (double)(at / SIDE);
    const double bone = share(x, y, k->front, k->up);
    const double core = share(x, y, k->front - k->wall, k->up - k->wall);
    r.bone[at] = (float)bone;
    r.marrow[at] = (float)core;
    r.mineral[at] = (float)((bone - core) * k->rho_wall + core * k->rho_core);
  }
  TRY(structure_values(values, &r, rho_ref, 1));
done:
  free(all);
  return st;
}

/* Area, moments and moduli of ellipse (a, b) less ellipse (c, d). */
static status cortical_ring(struct evidence *e, const char *name, const struct ring *k) {
  const double a = k->front, b = k->up, c = a - k->wall, d = b - k->wall;
  const double area = PI * (a * b - c * d);
  const double up = PI / 4 * (a * pow(b, 3) - c * pow(d, 3)),
               front = PI / 4 * (b * pow(a, 3) - d * pow(c, 3));
  const struct {
    const char *what, *from, *unit;
    enum structure_family_quantity quantity;
    double expected, permitted; /* relative */
  } list[] = {
      {"area", "pi (ab - cd)", "mm2", SF_AREA, area, 0.002},
      {"second moment, up", "pi/4 (ab3 - cd3)", "mm4", SF_CSMI, up, 0.003},
      {"second moment, to the front", "pi/4 (ba3 - dc3)", "mm4", SF_CSMI_SI, front, 0.003},
      {"polar moment", "sum of the two", "mm4", SF_J, up + front, 0.003},
      {"section modulus", "moment / b", "mm3", SF_Z, up / b, 0.006},
  };
  status st = ST_OK;
  double v[STRUCTURE_VALUES];
  TRY(measure(v, k, k->rho_wall));
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    char claim[128];
    snprintf(claim, sizeof claim, "%s: %s of the cortex", name, list[i].what);
    TRY(evidence_add(e, claim, list[i].from, list[i].unit, list[i].expected,
                     v[structure_of_family(STRUCTURE_C, list[i].quantity)],
                     list[i].permitted * list[i].expected));
  }
done:
  return st;
}

/* Wall and core of two densities, weighed by the density of the reference. */
static status weighed_ring(struct evidence *e, double rho_ref) {
  const struct ring k = {16, 16, 2, 1000, 150};
  const double wall = k.rho_wall / rho_ref, core = k.rho_core / rho_ref;
  const double area = PI * (wall * (16 * 16 - 14 * 14) + core * 14 * 14);
  const double moment = PI / 4 * (wall * (pow(16, 4) - pow(14, 4)) + core * pow(14, 4));
  status st = ST_OK;
  double v[STRUCTURE_VALUES];
  char claim[128];
  TRY(measure(v, &k, rho_ref));
  snprintf(claim, sizeof claim, "wall and core against %.0f mg/cm3: weighed area", rho_ref);
  TRY(evidence_add(e, claim, "sum of rho/rho_ref x area", "mm2", area,
                   v[structure_of_family(STRUCTURE_W, SF_AREA)], 0.002 * area));
  snprintf(claim, sizeof claim, "wall and core against %.0f mg/cm3: weighed moment", rho_ref);
  TRY(evidence_add(e, claim, "sum of rho/rho_ref x moment", "mm4", moment,
                   v[structure_of_family(STRUCTURE_W, SF_CSMI)], 0.002 * moment));
done:
  return st;
}

status qct_verify(struct evidence *e) {
  status st = ST_OK;
  const struct ring thick = {16, 16, 2, 1050, 0}, thin = {17, 17, 1.5, 1050, 0},
                    ellipse = {19, 15, 2, 1050, 0};
  e->area = "hip structure";
  TRY(cortical_ring(e, "ring of radius 16 mm, wall 2 mm", &thick));
  TRY(cortical_ring(e, "ring of radius 17 mm, wall 1.5 mm", &thin));
  TRY(cortical_ring(e, "elliptic ring 19 x 15 mm, wall 2 mm", &ellipse));
  TRY(weighed_ring(e, 1050));
  TRY(weighed_ring(e, 1200));
done:
  return st;
}
