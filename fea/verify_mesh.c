/* Problems with known answers for 4- and 10-node tetrahedra and unstructured hexahedra. */
#include "fea/block_mesh.h"
#include "fea/mesh_solve.h"
#include "fea/shape.h"
#include "fea/verify_parts.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;
static const struct fea_mesh_solve_options tight = {
    .solver = FEA_SOLVER_MUMPS, .tolerance = 1e-10, .most_iterations = 20};
/* the thin beam's stiffness is too ill-conditioned for more */
static const struct fea_mesh_solve_options beam = {
    .solver = FEA_SOLVER_MUMPS, .tolerance = 1e-8, .most_iterations = 20};

/* ---- 1: patch ---- */

/* Inner nodes moved by a fixed pattern of up to a sixth of a cell. */
static void distort(struct fea_mesh *m, int cells) {
  for (int64_t n = 0; n < m->node_count; n++) {
    double *p = m->points + 3 * n;
    bool inside = true;
    for (int a = 0; a < 3; a++) inside = inside && p[a] > 1e-9 && p[a] < 1 - 1e-9;
    const double x = p[0], y = p[1], z = p[2];
    for (int a = 0; inside && a < 3; a++)
      p[a] += sin(7 * x + 11 * y * (a + 1) + 5 * z + 2 * a) / (6. * cells);
  }
}

/* Six constant strains on a distorted cube whose surface is prescribed; largest error of the stress
 * of any element, relative to the largest stress, plus 1. */
static status patch(double *computed, enum fea_element element) {
  status st = ST_OK;
  enum { CELLS = 3 };
  struct fea_mesh *m = NULL, *linear = NULL;
  struct fea_mesh_solution *s = NULL;
  struct fea_mesh_fields *f = NULL;
  double worst = 0;
  TRY(fea_block_mesh(&linear, element == FEA_HEX8 ? FEA_HEX8 : FEA_TET4, CELLS, CELLS, CELLS, NULL,
                     NULL, 5000));
  distort(linear, CELLS);
  if (element == FEA_TET10)
    TRY(fea_mesh_quadratic(&m, linear));
  else {
    m = linear;
    linear = NULL;
  }
  for (int state = 0; state < 6; state++) {
    m->support_count = 0;
    const int a = state < 3 ? state : (state + 1) % 3, b = state < 3 ? state : (state + 2) % 3;
    for (int64_t n = 0; n < m->node_count; n++) {
      const double *p = m->points + 3 * n;
      if (p[0] > 1e-9 && p[0] < 1 - 1e-9 && p[1] > 1e-9 && p[1] < 1 - 1e-9 && p[2] > 1e-9 &&
          p[2] < 1 - 1e-9)
        continue;
      for (int d = 0; d < 3; d++) TRY(fea_mesh_fix(m, n, d, 1e-3 * (d == a ? p[b] : 0)));
    }
    TRY(fea_mesh_solve(&s, m, &tight));
    TRY(fea_mesh_fields_create(&f, m, s));
    for (int64_t n = 0; n < m->node_count; n++) {
      double stress[6], most = 0, error = 0;
      const double nu = m->poisson, lambda = 5000 * nu / ((1 + nu) * (1 - 2 * nu));
      const double mu = 5000 / (2 * (1 + nu));
      fea_mesh_node_stress(m, s, n, stress);
      for (int c = 0; c < 6; c++) {
        const double exact = 1e-3 * (state < 3 ? (c < 3 ? lambda + (c == state ? 2 * mu : 0) : 0)
                                               : (c == state ? mu : 0));
        most = fmax(most, fabs(exact));
        error = fmax(error, fabs(stress[c] - exact));
      }
      worst = fmax(worst, error / most);
    }
    fea_mesh_fields_destroy(f);
    fea_mesh_solution_destroy(s);
    f = NULL;
    s = NULL;
  }
  *computed = 1 + worst;
done:
  fea_mesh_fields_destroy(f);
  fea_mesh_solution_destroy(s);
  fea_mesh_destroy(m);
  fea_mesh_destroy(linear);
  return st;
}

/* ---- 2, 3: bars ---- */

