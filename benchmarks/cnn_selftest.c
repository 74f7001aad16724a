/* Does the network module work on this machine, on the CPU and, where there is one, on a CUDA
 * device? Needs the module and nothing else of qct.
 *
 *   cnn_selftest [--bench]
 *
 * Trains a small network to tell the radius of a ball, predicts, compares CPU and CUDA (relative
 * difference of outputs <= 1e-4), and with --bench times a training step and the inference of the
 * 3-D ResNet-10 on 4 images of 64^3. Exit status 0 when all holds.
 */
#define _POSIX_C_SOURCE 200809L
#include "core/random.h"
#include "ml/cnn_torch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N = 32, SIDE = 16, VOXELS = SIDE * SIDE * SIDE };

static char words[CNN_WORDS];
static const struct cnn_torch *torch_;

static int check(int ok, const char *what, double value) {
  printf("%-58s %12.5g  %s\n", what, value, ok ? "ok" : "FAILED");
  return ok ? 0 : 1;
}

static int torch_ok(int failed, const char *what) {
  if (failed) printf("%-58s FAILED: %s\n", what, words);
  return !failed;
}

/* balls of radius 3..7 voxels and their radius in units of its SD */
static void make_balls(float *image, float *target) {
  for (int n = 0; n < N; n++) {
    double radius = 3 + 4 * random_uniform(1, 1, (uint64_t)n);
    target[n] = (float)((radius - 5) / 1.15);
    for (int i = 0; i < VOXELS; i++) {
      double x = i % SIDE - 7.5, y = i / SIDE % SIDE - 7.5, z = i / (SIDE * SIDE) - 7.5;
      double ball = x * x + y * y + z * z < radius * radius;
      image[n * VOXELS + i] = (float)(ball + 0.1 * random_normal(1, 2, (uint64_t)(n * VOXELS + i)));
    }
  }
}

static struct cnn_net *start(const struct cnn_arch *arch, const char *wish, int *failures) {
  struct cnn_device device;
  struct cnn_net *net = NULL;
  if (!torch_ok(torch_->device(&device, wish, (int64_t)1 << 30, 0, words), "choosing the device") ||
      !torch_ok(torch_->create(&net, arch, &device, words), "making a network")) {
    ++*failures;
    return NULL;
  }
  printf("device: %s\n", device.words);
  if (cnn_torch_initialise(torch_, net, 1) != ST_OK ||
      !torch_ok(torch_->optimise(net, 0, 0, words), "optimiser"))
    ++*failures;
  return net;
}

static struct cnn_arch small(void) {
  return (struct cnn_arch){.kind = CNN_RESNET,
                           .dims = 3,
                           .channels = 1,
                           .outputs = 1,
                           .width = 8,
                           .stages = 3,
                           .blocks = {1, 1, 1},
                           .stem = 3};
}

/* Train and predict on one device; out gets N predictions of the fresh network. */
static int run_device(const char *wish, const float *image, const float *target, float *out) {
  int failures = 0;
  double loss = NAN, first = NAN;
  float *y = NULL;
  int64_t count;
  const struct cnn_arch arch = small();
  struct cnn_net *net = start(&arch, wish, &failures);
  if (!net) return failures;
  const struct cnn_batch b = {
      .n = N, .size = {SIDE, SIDE, SIDE}, .channels = 1, .image = image, .target = target};
  struct cnn_step s = {.loss = CNN_LOSS_SQUARED, .share = 1, .apply = 1, .rate = 0.01};
  if (!torch_ok(torch_->forward(&y, &count, net, &b, 0, words), "inference"))
    failures++;
  else
    memcpy(out, y, N * sizeof *out);
  free(y);
  for (int i = 0; i < 30 && !failures; i++) {
    s.seed = (uint64_t)i;
    if (!torch_ok(torch_->step(&loss, net, &b, &s, words), "a training step")) failures++;
    if (i == 0) first = loss;
  }
  if (!failures)
    failures += check(loss < 0.3 * first, "loss after 30 steps over the first", loss / first);
  torch_->destroy(net);
  return failures;
}

/* of the wall, or of this process on all its processors: what others do hardly changes the latter
 */
