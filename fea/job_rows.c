/* The numbers of a solved job as rows. */
#include "fea/job.h"

#include "core/log.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const axis_names[3] = {"x", "y", "z"};

struct writer {
  struct record *record;
  const char *region, *method;
  int failed;
};

static void add(struct writer *w, const char *quantity, double value, const char *unit,
                const char *source) {
  struct measurement *m = record_add(w->record, w->region, quantity, value, unit);
  if (!m) {
    w->failed = 1;
    return;
  }
  snprintf(m->method, sizeof m->method, "%s", w->method);
  measurement_source(m, source);
}

static int by_node(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a, y = ((const struct fea_fixed *)b)->node;
  return x < y ? -1 : x > y;
}

/* Sum of reactions and mean displacement over the nodes of a set. fixed is sorted by node. */
static void sum_set(const struct fea_node_set *s, const struct fea_model *m,
                    const struct fea_solution *solution, double reaction[3], double mean[3]) {
  for (int a = 0; a < 3; a++) reaction[a] = mean[a] = 0;
  for (int64_t n = 0; n < s->count; n++) {
    int64_t at[3];
    double u[3];
    fea_model_node_index(m, s->node[n], at);
    fea_solution_at(solution, m, at[0], at[1], at[2], u);
    for (int a = 0; a < 3; a++) mean[a] += u[a] / (double)s->count;
    const struct fea_fixed *one =
        bsearch(&s->node[n], m->fixed, (size_t)m->fixed_count, sizeof *m->fixed, by_node);
    if (!one) continue;
    while (one > m->fixed && one[-1].node == s->node[n]) one--;
    for (; one < m->fixed + m->fixed_count && one->node == s->node[n]; one++)
      reaction[one->axis] += solution->reaction[one - m->fixed];
  }
}

status fea_job_rows(struct record *r, const struct fea_job *job, int load_case,
                    const struct fea_solution *solution, const struct fea_fields *fields,
                    const struct fea_failure_options *options) {
  status st = ST_OK;
  const struct fea_model *m = job->model;
  struct writer w = {.record = r, .region = m->cases[load_case].name, .method = job->words};
  struct fea_failure failure;
  char name[64];
  for (int s = 0; s < job->set_count; s++) {
    double reaction[3], mean[3];
    sum_set(&job->set[s], m, solution, reaction, mean);
    for (int a = 0; a < 3; a++) {
      snprintf(name, sizeof name, "reaction_%s_%s", job->set[s].name, axis_names[a]);
      add(&w, name, reaction[a], "N", "");
    }
    for (int a = 0; a < 3; a++) {
      snprintf(name, sizeof name, "displacement_%s_%s", job->set[s].name, axis_names[a]);
      add(&w, name, mean[a], "mm", "");
    }
  }
  add(&w, "energy", solution->energy_nmm, "N mm", "");
  add(&w, "residual", solution->residual, "", "");
  add(&w, "balance", solution->balance, "", "");
  add(&w, "iterations", solution->iterations, "", "");
  add(&w, "elements", (double)m->element_count, "", "");
  add(&w, "dropped", (double)(m->dropped_bone + m->dropped_cap), "", "");
  if (fea_failure_find(&failure, m, fields, options) == ST_OK) {
    add(&w, "factor_strain_volume", failure.factor_volume, "", "schileo2014");
    add(&w, "factor_strain_limit", failure.factor_limit, "", "schileo2014");
    add(&w, "factor_pistoia", failure.factor_pistoia, "", "pistoia2002");
  } else {
    log_warning("case %s: no failure factors: %s", w.region, status_message());
    status_clear();
  }
  CHECK(!w.failed, ST_MEMORY, "job: no memory for the record");
done:
  return st;
}
