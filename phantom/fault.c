#include "phantom/fault.h"

#include "core/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const phantom_fault_names[] = {
    "none",           "missing-slice",  "gap",          "duplicate-slice", "shuffled",
    "truncated-file", "wrong-modality", "mixed-series", "foreign-file",    NULL};

static status copy_file(const char *to, const char *from, double share) {
  status st = ST_OK;
  char *data = NULL;
  size_t length = 0;
  TRY(file_read(&data, &length, from, 0));
  TRY(file_write(to, data, (size_t)((double)length * share), true));
done:
  free(data);
  return st;
}

static status remove_file(const char *path) {
  status st = ST_OK;
  CHECK(remove(path) == 0, ST_IO, "planting a fault: %s cannot be removed", file_name(path));
done:
  return st;
}

/* Replace bytes of equal length; *count tells how often. */
static void replace_bytes(char *data, size_t length, const char *from, const char *to, size_t n,
                          int *count) {
  *count = 0;
  for (size_t i = 0; i + n <= length; i++)
    if (memcmp(data + i, from, n) == 0) {
      memcpy(data + i, to, n);
      ++*count;
    }
}

/* Element (0008,0060) in explicit little endian: tag, CS, length 2, "CT". */
static status change_modality(const char *path) {
  static const char ct[] = {8, 0, 0x60, 0, 'C', 'S', 2, 0, 'C', 'T'};
  static const char mr[] = {8, 0, 0x60, 0, 'C', 'S', 2, 0, 'M', 'R'};
  status st = ST_OK;
  char *data = NULL;
  size_t length = 0;
  int count;
  TRY(file_read(&data, &length, path, 0));
  replace_bytes(data, length, ct, mr, sizeof ct, &count);
  CHECK(count == 1, ST_FORMAT, "planting a fault: %s has no Modality CT", file_name(path));
  TRY(file_write(path, data, length, true));
done:
  free(data);
  return st;
}

/* A copy with another UID in one element: a digit inside it is changed. */
static status copy_with_uid(const char *to, const char *from, const char tag[6]) {
  status st = ST_OK;
  char *data = NULL;
  size_t length = 0, at = 0;
  TRY(file_read(&data, &length, from, 0));
  while (at + 64 < length && memcmp(data + at, tag, 6) != 0) at++;
  CHECK(at + 64 < length, ST_FORMAT, "planting a fault: %s lacks a UID", file_name(from));
  data[at + 14] = data[at + 14] == '7' ? '8' : '7';
  TRY(file_write(to, data, length, true));
done:
  free(data);
  return st;
}

static status plant_in_all(char **paths, size_t count, const char *folder,
                           enum phantom_fault fault) {
  status st = ST_OK;
  char path[4096];
  for (size_t i = 0; i < count; i++) {
    if (fault == FAULT_WRONG_MODALITY) {
      TRY(change_modality(paths[i]));
      continue;
    }
    snprintf(path, sizeof path, "%s/S%05zu.dcm", folder, i * 7919 % 99991); /* a permutation */
    CHECK(rename(paths[i], path) == 0, ST_IO, "planting a fault: %s cannot be renamed",
          file_name(paths[i]));
  }
done:
  return st;
}

status phantom_fault_plant(const char *folder, enum phantom_fault fault) {
  static const char instance[] = {8, 0, 0x18, 0, 'U', 'I'}, series[] = {0x20, 0, 0x0e, 0, 'U', 'I'};
  status st = ST_OK;
  char **paths = NULL, path[4096];
  size_t count = 0;
  TRY(file_list(&paths, &count, folder, 100000));
  CHECK(count >= 8, ST_DOMAIN, "planting a fault: %zu slices, at least 8 needed", count);
  size_t middle = count / 2;
  snprintf(path, sizeof path, "%s/X0001.dcm", folder);
  switch (fault) {
  case FAULT_NONE:
    break;
  case FAULT_MISSING_SLICE:
    TRY(remove_file(paths[middle]));
    break;
  case FAULT_GAP:
    for (size_t i = 0; i < 3; i++) TRY(remove_file(paths[middle + i]));
    break;
  case FAULT_DUPLICATE_SLICE:
    TRY(copy_with_uid(path, paths[middle], instance));
    break;
  case FAULT_TRUNCATED_FILE:
    TRY(copy_file(paths[middle], paths[middle], 0.66));
    break;
  case FAULT_MIXED_SERIES:
    for (size_t i = 0; i < 3; i++) {
      snprintf(path, sizeof path, "%s/X%04zu.dcm", folder, i);
      TRY(copy_with_uid(path, paths[i], series));
    }
    break;
  case FAULT_FOREIGN_FILE:
    snprintf(path, sizeof path, "%s/README.txt", folder);
    TRY(file_write(path, "no image\n", 9, true));
    break;
  case FAULT_SHUFFLED:
  case FAULT_WRONG_MODALITY:
    TRY(plant_in_all(paths, count, folder, fault));
    break;
  }
done:
  file_list_free(paths, count);
  return st;
}
