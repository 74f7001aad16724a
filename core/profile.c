#include "core/profile.h"

#include "core/parallel.h"
#include "core/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { N = PROFILE_SAMPLES, ZERO = 16 };   /* ZERO: the sample at the surface, x = 0 */
static const double THIN = 0.1, THICK = 8; /* mm */
static const double ROUNDING = 1e-9;       /* mm, of the distance of two edges */
static const double BEHIND_MM = 4;         /* how far behind the cortex y2 is looked at */
static const double RESIDUAL = 0.15;       /* of y1 - y0 */
static const double WIDE_MM = 3;           /* of a cortex with a plateau */
/* 2 x 1.960 SD of an edge over its rise of 1.349 SD: the blurred middle has 2 P(1.96) - 1 = 0.95 of
 * what is over the outside. A line without width is 2.60 of its own rises wide. */
static const double WIDE_RISES = 2.906;
static const double QUARTER = 0.25, QUARTER_SD = 0.674; /* of the next bone, and before its edge */
/* Between edges so far apart y0 is fitted: half-way both bones have 2.3 % of their height. */
static const double GAP_SD = 4;
enum { SOFT_LEAST = 50 };

static double x_of(double i) {
  return PROFILE_FROM_MM + PROFILE_STEP_MM * i;
}

/* ---- half-maximum ---- */

static double crossing(const double *y, int i, int j, double level) {
  return x_of(i + (level - y[i]) / (y[j] - y[i]) * (j - i));
}

/* Last sample before the peak, going outward, at which y reaches `level` from above. */
static double outer_crossing(const double *y, int first, int peak, double level) {
  for (int i = peak; i > first; i--)
    if (y[i] >= level && y[i - 1] < level) return crossing(y, i - 1, i, level);
  return NAN;
}

static int outer_minimum(int *next, const double *y, int peak, double least) {
  int low = peak;
  *next = 0;
  double best = INFINITY;
  for (int i = peak - 1; i > 0; i--) {
    if (isnan(y[i - 1])) break;
    double m = (y[i - 1] + y[i] + y[i + 1]) / 3;
    if (m < best) {
      best = m;
      low = i;
    }
    if (m > best + least) {
      *next = 1;
      break;
    }
  }
  return low;
}

static double median_of(const double *y, int from, int to) {
  double sorted[N];
  int n = 0;
  for (int i = from; i < to && i < N; i++) {
    if (isnan(y[i])) continue;
    int k = n++;
    for (; k > 0 && sorted[k - 1] > y[i]; k--) sorted[k] = sorted[k - 1];
    sorted[k] = y[i];
  }
  return n ? sorted[n / 2] : NAN;
}

void profile_edges(struct profile_edges *out, const struct profile *p, double least) {
  const double *y = p->y;
  int peak = -1;
  *out = (struct profile_edges){.inner_mm = NAN, .plateau = NAN, .middle = NAN, .rise_mm = NAN};
  for (int i = ZERO - 6; i <= ZERO + 16; i++)
    if (!isnan(y[i]) && (peak < 0 || y[i] > y[peak])) peak = i;
  if (peak < 1 || isnan(y[peak - 1])) return;
  out->first = outer_minimum(&out->next, y, peak, least);
  out->outside = out->first > 0 && out->first < peak
                     ? (y[out->first - 1] + y[out->first] + y[out->first + 1]) / 3
                     : NAN;
  if (!(y[peak] - out->outside >= least)) return;
  double top = y[peak] - out->outside;
  out->peak = y[peak];
  out->outer_mm = outer_crossing(y, out->first, peak, out->outside + top / 2);
  out->rise_mm = outer_crossing(y, out->first, peak, out->outside + 0.75 * top) -
                 outer_crossing(y, out->first, peak, out->outside + 0.25 * top);
  out->ok = !isnan(out->outer_mm);
  out->reach = out->first;
  while (out->next && out->reach > 0 && y[out->reach - 1] < out->outside + QUARTER * top)
    out->reach--;
  out->behind = median_of(y, peak + 16, N);
  if (isnan(out->behind)) out->behind = median_of(y, peak + 4, N);
  double level = (out->peak + out->behind) / 2;
  if (!(out->peak - out->behind >= least)) return;
  for (int i = peak; i + 1 < N && !isnan(y[i + 1]); i++)
    if (y[i] >= level && y[i + 1] < level) {
      out->inner_mm = crossing(y, i, i + 1, level);
      break;
    }
  double wide = out->inner_mm - out->outer_mm;
  if (!(wide >= WIDE_RISES * out->rise_mm)) return;
  double middle = ((out->inner_mm + out->outer_mm) / 2 - PROFILE_FROM_MM) / PROFILE_STEP_MM,
         sum = 0;
  for (int o = -2; o <= 2; o++) sum += y[(int)lround(middle) + o];
  out->middle = sum / 5;
  if (wide >= WIDE_MM) out->plateau = out->middle;
}

