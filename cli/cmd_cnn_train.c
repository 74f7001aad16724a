#include "cli/cnn_options.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "ml/cnn_fit.h"
#include "ml/cnn_pack.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct params {
  const char *manifest, *out, *target, *time, *id, *image, *label_column, *split, *device, *name,
      *licence, *sites, *unit;
  struct text_list columns, classes, intervals;
  int task, network, loss, width, stages, stem, folds, members, seed, class_count, hidden;
  double spacing[3], shape[3], window[2], memory_gib, dropout, value_hu;
  bool steady, resume, unweighted;
  struct cnn_train_options train;
};

static const char *const task_names[] = {"regress", "classify", "survival", "segment", NULL};
static const int task_of[] = {CNN_REGRESS, CNN_CLASSIFY, CNN_SURVIVAL, CNN_SEGMENT};
static const char *const network_names[] = {"small", "resnet10", "resnet18", "unet", "table", NULL};
static const char *const loss_names[] = {"auto",    "squared", "huber", "logistic",
                                         "classes", "cox",     "dice",  NULL};

static const struct params defaults = {.id = "id",
                                       .image = "image",
                                       .device = "auto",
                                       .target = "target",
                                       .spacing = {NAN, NAN, NAN},
                                       .shape = {NAN, NAN, NAN},
                                       .window = {NAN, NAN},
                                       .folds = 5,
                                       .members = 5,
                                       .seed = 1,
                                       .memory_gib = 2,
                                       .class_count = 2,
                                       .train = CNN_TRAIN_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, manifest, "manifest", "one row a case (CSV): paths, outcome, columns"),
    OPT_OUT_REQUIRED(struct params, out, "out", "result folder"),
    OPT_CHOICE(struct params, task, "task", task_names, "what the network is for"),
    OPT_TEXT(struct params, target, "target", "column with the value, class or event"),
    OPT_TEXT(struct params, time, "time", "column with the follow-up time; makes it survival"),
    OPT_TEXT(struct params, id, "id", "column that names the person; \"\" for none"),
    OPT_TEXT(struct params, image, "image", "column with the image's path"),
    OPT_TEXT(struct params, label_column, "label-column", "column with the label map's path"),
    OPT_LIST(struct params, classes, "classes", "segmentation: name=value of each label"),
    OPT_INT(struct params, class_count, "class-count", "", 2, 64, "number of classes"),
    OPT_LIST(struct params, intervals, "intervals",
             "survival in discrete time: ends of the intervals, unit of --time"),
    OPT_LIST(struct params, columns, "columns", "columns of the manifest joined late"),
    OPT_TEXT(struct params, split, "split", "column with train, validation, test instead of folds"),
    OPT_INT(struct params, folds, "folds", "", 2, 100, "person-grouped folds"),
    OPT_INT(struct params, members, "members", "", 1, 100, "of the folds, how many are trained"),
    OPT_CHOICE(struct params, network, "network", network_names, "architecture"),
    OPT_INT(struct params, width, "width", "", 0, 512, "features of the first stage; 0: usual"),
    OPT_INT(struct params, stages, "stages", "", 0, 6, "stages or levels; 0: usual"),
    OPT_INT(struct params, hidden, "hidden", "", 0, 1024, "hidden layer behind the joined columns"),
    OPT_REAL(struct params, dropout, "dropout", "", 0, 0.9, "before the last layer"),
    OPT_REALS(struct params, spacing, "spacing", "mm", 3, 0.05, 50, "of the network, x,y,z"),
    OPT_REALS(struct params, shape, "shape", "voxel", 3, 1, 1024,
              "of the network, x,y,z; a patch for segment"),
    OPT_REALS(struct params, window, "window", "", 2, -1e5, 1e5,
              "values that become 0 and 1; else mean and SD of each image"),
    OPT_CHOICE(struct params, loss, "criterion", loss_names, "auto: by the task"),
    OPT_INT(struct params, train.epochs, "epochs", "", 1, 100000, "at most"),
    OPT_INT(struct params, train.batch, "batch", "", 1, 4096, "cases a batch"),
    OPT_INT(struct params, train.accumulate, "accumulate", "", 1, 1024, "batches a step"),
    OPT_INT(struct params, train.patience, "patience", "", 0, 10000,
            "epochs without progress before stopping; 0: never"),
    OPT_INT(struct params, train.patches, "patches", "", 1, 64,
            "segment: patches a case and epoch"),
    OPT_REAL(struct params, train.rate, "learning-rate", "", 1e-7, 10, "learning rate"),
    OPT_REAL(struct params, train.decay, "decay", "", 0, 1, "weight decay"),
    OPT_REAL(struct params, train.clip, "clip", "", 0, 1e6, "largest gradient norm; 0: none"),
    OPT_FLAG(struct params, steady, "steady", "constant learning rate instead of a half cosine"),
    OPT_FLAG(struct params, unweighted, "unweighted", "no class weights (default: balanced)"),
    OPT_FLAG(struct params, train.augment.flip, "augment-flip", "augment: mirror along x"),
    OPT_REAL(struct params, train.augment.rotate_deg, "augment-rotate", "deg", 0, 180,
             "augment: rotation"),
    OPT_REAL(struct params, train.augment.shift_vox, "augment-shift", "voxel", 0, 100,
             "augment: shift"),
    OPT_REAL(struct params, train.augment.elastic_vox, "augment-elastic", "voxel", 0, 50,
             "augment: SD of a warp"),
    OPT_REAL(struct params, value_hu, "augment-value", "HU", 0, 1000,
             "augment: shift of values, unit of the image"),
    OPT_REAL(struct params, train.augment.noise, "augment-noise", "", 0, 2,
             "augment: SD, unit of the network's input"),
    OPT_REAL(struct params, train.augment.blur_vox, "augment-blur", "voxel", 0, 5,
             "augment: Gaussian blur"),
    OPT_FLAG(struct params, resume, "resume", "go on from the checkpoints in OUT"),
    OPT_INT(struct params, train.pause, "pause", "", 0, 100000,
            "stop after this epoch, to resume later"),
    DEVICE_OPTION(struct params, device),
    OPT_REAL(struct params, memory_gib, "memory", "GiB", 0, 10000,
             "prepared images kept; the rest is read again"),
    OPT_TEXT(struct params, name, "name", "of the model, for its card"),
    OPT_TEXT(struct params, licence, "licence", "of the training data, for the card"),
    OPT_TEXT(struct params, sites, "sites", "of the training data, for the card"),
    OPT_TEXT(struct params, unit, "unit", "of the target, for the card"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of weights, order, changes and folds"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 60 --effect 1 --out people.csv", "people with features"},
    {"qct cnn train people.csv --out net --task classify --target fracture --network table "
     "--columns f1,f2,f3 --hidden 8 --epochs 5 --members 1",
     "a small network on columns of a table"},
    {NULL, NULL}};

