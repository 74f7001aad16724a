#define _DEFAULT_SOURCE /* flock */
#include "core/store_hdf5.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { RANK = 8, COMPRESS_ABOVE = 65536, CHUNK_ELEMENTS = 65536, NAME_SIZE = 1024 };
#define MOST_ELEMENTS 1e12 /* of an array: a header can claim what no disk holds */
_Static_assert(sizeof(hid_t) == sizeof(int64_t), "store_hdf5.h takes an hid_t for an int64_t");

/* HDF5 prints its error stack unless told not to; its innermost message goes into ours. */
static herr_t innermost(unsigned n, const H5E_error2_t *e, void *user) {
  (void)n;
  char *text = user;
  if (e->desc && *e->desc) snprintf(text, 160, "%s", e->desc);
  return 0;
}

const char *store_why(void) {
  static _Thread_local char text[160];
  snprintf(text, sizeof text, "HDF5 failed");
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, innermost, text);
  H5Eclear2(H5E_DEFAULT);
  return text;
}

void store_quiet(void) {
  static _Thread_local int done;
  if (!done) H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  done = 1;
}

static hid_t memory_type(enum store_type type) {
  switch (type) {
  case STORE_F32:
    return H5T_NATIVE_FLOAT;
  case STORE_F64:
    return H5T_NATIVE_DOUBLE;
  case STORE_I32:
    return H5T_NATIVE_INT32;
  case STORE_I64:
    return H5T_NATIVE_INT64;
  case STORE_U8:
    return H5T_NATIVE_UINT8;
  case STORE_U16:
    return H5T_NATIVE_UINT16;
  }
  return H5I_INVALID_HID;
}

static hid_t file_type(enum store_type type) {
  switch (type) {
  case STORE_F32:
    return H5T_IEEE_F32LE;
  case STORE_F64:
    return H5T_IEEE_F64LE;
  case STORE_I32:
    return H5T_STD_I32LE;
  case STORE_I64:
    return H5T_STD_I64LE;
  case STORE_U8:
    return H5T_STD_U8LE;
  case STORE_U16:
    return H5T_STD_U16LE;
  }
  return H5I_INVALID_HID;
}

/* ---- open and close ---- */

static status new_store(struct store **out, const char *path) {
  status st = ST_OK;
  struct store *s = calloc(1, sizeof *s);
  CHECK(s, ST_MEMORY, "opening store %s", path);
  store_quiet();
  s->file = H5I_INVALID_HID;
  s->lock = -1;
  snprintf(s->path, sizeof s->path, "%s", path);
  *out = s;
done:
  return st;
}

/* no times in object headers, so that two identical runs give identical bytes */
static hid_t create_file(const char *path) {
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_LATEST);
  hid_t creation = H5Pcreate(H5P_FILE_CREATE);
  H5Pset_obj_track_times(creation, 0); /* of the root group */
  hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
  H5Pclose(creation);
  H5Pclose(access);
  return file;
}

/* The groups above `name`, made here because those that HDF5 makes by itself keep their times. */
void store_make_groups(int64_t file, const char *name) {
  char part[512];
  hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
  H5Pset_obj_track_times(creation, 0);
  for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
    int n = snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
    if (n < 1 || n >= (int)sizeof part || H5Lexists(file, part, H5P_DEFAULT) > 0) continue;
    hid_t group = H5Gcreate2(file, part, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (group >= 0) H5Gclose(group);
  }
  H5Pclose(creation);
}

status store_create(struct store **out, const char *path, bool force) {
  status st = ST_OK;
  struct store *s = NULL;
  TRY(new_store(&s, path));
  TRY(file_aside_begin(&s->aside, path, force));
  s->file = create_file(s->aside.temporary);
  CHECK(s->file >= 0, ST_IO, "making store %s: %s", path, store_why());
  s->writable = 1;
  *out = s;
  s = NULL;
done:
  store_close(s);
  return st;
}

