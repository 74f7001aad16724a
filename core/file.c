#define _POSIX_C_SOURCE 200809L
#include "core/file.h"

#include "core/parallel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const char *file_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

bool file_has_suffix(const char *path, const char *suffix) {
  size_t n = strlen(path), m = strlen(suffix);
  return n >= m && strcasecmp(path + n - m, suffix) == 0;
}

bool file_exists(const char *path) {
  struct stat s;
  return stat(path, &s) == 0;
}

bool file_is_directory(const char *path) {
  struct stat s;
  return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

status file_make_directory(const char *path) {
  status st = ST_OK;
  char part[PATH_MAX];
  size_t n = strlen(path);
  CHECK(n > 0 && n < sizeof part, ST_IO, "making a folder: its path has %zu bytes, at most %zu", n,
        sizeof part - 1);
  for (size_t i = 1; i <= n; i++) {
    if (path[i] != '/' && path[i] != '\0') continue;
    memcpy(part, path, i);
    part[i] = '\0';
    CHECK(mkdir(part, 0777) == 0 || errno == EEXIST, ST_IO, "making folder %s: %s", part,
          strerror(errno));
  }
  CHECK(file_is_directory(path), ST_IO, "making folder %s: a file of that name is in the way",
        path);
done:
  return st;
}

/* ---- write aside ---- */

status file_aside_begin(struct file_aside *f, const char *path, bool force) {
  static atomic_uint serial;
  status st = ST_OK;
  f->open = false;
  f->temporary[0] = '\0';
  const char *name = file_name(path);
  int folder = (int)(name - path);
  CHECK(name[0], ST_USAGE, "writing %s: this names a folder, give a file", path);
  CHECK(!file_is_directory(path), ST_USAGE, "writing %s: a folder of that name is in the way",
        path);
  CHECK(force || !file_exists(path), ST_USAGE,
        "writing %s: it exists already; give --force to overwrite it", path);
  int n = snprintf(f->temporary, sizeof f->temporary, "%.*s.part-%ld-%u-%s", folder, path,
                   (long)getpid(), atomic_fetch_add(&serial, 1), name);
  CHECK(n > 0 && (size_t)n < sizeof f->temporary, ST_IO,
        "writing a file: its path has %zu bytes, at most %zu", strlen(path),
        sizeof f->temporary - 40);
  snprintf(f->target, sizeof f->target, "%s", path);
  char parent[sizeof f->target];
  snprintf(parent, sizeof parent, "%.*s", folder, path);
  CHECK(access(folder ? parent : ".", W_OK) == 0, ST_IO, "writing %s: its folder: %s", path,
        strerror(errno));
  f->open = true;
done:
  return st;
}

status file_aside_commit(struct file_aside *f) {
  status st = ST_OK;
  int fd = -1;
  CHECK(f->open, ST_IO, "finishing a file that was not begun");
  fd = open(f->temporary, O_RDONLY);
  CHECK(fd >= 0, ST_IO, "finishing %s: %s", f->target, strerror(errno));
  CHECK(fsync(fd) == 0, ST_IO, "finishing %s: %s", f->target, strerror(errno));
  CHECK(rename(f->temporary, f->target) == 0, ST_IO, "finishing %s: %s", f->target,
        strerror(errno));
  f->open = false;
done:
  if (fd >= 0) close(fd);
  return st;
}

void file_aside_abandon(struct file_aside *f) {
  if (f->open) unlink(f->temporary);
  f->open = false;
}

void file_aside_sweep(const char *folder) {
  char path[4096];
  DIR *dir = opendir(folder);
  for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
    long pid;
    unsigned serial;
    if (sscanf(e->d_name, ".part-%ld-%u-", &pid, &serial) != 2) continue;
    if (snprintf(path, sizeof path, "%s/%s", folder, e->d_name) < (int)sizeof path) unlink(path);
  }
  if (dir) closedir(dir);
}

static status write_all(FILE *out, const char *path, const void *data, size_t length) {
  status st = ST_OK;
  errno = 0;
  CHECK(fwrite(data, 1, length, out) == length && fflush(out) == 0, ST_IO,
        "writing %zu bytes to %s: %s", length, path, strerror(errno));
done:
  return st;
}