/* Solve and sum the reactions along z on z = at. */
static status end_force(double *force, const struct fea_mesh *m, double at) {
  status st = ST_OK;
  struct fea_mesh_solution *s = NULL;
  double sum[3];
  TRY(fea_mesh_solve(&s, m, &tight));
  fea_mesh_plane_reaction(s, m, 2, at, sum);
  *force = sum[2];
done:
  fea_mesh_solution_destroy(s);
  return st;
}

static status bar_of(double *computed, enum fea_element element, bool confined) {
  static const double lengths[3] = {6, 6, 6};
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  TRY(fea_block_mesh(&m, element, 3, 3, 3, fea_block_box, lengths, 6829));
  TRY(fea_mesh_fix_plane(m, 2, 0, 2, 0));
  TRY(fea_mesh_fix_plane(m, 2, 6, 2, -0.06));
  for (int a = 0; a < 2; a++) {
    TRY(fea_mesh_fix_plane(m, a, 0, a, 0));
    if (confined) TRY(fea_mesh_fix_plane(m, a, 6, a, 0));
  }
  TRY(end_force(computed, m, 6));
done:
  fea_mesh_destroy(m);
  return st;
}

static status bar(double *computed, enum fea_element element) {
  return bar_of(computed, element, false);
}
static status confined_bar(double *computed, enum fea_element element) {
  return bar_of(computed, element, true);
}

/* Two materials, E 1000 below `at` along `axis`, 4000 above, nu 0, pressed by 1 % along z. */
static status two_materials(double *computed, enum fea_element element, const double lengths[3],
                            int axis, double at) {
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  TRY(fea_block_mesh(&m, element, 2, 2, lengths[2] > 6 ? 4 : 2, fea_block_box, lengths, 1000));
  m->poisson = 0;
  for (int64_t e = 0; e < m->element_count; e++) {
    double x[FEA_ELEMENT_MOST][3];
    fea_element_points(m, e, x);
    const struct vec3 c =
        fea_position(element, (const double(*)[3])x, (double[3]){0.25, 0.25, 0.25});
    if ((axis == 2 ? c.z : c.x) > at) m->modulus[e] = 4000;
  }
  for (int a = 0; a < 3; a++) TRY(fea_mesh_fix_plane(m, a, 0, a, 0));
  TRY(fea_mesh_fix_plane(m, 2, lengths[2], 2, -0.01 * lengths[2]));
  TRY(end_force(computed, m, lengths[2]));
done:
  fea_mesh_destroy(m);
  return st;
}

static status series(double *computed, enum fea_element element) {
  static const double lengths[3] = {6, 6, 12};
  return two_materials(computed, element, lengths, 2, 6);
}
static status parallel_bars(double *computed, enum fea_element element) {
  static const double lengths[3] = {6, 6, 6};
  return two_materials(computed, element, lengths, 0, 3);
}

/* ---- 4: thick cylinder ---- */

struct ring {
  double inner[2], outer[2], low, high; /* half axes x, y; z [mm] */
  double grading;                       /* > 1: cells thinner inside */
};

/* x along the radius, y along the quarter from the x axis, z the thickness. */
static struct vec3 to_ring(struct vec3 at, const void *context) {
  const struct ring *r = context;
  const double c = cos(at.y * pi / 2), s = sin(at.y * pi / 2);
  const double t = pow(at.x, r->grading);
  const double a = r->inner[0] + t * (r->outer[0] - r->inner[0]);
  const double b = r->inner[1] + t * (r->outer[1] - r->inner[1]);
  /* the ends exactly on the axes */
  return vec3_make(at.y == 1 ? 0 : a * c, at.y == 0 ? 0 : b * s,
                   r->low + at.z * (r->high - r->low));
}

static bool on_ellipse(const struct fea_mesh *m, const struct fea_faces *f, int64_t face,
                       const double half[2]) {
  const int corners = f->per_face == 4 ? 4 : 3;
  for (int c = 0; c < corners; c++) {
    const struct vec3 p = fea_mesh_point(m, f->nodes[face * f->per_face + c]);
    const double r = p.x * p.x / (half[0] * half[0]) + p.y * p.y / (half[1] * half[1]);
    if (fabs(r - 1) > 1e-9) return false;
  }
  return true;
}