static const char *const sources[] = {"he2016",          "he2015",         "loshchilov2019",
                                      "loshchilov2017",  "gensheimer2019", "cox1972",
                                      "ronneberger2015", "lin1989",        NULL};

static const char *or_null(const char *text) {
  return text && text[0] ? text : NULL;
}

/* ---- from options to what is trained ---- */

static void set_arch(struct cnn_arch *a, const struct params *p) {
  bool small_net = p->network == 0;
  *a = (struct cnn_arch){.kind = p->network == 3   ? CNN_UNET
                                 : p->network == 4 ? CNN_TABLE
                                                   : CNN_RESNET,
                         .width = small_net || p->network == 3 ? 8 : 64,
                         .stages = p->network == 4 ? 1 : 4,
                         .stem = small_net ? 3 : 7,
                         .hidden = p->hidden,
                         .dropout = p->dropout};
  if (p->width) a->width = p->width;
  if (p->stages) a->stages = p->stages;
  if (a->kind == CNN_TABLE && !a->hidden) a->hidden = 16;
  for (int i = 0; i < CNN_STAGES; i++) a->blocks[i] = p->network == 2 ? 2 : 1;
}

static int usual_loss(const struct params *p, const struct cnn_card *card) {
  if (p->loss > 0) return p->loss - 1;
  if (card->task == CNN_SEGMENT) return CNN_LOSS_DICE;
  if (card->task == CNN_REGRESS) return CNN_LOSS_HUBER;
  if (card->task == CNN_SURVIVAL) return card->interval_count ? CNN_LOSS_LOGISTIC : CNN_LOSS_COX;
  return card->output_count == 1 ? CNN_LOSS_LOGISTIC : CNN_LOSS_CLASSES;
}

