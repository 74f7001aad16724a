/* Perfect plasticity of tetrahedra and unstructured hexahedra: every element yields at the points
 * of its stiffness (4 in a 10-node tetrahedron, 1 in a 4-node one, 8 in a hexahedron). The tangent
 * is assembled anew in each correction; the preconditioner is that of the elastic matrix, or of
 * secant moduli when it has aged. A rank keeps the state of all elements that touch its nodes, from
 * the displacement of all ranks, and adds to its own nodes only.
 *
 * Coupled supports add one unknown, behind those of the last rank. Its row and column border the
 * tangent: a correction is one solve for the residual, one for the column, and the share of the
 * second that leaves no force along the unknown. */
#include "fea/coupled.h"
#include "fea/mesh_system.h"
#include "fea/newton.h"
#include "fea/shape.h"

#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DOFS = 3 * FEA_ELEMENT_MOST, CHUNK = 2048 };

struct element {
  float alpha, k; /* of its surface; k 0: elastic for ever */
  float secant;   /* share of the elastic stress that is left */
  uint8_t yields; /* a point does, in the trial state */
};

struct newton {
  const struct fea_mesh *mesh;
  const struct fea_nonlinear_options *o;
  struct mesh_system system;
  struct fea_sparse tangent; /* the pattern of system.k, its own blocks */
  struct fea_quadrature points;
  struct element *element;           /* [element_count] */
  int64_t able, yielding;            /* elements that can yield; that do here in the trial state */
  double *committed, *trial;         /* plastic strain, [element_count][points][6] */
  double *trial_u;                   /* [3 nodes]: displacement of the trial state */
  double (*force)[MOST_DOFS];        /* [CHUNK]: of the elements at work */
  const struct fea_coupled *coupled; /* NULL: none */
  double *mode;                      /* [3 nodes]: shares of the coupled unknown */
  double *response;                  /* owned: of the free dofs to it; the start of the next one */
  double *product, *whole;           /* owned; [3 nodes]: scratch */
};

/* ---- set-up ---- */

static status set_strength(struct newton *n, const struct fea_strength *s) {
  status st = ST_OK;
  const struct fea_mesh *m = n->mesh;
  const enum fea_yield kind = n->o->rule == FEA_RULE_VON_MISES ? FEA_VON_MISES : FEA_DRUCKER_PRAGER;
  for (int64_t e = 0; e < m->element_count; e++) {
    const double compression = (double)s->compression[e];
    const double tension = kind == FEA_VON_MISES ? compression : (double)s->tension[e];
    struct fea_plastic_point p = {0};
    n->element[e].secant = 1;
    if (!(compression > 0)) continue;
    CHECK(tension > 0, ST_DOMAIN,
          "nonlinear solve: element %lld has a yield stress of %g MPa in compression and %g in "
          "tension",
          (long long)e, compression, tension);
    fea_plastic_surface(&p, kind, tension, compression);
    n->element[e].alpha = (float)p.alpha;
    n->element[e].k = (float)p.k;
    n->able++;
  }
  CHECK(n->able > 0, ST_DOMAIN, "nonlinear solve: no element has a yield stress above 0");
done:
  return st;
}

static status open_coupled(struct newton *n) {
  status st = ST_OK;
  const size_t dofs = 3 * (size_t)n->mesh->node_count;
  const size_t owned = (size_t)mesh_system_owned(&n->system) + 1;
  if (!n->coupled) return ST_OK;
  TRY(fea_coupled_check(n->coupled, &n->system));
  n->mode = calloc(dofs, sizeof *n->mode);
  n->whole = malloc(dofs * sizeof *n->whole);
  n->response = calloc(owned, sizeof *n->response);
  n->product = malloc(owned * sizeof *n->product);
  CHECK(n->mode && n->whole && n->response && n->product, ST_MEMORY, "nonlinear solve: no memory");
  fea_coupled_place(n->coupled, 1, n->mode);
done:
  return st;
}

/* Where this rank has the coupled unknown, -1 elsewhere. */
static int64_t coupled_at(const struct newton *n) {
  const struct fea_comm *comm = n->system.comm;
  return n->coupled && comm->rank == comm->ranks - 1 ? mesh_system_owned(&n->system) : -1;
}

