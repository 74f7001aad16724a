#include "fea/newton.h"

#include "core/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the linear solves, relative. On femora a hundredth of it takes as many corrections and four
 * times the iterations: what yields next is not known from the tangent anyhow. */
static const double linear_tolerance = 0.03;

struct walk {
  const struct fea_newton *p;
  double *u, *next, *before; /* displacement: reached, tried, one step before */
  double *internal, *residual, *step;
  double scale; /* largest force norm so far: residuals are relative to it */
};

static status walk_open(struct walk *w) {
  status st = ST_OK;
  double **vectors[] = {&w->u, &w->next, &w->before, &w->internal, &w->residual, &w->step};
  for (size_t v = 0; v < sizeof vectors / sizeof vectors[0]; v++) {
    *vectors[v] = multigrid_vector(w->p->unknowns);
    CHECK(*vectors[v], ST_MEMORY, "nonlinear solve: no memory for %lld unknowns",
          (long long)w->p->unknowns);
  }
done:
  return st;
}

static void walk_close(struct walk *w) {
  free(w->u);
  free(w->next);
  free(w->before);
  free(w->internal);
  free(w->residual);
  free(w->step);
}

/* Internal forces of w->next; residual on free dofs. Returns |residual| / |largest force so far|.
 */
static double evaluate(struct walk *w, double factor) {
  const struct fea_drive *d = w->p->drive;
  double sum[3] = {0, 0, 0}; /* squares: residual, forces of supports, applied forces */
  w->p->forces(w->p->context, w->next, w->internal);
  for (int64_t i = 0; i < w->p->unknowns; i++) w->residual[i] = -w->internal[i];
  for (int64_t f = 0; f < d->forces; f++) {
    w->residual[d->force[f].dof] += factor * d->force[f].value;
    sum[2] += factor * d->force[f].value * factor * d->force[f].value;
  }
  for (int64_t f = 0; f < d->supports; f++) {
    sum[1] += w->internal[d->support[f].dof] * w->internal[d->support[f].dof];
    w->residual[d->support[f].dof] = 0;
  }
  for (int64_t i = 0; i < w->p->unknowns; i++) sum[0] += w->residual[i] * w->residual[i];
  d->comm->sum(sum, 3);
  w->scale = fmax(w->scale, sqrt(fmax(sum[1], sum[2])));
  return w->scale > 0 ? sqrt(sum[0]) / w->scale : 0;
}

/* w->next += share of the step that lowers the residual; returns the residual there. */
static double search_line(struct walk *w, double factor, double before) {
  double share = 1, reached = 0;
  for (int turn = 0; turn < 4; turn++) {
    for (int64_t i = 0; i < w->p->unknowns; i++) w->next[i] += share * w->step[i];
    reached = evaluate(w, factor);
    if (reached < (1 - 0.1 * share) * before || turn == 3) break;
    for (int64_t i = 0; i < w->p->unknowns; i++) w->next[i] -= share * w->step[i];
    share /= 2;
  }
  return reached;
}

/* Equilibrium at `factor` from the prediction in w->next. */
static status correct(struct walk *w, double factor, struct fea_curve_point *point,
                      bool *converged) {
  status st = ST_OK;
  const struct fea_nonlinear_options *o = w->p->o;
  double off = evaluate(w, factor), least = off;
  int without_gain = 0;
  *converged = false;
  for (int turn = 0; turn <= o->most_newton; turn++) {
    int iterations = 0;
    if (off <= o->tolerance) {
      *converged = true;
      return ST_OK;
    }
    if (turn == o->most_newton || !isfinite(off) || without_gain > 3) return ST_OK;
    memset(w->step, 0, (size_t)w->p->unknowns * sizeof *w->step);
    TRY(w->p->solve(w->p->context, w->residual, linear_tolerance, w->step, &iterations));
    point->corrections++;
    point->iterations += iterations;
    off = search_line(w, factor, off);
    without_gain = off < 0.9 * least ? 0 : without_gain + 1;
    least = fmin(least, off);
  }
done:
  return st;
}

/* Along the way of the last step when it went the same way, else along the elastic solution. */
static void predict(struct walk *w, double from, double to, double last_from) {
  const double by = to - from, last = from - last_from;
  const bool along = last != 0 && by / last > 0 && by / last <= 2;
  for (int64_t i = 0; i < w->p->unknowns; i++)
    w->next[i] = w->u[i] + (along ? by / last * (w->u[i] - w->before[i]) : by * w->p->elastic[i]);
}

/* Force and displacement at w->next, which is in equilibrium; it becomes w->u. */
static status accept(struct walk *w, struct fea_curve *curve, double factor,
                     struct fea_curve_point *point) {
  status st = ST_OK;
  double *oldest = w->before, *whole = NULL;
  w->before = w->u;
  w->u = w->next;
  w->next = oldest;
  fea_drive_read(w->p->drive, factor, w->internal, w->u, point);
  point->yielded = w->p->commit(w->p->context, curve->yielded);
  TRY(fea_curve_add(curve, point));
  log_detail("nonlinear solve: factor %.4g, %.5g mm, %.6g N, %.2f %% yielded, %d corrections, %d "
             "iterations",
             factor, point->displacement_mm, point->force_n, 100 * point->yielded,
             point->corrections, point->iterations);
  if (w->p->o->step) {
    TRY(w->p->whole(w->p->context, w->u, &whole));
    w->p->o->step(w->p->o->user, factor, whole);
  }
done:
  free(whole);
  return st;
}

/* From one load factor to the next, in halves where there is no equilibrium. */
static status walk_to(struct walk *w, struct fea_curve *curve, double *reached, double *last,
                      double target) {
  status st = ST_OK;
  double by = target - *reached;
  int halvings = 0;
  while (*reached != target && !curve->stuck) {
    struct fea_curve_point point = {0};
    const double to = fabs(target - *reached) <= fabs(by) * (1 + 1e-9) ? target : *reached + by;
    bool converged;
    predict(w, *reached, to, *last);
    TRY(correct(w, to, &point, &converged));
    if (converged) {
      TRY(accept(w, curve, to, &point));
      *last = *reached;
      *reached = to;
    } else if (halvings++ < w->p->o->most_halvings)
      by /= 2;
    else
      curve->stuck = true;
  }
done:
  return st;
}

status fea_newton_walk(struct fea_curve *curve, const struct fea_newton *problem) {
  status st = ST_OK;
  struct walk w = {.p = problem};
  const struct fea_nonlinear_options *o = problem->o;
  struct progress progress;
  double reached = 0, last = 0;
  TRY(walk_open(&w));
  progress_begin(&progress, "load", "steps", o->steps);
  for (int step = 0; step < o->steps && !curve->stuck && !curve->fell; step++) {
    TRY(walk_to(&w, curve, &reached, &last, o->factor ? o->factor[step] : (step + 1.) / o->steps));
    if (fea_curve_has_fallen(curve, o->drop) && !o->factor) curve->fell = true;
    fea_report_steps(&progress, step + 1, o->steps);
  }
  progress_end(&progress);
  TRY(problem->whole(problem->context, w.u, &curve->displacement));
done:
  walk_close(&w);
  return st;
}