status store_open(struct store **out, const char *path) {
  status st = ST_OK;
  struct store *s = NULL;
  TRY(new_store(&s, path));
  CHECK(access(path, R_OK) == 0, ST_IO, "opening store %s: %s", path, strerror(errno));
  CHECK(H5Fis_hdf5(path) > 0, ST_FORMAT, "opening store %s: it is not an HDF5 file", path);
  s->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  CHECK(s->file >= 0, ST_FORMAT, "opening store %s: %s", path, store_why());
  *out = s;
  s = NULL;
done:
  store_close(s);
  return st;
}

/* The lock is a file of its own: the store itself is replaced by each commit. */
static status take_lock(struct store *s, double wait_s) {
  status st = ST_OK;
  char name[sizeof s->path + 8];
  const struct timespec pause = {0, 20 * 1000 * 1000};
  snprintf(name, sizeof name, "%s.lock", s->path);
  s->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  CHECK(s->lock >= 0, ST_IO, "locking store %s: %s", s->path, strerror(errno));
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  while (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
    CHECK(errno == EWOULDBLOCK || errno == EINTR, ST_IO, "locking store %s: %s", s->path,
          strerror(errno));
    clock_gettime(CLOCK_MONOTONIC, &now);
    double waited =
        (double)(now.tv_sec - start.tv_sec) + 1e-9 * (double)(now.tv_nsec - start.tv_nsec);
    CHECK(waited < wait_s, ST_IO,
          "locking store %s: another process has held it for %.1f s; try again when it is done",
          s->path, waited);
    nanosleep(&pause, NULL);
  }
done:
  return st;
}

static status copy_file(const char *from, const char *to) {
  status st = ST_OK;
  char block[65536];
  FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
  CHECK(in && out, ST_IO, "copying store %s: %s", from, strerror(errno));
  for (size_t got = fread(block, 1, sizeof block, in); got; got = fread(block, 1, sizeof block, in))
    CHECK(fwrite(block, 1, got, out) == got, ST_IO, "copying store %s: %s", from, strerror(errno));
  CHECK(!ferror(in), ST_IO, "copying store %s: it cannot be read", from);
  int closed = fclose(out);
  out = NULL;
  CHECK(closed == 0, ST_IO, "copying store %s: %s", from, strerror(errno));
done:
  if (in) fclose(in);
  if (out) fclose(out);
  return st;
}

status store_open_update(struct store **out, const char *path, double wait_s) {
  status st = ST_OK;
  struct store *s = NULL;
  TRY(new_store(&s, path));
  TRY(take_lock(s, wait_s));
  bool there = file_exists(path);
  CHECK(!there || H5Fis_hdf5(path) > 0, ST_FORMAT, "opening store %s: it is not an HDF5 file",
        path);
  TRY(file_aside_begin(&s->aside, path, true));
  if (there) {
    TRY(copy_file(path, s->aside.temporary));
    s->file = H5Fopen(s->aside.temporary, H5F_ACC_RDWR, H5P_DEFAULT);
  } else {
    s->file = create_file(s->aside.temporary);
  }
  CHECK(s->file >= 0, ST_FORMAT, "opening store %s: %s", path, store_why());
  s->writable = 1;
  *out = s;
  s = NULL;
done:
  store_close(s);
  return st;
}

status store_commit(struct store *s) {
  status st = ST_OK;
  CHECK(s->writable && s->file >= 0, ST_IO, "finishing store %s: it is not open for writing",
        s->path);
  herr_t closed = H5Fclose(s->file);
  s->file = H5I_INVALID_HID;
  CHECK(closed >= 0, ST_IO, "finishing store %s: %s", s->path, store_why());
  TRY(file_aside_commit(&s->aside));
done:
  return st;
}

void store_close(struct store *s) {
  if (!s) return;
  if (s->file >= 0) H5Fclose(s->file);
  file_aside_abandon(&s->aside);
  if (s->lock >= 0) close(s->lock); /* releases it; the empty lock file stays for the next one */
  free(s);
}

/* ---- arrays ---- */