static status set_outputs(struct cnn_card *c, const struct params *p) {
  status st = ST_OK;
  c->output_count = 1;
  snprintf(c->outputs[0].name, sizeof c->outputs[0].name, "%s", p->target ? p->target : "output");
  snprintf(c->outputs[0].unit, sizeof c->outputs[0].unit, "%s", p->unit ? p->unit : "");
  if (c->task == CNN_SURVIVAL && p->intervals.count) {
    c->interval_count = c->output_count = p->intervals.count;
    for (int i = 0; i < p->intervals.count; i++) {
      char *end;
      c->intervals[i] = strtod(p->intervals.items[i], &end);
      CHECK(!*end && c->intervals[i] > (i ? c->intervals[i - 1] : 0), ST_USAGE,
            "--intervals: \"%s\" is no number above the one before it", p->intervals.items[i]);
      snprintf(c->outputs[i].name, sizeof c->outputs[i].name, "hazard_to_%s",
               p->intervals.items[i]);
    }
  } else if (c->task == CNN_CLASSIFY && p->class_count > 2) {
    c->output_count = p->class_count;
    for (int i = 0; i < c->output_count; i++) {
      snprintf(c->outputs[i].name, sizeof c->outputs[i].name, "class_%d", i);
      c->outputs[i].value = i;
    }
  } else if (c->task == CNN_SEGMENT) {
    CHECK(p->classes.count >= 1, ST_USAGE, "--task segment needs --classes name=value");
    snprintf(c->outputs[0].name, sizeof c->outputs[0].name, "background");
    for (int i = 0; i < p->classes.count; i++) {
      const char *equal = strchr(p->classes.items[i], '=');
      char *end = NULL;
      long value = equal ? strtol(equal + 1, &end, 10) : 0;
      CHECK(end && end > equal + 1 && !*end && value >= 1 && value <= UINT16_MAX, ST_USAGE,
            "--classes: \"%s\" is not name=value with a value of 1 to %d", p->classes.items[i],
            UINT16_MAX);
      struct cnn_output *o = &c->outputs[c->output_count++];
      snprintf(o->name, sizeof o->name, "%.*s", (int)(equal - p->classes.items[i]),
               p->classes.items[i]);
      o->value = (int)value;
      for (int k = 1; k < c->output_count - 1; k++)
        CHECK(c->outputs[k].value != o->value, ST_USAGE, "--classes: %s and %s are both %d",
              c->outputs[k].name, o->name, o->value);
    }
  }
  snprintf(c->activation, sizeof c->activation, "%s",
           c->task == CNN_REGRESS || (c->task == CNN_SURVIVAL && !c->interval_count) ? "none"
           : c->output_count > 1 && c->task != CNN_SURVIVAL                          ? "softmax"
                                                                                     : "sigmoid");
done:
  return st;
}