/* The coupled unknown of a vector of unknowns, on all ranks. */
static double coupled_of(const struct newton *n, const double *x) {
  double value = coupled_at(n) >= 0 ? x[coupled_at(n)] : 0;
  n->system.comm->sum(&value, 1);
  return value;
}

static status newton_open(struct newton *n, const struct fea_strength *strength,
                          const struct fea_mesh_solve_options *solve) {
  status st = ST_OK;
  const size_t elements = (size_t)n->mesh->element_count;
  TRY(mesh_system_open(&n->system, n->mesh, solve));
  fea_quadrature_get(&n->points, n->mesh->element);
  const size_t values = elements * (size_t)n->points.count * 6;
  n->element = calloc(elements, sizeof *n->element);
  n->committed = calloc(values, sizeof *n->committed);
  n->trial = calloc(values, sizeof *n->trial);
  n->tangent = *n->system.k;
  n->tangent.block =
      malloc((9 * (size_t)n->tangent.row[n->tangent.last - n->tangent.first] + 1) * sizeof(double));
  n->force = malloc(CHUNK * sizeof *n->force);
  n->trial_u = malloc(3 * (size_t)n->mesh->node_count * sizeof *n->trial_u);
  CHECK(n->element && n->committed && n->trial && n->tangent.block && n->force && n->trial_u,
        ST_MEMORY, "nonlinear solve: no memory for %zu elements", elements);
  TRY(set_strength(n, strength));
  TRY(open_coupled(n));
  TRY(mesh_system_prepare(&n->system, n->mesh));
done:
  return st;
}

static void newton_close(struct newton *n) {
  mesh_system_close(&n->system);
  free(n->tangent.block);
  free(n->element);
  free(n->committed);
  free(n->trial);
  free(n->force);
  free(n->trial_u);
  free(n->mode);
  free(n->whole);
  free(n->response);
  free(n->product);
}

/* ---- one element ---- */

/* An element's displacements and where its points are. */
struct local {
  double x[FEA_ELEMENT_MOST][3], u[FEA_ELEMENT_MOST][3];
  double g[FEA_ELEMENT_MOST][3]; /* gradients at the last point */
  struct fea_plastic_point law;
  int nodes;
};

static void localize(struct local *l, const struct newton *n, int64_t e) {
  l->nodes = fea_element_nodes(n->mesh->element);
  fea_element_points(n->mesh, e, l->x);
  for (int c = 0; c < l->nodes; c++)
    memcpy(l->u[c], n->trial_u + 3 * (int64_t)n->mesh->nodes[e * l->nodes + c], sizeof l->u[c]);
  l->law = (struct fea_plastic_point){n->mesh->modulus[e], n->mesh->poisson,
                                      (double)n->element[e].alpha, (double)n->element[e].k};
}

/* Strain at a point; returns its volume [mm3]. */
static double strain_at(struct local *l, const struct newton *n, int p, double strain[6]) {
  double grad[3][3] = {{0}};
  const double w = n->points.weight[p] *
                   fea_gradients(n->mesh->element, (const double(*)[3])l->x, n->points.at[p], l->g);
  for (int c = 0; c < l->nodes; c++)
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++) grad[a][b] += l->u[c][a] * l->g[c][b];
  for (int a = 0; a < 3; a++) {
    strain[a] = grad[a][a];
    strain[3 + a] = grad[(a + 1) % 3][(a + 2) % 3] + grad[(a + 2) % 3][(a + 1) % 3];
  }
  return w;
}

static void elastic_stress(const struct fea_plastic_point *p, const double strain[6],
                           double stress[6]) {
  double c[6][6];
  fea_elastic_matrix(p->young, p->poisson, c);
  for (int a = 0; a < 6; a++) {
    stress[a] = 0;
    for (int b = 0; b < 6; b++) stress[a] += c[a][b] * strain[b];
  }
}

/* force += w B' stress */
static void add_force(const struct local *l, double w, const double s[6], double *force) {
  const double full[3][3] = {{s[0], s[5], s[4]}, {s[5], s[1], s[3]}, {s[4], s[3], s[2]}};
  for (int c = 0; c < l->nodes; c++)
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++) force[3 * c + a] += w * full[a][b] * l->g[c][b];
}