bool store_has(const struct store *s, const char *name) {
  /* H5Lexists needs every part of the path to exist */
  char part[NAME_SIZE];
  size_t n = strlen(name);
  if (n >= sizeof part) return false;
  for (size_t i = 1; i <= n; i++) {
    if (name[i] != '/' && name[i] != '\0') continue;
    memcpy(part, name, i);
    part[i] = '\0';
    if (H5Lexists(s->file, part, H5P_DEFAULT) <= 0) return false;
  }
  return n > 0;
}

/* Chunks of whole last dimensions, about CHUNK_ELEMENTS each. */
static void choose_chunk(hsize_t chunk[RANK], const hsize_t extent[RANK], int rank) {
  hsize_t left = CHUNK_ELEMENTS;
  for (int d = rank - 1; d >= 0; d--) {
    chunk[d] = extent[d] < left ? extent[d] : left;
    left /= chunk[d];
    if (left < 1) left = 1;
  }
}

static status check_dims(hsize_t extent[RANK], hsize_t *total, const char *name, int rank,
                         const int64_t *dims) {
  status st = ST_OK;
  CHECK(rank >= 0 && rank <= RANK, ST_DOMAIN, "storing %s: rank %d, permitted 0..%d", name, rank,
        RANK);
  *total = 1;
  for (int d = 0; d < rank; d++) {
    CHECK(dims[d] >= 0, ST_DOMAIN, "storing %s: extent %d is %lld", name, d, (long long)dims[d]);
    extent[d] = (hsize_t)dims[d];
    *total *= extent[d];
  }
done:
  return st;
}

