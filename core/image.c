#include "core/image.h"

#include "core/file.h"
#include "core/filter.h"
#include "core/image_side.h"
#include "core/log.h"
#include "core/rtstruct.h"

#include <math.h>
#include <stdio.h>

/* When no series is usable as it stands, the largest CT is tried all the same, so that the options
 * can mend it or its own refusal is heard. */
static const struct dicom_series *largest_ct(const struct dicom_folder *f) {
  const struct dicom_series *best = NULL;
  const unsigned hopeless = DICOM_NOT_CT | DICOM_LOCALIZER;
  for (size_t i = 0; i < f->count; i++) {
    const struct dicom_series *s = &f->series[i];
    if (!(s->problems & hopeless) && (!best || s->slice_count > best->slice_count)) best = s;
  }
  return best ? best : f->count == 1 ? f->series : NULL;
}

static const struct image_read_options defaults = {0};

status image_read_folder(struct volume **out, const struct dicom_folder *folder, const char *path,
                         const struct image_read_options *options) {
  status st = ST_OK;
  char why[512];
  const struct image_read_options *o = options ? options : &defaults;
  const struct dicom_series *s = dicom_folder_choose(folder, o->series_uid, why);
  if (!s && !o->series_uid) s = largest_ct(folder);
  CHECK(s, folder->count ? ST_DOMAIN : ST_FORMAT, "%s: %s", path, why);
  if (folder->count > 1)
    log_info("series #%d of %zu taken: %d slices%s", (int)(s - folder->series) + 1, folder->count,
             s->slice_count, o->series_uid ? "" : ", the largest usable axial CT");
  if (folder->damaged)
    log_warning("%d damaged DICOM file%s left out: %s; a slice at an end of the scan would not be "
                "missed otherwise: fetch the folder again",
                folder->damaged, folder->damaged == 1 ? "" : "s", folder->damaged_text);
  TRY(dicom_series_read(out, s, &o->dicom));
done:
  return st;
}

static status read_dicom(struct volume **out, const char *path,
                         const struct image_read_options *options) {
  status st = ST_OK;
  struct dicom_folder *folder = NULL;
  TRY(dicom_folder_scan(&folder, path));
  TRY(image_read_folder(out, folder, path, options));
done:
  dicom_folder_destroy(folder);
  return st;
}

bool image_is_dicom(const char *path) {
  return file_is_directory(path) || image_stem_length(path) < 0;
}

status image_holds_labels(bool *labels, const char *path) {
  status st = ST_OK;
  *labels = false;
  if (image_is_dicom(path)) return ST_OK;
  *labels = file_has_suffix(path, ".seg.nrrd");
  if (!*labels) TRY(image_side_says_labels(labels, path));
done:
  return st;
}

status image_read(struct volume **out, const char *path, const struct image_read_options *options) {
  status st = ST_OK;
  struct volume *v = NULL;
  const struct image_read_options *o = options ? options : &defaults;
  if (image_is_dicom(path)) {
    TRY(read_dicom(&v, path, o));
  } else {
    CHECK(!o->series_uid, ST_USAGE, "%s is an image file and holds no DICOM series to choose from",
          path);
    TRY(itk_image_read(&v, path));
    if (v->quantity == QUANTITY_UNKNOWN) v->quantity = o->quantity;
    volume_drop_padding(v);
  }
  *out = v;
  v = NULL;
done:
  volume_destroy(v);
  return st;
}

static status read_outlines(struct labels **out, const char *path, const struct geometry *grid) {
  status st = ST_OK;
  struct roi_set *rois = NULL;
  CHECK(grid, ST_USAGE, "%s holds outlines (RTSTRUCT): they need the scan they were drawn on",
        path);
  TRY(rtstruct_read(&rois, path));
  TRY(rtstruct_to_labels(out, rois, grid));
done:
  roi_set_destroy(rois);
  return st;
}

/* Do both grids hold the same voxel centres, in another order of the axes or along them? The
 * corners of `to` and the first steps from its origin must fall on voxels of `from`. */
static bool same_voxels(const struct geometry *from, const struct geometry *to,
                        double tolerance_mm) {
  const int64_t n[3] = {to->nx, to->ny, to->nz};
  if (geometry_voxels(from) != geometry_voxels(to)) return false;
  for (int corner = 0; corner < 12; corner++) {
    double c[3]; /* 8 corners, then the origin and the steps along the axes */
    for (int a = 0; a < 3; a++)
      c[a] = corner < 8 ? (double)((corner >> a & 1) * (n[a] - 1)) : corner - 9 == a && n[a] > 1;
    struct vec3 p = geometry_to_index(from, geometry_to_world(to, vec3_make(c[0], c[1], c[2])));
    struct vec3 whole = vec3_make(round(p.x), round(p.y), round(p.z));
    struct vec3 off =
        vec3_make((p.x - whole.x) * from->spacing[0], (p.y - whole.y) * from->spacing[1],
                  (p.z - whole.z) * from->spacing[2]);
    if (vec3_length(off) > tolerance_mm ||
        !geometry_inside(from, (int64_t)whole.x, (int64_t)whole.y, (int64_t)whole.z))
      return false;
  }
  return true;
}

status labels_read_on(struct labels **out, const char *path, const struct geometry *grid) {
  status st = ST_OK;
  struct labels *l = NULL, *turned = NULL;
  const double tolerance_mm = 0.01; /* single-precision headers of NIfTI */
  if (!file_is_directory(path) && image_is_dicom(path) && rtstruct_is(path))
    return read_outlines(out, path, grid);
  TRY(itk_labels_read(&l, path));
  if (grid && geometry_match(&l->grid, "label map", grid, "image", tolerance_mm) != ST_OK) {
    if (!same_voxels(&l->grid, grid, tolerance_mm)) FAIL(ST_DOMAIN, "%s", status_message());
    status_clear();
    log_info("the label map's axes run otherwise than the image's: turned, voxel by voxel");
    TRY(filter_resample_labels(&turned, l, grid));
    labels_destroy(l);
    l = turned;
  }
  *out = l;
  l = NULL;
done:
  labels_destroy(l);
  return st;
}