/* Trial state of an element and its internal forces. */
static void update_element(struct newton *n, int64_t e, double *force) {
  struct element *own = &n->element[e];
  struct local l;
  double kept = 0, elastic_work = 0;
  localize(&l, n, e);
  memset(force, 0, MOST_DOFS * sizeof *force);
  own->yields = 0;
  for (int p = 0; p < n->points.count; p++) {
    const int64_t at = (e * n->points.count + p) * 6;
    double *plastic = n->trial + at, strain[6], stress[6], elastic[6];
    const double w = strain_at(&l, n, p, strain);
    elastic_stress(&l.law, strain, elastic);
    if (own->k > 0) {
      memcpy(plastic, n->committed + at, 6 * sizeof *plastic);
      own->yields |= fea_plastic_return(&l.law, strain, plastic, stress, NULL) != 0;
    } else
      memcpy(stress, elastic, sizeof stress);
    for (int a = 0; a < 6; a++) {
      kept += stress[a] * strain[a];
      elastic_work += elastic[a] * strain[a];
    }
    add_force(&l, w, stress, force);
  }
  own->secant =
      elastic_work > 0 ? (float)fmin(1, fmax(FEA_NEWTON_LEAST_SECANT, kept / elastic_work)) : 1;
}

static bool on_rank(const struct newton *n, int64_t e) {
  return fea_sparse_touches(n->system.k, n->mesh, e);
}

/* One rank counts and marks an element. */
static bool owns(const struct newton *n, int64_t e) {
  const int32_t node = n->mesh->nodes[e * fea_element_nodes(n->mesh->element)];
  return node >= n->system.k->first && node < n->system.k->last;
}

/* The forces of an element on the rank's own nodes. */
static void add_element(const struct newton *n, int64_t e, const double *force, double *internal) {
  const int nodes = fea_element_nodes(n->mesh->element);
  for (int i = 0; i < 3 * nodes; i++) {
    const int64_t dof =
        mesh_system_dof(&n->system, 3 * (int64_t)n->mesh->nodes[e * nodes + i / 3] + i % 3);
    if (dof >= 0) internal[dof] += force[i];
  }
}

/* The displacement of all nodes, of a vector of unknowns. */
static void see(const struct newton *n, const double *u, double *all) {
  mesh_system_join(&n->system, u, all);
  if (n->coupled) fea_coupled_place(n->coupled, coupled_of(n, u), all);
}

static void trial_forces(void *context, const double *u, double *internal) {
  struct newton *n = context;
  const struct fea_mesh *m = n->mesh;
  see(n, u, n->trial_u);
  n->yielding = 0;
  memset(internal, 0, (size_t)mesh_system_owned(&n->system) * sizeof *internal);
  for (int64_t from = 0; from < m->element_count; from += CHUNK) {
    const int64_t to = from + CHUNK < m->element_count ? from + CHUNK : m->element_count;
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
    for (int64_t e = from; e < to; e++)
      if (on_rank(n, e)) update_element(n, e, n->force[e - from]);
    for (int64_t e = from; e < to; e++) { /* in one order, for any number of threads */
      if (!on_rank(n, e)) continue;
      n->yielding += n->element[e].yields;
      add_element(n, e, n->force[e - from], internal);
    }
  }
  if (!n->coupled) return;
  const double along = fea_coupled_force(n->coupled, &n->system, internal);
  if (coupled_at(n) >= 0) internal[coupled_at(n)] = along;
}

/* ---- the linear system of a Newton step ---- */

/* k += w B' D B */
static void add_tangent(const struct local *l, double w, double d[6][6], double *k) {
  const int n = l->nodes;
  for (int j = 0; j < n; j++)
    for (int b = 0; b < 3; b++) {
      /* stress of a unit displacement of node j along b */
      const int p = (b + 1) % 3, q = (b + 2) % 3;
      double s[6], force[MOST_DOFS] = {0};
      for (int a = 0; a < 6; a++)
        s[a] = d[a][b] * l->g[j][b] + d[a][3 + p] * l->g[j][q] + d[a][3 + q] * l->g[j][p];
      add_force(l, w, s, force);
      for (int i = 0; i < 3 * n; i++) k[3 * n * i + 3 * j + b] += force[i];
    }
}

