#include "cli/voxel_outputs.h"

#include "core/file.h"
#include "core/image.h"
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "fea/job.h"
#include "fea/mesh_file.h"
#include "fea/store_fields.h"

#include <math.h>
#include <stdio.h>

struct params {
  const char *case_id;
  const char *volume, *job, *labels, *out, *fields, *inp, *checkpoint, *new_job;
  int bins;
  struct fea_solve_options solve;
};

static const struct params defaults = {.solve = FEA_SOLVE_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, volume, "volume", "density, modulus or grey values, with its side file"),
    ARG_IN_OPTIONAL(struct params, job, "job", "material, sets, supports and load cases (JSON)"),
    OPT_OUT_AS(struct params, new_job, "new-job", ".json",
               "write a job to start from instead: the volume pressed by 1 % along z"),
    OPT_IN(struct params, labels, "labels", "label map on the grid of the volume"),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD, "record; standard output when not given"),
    OPT_OUT(struct params, fields, "fields",
            "stem of <stem>_<case>.h5 and .xdmf with all fields of every case"),
    OPT_OUT_AS(struct params, inp, "inp", ".inp", "the first case as a complete CalculiX job"),
    OPT_INT(struct params, bins, "inp-bins", "", 0, 5000,
            "materials of the CalculiX job; 0: every modulus its own"),
    OPT_REAL(struct params, solve.tolerance, "tolerance", "", 1e-13, 1e-3,
             "relative residual of the solve"),
    OPT_INT(struct params, solve.most_iterations, "iterations", "", 1, 100000,
            "most iterations of a case"),
    OPT_REAL(struct params, solve.memory_gib, "memory", "GiB", 0, 10000,
             "refuse a larger model; 0: what the machine has free"),
    OPT_TEXT(struct params, solve.checkpoint, "checkpoint",
             "stem of files from which a killed solve goes on when it is run again"),
    OPT_REAL(struct params, solve.checkpoint_s, "checkpoint-every", "s", 0, 1e6,
             "time between two checkpoints"),
    OPT_CASE(struct params, case_id),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom trabeculae plates --edge 2 --size 0.1 --out cube", "a cube of plates"},
    {"qct fea solve cube/ct.nii.gz --new-job job.json", "a job to start from, to be edited"},
    {"qct fea solve cube/ct.nii.gz job.json --out press.csv",
     "pressed by 1 %: reactions, displacements, energy and failure factors"},
    {NULL, NULL}};

static const char *const sources[] = {"schileo2014", "pistoia2002", "faim10", "hfe", NULL};