static double seconds(clockid_t which) {
  struct timespec t;
  clock_gettime(which, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Order for qsort: the least of TURNS times, after two calls that warm up, is printed. */
static int rising(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int bench(const char *wish, int half) {
  enum { BATCH = 4, EDGE = 64, TURNS = 5 };
  int failures = 0;
  const struct cnn_arch arch = {.kind = CNN_RESNET,
                                .dims = 3,
                                .channels = 1,
                                .outputs = 1,
                                .width = 64,
                                .stages = 4,
                                .blocks = {1, 1, 1, 1},
                                .stem = 7};
  struct cnn_net *net = start(&arch, wish, &failures);
  float *image = calloc((size_t)BATCH * EDGE * EDGE * EDGE, sizeof *image), *y = NULL;
  const float target[BATCH] = {0, 1, 0, 1};
  if (!net || !image) return 1;
  for (int i = 0; i < BATCH * EDGE * EDGE * EDGE; i++)
    image[i] = (float)random_normal(2, 1, (uint64_t)i);
  const struct cnn_batch b = {
      .n = BATCH, .size = {EDGE, EDGE, EDGE}, .channels = 1, .image = image, .target = target};
  struct cnn_step s = {
      .loss = CNN_LOSS_SQUARED, .share = 1, .apply = 1, .rate = 1e-4, .sgd = 1, .half = half};
  if (torch_->optimise(net, 1, 0, words))
    failures++; /* start() made the other optimiser's moments */
  double step[TURNS + 2], infer[TURNS + 2], step_cpu[TURNS + 2], infer_cpu[TURNS + 2], loss;
  int64_t count;
  for (int i = 0; i < TURNS + 2 && !failures; i++) {
    double t = seconds(CLOCK_MONOTONIC), c = seconds(CLOCK_PROCESS_CPUTIME_ID);
    failures += !torch_ok(torch_->step(&loss, net, &b, &s, words), "a training step");
    step[i] = seconds(CLOCK_MONOTONIC) - t;
    step_cpu[i] = seconds(CLOCK_PROCESS_CPUTIME_ID) - c;
    t = seconds(CLOCK_MONOTONIC), c = seconds(CLOCK_PROCESS_CPUTIME_ID);
    failures += !torch_ok(torch_->forward(&y, &count, net, &b, half, words), "inference");
    infer[i] = seconds(CLOCK_MONOTONIC) - t;
    infer_cpu[i] = seconds(CLOCK_PROCESS_CPUTIME_ID) - c;
    free(y);
    y = NULL;
  }
  if (!failures) {
    qsort(step + 2, TURNS, sizeof *step, rising);
    qsort(infer + 2, TURNS, sizeof *infer, rising);
    qsort(step_cpu + 2, TURNS, sizeof *step_cpu, rising);
    qsort(infer_cpu + 2, TURNS, sizeof *infer_cpu, rising);
    printf("ResNet-10, 4 x 64^3%s: training step %.4f s (processor %.4f), inference %.4f s "
           "(processor %.4f)\n",
           half ? ", bfloat16" : "", step[2], step_cpu[2], infer[2], infer_cpu[2]);
  }
  torch_->destroy(net);
  free(image);
  return failures;
}

int main(int argc, char **argv) {
  static float image[N * VOXELS], target[N], cpu[N], cuda[N];
  int failures = 0, timing = argc > 1 && !strcmp(argv[1], "--bench");
  if (cnn_torch_open(&torch_) != ST_OK) {
    fprintf(stderr, "%s\n", status_message());
    return 4;
  }
  torch_->about(words);
  printf("libtorch %s\n", words);
  int has_cuda = strstr(words, "CUDA") != NULL;
  make_balls(image, target);
  failures += run_device("cpu", image, target, cpu);
  if (has_cuda) {
    failures += run_device("cuda", image, target, cuda);
    double worst = 0, size = 0;
    for (int i = 0; i < N; i++) size = fmax(size, fabs((double)cpu[i]));
    for (int i = 0; i < N; i++) worst = fmax(worst, fabs((double)(cpu[i] - cuda[i])) / size);
    failures += check(worst <= 1e-4, "CPU and CUDA, relative difference of outputs", worst);
  } else {
    printf("no CUDA device here: CPU only\n");
  }
  if (timing) {
    failures += bench("cpu", 0);
    if (has_cuda) failures += bench("cuda", 0);
    if (has_cuda) failures += bench("cuda", 1);
  }
  if (failures)
    printf("%d failures\n", failures);
  else
    printf("all holds\n");
  return failures ? 1 : 0;
}