/* ---- model ---- */

/* Steps of unit standard deviation, a row for each share of the slices in their variance, at places
 * a fiftieth apart, linear between them: 3e-5 off. The nearest row is taken: 1e-3 off. */
enum { ROWS = 65, TABLE = 1201, MIDDLE = TABLE / 2 };
static const double PER_SD = 50;
struct profile_row {
  struct {
    double p, rise; /* to the next */
  } at[TABLE];
  double over; /* the most that it exceeds 1 */
};
struct profile_table {
  struct profile_row rows[ROWS];
};

/* Fifth-degree step of the box and a cubic B-spline, both of width 1: the integral of the B-spline
 * of degree 4. */
static double spline_step(double u) {
  static const double binomial[6] = {1, -5, 10, -10, 5, -1};
  double sum = 0;
  if (u >= 2.5) return 1;
  for (int k = 0; k < 6; k++) {
    double t = u + 2.5 - k;
    if (t > 0) sum += binomial[k] * t * t * t * t * t;
  }
  return sum / 120;
}

/* The same of the cardinal spline, the sum of B-splines that is 1 in one slice and 0 in all others:
 * sqrt(3) (sqrt(3) - 2)^|k|. */
static double cardinal_step(double u) {
  enum { REACH = 12 };
  const double pole = sqrt(3) - 2;
  double sum = 0, c = sqrt(3);
  for (int k = 0; k <= REACH; k++, c *= pole)
    sum += c * (spline_step(u - k) + (k ? spline_step(u + k) : 0));
  return sum;
}

static double normal_below(double z) {
  return 0.5 * erfc(-z * 0.70710678118654752440);
}

/* The step of the slices seen through the normal part; odd about 1/2. */
static void fill_row(struct profile_row *row, double share) {
  const double width = sqrt(12 * share), sigma = sqrt(1 - share);
  double sharp[TABLE], weight[TABLE];
  int reach = (int)ceil(6 * sigma * PER_SD);
  for (int i = 0; i < TABLE; i++) {
    double x = (i - MIDDLE) / PER_SD;
    sharp[i] = share > 0 ? cardinal_step(x / width) : x < 0 ? 0 : x > 0 ? 1 : 0.5;
    double far = (i + 0.5) / PER_SD, near = (i - 0.5) / PER_SD;
    weight[i] = sigma > 0 ? normal_below(far / sigma) - normal_below(near / sigma) : i == 0;
  }
  row->over = 0;
  for (int i = MIDDLE; i < TABLE; i++) {
    double sum = weight[0] * sharp[i];
    for (int k = 1; k <= reach; k++)
      sum += weight[k] * (sharp[i - k] + (i + k < TABLE ? sharp[i + k] : 1));
    row->at[i].p = sum;
    row->at[2 * MIDDLE - i].p = 1 - sum;
    row->over = fmax(row->over, sum - 1);
  }
  for (int i = 0; i < TABLE; i++)
    row->at[i].rise = i + 1 < TABLE ? row->at[i + 1].p - row->at[i].p : 0;
}

void profile_prepare(struct profile_table **out) {
  struct profile_table *t = malloc(sizeof *t);
  *out = t;
  if (!t) return;
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int r = 0; r < ROWS; r++) fill_row(&t->rows[r], r / (ROWS - 1.0));
}

void profile_table_free(struct profile_table *table) {
  free(table);
}

double profile_blur_sigma(const struct profile_blur *b) {
  return sqrt(b->sigma_mm * b->sigma_mm + b->slice_mm * b->slice_mm / 12);
}

static const struct profile_row *row_of(const struct profile_table *t,
                                        const struct profile_blur *b) {
  double sigma = profile_blur_sigma(b), slices = b->slice_mm * b->slice_mm / 12;
  return &t->rows[lround((ROWS - 1) * slices / (sigma * sigma))];
}

/* At z standard deviations of the whole. */
static inline double row_at(const struct profile_row *row, double z) {
  double place = z * PER_SD + MIDDLE;
  int k = (int)place;
  if (!(place > 0)) return 0;
  if (place >= TABLE - 1) return 1;
  return row->at[k].p + (place - k) * row->at[k].rise;
}

double profile_step(const struct profile_table *table, const struct profile_blur *b, double x) {
  return row_at(row_of(table, b), x / profile_blur_sigma(b));
}

double profile_overshoot(const struct profile_table *table, const struct profile_blur *b) {
  return row_of(table, b)->over;
}

/* Blurred edges P of one profile. A descent comes back to the same few places of both
 * edges in other pairs, so those used last are kept. */
