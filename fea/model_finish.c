/* The last step of making a model: keep the connected part that hangs on the supports, merge the
 * prescriptions, and refuse what would be singular. */
#include "fea/model.h"

#include "core/eigen.h"
#include "core/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static status check_moduli(const struct fea_model *m) {
  status st = ST_OK;
  int64_t n = geometry_voxels(&m->grid), elements = 0;
  for (int64_t v = 0; v < n; v++) {
    float e = m->modulus[v];
    CHECK(isfinite(e) && e >= 0, ST_DOMAIN,
          "voxel model: modulus %g MPa at voxel (%lld, %lld, %lld); it must be finite and >= 0",
          (double)e, (long long)(v % m->grid.nx), (long long)(v / m->grid.nx % m->grid.ny),
          (long long)(v / (m->grid.nx * m->grid.ny)));
    elements += e > 0;
  }
  CHECK(elements > 0, ST_DOMAIN, "voxel model: no element: the modulus is 0 in all %lld voxels",
        (long long)n);
  CHECK(m->prescribed_count > 0, ST_DOMAIN,
        "voxel model: no support: at least six displacements must be prescribed");
done:
  return st;
}

/* Number the face-connected parts from 1 in part_of; returns their sizes (owned by the caller). */
static status find_parts(const struct fea_model *m, int32_t *part_of, int64_t **sizes,
                         int32_t *count) {
  status st = ST_OK;
  const int64_t nx = m->grid.nx, ny = m->grid.ny, nz = m->grid.nz, n = nx * ny * nz;
  const int64_t step[3] = {1, nx, nx * ny}, extent[3] = {nx, ny, nz};
  int64_t *stack = malloc((size_t)n * sizeof *stack), *size = NULL;
  int32_t parts = 0, room = 0;
  CHECK(stack, ST_MEMORY, "voxel model: no memory to connect %lld voxels", (long long)n);
  for (int64_t seed = 0; seed < n; seed++) {
    if (!(m->modulus[seed] > 0) || part_of[seed]) continue;
    if (parts == room) {
      room = room ? 2 * room : 64;
      int64_t *more = realloc(size, (size_t)room * sizeof *size);
      CHECK(more, ST_MEMORY, "voxel model: no memory for %d parts", room);
      size = more;
    }
    int64_t top = 0, voxels = 0;
    stack[top++] = seed;
    part_of[seed] = ++parts;
    while (top) {
      int64_t v = stack[--top], at[3] = {v % nx, v / nx % ny, v / (nx * ny)};
      voxels++;
      for (int a = 0; a < 3; a++)
        for (int sign = -1; sign <= 1; sign += 2) {
          int64_t next = v + sign * step[a];
          if (at[a] + sign < 0 || at[a] + sign >= extent[a]) continue;
          if (!(m->modulus[next] > 0) || part_of[next]) continue;
          part_of[next] = parts;
          stack[top++] = next;
        }
    }
    size[parts - 1] = voxels;
  }
  *sizes = size;
  *count = parts;
  size = NULL;
done:
  free(size);
  free(stack);
  return st;
}

/* The largest part that holds a supported node. */
static int32_t supported_part(const struct fea_model *m, const int32_t *part_of,
                              const int64_t *sizes) {
  int32_t best = 0;
  for (int64_t p = 0; p < m->prescribed_count; p++) {
    int64_t at[3];
    fea_model_node_index(m, m->prescribed[p].node, at);
    for (int c = 0; c < 8; c++) {
      int64_t i = at[0] - (c & 1), j = at[1] - (c >> 1 & 1), k = at[2] - (c >> 2);
      if (!geometry_inside(&m->grid, i, j, k)) continue;
      int32_t part = part_of[geometry_index(&m->grid, i, j, k)];
      if (part && (!best || sizes[part - 1] > sizes[best - 1])) best = part;
    }
  }
  return best;
}

