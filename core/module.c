#define _GNU_SOURCE /* dladdr */
#include "core/module.h"

#include "core/file.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MODULES = 8, NAME_SIZE = 32 };

static struct {
  char name[NAME_SIZE];
  void *handle;
} opened[MODULES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void cut_name(char path[PATH_MAX]) {
  char *slash = strrchr(path, '/');
  path[slash ? slash - path : 0] = '\0';
}

/* folder of the running program without the slash; "" when unknown */
static void program_folder(char out[PATH_MAX]) {
  ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
  out[n > 0 ? n : 0] = '\0';
  cut_name(out);
}

/* folder of the file that holds this code: libqct.so, or the program it was linked into */
static void library_folder(char out[PATH_MAX]) {
  Dl_info info;
  bool known = dladdr(opened, &info) && info.dli_fname && realpath(info.dli_fname, out);
  if (!known) out[0] = '\0';
  cut_name(out);
}

static int present_at(char path[PATH_MAX], const char *folder, const char *below,
                      const char *name) {
  int n = snprintf(path, PATH_MAX, "%s%s/qct_%s.so", folder, below, name);
  return n > 0 && n < PATH_MAX && file_exists(path);
}

static int find_module(char path[PATH_MAX], const char *name) {
  char folder[PATH_MAX];
  const char *list = getenv("QCT_MODULE_PATH");
  while (list && *list) {
    size_t n = strcspn(list, ":");
    if (n > 0 && n < sizeof folder) {
      memcpy(folder, list, n);
      folder[n] = '\0';
      if (present_at(path, folder, "", name)) return 1;
    }
    list += n + (list[n] == ':');
  }
  program_folder(folder);
  if (present_at(path, folder, "", name) || present_at(path, folder, "/../lib/qct", name) ||
      present_at(path, folder, "/../bin", name)) /* a test beside the program */
    return 1;
  library_folder(folder);
  return present_at(path, folder, "/qct", name);
}

int module_present(const char *name) {
  char path[PATH_MAX];
  return find_module(path, name);
}

static void **slot_of(const char *name) {
  for (int i = 0; i < MODULES; i++) {
    if (!opened[i].name[0]) snprintf(opened[i].name, NAME_SIZE, "%s", name);
    if (strcmp(opened[i].name, name) == 0) return &opened[i].handle;
  }
  return NULL;
}

static status open_locked(const void **table, const char *name, const char *symbol,
                          const char *package) {
  status st = ST_OK;
  char path[PATH_MAX];
  void **handle = slot_of(name);
  CHECK(handle, ST_EXTERNAL, "opening module %s: more than %d modules", name, MODULES);
  if (!*handle) {
    CHECK(find_module(path, name), ST_UNSUPPORTED,
          "opening module %s: qct_%s.so is not there; this build was made without it. Install %s "
          "and build again, or set QCT_MODULE_PATH to the folder that holds it",
          name, name, package);
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *why = *handle ? NULL : dlerror();
    CHECK(*handle, ST_UNSUPPORTED, "opening module %s: %s; install %s", name,
          why ? why : "unknown reason", package);
  }
  const void *found = dlsym(*handle, symbol);
  CHECK(found, ST_UNSUPPORTED,
        "opening module %s: it has no table \"%s\"; it was made by another version, build it again",
        name, symbol);
  *table = found;
done:
  return st;
}

status module_open(const void **table, const char *name, const char *symbol, const char *package) {
  pthread_mutex_lock(&lock);
  status st = open_locked(table, name, symbol, package);
  pthread_mutex_unlock(&lock);
  return st;
}