status file_write(const char *path, const void *data, size_t length, bool force) {
  status st = ST_OK;
  struct file_aside aside = {.open = false};
  FILE *out = NULL;
  if (strcmp(path, "-") == 0) return write_all(stdout, "standard output", data, length);
  TRY(file_aside_begin(&aside, path, force));
  out = fopen(aside.temporary, "wb");
  CHECK(out, ST_IO, "writing %s: %s", path, strerror(errno));
  TRY(write_all(out, path, data, length));
  int closed = fclose(out);
  out = NULL;
  CHECK(closed == 0, ST_IO, "writing %s: %s", path, strerror(errno));
  TRY(file_aside_commit(&aside));
done:
  if (out) fclose(out);
  file_aside_abandon(&aside);
  return st;
}

/* ---- read ---- */

static status read_stream(char **data, size_t *length, FILE *in, const char *path, size_t limit) {
  status st = ST_OK;
  size_t capacity = 65536, n = 0;
  char *buffer = malloc(capacity + 1);
  CHECK(buffer, ST_MEMORY, "reading %s", path);
  errno = 0;
  for (;;) {
    if (n == capacity) {
      char *grown = realloc(buffer, 2 * capacity + 1);
      CHECK(grown, ST_MEMORY, "reading %s: %.1f MB asked for", path, 2e-6 * (double)capacity);
      buffer = grown;
      capacity *= 2;
    }
    size_t got = fread(buffer + n, 1, capacity - n, in);
    n += got;
    CHECK(n <= limit, ST_DOMAIN,
          "reading %s: it is larger than %.1f MB, the most this reader takes", path,
          (double)limit / 1e6);
    if (got == 0) break;
  }
  CHECK(!ferror(in), ST_IO, "reading %s: %s", path, strerror(errno));
  buffer[n] = '\0';
  *data = buffer;
  *length = n;
  buffer = NULL;
done:
  free(buffer);
  return st;
}

status file_read(char **data, size_t *length, const char *path, size_t limit) {
  status st = ST_OK;
  FILE *in = NULL;
  if (limit == 0) limit = (size_t)1 << 30;
  if (strcmp(path, "-") == 0) return read_stream(data, length, stdin, "standard input", limit);
  CHECK(!file_is_directory(path), ST_IO, "reading %s: it is a folder", path);
  in = fopen(path, "rb");
  CHECK(in, ST_IO, "reading %s: %s", path, strerror(errno));
  TRY(read_stream(data, length, in, path, limit));
done:
  if (in) fclose(in);
  return st;
}

/* ---- folders ---- */

struct path_list {
  char **items;
  size_t count, capacity, limit;
};

static status path_list_add(struct path_list *l, const char *path) {
  status st = ST_OK;
  CHECK(l->count < l->limit, ST_DOMAIN, "listing a folder: more than %zu files", l->limit);
  if (l->count == l->capacity) {
    size_t capacity = l->capacity ? 2 * l->capacity : 64;
    char **grown = realloc(l->items, capacity * sizeof *grown);
    CHECK(grown, ST_MEMORY, "listing a folder of %zu files", l->count);
    l->items = grown;
    l->capacity = capacity;
  }
  l->items[l->count] = strdup(path);
  CHECK(l->items[l->count], ST_MEMORY, "listing a folder of %zu files", l->count);
  l->count++;
done:
  return st;
}

static status list_into(struct path_list *l, const char *folder, int depth) {
  const int deepest = 64;
  status st = ST_OK;
  DIR *dir = opendir(folder);
  CHECK(dir, ST_IO, "listing folder %s: %s", folder, strerror(errno));
  CHECK(depth < deepest, ST_DOMAIN, "listing folder %s: nested deeper than %d", folder, deepest);
  for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
    char path[PATH_MAX];
    struct stat own, target;
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
    int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    CHECK(n > 0 && (size_t)n < sizeof path, ST_IO, "listing folder %s: a path is too long", folder);
    if (lstat(path, &own)) continue; /* gone between the two calls */
    if (S_ISDIR(own.st_mode))
      TRY(list_into(l, path, depth + 1));
    else if (stat(path, &target) == 0 && S_ISREG(target.st_mode))
      TRY(path_list_add(l, path));
  }
done:
  if (dir) closedir(dir);
  return st;
}

static int compare_paths(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

status file_list(char ***paths, size_t *count, const char *folder, size_t limit) {
  status st = ST_OK;
  struct path_list l = {.limit = limit};
  TRY(list_into(&l, folder, 0));
  if (l.count) qsort(l.items, l.count, sizeof *l.items, compare_paths);
  *paths = l.items;
  *count = l.count;
  l = (struct path_list){0};
done:
  file_list_free(l.items, l.count);
  return st;
}

void file_list_free(char **paths, size_t count) {
  if (!paths) return;
  for (size_t i = 0; i < count; i++) free(paths[i]);
  free(paths);
}
