/* The wall around libtorch: what the module qct_cnn_torch.so offers, without a foreign type.
 *
 * The module holds networks, their losses and one optimiser step; what is learnt from, in which
 * order and when to stop is decided by ml/cnn_train.h. Everything random comes from a seed that the
 * caller gives with each call, so a run can be taken up anywhere. Weights are named tensors that
 * the caller reads and writes, so files do not depend on the version of libtorch.
 *
 * Arrays are row-major float, images [n][channels][nz][ny][nx], without nz in two dimensions.
 * Functions return 0, or non-zero with a message in `words` (CNN_WORDS bytes). Different networks
 * may be used from different threads at once.
 */
#ifndef QCT_ML_CNN_TORCH_H
#define QCT_ML_CNN_TORCH_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CNN_TORCH_VERSION = 1, CNN_WORDS = 512, CNN_STAGES = 6 };

enum cnn_kind {
  CNN_RESNET, /* residual network, global mean, columns joined, linear: [n][outputs] */
  CNN_UNET,   /* encoder and decoder with skips: [n][outputs][nz][ny][nx] */
  CNN_TABLE,  /* columns alone through hidden layers: [n][outputs] */
  CNN_SCRIPT  /* a TorchScript file */
};

struct cnn_arch {
  int kind;
  int dims;               /* 2 or 3 */
  int channels;           /* of the image */
  int outputs;            /* numbers, classes or channels that come out */
  int columns;            /* of the table, joined before the last layers; 0: none */
  int width;              /* features of the first stage; each further stage doubles them */
  int stages;             /* resnet 1..6; U-Net 2..6 levels; table: hidden layers, 0..6 */
  int blocks[CNN_STAGES]; /* resnet: residual blocks a stage */
  int stem;       /* resnet: 7: 7-wide stride 2 and max pool (he2016); 3: 3-wide, stride 1 */
  int hidden;     /* width of a hidden layer after the join, or of the table's; 0: none */
  double dropout; /* before the last layer, 0..0.9 */
};

enum cnn_role { CNN_WEIGHT, CNN_BIAS, CNN_SCALE, CNN_MEAN, CNN_VARIANCE, CNN_COUNTER, CNN_MOMENT };

struct cnn_tensor {
  char name[96];
  int role, rank;
  int last; /* of the last layer */
  int64_t dims[8];
  int64_t count;  /* elements */
  int64_t fan_in; /* inputs of one output; 0 unless CNN_WEIGHT */
};

enum cnn_loss {
  CNN_LOSS_SQUARED,  /* target [n][outputs] or a whole image */
  CNN_LOSS_HUBER,    /* quadratic within `huber`, linear outside */
  CNN_LOSS_LOGISTIC, /* target 0..1 [n][outputs]; weight; also discrete time: weight 1 where at risk
                      */
  CNN_LOSS_CLASSES,  /* klass [n]; class_weight */
  CNN_LOSS_COX,      /* time and event [n], one output: Efron's partial likelihood of the batch */
  CNN_LOSS_DICE      /* klass [n][nz][ny][nx]: soft Dice of the classes but 0, plus cross entropy */
};

struct cnn_batch {
  int64_t n;
  int64_t size[3];    /* nx, ny, nz (1 in two dimensions) */
  int64_t channels;   /* of the image */
  const float *image; /* NULL for a table network */
  int64_t column_count;
  const float *columns; /* [n][column_count] or NULL */
  const float *target;  /* see enum cnn_loss */
  const float *weight;  /* like target, or NULL: 1 */
  const uint8_t *klass;
  const double *time;
  const int *event; /* 1 the event, else censored */
};

struct cnn_step {
  int loss;
  double huber;
  const float *class_weight; /* [outputs] or NULL */
  double share;              /* of this batch in the step: 1/accumulated batches */
  int apply;                 /* 1: step after this batch and forget the gradient */
  int sgd;                   /* 0: AdamW, 1: momentum 0.9 */
  double rate, decay;        /* learning rate, decoupled weight decay (weights only) */
  double clip;               /* largest norm of the gradient; 0: none */
  int half;                  /* CUDA: bfloat16 where safe */
  uint64_t seed;             /* of dropout */
};

