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

/* The program and the neighbourhood of a femur, and what grows with the scan (HU and density as
 * floats, labels, work space). An element of FE at about 120 bytes for each of its 3.2 degrees of
 * freedom; two thirds of a femur's 250 cm3 box is filled. An upper bound, so that scans beside one
 * another stay within what may be used: expected against peak resident set [MiB] of `qct run` with
 * its defaults, ten real scans: 582/283, 1044/624, 421/337, 397/221, 383/166, 421/136, 618/202,
 * 367/224, 456/144, 393/90 (benchmarks/cohort_memory.sh). */
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