static status keep_one_part(struct fea_model *m, bool supported) {
  status st = ST_OK;
  int64_t n = geometry_voxels(&m->grid), *sizes = NULL;
  int32_t *part_of = calloc((size_t)n, sizeof *part_of), parts = 0, kept = 1;
  CHECK(part_of, ST_MEMORY, "voxel model: no memory to connect %lld voxels", (long long)n);
  TRY(find_parts(m, part_of, &sizes, &parts));
  CHECK(parts > 0, ST_DOMAIN, "voxel model: no element: the modulus is 0 in all %lld voxels",
        (long long)n);
  if (supported)
    kept = supported_part(m, part_of, sizes);
  else
    for (int32_t p = 2; p <= parts; p++)
      if (sizes[p - 1] > sizes[kept - 1]) kept = p;
  m->element_count = sizes[kept - 1];
  for (int64_t v = 0; v < n; v++) {
    if (!part_of[v] || part_of[v] == kept) continue;
    if (m->part[v] == FEA_CAP)
      m->dropped_cap++;
    else
      m->dropped_bone++;
    m->modulus[v] = 0;
    m->part[v] = FEA_VOID;
    if (m->density) m->density[v] = NAN;
  }
  if (parts > 1)
    log_detail("voxel model: %lld bone and %lld cap voxels in %d pieces not joined by faces to the "
               "part that carries load were dropped",
               (long long)m->dropped_bone, (long long)m->dropped_cap, parts - 1);
done:
  free(sizes);
  free(part_of);
  return st;
}

status fea_model_keep_largest(struct fea_model *m) {
  status st = ST_OK;
  CHECK(!m->finished && m->prescribed_count == 0, ST_USAGE,
        "voxel model: its largest part must be kept before supports are set");
  for (int64_t v = 0; v < geometry_voxels(&m->grid); v++)
    CHECK(isfinite(m->modulus[v]) && m->modulus[v] >= 0, ST_DOMAIN,
          "voxel model: modulus %g MPa at voxel %lld; it must be finite and >= 0",
          (double)m->modulus[v], (long long)v);
  TRY(keep_one_part(m, false));
done:
  return st;
}

static int by_dof(const void *a, const void *b) {
  const struct fea_prescription *x = a, *y = b;
  if (x->node != y->node) return x->node < y->node ? -1 : 1;
  if (x->axis != y->axis) return x->axis - y->axis;
  return x->load_case - y->load_case;
}

static bool node_left(const struct fea_model *m, int64_t node) {
  int64_t at[3];
  fea_model_node_index(m, node, at);
  return fea_model_node_active(m, at[0], at[1], at[2]);
}

/* Forces must sit on what was kept; so must displacements that are not zero. */
static status check_loads(const struct fea_model *m) {
  status st = ST_OK;
  for (int c = 0; c < m->case_count; c++)
    for (int64_t f = 0; f < m->cases[c].force_count; f++)
      CHECK(node_left(m, m->cases[c].force[f].node), ST_DOMAIN,
            "voxel model: case %s: a force of %g N sits on a part that is not joined by faces to "
            "the supported part and was dropped (%lld voxels)",
            m->cases[c].name, m->cases[c].force[f].newton,
            (long long)(m->dropped_bone + m->dropped_cap));
  for (int64_t p = 0; p < m->prescribed_count; p++)
    CHECK(
        m->prescribed[p].value_mm == 0 || node_left(m, m->prescribed[p].node), ST_DOMAIN,
        "voxel model: a displacement of %g mm is prescribed on a part that is not joined by faces "
        "to the largest supported part and was dropped (%lld voxels)",
        m->prescribed[p].value_mm, (long long)(m->dropped_bone + m->dropped_cap));
done:
  return st;
}

