/* The module qct_fea_gmsh.so: Gmsh's volume mesher behind fea/gmsh.h. */
#include "fea/gmsh.h"

#include <gmshc.h>

#include <locale.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Gmsh sets one OpenMP thread and a locale when it starts, for the whole process. */
struct kept {
  int threads;
  char locale[256];
};

static void keep(struct kept *k) {
  const char *locale = setlocale(LC_ALL, NULL);
  k->threads = omp_get_max_threads();
  snprintf(k->locale, sizeof k->locale, "%s", locale ? locale : "C");
}

static void restore(const struct kept *k) {
  omp_set_num_threads(k->threads);
  setlocale(LC_ALL, k->locale);
}

struct callback {
  const struct fea_gmsh_problem *problem;
};

static double size_at(int dim, int tag, double x, double y, double z, void *data) {
  const struct callback *c = data;
  (void)dim, (void)tag;
  return c->problem->size(c->problem->context, x, y, z);
}

static void set_options(int *error) {
  static const struct {
    const char *name;
    double value;
  } options[] = {{"General.Terminal", 0},
                 {"General.AbortOnError", 0},
                 {"General.NumThreads", 1}, /* the same mesh in every run */
                 {"Mesh.RandomSeed", 1},
                 {"Mesh.Algorithm3D", 1}, /* Delaunay */
                 {"Mesh.MeshSizeExtendFromBoundary", 0},
                 {"Mesh.MeshSizeFromPoints", 0},
                 {"Mesh.Optimize", 1},
                 {"Mesh.OptimizeThreshold", 0.35}};
  for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
    *error = 0;
    gmshOptionSetNumber(options[i].name, options[i].value, error);
  }
  *error = 0; /* an option that this version does not know is no failure */
}

/* The surface as one discrete entity, and a volume inside it. */
static int give_surface(const struct fea_gmsh_problem *p) {
  int error = 0, volume_loop, surface = 1;
  const size_t n = (size_t)p->point_count, t = (size_t)p->triangle_count;
  size_t *tags = malloc(n * sizeof *tags), *elements = malloc(t * sizeof *elements);
  size_t *corners = malloc(3 * t * sizeof *corners);
  double *points = malloc(3 * n * sizeof *points);
  if (!tags || !elements || !corners || !points) error = 1;
  for (size_t i = 0; !error && i < n; i++) tags[i] = i + 1;
  for (size_t i = 0; !error && i < t; i++) elements[i] = i + 1;
  for (size_t i = 0; !error && i < 3 * t; i++) corners[i] = (size_t)p->triangles[i] + 1;
  if (!error) memcpy(points, p->points, 3 * n * sizeof *points);
  if (!error) gmshModelAddDiscreteEntity(2, surface, NULL, 0, &error);
  if (!error) gmshModelMeshAddNodes(2, surface, tags, n, points, 3 * n, NULL, 0, &error);
  if (!error)
    gmshModelMeshAddElementsByType(surface, 2, elements, t, corners, 3 * t, &error); /* triangles */
  if (!error) volume_loop = gmshModelGeoAddSurfaceLoop(&surface, 1, 1, &error);
  if (!error) gmshModelGeoAddVolume(&volume_loop, 1, 1, &error);
  if (!error) gmshModelGeoSynchronize(&error);
  free(tags);
  free(elements);
  free(corners);
  free(points);
  return error;
}

/* Number of each node tag, the given points first. */
static int take_points(struct fea_gmsh_result *out, size_t **number, size_t *largest,
                       const struct fea_gmsh_problem *p) {
  int error = 0;
  size_t *tags = NULL, count = 0, coords = 0, parameters = 0, next = (size_t)p->point_count;
  double *xyz = NULL, *parametric = NULL;
  gmshModelMeshGetNodes(&tags, &count, &xyz, &coords, &parametric, &parameters, -1, -1, 0, 0,
                        &error);
  *largest = 0;
  for (size_t i = 0; !error && i < count; i++)
    if (tags[i] > *largest) *largest = tags[i];
  if (*largest < next) error = 1;
  if (!error) {
    *number = calloc(*largest + 1, sizeof **number);
    out->points = malloc(3 * (count + next) * sizeof *out->points);
    if (!*number || !out->points) error = 1;
  }
  for (size_t i = 0; !error && i < count; i++) {
    const size_t to = tags[i] <= (size_t)p->point_count ? tags[i] - 1 : next++;
    (*number)[tags[i]] = to;
    memcpy(out->points + 3 * to, xyz + 3 * i, 3 * sizeof *xyz);
  }
  out->point_count = (int64_t)next;
  gmshFree(tags);
  gmshFree(xyz);
  gmshFree(parametric);
  return error;
}

static int take_tets(struct fea_gmsh_result *out, const size_t *number) {
  int error = 0;
  size_t *tags = NULL, count = 0, *corners = NULL, corner_count = 0;
  gmshModelMeshGetElementsByType(4, &tags, &count, &corners, &corner_count, -1, 0, 1, &error);
  if (!error && count) {
    out->tets = malloc(corner_count * sizeof *out->tets);
    if (!out->tets) error = 1;
  }
  for (size_t i = 0; !error && count && i < corner_count; i++)
    out->tets[i] = (int32_t)number[corners[i]];
  out->tet_count = (int64_t)count;
  gmshFree(tags);
  gmshFree(corners);
  return error;
}

/* The first error of Gmsh's log: later ones follow from it. */
static void take_words(struct fea_gmsh_result *out) {
  char **log = NULL;
  size_t n = 0;
  int error = 0;
  gmshLoggerGet(&log, &n, &error);
  for (size_t i = 0; !error && i < n; i++) {
    if (!out->words[0] && strncmp(log[i], "Error", 5) == 0)
      snprintf(out->words, sizeof out->words, "%s", log[i]);
    gmshFree(log[i]);
  }
  gmshFree(log);
}

static int run(struct fea_gmsh_result *out, const struct fea_gmsh_problem *p) {
  int error = 0, ignored = 0;
  size_t *number = NULL, largest = 0;
  struct callback callback = {p};
  char *argv[] = {(char *)(uintptr_t) "qct", NULL};
  gmshInitialize(1, argv, 0, &error);
  if (error) return error;
  set_options(&error);
  gmshLoggerStart(&error);
  gmshModelAdd("bone", &error);
  if (!error) error = give_surface(p);
  if (!error) gmshModelMeshSetSizeCallback(size_at, &callback, &error);
  if (!error) gmshModelMeshGenerate(3, &error);
  if (!error) error = take_points(out, &number, &largest, p);
  if (!error) error = take_tets(out, number);
  take_words(out);
  if (!error && !out->tet_count) error = 1;
  free(number);
  gmshLoggerStop(&ignored);
  gmshFinalize(&ignored);
  return error;
}

static int fill(struct fea_gmsh_result *result, const struct fea_gmsh_problem *problem) {
  struct kept kept;
  memset(result, 0, sizeof *result);
  keep(&kept);
  const int error = run(result, problem);
  restore(&kept);
  if (error) {
    free(result->points);
    free(result->tets);
    result->points = NULL;
    result->tets = NULL;
    if (!result->words[0]) snprintf(result->words, sizeof result->words, "no tetrahedra were made");
  }
  return error;
}

__attribute__((visibility("default")))
const struct fea_gmsh fea_gmsh_module = {.version = FEA_GMSH_VERSION, .fill = fill};
