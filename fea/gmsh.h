/* The wall around Gmsh: what the module qct_fea_gmsh.so offers, without a foreign type.
 *
 * The module fills a closed triangle surface with tetrahedra; it holds no other method. Gmsh is
 * under the GPL (version 2 or later), so a program together with this module is too; without it the
 * program keeps its own licence.
 */
#ifndef QCT_FEA_GMSH_H
#define QCT_FEA_GMSH_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fea_gmsh_problem {
  const double *points; /* [point_count][3], mm */
  int64_t point_count;
  const int32_t *triangles; /* [triangle_count][3], from 0, outward */
  int64_t triangle_count;
  double (*size)(void *context, double x, double y, double z); /* wanted edge [mm] */
  void *context;
};

struct fea_gmsh_result {
  double *points; /* malloc: first the points of the problem, then those inside */
  int32_t *tets;  /* malloc: [tet_count][4] */
  int64_t point_count, tet_count;
  char words[256]; /* Gmsh's error */
};

enum { FEA_GMSH_VERSION = 1 };

struct fea_gmsh {
  int version; /* FEA_GMSH_VERSION of the build */
  /** 0, or non-zero with words. The number of OpenMP threads and the locale are as before. */
  int (*fill)(struct fea_gmsh_result *result, const struct fea_gmsh_problem *problem);
};

/** Open the module. @return ST_UNSUPPORTED naming the package when absent */
status fea_gmsh_open(const struct fea_gmsh **out);

#ifdef __cplusplus
}
#endif
#endif