/* Sort the prescriptions into one list of fixed dofs with a value for each case. */
static status merge_prescriptions(struct fea_model *m) {
  status st = ST_OK;
  qsort(m->prescribed, (size_t)m->prescribed_count, sizeof *m->prescribed, by_dof);
  m->fixed = malloc((size_t)m->prescribed_count * sizeof *m->fixed);
  CHECK(m->fixed, ST_MEMORY, "voxel model: no memory for the supports");
  for (int c = 0; c < m->case_count; c++) {
    m->cases[c].value_mm = calloc((size_t)m->prescribed_count, sizeof(double));
    CHECK(m->cases[c].value_mm, ST_MEMORY, "voxel model: no memory for the supports");
  }
  for (int64_t p = 0; p < m->prescribed_count; p++) {
    const struct fea_prescription *one = &m->prescribed[p], *last = p ? one - 1 : NULL;
    if (!node_left(m, one->node)) continue;
    bool same_dof = last && last->node == one->node && last->axis == one->axis;
    if (same_dof && last->load_case == one->load_case) {
      int64_t at[3];
      fea_model_node_index(m, one->node, at);
      CHECK(last->value_mm == one->value_mm, ST_DOMAIN,
            "voxel model: node (%lld, %lld, %lld) is given two displacements along axis %d: %g and "
            "%g mm",
            (long long)at[0], (long long)at[1], (long long)at[2], one->axis, last->value_mm,
            one->value_mm);
    }
    if (!same_dof)
      m->fixed[m->fixed_count++] = (struct fea_fixed){.node = one->node, .axis = one->axis};
    m->cases[one->load_case].value_mm[m->fixed_count - 1] = one->value_mm;
  }
done:
  return st;
}

/* The supports must resist all six rigid motions: the Gram matrix of the motions on the fixed dofs
 * is regular. Positions are scaled by the model's size so that the test has no unit. */
static status check_rigid(const struct fea_model *m) {
  static const char *const motion[6] = {"shift along x", "shift along y", "shift along z",
                                        "turn about x",  "turn about y",  "turn about z"};
  status st = ST_OK;
  double gram[6][6] = {{0}}, value[6], vector[6][6], centre[3] = {0, 0, 0};
  double size = (double)(m->grid.nx > m->grid.ny ? m->grid.nx : m->grid.ny);
  if ((double)m->grid.nz > size) size = (double)m->grid.nz;
  for (int64_t f = 0; f < m->fixed_count; f++) {
    int64_t at[3];
    fea_model_node_index(m, m->fixed[f].node, at);
    for (int a = 0; a < 3; a++) centre[a] += (double)at[a] / (double)m->fixed_count;
  }
  for (int64_t f = 0; f < m->fixed_count; f++) {
    int64_t at[3];
    int a = m->fixed[f].axis, b = (a + 1) % 3, c = (a + 2) % 3;
    double row[6] = {0};
    fea_model_node_index(m, m->fixed[f].node, at);
    row[a] = 1;
    row[3 + b] = ((double)at[c] - centre[c]) / size;
    row[3 + c] = -((double)at[b] - centre[b]) / size;
    for (int i = 0; i < 6; i++)
      for (int j = 0; j < 6; j++) gram[i][j] += row[i] * row[j] / (double)m->fixed_count;
  }
  eigen_symmetric(value, &vector[0][0], &gram[0][0], 6);
  int most = 0;
  for (int i = 1; i < 6; i++)
    if (fabs(vector[i][0]) > fabs(vector[most][0])) most = i;
  CHECK(value[0] > 1e-12, ST_NUMERIC,
        "voxel model: the supports (%lld prescribed displacements) leave the model free to %s; "
        "prescribe more of its nodes",
        (long long)m->fixed_count, motion[most]);
done:
  return st;
}

static int64_t count_nodes(const struct fea_model *m) {
  int64_t count = 0;
#pragma omp parallel for reduction(+ : count)
  for (int64_t k = 0; k <= m->grid.nz; k++)
    for (int64_t j = 0; j <= m->grid.ny; j++)
      for (int64_t i = 0; i <= m->grid.nx; i++) count += fea_model_node_active(m, i, j, k);
  return count;
}

status fea_model_finish(struct fea_model *m) {
  status st = ST_OK;
  CHECK(!m->finished, ST_USAGE, "voxel model: finished twice");
  TRY(check_moduli(m));
  TRY(keep_one_part(m, true));
  TRY(check_loads(m));
  TRY(merge_prescriptions(m));
  TRY(check_rigid(m));
  m->node_count = count_nodes(m);
  TRY(fea_rows_create(&m->rows, m->modulus, m->grid.nx, m->grid.ny, m->grid.nz));
  m->finished = 1;
done:
  return st;
}