status store_write(struct store *s, const char *name, enum store_type type, int rank,
                   const int64_t *dims, const void *data) {
  status st = ST_OK;
  hid_t layout = H5I_INVALID_HID;
  hid_t space = H5I_INVALID_HID, array = H5I_INVALID_HID;
  hsize_t extent[RANK] = {0}, chunk[RANK] = {0}, total = 0;
  store_quiet();
  CHECK(s->writable && s->file >= 0, ST_IO, "storing %s: the store is not open for writing", name);
  TRY(check_dims(extent, &total, name, rank, dims));
  CHECK(!store_has(s, name), ST_DOMAIN, "storing %s: the store has an entry of that name", name);
  layout = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_obj_track_times(layout, 0);
  if (total * H5Tget_size(memory_type(type)) > COMPRESS_ABOVE) {
    choose_chunk(chunk, extent, rank);
    H5Pset_chunk(layout, rank, chunk);
    H5Pset_shuffle(layout);
    H5Pset_deflate(layout, 1);
  }
  store_make_groups(s->file, name);
  space = rank ? H5Screate_simple(rank, extent, NULL) : H5Screate(H5S_SCALAR);
  array = H5Dcreate2(s->file, name, file_type(type), space, H5P_DEFAULT, layout, H5P_DEFAULT);
  CHECK(array >= 0, ST_EXTERNAL, "storing %s: %s", name, store_why());
  if (total)
    CHECK(H5Dwrite(array, memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0, ST_IO,
          "storing %s: %s", name, store_why());
done:
  if (array >= 0) H5Dclose(array);
  if (space >= 0) H5Sclose(space);
  if (layout >= 0) H5Pclose(layout);
  return st;
}

static enum store_type type_of(hid_t array) {
  hid_t type = H5Dget_type(array);
  size_t size = H5Tget_size(type);
  H5T_class_t class = H5Tget_class(type);
  bool is_signed = class == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_2;
  H5Tclose(type);
  if (class == H5T_FLOAT) return size > 4 ? STORE_F64 : STORE_F32;
  if (!is_signed && size == 1) return STORE_U8;
  if (!is_signed && size == 2) return STORE_U16;
  return size > 4 || (!is_signed && size == 4) ? STORE_I64 : STORE_I32;
}

static status open_array(hid_t *array, const struct store *s, const char *name) {
  status st = ST_OK;
  store_quiet();
  CHECK(s->file >= 0, ST_IO, "reading %s: the store is closed", name);
  CHECK(store_has(s, name), ST_FORMAT, "reading store %s: it has no \"%s\"", s->path, name);
  *array = H5Dopen2(s->file, name, H5P_DEFAULT);
  CHECK(*array >= 0, ST_FORMAT, "reading store %s: \"%s\" is not an array", s->path, name);
done:
  return st;
}

status store_shape(const struct store *s, const char *name, enum store_type *type, int *rank,
                   int64_t dims[8]) {
  status st = ST_OK;
  hid_t array = H5I_INVALID_HID, space = H5I_INVALID_HID;
  hsize_t extent[H5S_MAX_RANK];
  TRY(open_array(&array, s, name));
  space = H5Dget_space(array);
  int n = H5Sget_simple_extent_dims(space, extent, NULL);
  CHECK(n >= 0 && n <= RANK, ST_FORMAT, "reading store %s: \"%s\" has rank %d, at most %d", s->path,
        name, n, RANK);
  double elements = 1;
  for (int d = 0; d < n; d++) {
    dims[d] = (int64_t)extent[d];
    elements *= (double)extent[d];
  }
  CHECK(elements <= MOST_ELEMENTS, ST_FORMAT,
        "reading store %s: \"%s\" claims %g elements, at most %g are taken", s->path, name,
        elements, MOST_ELEMENTS);
  *rank = n;
  *type = type_of(array);
done:
  if (space >= 0) H5Sclose(space);
  if (array >= 0) H5Dclose(array);
  return st;
}

status store_read(const struct store *s, const char *name, enum store_type type, void *data,
                  int64_t count) {
  status st = ST_OK;
  hid_t array = H5I_INVALID_HID, space = H5I_INVALID_HID;
  TRY(open_array(&array, s, name));
  space = H5Dget_space(array);
  hssize_t there = H5Sget_simple_extent_npoints(space);
  CHECK(there == count, ST_FORMAT, "reading store %s: \"%s\" has %lld elements, expected %lld",
        s->path, name, (long long)there, (long long)count);
  if (count > 0)
    CHECK(H5Dread(array, memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0, ST_FORMAT,
          "reading store %s: \"%s\": %s", s->path, name, store_why());
done:
  if (space >= 0) H5Sclose(space);
  if (array >= 0) H5Dclose(array);
  return st;
}

/* ---- groups ---- */

struct name_list {
  char **items;
  size_t count, capacity;
};

static herr_t collect_name(hid_t group, const char *name, const H5L_info_t *info, void *user) {
  (void)group;
  (void)info;
  struct name_list *l = user;
  if (l->count == l->capacity) {
    size_t capacity = l->capacity ? 2 * l->capacity : 64;
    char **grown = realloc(l->items, capacity * sizeof *grown);
    if (!grown) return -1;
    l->items = grown;
    l->capacity = capacity;
  }
  size_t n = strlen(name) + 1;
  l->items[l->count] = malloc(n);
  if (!l->items[l->count]) return -1;
  memcpy(l->items[l->count++], name, n);
  return 0;
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

status store_list(const struct store *s, const char *group, char ***names, size_t *count) {
  status st = ST_OK;
  struct name_list l = {0};
  hid_t id = H5I_INVALID_HID;
  store_quiet();
  CHECK(s->file >= 0, ST_IO, "listing a store that is closed");
  CHECK(!group[0] || store_has(s, group), ST_FORMAT, "reading store %s: it has no \"%s\"", s->path,
        group);
  id = H5Gopen2(s->file, group[0] ? group : "/", H5P_DEFAULT);
  CHECK(id >= 0, ST_FORMAT, "reading store %s: \"%s\" is not a group", s->path, group);
  CHECK(H5Literate(id, H5_INDEX_NAME, H5_ITER_INC, NULL, collect_name, &l) >= 0, ST_MEMORY,
        "listing \"%s\" of store %s", group, s->path);
  if (l.count) qsort(l.items, l.count, sizeof *l.items, compare_names);
  *names = l.items;
  *count = l.count;
  l = (struct name_list){0};
done:
  if (id >= 0) H5Gclose(id);
  file_list_free(l.items, l.count);
  return st;
}
