/* A program on libqct: the mean and the standard deviation of a scan in every label of a map.
 *
 * usage: mean_hu SCAN LABELS      SCAN: DICOM folder or image file; LABELS: map on the same grid
 */
#include "core/image.h"
#include "core/provenance.h"
#include "core/statistics.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* HU of the voxels that carry `value` into `out`, which holds labels_count of them; no data is left
 * out. Returns how many. */
static int64_t gather(double *out, const struct volume *scan, const struct labels *l, int value) {
  int64_t n = 0, voxels = geometry_voxels(&l->grid);
  for (int64_t i = 0; i < voxels; i++)
    if (l->voxels[i] == value && scan->voxels[i] == scan->voxels[i]) out[n++] = scan->voxels[i];
  return n;
}

/* The library returns a status and keeps the reason; what to print is the program's affair. */
static status print_label(const struct volume *scan, const struct labels *l, int value) {
  status st = ST_OK;
  double *hu = calloc((size_t)labels_count(l, value) + 1, sizeof *hu);
  CHECK(hu, ST_MEMORY, "label %d: out of memory", value);
  int64_t n = gather(hu, scan, l, value);
  printf("%d,%s,%lld,%.1f,%.1f\n", value, labels_name(l, value), (long long)n, stat_mean(hu, n),
         stat_sd(hu, n, 1));
done:
  free(hu);
  return st;
}

int main(int argc, char **argv) {
  status st = ST_OK;
  struct image_read_options options;
  struct volume *scan = NULL;
  struct labels *labels = NULL;
  memset(&options, 0, sizeof options);
  CHECK(argc == 3, ST_USAGE, "usage: mean_hu SCAN LABELS");
  CHECK(strcmp(program_version(), QCT_VERSION_TEXT) == 0, ST_UNSUPPORTED,
        "headers of qct %s with a library of qct %s", QCT_VERSION_TEXT, program_version());
  TRY(image_read(&scan, argv[1], &options));
  TRY(labels_read_on(&labels, argv[2], &scan->grid));
  printf("label,name,voxels,mean_HU,sd_HU\n");
  for (size_t i = 0; i < labels->name_count; i++)
    TRY(print_label(scan, labels, labels->names[i].value));
done:
  if (st != ST_OK) fprintf(stderr, "mean_hu: %s\n", status_message());
  labels_destroy(labels);
  volume_destroy(scan);
  return st == ST_OK ? 0 : 1;
}
