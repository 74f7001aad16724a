/* How much memory a case will need, from its header: before anything is started. */
#define _DEFAULT_SOURCE /* lstat */
#include "core/dicom_slice.h"
#include "core/file.h"
#include "core/image.h"
#include "study/cohort.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Measured as peak resident set of `qct run` (one hip of 1.1, 2.0 and 13.3 million voxels: 168, 223
 * and 271 MB): the program and the neighbourhood of a femur, and what grows with the scan (HU and
 * density as floats, labels, work space). An element of FE at about 120 bytes for each of its 3.2
 * degrees of freedom; two thirds of a femur's 250 cm3 box is filled. With every analysis of today
 * real scans of a hip and of the pelvis took 221 and 249 MiB where 397 and 386 MiB are expected: an
 * upper bound, so that scans beside one another stay within what may be used. */
static const double base_bytes = 256e6, voxel_bytes = 24, element_bytes = 384, femur_mm3 = 250e3;

static double file_bytes(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 ? (double)info.st_size : 0;
}

static double dicom_file_voxels(const char *path) {
  double voxels = 0;
  struct dicom_file d = {0};
  if (dicom_file_header(&d, path) == ST_OK && d.count)
    voxels = (double)d.slices[0].rows * d.slices[0].columns * d.count;
  dicom_file_free(&d);
  return voxels;
}

/* Files times the voxels of the first that is an image. */
static double dicom_folder_voxels(const char *folder) {
  char **files = NULL;
  size_t count = 0;
  double voxels = 0;
  if (file_list(&files, &count, folder, 100000) != ST_OK) return 0;
  for (size_t i = 0; i < count && voxels == 0 && i < 10; i++)
    voxels = dicom_file_voxels(files[i]) * (double)count;
  file_list_free(files, count);
  return voxels;
}

static double image_voxels(const char *path) {
  struct geometry grid;
  return itk_image_grid(&grid, path) == ST_OK ? (double)geometry_voxels(&grid) : 0;
}

int64_t cohort_estimate(const struct cohort_case *k, double size_mm) {
  double voxels = file_is_directory(k->ct) ? dicom_folder_voxels(k->ct)
                  : image_is_dicom(k->ct)  ? dicom_file_voxels(k->ct)
                                           : image_voxels(k->ct);
  /* a header that cannot be read will be refused; until then, int16 packed to a half */
  if (voxels == 0) voxels = file_bytes(k->ct);
  status_clear();
  return (int64_t)(base_bytes + voxel_bytes * voxels +
                   element_bytes * femur_mm3 / (size_mm * size_mm * size_mm));
}