struct cnn_device {
  char name[16];   /* "cpu", "cuda:0" */
  char words[256]; /* which and why, for a person */
  int threads;     /* CPU threads; 0: leave as they are */
};

struct cnn_net; /* owned by the module */

enum cnn_map { CNN_MAP_GRADCAM, CNN_MAP_GRADIENT };

struct cnn_torch {
  int version; /* CNN_TORCH_VERSION of the build */
  /** "1.13.1, CPU" or "2.6.0, CUDA, 1 device". */
  void (*about)(char words[CNN_WORDS]);
  /** auto, cpu, cuda or cuda:N; `bytes` is what the work needs there. */
  int (*device)(struct cnn_device *out, const char *wish, int64_t bytes, int threads, char *words);
  int (*create)(struct cnn_net **out, const struct cnn_arch *arch, const struct cnn_device *device,
                char *words);
  /** A TorchScript file; members model-card.json, metadata.json... are read by `extra`. */
  int (*load)(struct cnn_net **out, const char *path, const struct cnn_device *device, char *words);
  /** An extra file of an archive into *text (free); NULL when it has none of that name. */
  int (*extra)(char **text, const char *path, const char *name, char *words);
  int (*save)(struct cnn_net *net, const char *path, const char *name, const char *text,
              char *words); /* TorchScript networks only, with one extra file */
  void (*destroy)(struct cnn_net *net);
  /** Parameters and buffers; with `optimiser` its moments behind them (after the first step). */
  int64_t (*tensors)(const struct cnn_net *net, int optimiser);
  int (*tensor)(struct cnn_tensor *out, const struct cnn_net *net, int64_t i, char *words);
  int (*get)(double *data, const struct cnn_net *net, int64_t i, char *words);
  int (*set)(struct cnn_net *net, int64_t i, const double *data, char *words);
  /** Start the optimiser: moments zero, step count as given. */
  int (*optimise)(struct cnn_net *net, int sgd, int64_t steps, char *words);
  int64_t (*steps)(const struct cnn_net *net);
  /** Loss of the batch in *loss; adds to the gradient. */
  int (*step)(double *loss, struct cnn_net *net, const struct cnn_batch *b,
              const struct cnn_step *s, char *words);
  /** Loss without learning, in evaluation mode. */
  int (*loss)(double *loss, struct cnn_net *net, const struct cnn_batch *b,
              const struct cnn_step *s, char *words);
  /** What comes out, [n][outputs]([nz][ny][nx]); *count elements are written to *out (free). */
  int (*forward)(float **out, int64_t *count, struct cnn_net *net, const struct cnn_batch *b,
                 int half, char *words);
  /** Map of one image (n = 1) for output `index`: Grad-CAM before ReLU and scaling, on the grid of
   * the last feature maps (size in `grid`), or the gradient at the input. *map is owned (free).
   * *weights (free; may be NULL): alpha_k of Grad-CAM, [*channels]. */
  int (*map)(float **map, int64_t grid[3], float **weights, int64_t *channels, struct cnn_net *net,
             const struct cnn_batch *b, int index, int which, char *words);
};

/** Open the module. @return ST_UNSUPPORTED naming the package when it is absent */
status cnn_torch_open(const struct cnn_torch **out);

/** Weights from a seed: normal with variance 2/fan_in (he2015), 1/fan_in in the last layer; biases
 * and means 0, scales and variances 1. A pure function of seed and tensor. */
status cnn_torch_initialise(const struct cnn_torch *torch, struct cnn_net *net, uint64_t seed);

/** Words of the module as our status: `what` was being done. */
status cnn_torch_failed(const char *what, const char *words);

#ifdef __cplusplus
}
#endif
#endif