static void tangent_element(const void *context, int64_t e, double *k) {
  const struct newton *n = context;
  struct local l;
  if (!n->element[e].yields) {
    fea_elastic_element(n->mesh, e, k);
    return;
  }
  localize(&l, n, e);
  memset(k, 0, (size_t)(9 * l.nodes * l.nodes) * sizeof *k);
  for (int p = 0; p < n->points.count; p++) {
    double strain[6], plastic[6], stress[6], d[6][6];
    memcpy(plastic, n->committed + (e * n->points.count + p) * 6, sizeof plastic);
    const double w = strain_at(&l, n, p, strain);
    fea_plastic_return(&l.law, strain, plastic, stress, d);
    add_tangent(&l, w, d, k);
  }
}

static void apply_tangent(void *context, const double *x, double *y) {
  struct newton *n = context;
  mesh_system_apply(&n->system, &n->tangent, x, y);
}

static void precondition(void *context, const double *r, double *z) {
  mesh_system_precondition(&((struct newton *)context)->system, r, z);
}

/* A preconditioner of the secant moduli reached, on all ranks. */
static status renew_preconditioner(struct newton *n) {
  status st = ST_OK;
  struct fea_mesh softened = *n->mesh;
  softened.modulus = calloc((size_t)softened.element_count, sizeof *softened.modulus);
  CHECK(softened.modulus, ST_MEMORY, "nonlinear solve: no memory");
  for (int64_t e = 0; e < softened.element_count; e++)
    if (owns(n, e)) softened.modulus[e] = n->mesh->modulus[e] * (double)n->element[e].secant;
  n->system.comm->sum(softened.modulus, softened.element_count);
  TRY(fea_sparse_fill(n->system.k, &softened, fea_elastic_element, &softened));
  TRY(mesh_system_prepare(&n->system, &softened));
done:
  free(softened.modulus);
  return st;
}

/* step = inverse of the tangent of the free dofs times residual, from where step begins. */
static status solve_free(struct newton *n, const double *residual, double tolerance, double *step,
                         int *iterations) {
  status st = ST_OK;
  struct fea_cg_result result;
  double yielding = (double)n->yielding;
  n->system.comm->sum(&yielding, 1);
  const struct fea_cg problem = {.owned = mesh_system_owned(&n->system),
                                 .context = n,
                                 .apply = apply_tangent,
                                 .precondition = precondition,
                                 .tolerance = tolerance,
                                 .most_iterations = 300,
                                 .threads = parallel_threads(),
                                 .unsymmetric =
                                     yielding > 0 && n->o->rule == FEA_RULE_DRUCKER_PRAGER};
  CHECK(!n->system.petsc->conjugate_gradients(&result, &problem, residual, step), ST_EXTERNAL,
        "nonlinear solve: %s", result.words);
  CHECK(!n->system.failed, ST_EXTERNAL, "nonlinear solve: PETSc failed in the preconditioner");
  *iterations = result.iterations;
done:
  return st;
}

/* Force along the coupled unknown of a step of the free dofs; n->product: on all. */
static double coupled_force(struct newton *n, const double *step) {
  mesh_system_join(&n->system, step, n->whole);
  fea_sparse_apply(&n->tangent, n->whole, n->product);
  return fea_coupled_force(n->coupled, &n->system, n->product);
}

/* The coupled unknown beside a step that leaves it alone: both then meet the residual. */
static status solve_coupled(struct newton *n, double residual, double tolerance, double *step,
                            int *iterations) {
  status st = ST_OK;
  const int64_t first = mesh_system_first(&n->system), owned = mesh_system_owned(&n->system);
  int more = 0;
  fea_sparse_apply(&n->tangent, n->mode, n->product);
  const double own = fea_coupled_force(n->coupled, &n->system, n->product);
  for (int64_t i = 0; i < owned; i++)
    n->product[i] = n->system.fixed[first + i] ? 0 : -n->product[i];
  TRY(solve_free(n, n->product, tolerance, n->response, &more));
  *iterations += more;
  const double before = coupled_force(n, step), stiffness = own + coupled_force(n, n->response);
  const double by = (residual - before) / stiffness;
  for (int64_t i = 0; i < owned; i++) step[i] += by * n->response[i];
  if (coupled_at(n) >= 0) step[coupled_at(n)] = by;
done:
  return st;
}