static status write_fields(struct context *ctx, const struct params *p, const struct fea_job *job,
                           int c, const struct fea_solution *s, const struct fea_fields *f) {
  status st = ST_OK;
  char stem[1024];
  cJSON *provenance = context_provenance(ctx);
  snprintf(stem, sizeof stem, "%s_%s", p->fields, job->model->cases[c].name);
  TRY(fea_store_fields(job->model, s, f, NULL, job->words, stem, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
  return st;
}

static status write_case(struct context *ctx, const struct params *p, const struct fea_job *job,
                         int c, const struct fea_solution *s, struct record *r, bool writes) {
  static const struct fea_failure_options limits = FEA_FAILURE_DEFAULTS;
  status st = ST_OK;
  struct fea_fields *f = NULL;
  TRY(fea_fields_create(&f, job->model, s));
  TRY(fea_job_rows(r, job, c, s, f, &limits));
  log_info("case %s: energy %.6g N mm, %d iterations, residual %.1e, reactions balance to %.0e",
           job->model->cases[c].name, s->energy_nmm, s->iterations, s->residual, s->balance);
  if (writes && p->fields) TRY(write_fields(ctx, p, job, c, s, f));
done:
  fea_fields_destroy(f);
  return st;
}

/* Half way between the darkest and the brightest voxel. */
static double middle_value(const struct volume *v) {
  double low = INFINITY, high = -INFINITY;
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++) {
    if (isnan(v->voxels[i])) continue;
    low = fmin(low, (double)v->voxels[i]);
    high = fmax(high, (double)v->voxels[i]);
  }
  return (low + high) / 2;
}

static status write_new_job(const struct context *ctx, const struct volume *v, const char *path) {
  status st = ST_OK;
  struct text t = {0};
  const double height = (double)v->grid.nz * v->grid.spacing[2];
  text_append(&t, "{\n  \"poisson\": 0.3,\n  \"material\": ");
  if (v->quantity == QUANTITY_MODULUS)
    text_append(&t, "{\"modulus\": true}");
  else
    text_append(&t, "{\"above\": %.6g, \"modulus_mpa\": 10000}", middle_value(v));
  text_append(
      &t,
      ",\n  \"largest_part\": true,\n  \"sets\": {\n    \"foot\": {\"plane\": \"z\", \"at\": "
      "\"first\"},\n    \"top\": {\"plane\": \"z\", \"at\": \"last\"}\n  },\n  \"supports\": "
      "[{\"set\": \"foot\", \"x\": 0, \"y\": 0, \"z\": 0}],\n  \"cases\": [\n    {\"name\": "
      "\"press\", \"displace\": [{\"set\": \"top\", \"z\": %.6g}]}\n  ]\n}\n",
      -0.01 * height);
  TRY(text_check(&t, "job"));
  TRY(file_write(path, t.data, t.length, ctx->force));
done:
  text_free(&t);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *volume = NULL;
  struct labels *labels = NULL;
  struct fea_job *job = NULL;
  struct fea_solution *solution[FEA_CASES] = {NULL};
  struct record *record = NULL;
  cJSON *json = NULL;
  int rank;
  TRY(fea_command_rank(&rank));
  TRY(image_read(&volume, p->volume, NULL));
  if (p->new_job) {
    if (rank == 0) TRY(write_new_job(ctx, volume, p->new_job));
    goto done;
  }
  CHECK(p->job, ST_USAGE, "a job file is needed; --new-job writes one to start from");
  TRY(json_read(&json, p->job));
  if (p->labels) TRY(labels_read_on(&labels, p->labels, &volume->grid));
  TRY(fea_job_make(&job, volume, labels, json, p->job, p->solve.memory_gib));
  volume_destroy(volume);
  volume = NULL;
  TRY(fea_solve_all(solution, job->model, &p->solve));
  TRY(record_create(&record, ""));
  for (int c = 0; c < job->model->case_count; c++)
    TRY(write_case(ctx, p, job, c, solution[c], record, rank == 0));
  if (rank == 0) TRY(context_write_record(ctx, record, p->out));
  if (rank == 0 && p->inp) TRY(fea_model_write(job->model, 0, p->bins, p->inp, ctx->force));
done:
  for (int c = 0; c < FEA_CASES; c++) fea_solution_destroy(solution[c]);
  record_destroy(record);
  fea_job_destroy(job);
  labels_destroy(labels);
  volume_destroy(volume);
  cJSON_Delete(json);
  return st;
}

const struct command cmd_fea_solve = {
    .name = "fea solve",
    .summary = "Solve a general voxel model described by a job file",
    .about =
        "Every voxel with a modulus above 0 becomes a cube of the volume's own grid. The job file "
        "(JSON) names the material, sets of nodes, supports and load cases; all cases share one "
        "set-up.\n\n"
        "Keys: poisson, or for materials along the volume's axes orthotropic (ratios to the "
        "modulus "
        "young x y z, shear and poisson yz xz xy) or fabric (eigenvalues, sum 3); material with "
        "modulus (the volume is one), law or user_law with conversion "
        "and least_mpa, above with modulus_mpa, or labels with a modulus each; label; "
        "largest_part; "
        "sets, each by plane and at (a number, first or last), node, low and high in LPS mm, or "
        "label; supports with x, y, z in mm; cases, each with name, displace in mm and force in N, "
        "spread evenly over the nodes of its set. Directions are the volume's own axes. An unknown "
        "key is refused.\n\n"
        "Under `mpirun -n N` the solve uses N processes and the first writes the results. With "
        "--checkpoint a killed solve goes on when the same command is run again.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
