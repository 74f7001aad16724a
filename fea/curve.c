#include "fea/curve.h"

#include "core/plot.h"
#include "fea/mesh_system.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static status drive_open(struct fea_drive *d, const struct fea_comm *comm, int64_t supports,
                         int64_t forces) {
  status st = ST_OK;
  *d = (struct fea_drive){.comm = comm};
  d->support = malloc((size_t)(supports + 1) * sizeof *d->support);
  d->force = malloc((size_t)(forces + 1) * sizeof *d->force);
  CHECK(d->support && d->force, ST_MEMORY, "nonlinear solve: no memory for %lld supports",
        (long long)supports);
done:
  return st;
}

/* Every rank goes through all supports and forces, and keeps its own (dof >= 0). */
static void add_support(struct fea_drive *d, int64_t dof, double value_mm) {
  d->largest_mm = fmax(d->largest_mm, fabs(value_mm));
  if (dof >= 0) d->support[d->supports++] = (struct fea_drive_dof){dof, value_mm};
}

static void add_force(struct fea_drive *d, int64_t dof, double newton) {
  d->total_newton += fabs(newton);
  if (dof >= 0) d->force[d->forces++] = (struct fea_drive_dof){dof, newton};
}

static status drive_check(const struct fea_drive *d, const char *name) {
  status st = ST_OK;
  CHECK(d->largest_mm > 0 || d->total_newton > 0, ST_DOMAIN,
        "nonlinear solve: load case %s has neither a force nor a displacement that is not zero",
        name);
done:
  return st;
}

status fea_drive_of_model(struct fea_drive *out, const struct fea_solver *s,
                          const struct fea_case *c) {
  status st = ST_OK;
  const struct fea_model *m = s->model;
  TRY(drive_open(out, s->comm, m->fixed_count, c->force_count));
  for (int64_t f = 0; f < m->fixed_count; f++)
    add_support(out, fea_solver_dof(s, m->fixed[f].node, m->fixed[f].axis), c->value_mm[f]);
  for (int64_t f = 0; f < c->force_count; f++)
    add_force(out, fea_solver_dof(s, c->force[f].node, c->force[f].axis), c->force[f].newton);
  TRY(drive_check(out, c->name));
done:
  return st;
}

status fea_drive_of_mesh(struct fea_drive *out, const struct mesh_system *s,
                         const struct fea_coupled *coupled) {
  status st = ST_OK;
  const struct fea_mesh *m = s->mesh;
  uint8_t *seen = calloc(3 * (size_t)m->node_count, 1);
  TRY(drive_open(out, s->comm, m->support_count, m->force_count));
  CHECK(seen, ST_MEMORY, "nonlinear solve: no memory");
  for (int64_t i = 0; coupled && i < coupled->count; i++) {
    if (!seen[coupled->dof[i]]) add_support(out, mesh_system_dof(s, coupled->dof[i]), 0);
    seen[coupled->dof[i]] = 1;
  }
  for (int64_t i = 0; i < m->support_count; i++) {
    const int64_t dof = 3 * m->support[i].node + m->support[i].axis;
    if (!seen[dof]) add_support(out, mesh_system_dof(s, dof), m->support[i].value_mm);
    seen[dof] = 1; /* a mesh may name a dof twice */
  }
  for (int64_t i = 0; i < m->force_count; i++)
    add_force(out, mesh_system_dof(s, 3 * m->force[i].node + m->force[i].axis), m->force[i].newton);
  TRY(drive_check(out, "of the mesh"));
done:
  free(seen);
  return st;
}

void fea_drive_free(struct fea_drive *d) {
  free(d->support);
  free(d->force);
}

/* Work-conjugate means: the force on faces that move together is the sum of their reactions; the
 * displacement under several forces is their weighted mean. */
void fea_drive_read(const struct fea_drive *d, double factor, const double *internal,
                    const double *u, struct fea_curve_point *point) {
  double sum = 0;
  point->factor = factor;
  if (d->largest_mm > 0) {
    for (int64_t i = 0; i < d->supports; i++)
      sum += d->support[i].value / d->largest_mm * internal[d->support[i].dof];
    d->comm->sum(&sum, 1);
    point->force_n = sum;
    point->displacement_mm = factor * d->largest_mm;
    return;
  }
  for (int64_t i = 0; i < d->forces; i++)
    sum += d->force[i].value / d->total_newton * u[d->force[i].dof];
  d->comm->sum(&sum, 1);
  point->force_n = factor * d->total_newton;
  point->displacement_mm = sum;
}

status fea_curve_join(struct fea_curve *c, int64_t count, const struct fea_comm *comm) {
  status st = ST_OK;
  float *marks = NULL;
  if (comm->ranks == 1) return ST_OK;
  marks = malloc((size_t)count * sizeof *marks);
  CHECK(marks, ST_MEMORY, "nonlinear solve: no memory for %lld marks", (long long)count);
  for (int64_t i = 0; i < count; i++) marks[i] = c->yielded[i];
  comm->sum_float(marks, count);
  for (int64_t i = 0; i < count; i++) c->yielded[i] = marks[i] > 0;
done:
  free(marks);
  return st;
}

