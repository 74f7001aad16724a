/* The model card: what a network expects, what comes out, what it was trained on.
 *
 * Three dialects are read: our own "model-card.json"; a MONAI bundle's "metadata.json"
 * (network_data_format); nnU-Net's "plans.json" with "dataset.json". The card decides the whole
 * preprocessing, so that a model gives the same result here as where it was made.
 */
#ifndef QCT_ML_CNN_CARD_H
#define QCT_ML_CNN_CARD_H

#include "core/status.h"

#include <cjson/cJSON.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cnn_task { CNN_CLASSIFY, CNN_REGRESS, CNN_SURVIVAL, CNN_SEGMENT, CNN_SYNTHESIS };
extern const char *const cnn_task_names[]; /* "classify", ..., NULL */

enum cnn_norm {
  CNN_NORM_NONE,
  CNN_NORM_WINDOW, /* low..high -> 0..1, cut */
  CNN_NORM_SCORE,  /* cut to low..high, then (x - mean) / sd */
  CNN_NORM_SELF    /* (x - mean) / sd of this image */
};

enum { CNN_CHANNELS = 8, CNN_OUTPUTS = 128, CNN_COLUMNS = 32, CNN_INTERVALS = 64 };

struct cnn_channel {
  char name[48];
  int norm;
  double low, high, mean, sd; /* unit of the image; infinite low, high: no cut */
};

struct cnn_output {
  char name[48];
  char unit[24];
  int value; /* segmentation and classes: the label value */
};

struct cnn_card {
  char dialect[16]; /* "qct", "monai", "nnunet" */
  char name[96], version[32];
  int task, dims;
  double spacing_mm[3]; /* x, y, z of the network; NaN: the image's own */
  int64_t shape[3];     /* x, y, z; 0: any. Segmentation: the patch */
  int multiple_of;      /* any size must be a multiple of it; 1: free */
  int axes[3]; /* axis a of the network's arrays, slowest first, is this axis of the image: 0 z, 1
                  y, 2 x; {0, 1, 2}: z, y, x */
  char orientation[8]; /* "LPS", "RAS" or "" (as the file is) */
  int channel_count;
  struct cnn_channel channels[CNN_CHANNELS];
  int output_count;
  struct cnn_output outputs[CNN_OUTPUTS];
  char activation[16]; /* "none", "sigmoid", "softmax" */
  int column_count;
  char columns[CNN_COLUMNS][64];
  double column_mean[CNN_COLUMNS], column_sd[CNN_COLUMNS];
  double target_mean, target_sd;   /* regression: value = mean + sd x output */
  int interval_count;              /* discrete-time survival */
  double intervals[CNN_INTERVALS]; /* their ends, rising */
  /* training block; NaN and "" where not stated */
  int64_t people;
  char sites[128], licence[64], data_sha256[65], external[64];
  double kv[2], slice_mm[2];
  double calibration_a, calibration_b; /* value = a x value + b */
  int synthetic;                       /* output is an invented image */
  char torch_version[48], exported[32];
};

/** Empty card: NaN, "", one channel without normalisation, multiple 1. */
void cnn_card_init(struct cnn_card *c);

/** Label of an output; that of a single one, which is a foreground, is never 0. */
int cnn_card_label(const struct cnn_card *c, int output);

/** The order of axes that a card of any dialect names under `key`. @return ST_FORMAT unless it is
 * 0, 1 and 2, once each */
status cnn_card_take_axes(struct cnn_card *c, const double axes[3], const char *key,
                          const char *what);

/** Our own form; owned by the caller, NULL when out of memory. */
cJSON *cnn_card_to_json(const struct cnn_card *c);
/** @return ST_FORMAT naming the key that is absent or out of range */
status cnn_card_from_json(struct cnn_card *out, const cJSON *json, const char *what);

/** A MONAI bundle's metadata.json. @return ST_FORMAT as above; ST_DOMAIN for more channels or
 * outputs than CNN_CHANNELS, CNN_OUTPUTS */
status cnn_card_from_monai(struct cnn_card *out, const cJSON *metadata, const char *what);

/** nnU-Net's plans and dataset; `configuration` NULL: "3d_fullres", else the first.
 * @return ST_FORMAT: a key is absent, a chain of inherits_from is broken or turns in a circle;
 * ST_DOMAIN: regions instead of labels, a normalisation we do not know (named) */
status cnn_card_from_nnunet(struct cnn_card *out, const cJSON *plans, const cJSON *dataset,
                            const char *configuration, const char *what);

#ifdef __cplusplus
}
#endif
#endif
