/* What local thickness knows of the surface between bone and marrow: its places, and for each voxel
 * the nearest of them. For microstructure_thickness.c only; how places are found is told at
 * micro_thickness (qct/microstructure_parts.h). */
#ifndef QCT_QCT_MICROSTRUCTURE_FIELD_H
#define QCT_QCT_MICROSTRUCTURE_FIELD_H

#include "core/volume.h"

struct micro_point { /* of the surface, or a centre; millimetres along the index axes */
  float x, y, z;
};

struct micro_list { /* of points or spheres */
  char *items;      /* owned */
  size_t size;      /* of one */
  int64_t count, capacity;
};
/** @return 0 when out of memory */
int micro_push(struct micro_list *l, const void *item);

struct micro_field {
  const struct labels *bone;  /* borrowed; 1: bone */
  const struct volume *image; /* borrowed; NULL: the surface is that of the map of voxels */
  double threshold;
  struct micro_list points; /* of the surface */
  float *normals;           /* owned, [point][3]; 0 for none */
  int32_t *nearest;         /* owned, [voxel]: index of its point */
  double edge;              /* the shortest [mm] */
};

/** @return ST_DOMAIN: all bone or all marrow, too many places; ST_MEMORY, ST_NUMERIC */
status micro_field_make(struct micro_field *out, const struct labels *bone,
                        const struct volume *image, double threshold);
void micro_field_free(struct micro_field *f);

static inline const struct micro_point *micro_point_at(const struct micro_field *f, int32_t index) {
  return (const struct micro_point *)(const void *)f->points.items + index;
}

/** Squared distance [mm2] of a point from a place. */
static inline double micro_apart(const struct micro_point *a, double x, double y, double z) {
  double u = (double)a->x - x, v = (double)a->y - y, w = (double)a->z - z;
  return u * u + v * v + w * w;
}

#endif