static status press_ellipse(struct fea_mesh *m, const double half[2], double pressure_mpa) {
  status st = ST_OK;
  struct fea_faces *f = NULL;
  TRY(fea_mesh_faces(&f, m));
  for (int64_t i = 0; i < f->count; i++)
    if (on_ellipse(m, f, i, half)) TRY(fea_mesh_press(m, f, i, pressure_mpa));
done:
  fea_faces_destroy(f);
  return st;
}

static int64_t nearest(const struct fea_mesh *m, struct vec3 at) {
  int64_t best = 0;
  for (int64_t n = 1; n < m->node_count; n++)
    if (vec3_length(vec3_sub(fea_mesh_point(m, n), at)) <
        vec3_length(vec3_sub(fea_mesh_point(m, best), at)))
      best = n;
  return best;
}

/* Inner radius 4, outer 10, pressure 10 inside, plane strain: u_r and the hoop stress inside. */
static status cylinder(double *radial_mm, double *hoop_mpa, enum fea_element element) {
  static const struct ring ring = {{4, 4}, {10, 10}, 0, 1, 1};
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  struct fea_mesh_solution *s = NULL;
  double stress[6];
  const bool fine = element != FEA_TET10;
  TRY(fea_block_mesh(&m, element, fine ? 24 : 10, fine ? 24 : 10, 1, to_ring, &ring, 1000));
  m->poisson = 0;
  TRY(fea_mesh_fix_plane(m, 0, 0, 0, 0));
  TRY(fea_mesh_fix_plane(m, 1, 0, 1, 0));
  TRY(fea_mesh_fix_plane(m, 2, 0, 2, 0));
  TRY(fea_mesh_fix_plane(m, 2, 1, 2, 0));
  TRY(press_ellipse(m, ring.inner, 10));
  TRY(fea_mesh_solve(&s, m, &tight));
  const int64_t n = nearest(m, vec3_make(4, 0, 0));
  fea_mesh_node_stress(m, s, n, stress);
  *radial_mm = s->displacement[3 * n];
  *hoop_mpa = stress[1];
done:
  fea_mesh_solution_destroy(s);
  fea_mesh_destroy(m);
  return st;
}

static status cylinder_radius(double *computed, enum fea_element element) {
  double other;
  return cylinder(computed, &other, element);
}
static status cylinder_hoop(double *computed, enum fea_element element) {
  double other;
  return cylinder(&other, computed, element);
}

/* ---- 5: cantilever ---- */

/* Length 100, height 10 (z), width 0.5 (y), 10 N spread over the free end: tip deflection. */
static status cantilever(double *computed, enum fea_element element) {
  static const double lengths[3] = {100, 0.5, 10};
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  struct fea_mesh_solution *s = NULL;
  const bool fine = element != FEA_TET10;
  TRY(fea_block_mesh(&m, element, fine ? 200 : 50, 1, fine ? 20 : 6, fea_block_box, lengths, 2e5));
  for (int a = 0; a < 3; a++) TRY(fea_mesh_fix_plane(m, 0, 0, a, 0));
  int64_t at_end = 0;
  for (int64_t n = 0; n < m->node_count; n++) at_end += m->points[3 * n] > 100 - 1e-6;
  for (int64_t n = 0; n < m->node_count; n++)
    if (m->points[3 * n] > 100 - 1e-6) TRY(fea_mesh_load(m, n, 2, -10. / (double)at_end));
  TRY(fea_mesh_solve(&s, m, &beam));
  *computed = -s->displacement[3 * nearest(m, vec3_make(100, 0, 5)) + 2];
done:
  fea_mesh_solution_destroy(s);
  fea_mesh_destroy(m);
  return st;
}

/* ---- 6: NAFEMS ---- */

/* LE1: 10 MPa outwards on the outer edge of a thin elliptic membrane; stress yy at (2000, 0). */
static status le1(double *computed, enum fea_element element) {
  static const struct ring ring = {{2000, 1000}, {3250, 2750}, 0, 100, 1.5};
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  struct fea_mesh_solution *s = NULL;
  const bool fine = element != FEA_TET10;
  double stress[6];
  TRY(fea_block_mesh(&m, element, fine ? 24 : 12, fine ? 48 : 24, 1, to_ring, &ring, 210000));
  for (int a = 0; a < 3; a++) TRY(fea_mesh_fix_plane(m, a, 0, a, 0));
  TRY(press_ellipse(m, ring.outer, -10));
  TRY(fea_mesh_solve(&s, m, &tight));
  fea_mesh_node_stress(m, s, nearest(m, vec3_make(2000, 0, 0)), stress);
  *computed = stress[1];
done:
  fea_mesh_solution_destroy(s);
  fea_mesh_destroy(m);
  return st;
}

