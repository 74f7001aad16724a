/* What the solver needs of parallel processes, without naming MPI: the module fills it in. One slab
 * of node planes a rank, ordered along z, so neighbours are rank - 1 (low) and rank + 1 (high). */
#ifndef QCT_FEA_COMM_H
#define QCT_FEA_COMM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One swap of planes with both neighbours. NULL receive: no neighbour on that side. */
struct fea_halo {
  const void *send_low, *send_high;
  void *receive_low, *receive_high;
  size_t send_low_bytes, send_high_bytes, receive_low_bytes, receive_high_bytes;
};

struct fea_comm {
  int rank, ranks;
  void (*exchange)(const struct fea_halo *halo);
  void (*sum)(double *x, int64_t n);
  void (*sum_float)(float *x, int64_t n);
  void (*largest)(double *x, int64_t n);
};

#ifdef __cplusplus
}
#endif
#endif
