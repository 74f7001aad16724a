#include "qct/microstructure.h"

#include "core/filter.h"
#include "qct/microstructure_parts.h"

#include <math.h>
#include <stdlib.h>

const char *const micro_method_names[] = {"none", "fixed", "otsu", "mask", NULL};

void qct_microstructure_destroy(struct microstructure *m) {
  if (!m) return;
  labels_destroy(m->bone);
  labels_destroy(m->voi);
  labels_destroy(m->compartments);
  volume_destroy(m->thickness);
  free(m);
}

static status check_input(const struct volume *image, const struct labels *labels,
                          const struct microstructure_options *o, double *longest) {
  status st = ST_OK;
  const double *edge = image->grid.spacing;
  *longest = fmax(edge[0], fmax(edge[1], edge[2]));
  CHECK(o->method != MICRO_UNNAMED, ST_USAGE,
        "microstructure: name how bone is told from marrow: fixed with a threshold, otsu, or mask");
  CHECK(o->method != MICRO_FIXED || !isnan(o->threshold), ST_USAGE,
        "microstructure: a fixed threshold needs its value");
  CHECK(labels || !(o->voi || o->periosteal || o->cortical), ST_USAGE,
        "microstructure: a label is named but no label map is given");
  CHECK(o->periosteal || !o->cortical, ST_USAGE,
        "microstructure: a cortical label needs the periosteal one as well");
  CHECK(*longest <= MICRO_VOXEL_MOST_MM, ST_DOMAIN,
        "microstructure: voxels of %g mm, permitted up to %g mm: trabeculae are thinner than that, "
        "so their shape is not in this image",
        *longest, MICRO_VOXEL_MOST_MM);
  if (labels) TRY(geometry_match(&image->grid, "image", &labels->grid, "labels", 0.01));
  CHECK(image->grid.nx > 3 && image->grid.ny > 3 && image->grid.nz > 3, ST_DOMAIN,
        "microstructure: an image of %lld x %lld x %lld voxels, at least 4 each way",
        (long long)image->grid.nx, (long long)image->grid.ny, (long long)image->grid.nz);
done:
  return st;
}

static status pick_label(struct labels **out, const struct labels *labels, int value,
                         const char *what) {
  status st = ST_OK;
  struct labels *l = NULL;
  CHECK(labels_count(labels, value) > 0, ST_DOMAIN, "microstructure: %s label %d has no voxel",
        what, value);
  TRY(labels_create(&l, &labels->grid));
  for (int64_t i = 0; i < geometry_voxels(&l->grid); i++) l->voxels[i] = labels->voxels[i] == value;
  *out = l;
  l = NULL;
done:
  labels_destroy(l);
  return st;
}

static status find_bone(struct microstructure *m, const struct volume *image,
                        const struct labels *area, const struct microstructure_options *o) {
  status st = ST_OK;
  int64_t n = geometry_voxels(&image->grid), count = 0, all = 0;
  m->threshold = o->method == MICRO_FIXED ? o->threshold : (double)NAN;
  if (o->method == MICRO_OTSU) TRY(micro_otsu(&m->threshold, image, area));
  TRY(labels_create(&m->bone, &image->grid));
  for (int64_t i = 0; i < n; i++) {
    double v = (double)image->voxels[i];
    m->bone->voxels[i] = o->method == MICRO_MASK ? v > 0 : v >= m->threshold;
    all += micro_in(area, i);
    count += m->bone->voxels[i] && micro_in(area, i);
  }
  CHECK(count > 0, ST_DOMAIN, "microstructure: no voxel is bone (threshold %g)", m->threshold);
  CHECK(count < all, ST_DOMAIN, "microstructure: every voxel is bone (threshold %g)", m->threshold);
done:
  return st;
}

/* Cortex and trabecular compartment of the mask. */
static status part_mask(struct microstructure *m, const struct labels *mask,
                        const struct labels *labels, const struct microstructure_options *o) {
  status st = ST_OK;
  if (!o->cortical) {
    TRY(micro_compartments(&m->compartments, m->bone, mask, o->pore_mm, o->strut_mm));
    goto done;
  }
  CHECK(labels_count(labels, o->cortical) > 0, ST_DOMAIN,
        "microstructure: cortical label %d has no voxel", o->cortical);
  TRY(labels_create(&m->compartments, &mask->grid));
  for (int64_t i = 0; i < geometry_voxels(&mask->grid); i++)
    m->compartments->voxels[i] = (uint16_t)(labels->voxels[i] == o->cortical ? 1
                                            : mask->voxels[i]                ? 2
                                                                             : 0);
done:
  return st;
}

/* Mean, SD and largest of a map over voxels of a value within an area. */
static void spread(double out[3], const struct volume *map, const struct labels *kind, int value,
                   const struct labels *area, int area_value) {
  double n = 0, sum = 0, square = 0, most = 0;
  for (int64_t i = 0; i < geometry_voxels(&map->grid); i++) {
    if (kind->voxels[i] != value || (area && area->voxels[i] != area_value)) continue;
    double v = (double)map->voxels[i];
    n++;
    sum += v;
    square += v * v;
    most = fmax(most, v);
  }
  out[0] = sum / n;
  out[1] = sqrt(fmax(0, square / n - out[0] * out[0]));
  out[2] = most;
}

/* Largest piece of bone without cavities: what connectivity is defined for. */
static status connectivity(struct microstructure *m) {
  status st = ST_OK;
  struct labels *one = NULL;
  TRY(micro_count_parts(&m->pieces, &m->cavities, m->bone));
  TRY(labels_copy(&one, m->bone));
  TRY(filter_keep_largest(one, 1, 26, NULL));
  TRY(filter_fill_holes(one, 1, -1));
  m->euler = micro_euler(one, m->voi, 1);
  m->conn_d = (1 - m->euler) / m->volume_mm3;
done:
  labels_destroy(one);
  return st;
}