/* LE10: the same outline 600 mm thick, 1 MPa on its upper face, outer face held in the plane and
 * along its middle line; stress yy at the upper inner corner (2000, 0). */
static status le10(double *computed, enum fea_element element) {
  static const struct ring ring = {{2000, 1000}, {3250, 2750}, -300, 300, 1.5};
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  struct fea_mesh_solution *s = NULL;
  struct fea_faces *f = NULL;
  const bool fine = element != FEA_TET10;
  double stress[6];
  TRY(fea_block_mesh(&m, element, fine ? 16 : 8, fine ? 32 : 20, fine ? 8 : 4, to_ring, &ring,
                     210000));
  TRY(fea_mesh_fix_plane(m, 0, 0, 0, 0));
  TRY(fea_mesh_fix_plane(m, 1, 0, 1, 0));
  for (int64_t n = 0; n < m->node_count; n++) {
    const struct vec3 p = fea_mesh_point(m, n);
    const double r = p.x * p.x / (3250. * 3250) + p.y * p.y / (2750. * 2750);
    if (fabs(r - 1) > 1e-9) continue;
    TRY(fea_mesh_fix(m, n, 0, 0));
    TRY(fea_mesh_fix(m, n, 1, 0));
    if (fabs(p.z) < 1e-6) TRY(fea_mesh_fix(m, n, 2, 0));
  }
  TRY(fea_mesh_faces(&f, m));
  for (int64_t i = 0; i < f->count; i++) {
    bool top = true;
    for (int c = 0; c < f->per_face; c++)
      top = top && m->points[3 * (int64_t)f->nodes[i * f->per_face + c] + 2] > 300 - 1e-6;
    if (top) TRY(fea_mesh_press(m, f, i, 1));
  }
  TRY(fea_mesh_solve(&s, m, &tight));
  fea_mesh_node_stress(m, s, nearest(m, vec3_make(2000, 0, 300)), stress);
  *computed = stress[1];
done:
  fea_faces_destroy(f);
  fea_mesh_solution_destroy(s);
  fea_mesh_destroy(m);
  return st;
}

/* ---- LE11: a temperature ---- */

/* Profile in metres (as mm here: stresses do not depend on it): a shell between spheres of 1 and
 * 1.4, to 45 and 30 degrees, a taper outside, a tube between radius 0.7071 and 1 to z = 1.79. Along
 * the profile at z: 0 .. 0.4 .. 0.6 .. 0.8 .. 1 of the box. */
static struct vec3 to_le11(struct vec3 at, const void *context) {
  static const double inner[5][2] = {
      {1, 0}, {0, 0}, {0.70710678, 0.70710678}, {0.70710678, 1.24855339}, {0.70710678, 1.79}};
  static const double outer[5][2] = {
      {1.4, 0}, {1.21243557, 0.7}, {1.10621778, 1.045}, {1, 1.39}, {1, 1.79}};
  const int part = at.z < 0.4 ? 0 : at.z < 0.6 ? 1 : at.z < 0.8 ? 2 : 3;
  const double t = part ? (at.z - 0.2 * (part + 1)) / 0.2 : at.z / 0.4;
  double in[2], out[2];
  (void)context;
  for (int a = 0; a < 2; a++) {
    in[a] = inner[part][a] + t * (inner[part + 1][a] - inner[part][a]);
    out[a] = outer[part][a] + t * (outer[part + 1][a] - outer[part][a]);
  }
  if (part < 2) { /* on the sphere inside */
    const double angle = pi / 8 * (part + t);
    in[0] = cos(angle);
    in[1] = sin(angle);
  }
  if (part == 0) {
    out[0] = 1.4 * cos(pi / 6 * t);
    out[1] = 1.4 * sin(pi / 6 * t);
  }
  const double r = in[0] + at.x * (out[0] - in[0]), z = in[1] + at.x * (out[1] - in[1]);
  return vec3_make(at.y == 1 ? 0 : r * cos(at.y * pi / 2), at.y == 0 ? 0 : r * sin(at.y * pi / 2),
                   at.z == 1   ? 1.79
                   : at.z == 0 ? 0
                               : z);
}