static status set_card(struct cnn_card *c, const struct params *p) {
  status st = ST_OK;
  cnn_card_init(c);
  c->task = task_of[p->task];
  bool flat = !isnan(p->shape[0]) && p->shape[2] == 1;
  c->dims = flat ? 2 : 3;
  snprintf(c->name, sizeof c->name, "%s", p->name ? p->name : task_names[p->task]);
  snprintf(c->version, sizeof c->version, "1");
  snprintf(c->licence, sizeof c->licence, "%s", p->licence ? p->licence : "");
  snprintf(c->sites, sizeof c->sites, "%s", p->sites ? p->sites : "");
  if (!flat) snprintf(c->orientation, sizeof c->orientation, "LPS");
  for (int a = 0; a < 3; a++) {
    c->spacing_mm[a] = p->spacing[a];
    c->shape[a] = isnan(p->shape[a]) ? 0 : (int64_t)p->shape[a];
  }
  if (p->network == 3) c->multiple_of = 1 << ((p->stages ? p->stages : 4) - 1);
  CHECK(p->network != 3 || isnan(p->shape[0]) ||
            (!(c->shape[0] % c->multiple_of) && !(c->shape[1] % c->multiple_of) &&
             (flat || !(c->shape[2] % c->multiple_of))),
        ST_USAGE, "--shape: a U-Net of these levels needs multiples of %d", c->multiple_of);
  CHECK(c->task != CNN_SEGMENT || c->shape[0], ST_USAGE, "--task segment needs --shape, the patch");
  bool window = !isnan(p->window[0]);
  CHECK(!window || p->window[1] > p->window[0], ST_USAGE, "--window: %g,%g is not rising",
        p->window[0], p->window[1]);
  c->channels[0].norm = window ? CNN_NORM_WINDOW : CNN_NORM_SELF;
  if (window) c->channels[0].low = p->window[0], c->channels[0].high = p->window[1];
  snprintf(c->channels[0].name, sizeof c->channels[0].name, "image");
  TRY(set_outputs(c, p));
  TRY(file_sha256(c->data_sha256, p->manifest));
done:
  return st;
}

/* What a checkpoint depends on: the manifest and every option but where and how far. */
static status run_key(char key[65], const struct params *p, const struct cnn_fit_options *o) {
  status st = ST_OK;
  struct text t = {0};
  cJSON *card = cnn_card_to_json(&o->card), *arch = cnn_arch_to_json(&o->arch);
  char *a = NULL, *b = NULL;
  struct cnn_train_options bare = o->train;
  CHECK(card && arch, ST_MEMORY, "key of a training");
  TRY(json_print(&a, card));
  TRY(json_print(&b, arch));
  const struct cnn_augment *g = &bare.augment;
  text_append(&t, "%s|%s|%d %d %d %d %g %g %g %d %d %d %g %d|%d %g %g %g %g %g %g|%d %s", a, b,
              bare.loss, bare.epochs, bare.batch, bare.accumulate, bare.rate, bare.decay, bare.clip,
              bare.steady, bare.balanced, bare.half, bare.foreground, bare.patches, g->flip,
              g->rotate_deg, g->shift_vox, g->elastic_vox, g->value, g->noise, g->blur_vox,
              o->folds, p->split ? p->split : "");
  TRY(text_check(&t, "key of a training"));
  bytes_sha256(key, t.data, t.length);
done:
  free(a);
  free(b);
  cJSON_Delete(card);
  cJSON_Delete(arch);
  text_free(&t);
  return st;
}

static status gather(struct cnn_fit_options *o, const struct params *p,
                     const struct cnn_manifest *m) {
  status st = ST_OK;
  memset(o, 0, sizeof *o);
  set_arch(&o->arch, p);
  TRY(set_card(&o->card, p));
  o->data = (struct cnn_data_options){.image = p->network == 4 ? NULL : p->image,
                                      .labels = or_null(p->label_column),
                                      .target = o->card.task == CNN_SEGMENT ? NULL : p->target,
                                      .time = o->card.task == CNN_SURVIVAL ? p->time : NULL,
                                      .id = or_null(p->id),
                                      .folder = m->folder,
                                      .store = m->store,
                                      .columns = p->columns.items,
                                      .column_count = p->columns.count,
                                      .memory_gib = p->memory_gib};
  CHECK(o->card.task != CNN_SURVIVAL || p->time, ST_USAGE, "--task survival needs --time");
  CHECK(o->card.task != CNN_SEGMENT || o->data.labels, ST_USAGE,
        "--task segment needs --label-column");
  o->train = p->train;
  o->train.loss = usual_loss(p, &o->card);
  o->train.steady = p->steady;
  o->train.balanced = !p->unweighted;
  o->train.seed = (uint64_t)p->seed;
  o->train.resume = p->resume;
  double width = o->card.channels[0].norm == CNN_NORM_WINDOW ? p->window[1] - p->window[0] : 1;
  o->train.augment.value = p->value_hu / width;
  o->split = or_null(p->split);
  o->folds = p->folds;
  o->members = p->members < p->folds ? p->members : p->folds;
  o->device = p->device;
  o->folder = p->out;
  TRY(run_key(o->train.key, p, o));
done:
  return st;
}