static status trabecular(struct microstructure *m, const struct volume *image) {
  status st = ST_OK;
  struct micro_surface surface;
  struct micro_fabric fabric;
  int64_t n = geometry_voxels(&image->grid), all = 0, bone = 0;
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    if (!micro_in(m->voi, i)) continue;
    all++;
    bone += m->bone->voxels[i];
    sum += (double)image->voxels[i];
  }
  double voxel = geometry_voxel_mm3(&image->grid);
  m->volume_mm3 = (double)all * voxel;
  m->bv_tv = (double)bone / (double)all;
  m->tb_bmd = m->density ? sum / (double)all : (double)NAN;
  CHECK(bone > 0 && bone < all, ST_DOMAIN, "microstructure: the volume of interest holds only %s",
        bone ? "bone" : "marrow");
  const struct volume *grey = m->method == MICRO_MASK ? NULL : image;
  TRY(micro_thickness(&m->thickness, m->bone, MICRO_BONE | MICRO_MARROW, grey, m->threshold));
  spread(m->th, m->thickness, m->bone, 1, m->voi, 1);
  spread(m->sp, m->thickness, m->bone, 0, m->voi, 1);
  TRY(micro_surface(&surface, m->bone, m->voi, grey, m->threshold, (double)bone * voxel));
  m->bs_mm2 = surface.area_mm2;
  m->smi = surface.smi;
  TRY(connectivity(m));
  TRY(micro_fabric(&fabric, m->bone, m->voi));
  m->da_ratio = fabric.da_ratio;
  m->da_share = fabric.da_share;
  m->fabric_rms = fabric.rms;
  for (int i = 0; i < 3; i++) m->mil_mm[i] = fabric.mil_mm[i];
done:
  return st;
}

static status cortical(struct microstructure *m, const struct volume *image,
                       const struct labels *mask) {
  status st = ST_OK;
  struct labels *shell = NULL;
  struct volume *map = NULL;
  const struct geometry *g = &image->grid;
  int64_t count[3] = {0, 0, 0}, pores = 0, lo[3], hi[3];
  double sum[3] = {0, 0, 0};
  TRY(labels_create(&shell, g));
  for (int64_t i = 0; i < geometry_voxels(g); i++) {
    int kind = m->compartments->voxels[i];
    count[kind]++;
    sum[kind] += (double)image->voxels[i];
    shell->voxels[i] = kind == 1;
    pores += kind == 1 && !m->bone->voxels[i];
  }
  CHECK(count[1] > 0, ST_DOMAIN, "microstructure: no cortex is left in the mask");
  TRY(micro_thickness(&map, shell, MICRO_BONE, NULL, NAN));
  spread(m->ct_th, map, shell, 1, NULL, 0);
  m->ct_po = (double)pores / (double)count[1];
  labels_box(mask, 1, lo, hi);
  double area = g->spacing[0] * g->spacing[1] / (double)(hi[2] - lo[2] + 1);
  m->ct_ar = area * (double)count[1];
  m->tb_ar = area * (double)count[2];
  m->tt_ar = m->ct_ar + m->tb_ar;
  if (!m->density) goto done;
  m->ct_bmd = sum[1] / (double)count[1];
  m->tt_bmd = (sum[1] + sum[2]) / (double)(count[1] + count[2]);
done:
  labels_destroy(shell);
  volume_destroy(map);
  return st;
}

/* The volume of interest: a label, else the trabecular compartment, else all. */
static status choose_voi(struct microstructure *m, const struct labels *labels,
                         const struct microstructure_options *o) {
  status st = ST_OK;
  if (o->voi)
    TRY(pick_label(&m->voi, labels, o->voi, "volume of interest:"));
  else if (m->compartments)
    TRY(pick_label(&m->voi, m->compartments, 2, "trabecular compartment:"));
done:
  return st;
}

status qct_microstructure(struct microstructure **out, const struct volume *image,
                          const struct labels *labels,
                          const struct microstructure_options *options) {
  status st = ST_OK;
  struct labels *mask = NULL, *area = NULL;
  struct microstructure *m = calloc(1, sizeof *m);
  CHECK(m, ST_MEMORY, "microstructure: out of memory");
  m->method = options->method;
  m->density = image->quantity == QUANTITY_DENSITY;
  m->ct_po = m->ct_bmd = m->tt_bmd = m->ct_ar = m->tb_ar = m->tt_ar = (double)NAN;
  for (int i = 0; i < 3; i++) m->ct_th[i] = (double)NAN;
  TRY(check_input(image, labels, options, &m->voxel_mm));
  if (options->periosteal) TRY(pick_label(&mask, labels, options->periosteal, "periosteal"));
  if (options->cortical) /* the periosteal label may leave out the cortex */
    for (int64_t i = 0; i < geometry_voxels(&mask->grid); i++)
      mask->voxels[i] |= labels->voxels[i] == options->cortical;
  if (options->voi) TRY(pick_label(&area, labels, options->voi, "volume of interest:"));
  TRY(find_bone(m, image, area ? area : mask, options));
  if (mask) TRY(part_mask(m, mask, labels, options));
  TRY(choose_voi(m, labels, options));
  TRY(trabecular(m, image));
  if (mask) TRY(cortical(m, image, mask));
  *out = m;
  m = NULL;
done:
  labels_destroy(mask);
  labels_destroy(area);
  qct_microstructure_destroy(m);
  return st;
}