/* E alpha T / (1 - 2 nu) [MPa]: the stress that holds the expansion back. */
static double held_back(const struct fea_mesh *m, struct vec3 p) {
  return 210000 * 2.3e-4 * (sqrt(p.x * p.x + p.y * p.y) + p.z) / (1 - 2 * m->poisson);
}

/* Nodal forces of the expansion: that stress times the gradients of the shape functions. */
static status heat(struct fea_mesh *m) {
  status st = ST_OK;
  const int n = fea_element_nodes(m->element);
  struct fea_quadrature q;
  fea_quadrature_get(&q, m->element);
  for (int64_t e = 0; e < m->element_count; e++) {
    double x[FEA_ELEMENT_MOST][3], g[FEA_ELEMENT_MOST][3], force[FEA_ELEMENT_MOST][3] = {{0}};
    fea_element_points(m, e, x);
    for (int p = 0; p < q.count; p++) {
      const double w = q.weight[p] * fea_gradients(m->element, (const double(*)[3])x, q.at[p], g) *
                       held_back(m, fea_position(m->element, (const double(*)[3])x, q.at[p]));
      for (int c = 0; c < n; c++)
        for (int a = 0; a < 3; a++) force[c][a] += w * g[c][a];
    }
    for (int c = 0; c < n; c++)
      for (int a = 0; a < 3; a++) TRY(fea_mesh_load(m, m->nodes[n * e + c], a, force[c][a]));
  }
done:
  return st;
}

/* LE11: T = sqrt(x2 + y2) + z, alpha 2.3e-4; stress zz at (1, 0, 0). */
static status le11(double *computed, enum fea_element element) {
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  struct fea_mesh_solution *s = NULL;
  const bool fine = element != FEA_TET10;
  double stress[6];
  TRY(fea_block_mesh(&m, element, fine ? 8 : 5, fine ? 12 : 8, fine ? 40 : 20, to_le11, NULL,
                     210000));
  for (int a = 0; a < 3; a++) TRY(fea_mesh_fix_plane(m, a, 0, a, 0));
  TRY(fea_mesh_fix_plane(m, 2, 1.79, 2, 0));
  TRY(heat(m));
  TRY(fea_mesh_solve(&s, m, &tight));
  const int64_t node = nearest(m, vec3_make(1, 0, 0));
  fea_mesh_node_stress(m, s, node, stress);
  *computed = stress[2] - held_back(m, fea_mesh_point(m, node));
done:
  fea_mesh_solution_destroy(s);
  fea_mesh_destroy(m);
  return st;
}

#define FOR_EACH_ELEMENT(problem)                                                                  \
  static status problem##_tet4(double *c) {                                                        \
    return problem(c, FEA_TET4);                                                                   \
  }                                                                                                \
  static status problem##_tet10(double *c) {                                                       \
    return problem(c, FEA_TET10);                                                                  \
  }
FOR_EACH_ELEMENT(patch)
FOR_EACH_ELEMENT(bar)
FOR_EACH_ELEMENT(confined_bar)
FOR_EACH_ELEMENT(series)
FOR_EACH_ELEMENT(parallel_bars)
FOR_EACH_ELEMENT(cylinder_radius)
FOR_EACH_ELEMENT(cylinder_hoop)
FOR_EACH_ELEMENT(cantilever)
FOR_EACH_ELEMENT(le1)
FOR_EACH_ELEMENT(le10)
FOR_EACH_ELEMENT(le11)

static status patch_hex8(double *c) {
  return patch(c, FEA_HEX8);
}
static status cylinder_radius_hex8(double *c) {
  return cylinder_radius(c, FEA_HEX8);
}
static status cylinder_hoop_hex8(double *c) {
  return cylinder_hoop(c, FEA_HEX8);
}
static status le1_hex8(double *c) {
  return le1(c, FEA_HEX8);
}
static status le10_hex8(double *c) {
  return le10(c, FEA_HEX8);
}
static status le11_hex8(double *c) {
  return le11(c, FEA_HEX8);
}