status fea_curve_create(struct fea_curve **out) {
  status st = ST_OK;
  const struct fea_curve_point origin = {0};
  struct fea_curve *c = calloc(1, sizeof *c);
  CHECK(c, ST_MEMORY, "nonlinear solve: no memory");
  TRY(fea_curve_add(c, &origin));
  *out = c;
  c = NULL;
done:
  fea_curve_destroy(c);
  return st;
}

status fea_curve_add(struct fea_curve *c, const struct fea_curve_point *p) {
  status st = ST_OK;
  if (c->count == c->capacity) {
    const int room = c->capacity ? 2 * c->capacity : 64;
    struct fea_curve_point *more = realloc(c->point, (size_t)room * sizeof *more);
    CHECK(more, ST_MEMORY, "nonlinear solve: no memory for %d steps", room);
    c->point = more;
    c->capacity = room;
  }
  c->point[c->count++] = *p;
done:
  return st;
}

void fea_report_steps(struct progress *p, int done, int all) {
  char words[48];
  const double seconds = clock_seconds() - p->started_s;
  snprintf(words, sizeof words, "about %.0f s left", seconds * (all - done) / done);
  progress_update(p, done, words);
}

bool fea_curve_has_fallen(const struct fea_curve *c, double drop) {
  double peak = 0;
  for (int i = 0; i < c->count; i++) peak = fmax(peak, c->point[i].force_n);
  return c->point[c->count - 1].force_n < (1 - drop) * peak;
}

/* Where the curve crosses the elastic line shifted by `offset` of the largest displacement. */
static double offset_strength(const struct fea_curve *c, double offset) {
  double most = 0;
  for (int i = 0; i < c->count; i++) most = fmax(most, c->point[i].displacement_mm);
  const double shift = offset * most;
  for (int i = 1; i < c->count; i++) {
    const struct fea_curve_point *a = &c->point[i - 1], *b = &c->point[i];
    const double before = a->force_n - c->stiffness_n_mm * (a->displacement_mm - shift);
    const double after = b->force_n - c->stiffness_n_mm * (b->displacement_mm - shift);
    if (after > 0 || before <= after) continue;
    return a->force_n + before / (before - after) * (b->force_n - a->force_n);
  }
  return NAN;
}

void fea_curve_finish(struct fea_curve *c, double offset) {
  c->peak_n = c->peak_mm = 0;
  for (int i = 0; i < c->count; i++)
    if (c->point[i].force_n > c->peak_n) {
      c->peak_n = c->point[i].force_n;
      c->peak_mm = c->point[i].displacement_mm;
    }
  c->fell = c->count > 1 && c->point[c->count - 1].force_n < 0.995 * c->peak_n;
  c->offset_n = offset_strength(c, offset);
}

void fea_curve_destroy(struct fea_curve *c) {
  if (!c) return;
  free(c->point);
  free(c->displacement);
  free(c->yielded);
  free(c);
}

status fea_curve_table(struct table **out, const struct fea_curve *c) {
  static const struct {
    const char *name, *unit;
  } columns[] = {{"factor", ""},  {"displacement", "mm"}, {"force", "N"},
                 {"yielded", ""}, {"corrections", ""},    {"iterations", ""}};
  status st = ST_OK;
  struct table *t = NULL;
  TRY(table_create(&t, (size_t)c->count));
  for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++)
    TRY(table_add_column(t, columns[k].name, columns[k].unit, true));
  for (int i = 0; i < c->count; i++) {
    const struct fea_curve_point *p = &c->point[i];
    const double row[6] = {p->factor,  p->displacement_mm,     p->force_n,
                           p->yielded, (double)p->corrections, (double)p->iterations};
    for (int k = 0; k < 6; k++) t->columns[k].numbers[i] = row[k];
  }
  *out = t;
  t = NULL;
done:
  table_destroy(t);
  return st;
}

status fea_curve_svg(struct text *out, const struct fea_curve *c) {
  status st = ST_OK;
  struct plot *p = NULL;
  double *x = malloc(2 * (size_t)c->count * sizeof *x), *y = x ? x + c->count : NULL;
  char words[64];
  CHECK(x, ST_MEMORY, "curve: no memory");
  for (int i = 0; i < c->count; i++) {
    x[i] = c->point[i].displacement_mm;
    y[i] = c->point[i].force_n;
  }
  TRY(plot_create(&p, 560, 380, "displacement [mm]", "force [N]"));
  plot_title(p, "force and displacement beyond yield");
  const double top = 1.15 * c->peak_n, line[2][2] = {{0, top / c->stiffness_n_mm}, {0, top}};
  plot_dashed(p, line[0], line[1], 2, 0x909090, "elastic");
  plot_line(p, x, y, c->count, COLOUR_BLUE, NULL);
  plot_points(p, x, y, c->count, COLOUR_BLUE, "steps");
  const double peak[2] = {c->peak_mm, c->peak_n};
  plot_points(p, &peak[0], &peak[1], 1, COLOUR_RED, c->fell ? "peak" : "largest");
  snprintf(words, sizeof words, "%.0f N", c->peak_n);
  plot_note(p, c->peak_mm, 1.04 * c->peak_n, words);
  plot_range_y(p, 0, 1.2 * c->peak_n);
  TRY(plot_svg(p, out));
done:
  plot_destroy(p);
  free(x);
  return st;
}