enum { EDGES = 12 };
struct edges {
  const struct profile_row *shape;
  double sigma_mm; /* of the whole blur */
  int from, to;    /* samples filled, [from, to) */
  int calls;
  struct {
    int used; /* the call that used it last, 0: none */
    double at, p[N];
  } row[EDGES];
};

static void fill_edge(double *p, const struct edges *e, double at) {
  const double scale = 1 / e->sigma_mm;
  for (int i = e->from; i < e->to; i++) p[i] = row_at(e->shape, (x_of(i) - at) * scale);
}

/* Valid until EDGES - 1 others were asked for. */
static const double *edge_at(struct edges *e, double at) {
  int oldest = 0;
  e->calls++;
  for (int r = 0; r < EDGES; r++) {
    if (e->row[r].used && e->row[r].at == at) {
      e->row[r].used = e->calls;
      return e->row[r].p;
    }
    if (e->row[r].used < e->row[oldest].used) oldest = r;
  }
  e->row[oldest].used = e->calls;
  e->row[oldest].at = at;
  fill_edge(e->row[oldest].p, e, at);
  return e->row[oldest].p;
}

struct line { /* what a fit works on */
  const double *y;
  int from, to; /* samples used, [from, to) */
  int next;     /* another bone follows */
  const struct profile_known *known;
  struct edges *edges;
};

/* What is fitted by descent, the edges of the cortex and that of the next bone, and what follows
 * from it by least squares. */
struct place {
  double outer, inner, next;
  double y0, y2;
};

/* Best y0 for given edges and density behind, and the sum of squares. */
static double project_given(const struct line *l, struct place *p) {
  const struct profile_known *k = l->known;
  const double *a = edge_at(l->edges, p->outer), *b = edge_at(l->edges, p->inner);
  const double *n = l->next ? edge_at(l->edges, p->next) : NULL;
  double aa = 0, ad = 0, dd = 0;
  for (int i = l->from; i < l->to; i++) {
    double depth = x_of(i) - p->inner, c = n ? 1 - n[i] : 0, u = 1 - a[i] - c;
    double behind = k->y2 + k->y2_slope * (depth > 0 ? depth : 0);
    double d = l->y[i] - k->y1 * (a[i] - b[i] + c) - behind * b[i];
    aa += u * u;
    ad += u * d;
    dd += d * d;
  }
  p->y0 = isnan(k->y0) ? ad / fmax(aa, 1e-6) : k->y0;
  p->y2 = k->y2;
  return dd - 2 * p->y0 * ad + p->y0 * p->y0 * aa;
}

/* Best y0, y2 for given edges, and the sum of squares; INFINITY when degenerate. */
static double project(const struct line *l, struct place *p) {
  const struct profile_known *k = l->known;
  const double *a = edge_at(l->edges, p->outer), *b = edge_at(l->edges, p->inner);
  const double *n = l->next ? edge_at(l->edges, p->next) : NULL;
  double aa = 0, bb = 0, ab = 0, ad = 0, bd = 0, dd = 0;
  for (int i = l->from; i < l->to; i++) {
    double c = n ? 1 - n[i] : 0, u = 1 - a[i] - c, d = l->y[i] - k->y1 * (a[i] - b[i] + c);
    aa += u * u;
    bb += b[i] * b[i];
    ab += u * b[i];
    ad += u * d;
    bd += b[i] * d;
    dd += d * d;
  }
  double det = aa * bb - ab * ab;
  if (det < 1e-6) return INFINITY;
  p->y0 = isnan(k->y0) ? (ad * bb - bd * ab) / det : k->y0;
  p->y2 = (bd - p->y0 * ab) / bb;
  return dd - 2 * p->y0 * ad + p->y0 * p->y0 * aa - p->y2 * (bd - p->y0 * ab);
}

static void edges_begin(struct edges *e, const struct profile_table *table, const struct line *l) {
  e->shape = row_of(table, &l->known->blur);
  e->sigma_mm = profile_blur_sigma(&l->known->blur);
  e->from = l->from;
  e->to = l->to;
  e->calls = 0;
  for (int r = 0; r < EDGES; r++) e->row[r].used = 0;
}

static double bounded(double t) {
  return fmin(fmax(t, THIN), THICK);
}

/* Descent in the edges by coordinate steps that halve when nothing improves: smooth, nearly
 * independent parameters. */
