#include "anatomy/shaft.h"

#include "anatomy/box.h"

#include <stdlib.h>
#include <string.h>

static const double SHAFT_HU = 250, BONE_HU = 160;
static const double AREA_LOW = 250, AREA_HIGH = 2500; /* mm2 */
/* Roundness is 1 for an ellipse. A bent leg is cut obliquely: ratio of the variances along the axes
 * of the section, 1.2 upright, over the square of the cosine of the bend (5: 60 degrees). What is
 * that long must be a clean ellipse. */
static const double ROUND = 0.93, CLEAN = 0.98, UPRIGHT = 2.2, BENT = 5;
static const double BELOW_HEAD = 35, SHORTEST = 12; /* mm */

struct blob { /* a filled component of one slice */
  double x, y, area, roundness, ratio;
};
enum { BLOBS = 32 };

/* ---- components of one slice ---- */

struct moments {
  double n, x, y, xx, yy, xy;
  int edge;
};

static void flood_slice(struct moments *m, uint8_t *p, int64_t w, int64_t h, int64_t start,
                        int32_t *stack) {
  int64_t top = 0;
  memset(m, 0, sizeof *m);
  p[start] = 2;
  stack[top++] = (int32_t)start;
  while (top) {
    int64_t at = stack[--top], i = at % w, j = at / w;
    double x = (double)i, y = (double)j;
    m->n++;
    m->x += x;
    m->y += y;
    m->xx += x * x;
    m->yy += y * y;
    m->xy += x * y;
    int64_t next[4] = {i > 0 ? at - 1 : -1, i + 1 < w ? at + 1 : -1, j > 0 ? at - w : -1,
                       j + 1 < h ? at + w : -1};
    for (int a = 0; a < 4; a++) {
      if (next[a] < 0) {
        m->edge = 1;
      } else if (p[next[a]] == 1) {
        p[next[a]] = 2;
        stack[top++] = (int32_t)next[a];
      }
    }
  }
}

static struct blob blob_of(const struct moments *m, const struct geometry *g) {
  double s = g->spacing[0], cx = m->x / m->n, cy = m->y / m->n;
  double a = m->xx / m->n - cx * cx + 1.0 / 12, b = m->yy / m->n - cy * cy + 1.0 / 12;
  double c = m->xy / m->n - cx * cy, det = fmax(a * b - c * c, 1e-9);
  double half = (a + b) / 2, root = sqrt(fmax(half * half - det, 0));
  struct blob out = {.x = g->origin[0] + s * cx,
                     .y = g->origin[1] + s * cy,
                     .area = m->n * s * s,
                     .roundness = m->n / (4 * 3.14159265358979323846 * sqrt(det)),
                     .ratio = (half + root) / fmax(half - root, 1e-9)};
  return out;
}

/* Round filled sections of a slice that do not touch the edge of the box. */
static int slice_blobs(struct blob *out, struct mask *slice, int32_t *stack,
                       const struct geometry *g) {
  int count = 0;
  for (int64_t i = 0; i < slice->n[0] * slice->n[1]; i++) {
    if (slice->v[i] != 1) continue;
    struct moments m;
    flood_slice(&m, slice->v, slice->n[0], slice->n[1], i, stack);
    struct blob b = blob_of(&m, g);
    if (m.edge || b.area < AREA_LOW || b.area > AREA_HIGH) continue;
    if (b.roundness < (b.ratio > UPRIGHT ? CLEAN : ROUND) || b.ratio > BENT) continue;
    if (count < BLOBS) out[count++] = b;
  }
  return count;
}

/* ---- tracking ---- */

struct track {
  struct blob last;
  double area; /* running */
  int64_t first, end, found, misses;
};

static int pick_start(const struct blob *b, int n, const struct head_fit *h) {
  int best = -1;
  double top = -1e9;
  for (int i = 0; i < n; i++) {
    double lateral = -(b[i].x - h->centre.x) * (double)h->side;
    if (lateral < -5) continue;
    double s = 0.02 * lateral + b[i].roundness - 0.2 * (b[i].ratio - 1);
    if (s > top) {
      top = s;
      best = i;
    }
  }
  return best;
}

static int pick_next(const struct blob *b, int n, const struct track *t) {
  int best = -1;
  double nearest = 5;
  for (int i = 0; i < n; i++) {
    double d = hypot(b[i].x - t->last.x, b[i].y - t->last.y);
    if (d <= nearest && b[i].area <= 1.45 * t->area) {
      nearest = d;
      best = i;
    }
  }
  return best;
}