static status solve_tangent(void *context, const double *residual, double tolerance, double *step,
                            int *iterations) {
  status st = ST_OK;
  struct newton *n = context;
  int most;
  TRY(fea_sparse_fill(&n->tangent, n->mesh, tangent_element, n));
  TRY(solve_free(n, residual, tolerance, step, iterations));
  most = *iterations;
  if (n->coupled) TRY(solve_coupled(n, coupled_of(n, residual), tolerance, step, iterations));
  if (most > FEA_NEWTON_AGED) TRY(renew_preconditioner(n));
done:
  return st;
}

static double commit(void *context, uint8_t *marks) {
  struct newton *n = context;
  const int values = 6 * n->points.count;
  double yielded = 0;
  memcpy(n->committed, n->trial, (size_t)(n->mesh->element_count * values) * sizeof *n->committed);
  for (int64_t e = 0; e < n->mesh->element_count; e++) {
    if (!owns(n, e)) continue;
    marks[e] = 0;
    for (int i = 0; i < values; i++) marks[e] |= n->committed[e * values + i] != 0;
    yielded += marks[e];
  }
  n->system.comm->sum(&yielded, 1);
  return yielded / (double)n->able;
}

static status whole(void *context, const double *u, double **out) {
  status st = ST_OK;
  const struct newton *n = context;
  *out = malloc(3 * (size_t)n->mesh->node_count * sizeof **out);
  CHECK(*out, ST_MEMORY, "nonlinear solve: no memory");
  see(n, u, *out);
done:
  return st;
}

status fea_newton_mesh(struct fea_curve *curve, const struct fea_mesh *m,
                       const struct fea_coupled *coupled, const struct fea_strength *strength,
                       const struct fea_nonlinear_options *o,
                       const struct fea_mesh_solve_options *solve) {
  status st = ST_OK;
  struct fea_drive drive = {0};
  struct newton n = {.mesh = m, .o = o, .coupled = coupled};
  struct fea_curve_point unit = {0};
  int iterations;
  double norm, *elastic = calloc(3 * (size_t)m->node_count + 1, sizeof *elastic);
  double *internal = malloc(3 * (size_t)m->node_count * sizeof *internal);
  double *own;
  curve->yielded = calloc((size_t)m->element_count, 1);
  CHECK(elastic && internal && curve->yielded, ST_MEMORY, "nonlinear solve: no memory");
  TRY(newton_open(&n, strength, solve));
  TRY(fea_drive_of_mesh(&drive, &n.system, coupled));
  TRY(mesh_system_elastic(&n.system, elastic, &norm, &iterations));
  fea_sparse_apply(n.system.k, elastic, internal);
  own = elastic + mesh_system_first(&n.system);
  fea_drive_read(&drive, 1, internal, own, &unit);
  curve->stiffness_n_mm = unit.force_n / unit.displacement_mm;
  for (int64_t i = 0; coupled && i < coupled->count; i++) elastic[coupled->dof[i]] = 0;
  if (coupled_at(&n) >= 0) own[coupled_at(&n)] = fea_coupled_given(coupled, &n.system);
  const struct fea_newton problem = {.o = o,
                                     .drive = &drive,
                                     .unknowns =
                                         mesh_system_owned(&n.system) + (coupled_at(&n) >= 0),
                                     .elastic = own,
                                     .context = &n,
                                     .forces = trial_forces,
                                     .solve = solve_tangent,
                                     .commit = commit,
                                     .whole = whole};
  TRY(fea_newton_walk(curve, &problem));
  TRY(fea_curve_join(curve, m->element_count, n.system.comm));
done:
  free(elastic);
  free(internal);
  newton_close(&n);
  fea_drive_free(&drive);
  return st;
}