static double descend(const struct line *l, struct place *p) {
  enum { OWN = 8 };
  static const double move[OWN + 2][3] = {{1, 1},  {-1, -1}, {0, 1},  {0, -1},   {1, -1},
                                          {-1, 1}, {1, 0},   {-1, 0}, {0, 0, 1}, {0, 0, -1}};
  const int fixed = !isnan(l->known->y2), moves = l->next ? OWN + 2 : OWN;
  double (*const fit)(const struct line *, struct place *) = fixed ? project_given : project;
  double best = fit(l, p);
  for (double step = 0.4; step > 0.015;) {
    int better = 0, undo = -1; /* the move that would only lead back */
    for (int m = 0; m < moves; m++) {
      if (m == undo || (fixed && move[m][0] != 0)) continue;
      struct place q = *p;
      q.outer += step * move[m][0];
      q.inner += step * move[m][1];
      q.next += step * move[m][2];
      double t = q.inner - q.outer, within = bounded(t);
      if (within != t) q.inner = q.outer + within;
      double s = fit(l, &q);
      if (s >= best) continue;
      undo = within == t ? m ^ 1 : -1;
      best = s;
      *p = q;
      better = 1;
    }
    if (!better) step /= 2;
  }
  return best;
}

/* With another bone outside: by the given y0, then with y0 itself where that leaves a gap, else
 * this bone alone from `first` on. */
static double fit_beside(const struct line *l, struct place *at, int first) {
  struct place own = *at;
  struct profile_known free_y0 = *l->known;
  struct line alone = *l, both = *l;
  double square = descend(l, at);
  if (isnan(l->known->y0)) return square;
  if (at->outer - at->next >= GAP_SD * l->edges->sigma_mm) {
    free_y0.y0 = NAN;
    both.known = &free_y0;
    return descend(&both, at);
  }
  *at = own;
  alone.next = 0;
  alone.from = first;
  return descend(&alone, at);
}

/* Sample from which this bone alone is fitted. Slices leave a dip before an edge, deeper where they
 * happen to lie well for it, and the lowest sample outside is in it: from there on y0 would be that
 * of the dip, so half a slice more is looked at. */
static int first_of_fit(const struct profile *p, const struct profile_edges *start,
                        const struct profile_known *known) {
  int from = start->first, more = (int)(0.5 * known->blur.slice_mm / PROFILE_STEP_MM);
  if (start->next) return known->box ? from : start->reach;
  for (; more > 0 && from > 0 && !isnan(p->y[from - 1]); more--) from--;
  return from;
}

void profile_fit(struct profile_fit *out, const struct profile *p,
                 const struct profile_edges *start, const struct profile_table *table,
                 const struct profile_known *known) {
  struct edges edges;
  struct line l = {.y = p->y,
                   .from = first_of_fit(p, start, known),
                   .next = start->next && !known->box,
                   .known = known,
                   .edges = &edges};
  double y1 = known->y1, sigma_mm = profile_blur_sigma(&known->blur);
  out->ok = 0;
  if (!start->ok) return;
  double fraction = fmin((start->peak - start->outside) / fmax(y1 - start->outside, 1), 0.99);
  double wide = isnan(start->inner_mm) ? 3 : start->inner_mm - start->outer_mm;
  double guess = wide > 3 * sigma_mm ? wide : bounded(2.5 * sigma_mm * fraction);
  struct place at = {.next = x_of(l.from) - QUARTER_SD * sigma_mm};
  at.outer = !isnan(known->y2)     ? known->x0
             : wide > 3 * sigma_mm ? start->outer_mm
                                   : start->outer_mm + 0.6 * sigma_mm;
  at.inner = at.outer + bounded(guess);
  double end =
      (start->outer_mm + fmax(wide, guess) + BEHIND_MM - PROFILE_FROM_MM) / PROFILE_STEP_MM;
  l.to = end < N ? (int)end : N;
  while (l.to > l.from && isnan(p->y[l.to - 1])) l.to--;
  if (l.to - l.from < 12) return;
  edges_begin(&edges, table, &l);
  double square = l.next ? fit_beside(&l, &at, start->first) : descend(&l, &at);
  double t = at.inner - at.outer;
  out->outer_mm = at.outer;
  out->thickness_mm = t;
  out->outside = at.y0;
  out->behind = at.y2;
  out->rms = sqrt(fmax(square, 0) / (l.to - l.from));
  out->ok = out->rms < RESIDUAL * (y1 - at.y0) && t > THIN + ROUNDING && t < THICK - ROUNDING &&
            fabs(at.outer) < 3;
}

int profile_soft(double *y0, const struct profile_fit *fits, const struct profile_edges *edges,
                 int64_t n) {
  double *all = malloc((size_t)(n + 1) * sizeof *all);
  int64_t count = 0;
  if (!all) return 0;
  for (int64_t i = 0; i < n; i++)
    if (fits[i].ok && !edges[i].next) all[count++] = fits[i].outside;
  *y0 = count >= SOFT_LEAST ? stat_median(all, count) : NAN;
  free(all);
  return 1;
}