/* Least-squares line of the tracked centres over z. */
static void fit_line(struct shaft *s, const struct blob *centres, const struct geometry *g,
                     double z0) {
  double n = 0, sz = 0, szz = 0, sx = 0, sy = 0, szx = 0, szy = 0;
  for (int64_t k = s->first; k <= s->last; k++) {
    if (s->area_mm2[k] <= 0) continue;
    double z = g->origin[2] + g->spacing[2] * (double)k - z0;
    n++;
    sz += z;
    szz += z * z;
    sx += centres[k].x;
    sy += centres[k].y;
    szx += z * centres[k].x;
    szy += z * centres[k].y;
  }
  double d = n * szz - sz * sz;
  s->dx = (n * szx - sz * sx) / d;
  s->dy = (n * szy - sz * sy) / d;
  s->at = vec3_make((sx - s->dx * sz) / n, (sy - s->dy * sz) / n, z0);
}

struct vec3 shaft_at(const struct shaft *s, double z) {
  return vec3_make(s->at.x + s->dx * (z - s->at.z), s->at.y + s->dy * (z - s->at.z), z);
}

static status slice_mask(struct mask *slice, const struct volume *box, int64_t k) {
  const float *v = box->voxels + k * box->grid.nx * box->grid.ny;
  for (int64_t i = 0; i < box->grid.nx * box->grid.ny; i++) slice->v[i] = v[i] > SHAFT_HU;
  return mask_fill(slice, 2);
}

status shaft_track(struct shaft *s, const struct volume *box, const struct head_fit *head) {
  status st = ST_OK;
  const struct geometry *g = &box->grid;
  struct mask slice = {{0}, NULL};
  struct blob *centres = calloc((size_t)g->nz, sizeof *centres), found[BLOBS];
  int32_t *stack = malloc((size_t)(g->nx * g->ny) * sizeof *stack);
  struct track t = {.first = -1};
  double step = g->spacing[2], tracked = 0;
  memset(s, 0, sizeof *s);
  s->area_mm2 = calloc((size_t)g->nz, sizeof *s->area_mm2);
  CHECK(centres && stack && s->area_mm2, ST_MEMORY, "shaft: out of memory");
  TRY(mask_create(&slice, (int64_t[3]){g->nx, g->ny, 1}));
  for (int64_t k = 0; k < g->nz; k++) {
    if (g->origin[2] + step * (double)k > head->centre.z - BELOW_HEAD) break;
    TRY(slice_mask(&slice, box, k));
    int n = slice_blobs(found, &slice, stack, g);
    int pick = t.first < 0 ? pick_start(found, n, head) : pick_next(found, n, &t);
    if (pick >= 0) {
      if (t.first < 0) t = (struct track){.area = found[pick].area, .first = k};
      t.last = centres[k] = found[pick];
      t.area = 0.9 * t.area + 0.1 * found[pick].area;
      t.end = k;
      t.misses = 0;
      s->area_mm2[k] = found[pick].area;
    } else if (t.first >= 0 && ++t.misses > 6) {
      tracked = step * (double)(t.end - t.first + 1);
      if (tracked >= SHORTEST) break;
      memset(s->area_mm2, 0, (size_t)g->nz * sizeof *s->area_mm2);
      t.first = -1;
    }
  }
  if (t.first >= 0) tracked = step * (double)(t.end - t.first + 1);
  s->present = tracked >= SHORTEST;
  if (s->present) {
    s->tracked_mm = tracked;
    s->first = t.first;
    s->last = t.end;
    fit_line(s, centres, g, head->centre.z);
  }
done:
  free(centres);
  free(stack);
  mask_free(&slice);
  if (st != ST_OK) shaft_free(s);
  return st;
}

void shaft_free(struct shaft *s) {
  free(s->area_mm2);
  s->area_mm2 = NULL;
}

/* ---- bone candidate ---- */

status shaft_bone_candidate(struct mask *out, const struct volume *box) {
  status st = ST_OK;
  const struct geometry *g = &box->grid;
  double step = g->spacing[0];
  struct mask bone = {{0}, NULL}, other = {{0}, NULL};
  TRY(mask_create(&bone, (int64_t[3]){g->nx, g->ny, g->nz}));
  for (int64_t i = 0, n = geometry_voxels(g); i < n; i++) bone.v[i] = box->voxels[i] > BONE_HU;
  TRY(mask_drop_small(&bone, (int64_t)(1500 / (step * step * step))));
  TRY(mask_grow(&bone, 3 / step));
  TRY(mask_fill(&bone, 2));
  TRY(mask_copy(&other, &bone));
  TRY(mask_fill(&bone, 0));
  TRY(mask_fill(&other, 1));
  for (int64_t i = 0, n = mask_size(&bone); i < n; i++) bone.v[i] = bone.v[i] || other.v[i];
  TRY(mask_grow(&bone, -3 / step));
  TRY(mask_grow(&bone, 1.5 / step));
  *out = bone;
  bone.v = NULL;
done:
  mask_free(&bone);
  mask_free(&other);
  return st;
}