#define CONFINED (-6829 * 36 * 0.01 * 0.7 / (1.3 * 0.4))
/* u_r(a) = p a ((b2 + a2) + ...) / E (b2 - a2) at nu 0; hoop = p (b2 + a2) / (b2 - a2) */
#define HOOP (10 * (100. + 16) / (100 - 16))
static const struct fea_problem problems[] = {
    {"tet4: patch, six strains, distorted (1 + error)", "linear field", "", 1, 1e-9, patch_tet4},
    {"tet10: patch, six strains, distorted (1 + error)", "linear field", "", 1, 1e-9, patch_tet10},
    {"hex8 mesh: patch, distorted (1 + error)", "linear field", "", 1, 1e-9, patch_hex8},
    {"tet4: bar, free sides", "E A strain", "N", -2458.44, 1e-9, bar_tet4},
    {"tet10: bar, free sides", "E A strain", "N", -2458.44, 1e-9, bar_tet10},
    {"tet4: bar, confined sides", "E A strain (1-nu)/((1+nu)(1-2nu))", "N", CONFINED, 1e-9,
     confined_bar_tet4},
    {"tet10: bar, confined sides", "E A strain (1-nu)/((1+nu)(1-2nu))", "N", CONFINED, 1e-9,
     confined_bar_tet10},
    {"tet4: two materials in series", "A u / (l1/E1 + l2/E2)", "N", -576, 1e-9, series_tet4},
    {"tet10: two materials in series", "A u / (l1/E1 + l2/E2)", "N", -576, 1e-9, series_tet10},
    {"tet4: two materials in parallel", "sum E A u / L", "N", -900, 1e-9, parallel_bars_tet4},
    {"tet10: two materials in parallel", "sum E A u / L", "N", -900, 1e-9, parallel_bars_tet10},
    {"tet4: thick cylinder, u_r inside", "Lame", "mm", 4 * HOOP / 1000, 0.02, cylinder_radius_tet4},
    {"tet10: thick cylinder, u_r inside", "Lame", "mm", 4 * HOOP / 1000, 0.001,
     cylinder_radius_tet10},
    {"hex8 mesh: thick cylinder, u_r inside", "Lame", "mm", 4 * HOOP / 1000, 0.01,
     cylinder_radius_hex8},
    {"tet4: thick cylinder, hoop stress inside", "Lame", "MPa", HOOP, 0.1, cylinder_hoop_tet4},
    {"tet10: thick cylinder, hoop stress inside", "Lame", "MPa", HOOP, 0.02, cylinder_hoop_tet10},
    {"hex8 mesh: thick cylinder, hoop stress inside", "Lame", "MPa", HOOP, 0.05,
     cylinder_hoop_hex8},
    {"tet4: cantilever, against the beam", "F L3 / (3 E I)", "mm", 0.4, 0.02, cantilever_tet4},
    {"tet10: cantilever, against the beam", "F L3 / (3 E I)", "mm", 0.4, 0.01, cantilever_tet10},
    {"tet4: NAFEMS LE1, stress yy at D", "NAFEMS", "MPa", 92.7, 0.1, le1_tet4},
    {"tet10: NAFEMS LE1, stress yy at D", "NAFEMS", "MPa", 92.7, 0.02, le1_tet10},
    {"hex8 mesh: NAFEMS LE1, stress yy at D", "NAFEMS", "MPa", 92.7, 0.05, le1_hex8},
    {"tet4: NAFEMS LE10, stress yy at D", "NAFEMS", "MPa", -5.38, 0.15, le10_tet4},
    {"tet10: NAFEMS LE10, stress yy at D", "NAFEMS", "MPa", -5.38, 0.02, le10_tet10},
    {"hex8 mesh: NAFEMS LE10, stress yy at D", "NAFEMS", "MPa", -5.38, 0.05, le10_hex8},
    {"tet4: NAFEMS LE11, stress zz at A", "NAFEMS", "MPa", -105, 0.2, le11_tet4},
    {"tet10: NAFEMS LE11, stress zz at A", "NAFEMS", "MPa", -105, 0.06, le11_tet10},
    {"hex8 mesh: NAFEMS LE11, stress zz at A", "NAFEMS", "MPa", -105, 0.06, le11_hex8},
};

const struct fea_problem *fea_mesh_problems(size_t *count) {
  *count = sizeof problems / sizeof problems[0];
  return problems;
}