/* ---- results ---- */

static status write_predictions(const struct cnn_fit_result *r, const struct cnn_fit_options *o,
                                const char *folder, bool force) {
  status st = ST_OK;
  struct table *t = NULL;
  char path[4096];
  TRY(table_create(&t, (size_t)r->n));
  TRY(table_add_column(t, "row", "", true));
  TRY(table_add_column(t, "fold", "", true));
  for (int c = 0; c < r->outputs; c++)
    TRY(table_add_column(t, o->card.outputs[c].name,
                         o->card.task == CNN_REGRESS ? o->card.outputs[c].unit : "", true));
  for (int64_t i = 0; i < r->n; i++) {
    t->columns[0].numbers[i] = (double)i + 1;
    t->columns[1].numbers[i] = r->fold[i];
    for (int c = 0; c < r->outputs; c++)
      t->columns[2 + c].numbers[i] = (double)r->raw[i * r->outputs + c];
  }
  CHECK(snprintf(path, sizeof path, "%s/predictions.csv", folder) < 4096, ST_IO,
        "the path of the predictions is too long");
  TRY(table_write(t, path, force));
done:
  table_destroy(t);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct cnn_manifest manifest = {0};
  struct record *record = NULL;
  struct cnn_fit_options o;
  struct cnn_fit_result r = {0};
  cJSON *provenance = NULL;
  char path[4096];
  TRY(cnn_manifest_open(&manifest, p->manifest));
  TRY(gather(&o, p, &manifest));
  TRY(record_create(&record, "cohort"));
  provenance = context_provenance(ctx);
  o.threads = ctx->threads;
  o.force = ctx->force || p->resume;
  o.provenance = provenance;
  TRY(cnn_fit_run(&r, record, manifest.table, &o));
  if (!r.finished) log_warning("stopped by --pause; go on with --resume");
  if (o.card.task != CNN_SEGMENT) TRY(write_predictions(&r, &o, p->out, o.force));
  log_info("trained in %.1f s on %s; external test: no (only people of this manifest)", r.seconds,
           r.device);
  CHECK(snprintf(path, sizeof path, "%s/performance.json", p->out) < 4096, ST_IO,
        "the path of the performance is too long");
  TRY(record_write(record, path, provenance, o.force));
  TRY(context_write_record(ctx, record, NULL));
done:
  cJSON_Delete(provenance);
  cnn_fit_free(&r);
  record_destroy(record);
  cnn_manifest_close(&manifest);
  return st;
}

const struct command cmd_cnn_train = {
    .name = "cnn train",
    .summary = "Train a network on images, label maps or columns of a table",
    .about =
        "One network a person-grouped fold, judged on the fold it did not see; together they are "
        "an "
        "ensemble. Images are brought to --spacing and --shape (z of 1: pictures of qct drr) and "
        "to "
        "--window. Losses: Huber for values, logistic or cross entropy for classes (weighted by "
        "frequency), Efron's Cox likelihood or discrete-time hazards for survival, soft Dice with "
        "cross entropy for label maps.\n\n"
        "Writes to the result folder: model_<k>.h5 with the model card inside, log_<k>.csv, "
        "checkpoint_<k>.h5, predictions.csv (out-of-fold) and performance.json. A run that was "
        "killed "
        "goes on with --resume and ends with the same weights to the bit on the CPU, with the same "
        "number of threads; another number changes the last digits.\n\n"
        "The figures hold for the people of the manifest. Until a model is tried at another site "
        "its "
        "card says external: no.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
