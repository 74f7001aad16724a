/* Voxel elasticity on a slab of node planes; included once per REAL with NAME(x) adding a suffix
 * and LANES numbers in a vector.
 *
 * The element operator in a basis of parities. For one displacement component with corner values
 * u(x,y,z), x,y,z = -1, 1, mode "xy" is the sum of x*y*u over the corners, and so on. In these
 * modes the 24 x 24 stiffness of a cube falls into blocks of 1 to 3: with E h/16 in front
 *
 *   x of ux, y of uy, z of uz         constant normal strain        c
 *   y of ux with x of uy, ...         constant shear                g_xy
 *   xy of ux with yz of uz, ...       bending                       (c_xx + g_xy)/3, c_xz/3
 *   yz of ux, xz of uy, xy of uz      torsion                       g_xy/3, g_xz/3, g_yz/3
 *   xyz of ux                         hourglass                     (c_xx + g_xy + g_xz)/9
 *
 * for 2x2x2 Gauss points (tested against the dense matrix), c and g as in fea/elasticity.h. About
 * 240 operations replace 1152, and all loads and stores run along x.
 *
 * Element i leaves its sum s and difference d along x at the place of node i of each of the four
 * node rows around it (struct mg_scratch); the force of node i is (s - d) of element i plus (s + d)
 * of element i - 1. So no vector waits for its neighbour.
 *
 * A vector may reach past the end of its row, but not of its plane (FEA_ROW_PADDING): the modulus
 * there is 0, so what it reads does not matter and what it adds is 0. Arrays of nodes have
 * MG_PADDING numbers more.
 */

typedef REAL NAME(vector) __attribute__((vector_size(LANES * sizeof(REAL))));
#define VECTOR NAME(vector)

static inline VECTOR NAME(load)(const REAL *p) {
  VECTOR v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void NAME(add_to)(REAL *p, VECTOR v) {
  v += NAME(load)(p);
  memcpy(p, &v, sizeof v);
}

static inline VECTOR NAME(load_modulus)(const float *p) {
  typedef float narrow __attribute__((vector_size(LANES * sizeof(float))));
  narrow v;
  memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, VECTOR);
}

/* The modes of one component; a rigid shift carries no stiffness. */
struct NAME(modes) {
  VECTOR x, y, xy, z, xz, yz, xyz;
};

static inline struct NAME(modes) NAME(to_modes)(const REAL *const u[4], const int64_t at[4]) {
  /* u[y + 2z]: node rows; places at[] and one further are the corners at x = -1 and 1 */
  VECTOR s[4], d[4];
  for (int q = 0; q < 4; q++) {
    const VECTOR low = NAME(load)(u[q] + at[q]), high = NAME(load)(u[q] + at[q] + 1);
    s[q] = low + high;
    d[q] = high - low;
  }
  const VECTOR ss0 = s[0] + s[1], ds0 = d[0] + d[1], sd0 = s[1] - s[0], dd0 = d[1] - d[0];
  const VECTOR ss1 = s[2] + s[3], ds1 = d[2] + d[3], sd1 = s[3] - s[2], dd1 = d[3] - d[2];
  struct NAME(modes)
      m = {ds0 + ds1, sd0 + sd1, dd0 + dd1, ss1 - ss0, ds1 - ds0, sd1 - sd0, dd1 - dd0};
  return m;
}

/* Transposed: add sums at s[q], differences `apart` further. */
static inline void NAME(from_modes)(struct NAME(modes) f, REAL *const s[4], const int64_t at[4],
                                    int64_t apart) {
  const VECTOR d0 = f.x - f.xz, s1 = f.y - f.yz, d1 = f.xy - f.xyz;
  const VECTOR d2 = f.x + f.xz, s3 = f.y + f.yz, d3 = f.xy + f.xyz;
  NAME(add_to)(s[0] + at[0], -f.z - s1);
  NAME(add_to)(s[0] + at[0] + apart, d0 - d1);
  NAME(add_to)(s[1] + at[1], s1 - f.z);
  NAME(add_to)(s[1] + at[1] + apart, d0 + d1);
  NAME(add_to)(s[2] + at[2], f.z - s3);
  NAME(add_to)(s[2] + at[2] + apart, d2 - d3);
  NAME(add_to)(s[3] + at[3], f.z + s3);
  NAME(add_to)(s[3] + at[3] + apart, d2 + d3);
}

/* Stiffness of the modes for a modulus of 1; pairs of axes yz, xz, xy. */
struct NAME(moduli) {
  REAL normal[3], cross[3], shear[3];
  REAL bend[3][3]; /* [component][axis that its mode lacks], the axis not its own */
  REAL bend_cross[3], twist[3], hourglass[3];
};

static struct NAME(moduli) NAME(to_moduli)(const struct fea_elasticity *u) {
  struct NAME(moduli) m = {0};
  for (int a = 0; a < 3; a++) {
    const int b = (a + 1) % 3, c = (a + 2) % 3;
    m.normal[a] = (REAL)u->normal[a][a];
    m.cross[a] = (REAL)u->normal[b][c];
    m.shear[a] = (REAL)u->shear[a];
    m.bend[a][b] = (REAL)((u->normal[a][a] + u->shear[b]) / 3); /* mode ac, its pair is b */
    m.bend[a][c] = (REAL)((u->normal[a][a] + u->shear[c]) / 3);
    m.bend_cross[a] = (REAL)(u->normal[b][c] / 3);
    m.twist[a] = (REAL)(u->shear[a] / 3);
    m.hourglass[a] = (REAL)((u->normal[a][a] + u->shear[b] + u->shear[c]) / 9);
  }
  return m;
}

/* One row of n elements. u[q], s[q]: node rows q = y + 2z, shifted to the row's first node;
 * stride[q]: from one component to the next; apart: from the place of a sum to that of its
 * difference; factor = h/16. With `cubic` as a constant the compiler holds the few numbers that
 * are left in registers, which makes it a tenth faster. */
static inline __attribute__((always_inline)) void
NAME(element_row)(int64_t n, const float *modulus, const REAL *const u[4], const int64_t stride[4],
                  REAL *const s[4], int64_t apart, REAL factor, const struct NAME(moduli) * moduli,
                  bool cubic) {
  /* copies that no store can change */
  const REAL c11 = moduli->normal[0], c12 = moduli->cross[0], g = moduli->shear[0];
  const REAL bend = moduli->bend[0][1], bend_cross = moduli->bend_cross[0];
  const REAL twist = moduli->twist[0], hourglass = moduli->hourglass[0];
  const struct NAME(moduli) one = {{c11, c11, c11},
                                   {c12, c12, c12},
                                   {g, g, g},
                                   {{0, bend, bend}, {bend, 0, bend}, {bend, bend, 0}},
                                   {bend_cross, bend_cross, bend_cross},
                                   {twist, twist, twist},
                                   {hourglass, hourglass, hourglass}};
  const struct NAME(moduli) m = cubic ? one : *moduli;
  const REAL *const v[4] = {u[0], u[1], u[2], u[3]};
  REAL *const t[4] = {s[0], s[1], s[2], s[3]};
  const int64_t step[4] = {stride[0], stride[1], stride[2], stride[3]};
  for (int64_t i = 0; i < n; i += LANES) {
    int64_t at[3][4];
    for (int axis = 0; axis < 3; axis++)
      for (int q = 0; q < 4; q++) at[axis][q] = i + axis * step[q];
    const struct NAME(modes) a = NAME(to_modes)(v, at[0]);
    const struct NAME(modes) b = NAME(to_modes)(v, at[1]);
    const struct NAME(modes) c = NAME(to_modes)(v, at[2]);
    const VECTOR e = NAME(load_modulus)(modulus + i) * factor;
    const VECTOR xy = e * (m.shear[2] * (a.y + b.x)), xz = e * (m.shear[1] * (c.x + a.z));
    const VECTOR yz = e * (m.shear[0] * (b.z + c.y));
    const VECTOR twist_xy = m.twist[2] * (a.yz + b.xz), twist_xz = m.twist[1] * (a.yz + c.xy);
    const VECTOR twist_yz = m.twist[0] * (b.xz + c.xy);
    const struct NAME(modes) fa = {e * (m.normal[0] * a.x + m.cross[2] * b.y + m.cross[1] * c.z),
                                   xy,
                                   e * (m.bend[0][2] * a.xy + m.bend_cross[1] * c.yz),
                                   xz,
                                   e * (m.bend[0][1] * a.xz + m.bend_cross[2] * b.yz),
                                   e * (twist_xy + twist_xz),
                                   e * (m.hourglass[0] * a.xyz)};
    const struct NAME(modes) fb = {xy,
                                   e * (m.cross[2] * a.x + m.normal[1] * b.y + m.cross[0] * c.z),
                                   e * (m.bend[1][2] * b.xy + m.bend_cross[0] * c.xz),
                                   yz,
                                   e * (twist_xy + twist_yz),
                                   e * (m.bend[1][0] * b.yz + m.bend_cross[2] * a.xz),
                                   e * (m.hourglass[1] * b.xyz)};
    const struct NAME(modes) fc = {xz,
                                   yz,
                                   e * (twist_xz + twist_yz),
                                   e * (m.cross[1] * a.x + m.cross[0] * b.y + m.normal[2] * c.z),
                                   e * (m.bend[2][1] * c.xz + m.bend_cross[0] * b.xy),
                                   e * (m.bend[2][0] * c.yz + m.bend_cross[1] * a.xy),
                                   e * (m.hourglass[2] * c.xyz)};
    NAME(from_modes)(fa, t, at[0], apart);
    NAME(from_modes)(fb, t, at[1], apart);
    NAME(from_modes)(fc, t, at[2], apart);
  }
}

typedef void (*NAME(row_function))(int64_t n, const float *modulus, const REAL *const u[4],
                                   const int64_t stride[4], REAL *const s[4], int64_t apart,
                                   REAL factor, const struct NAME(moduli) * moduli);

static void NAME(cubic_row)(int64_t n, const float *modulus, const REAL *const u[4],
                            const int64_t stride[4], REAL *const s[4], int64_t apart, REAL factor,
                            const struct NAME(moduli) * moduli) {
  NAME(element_row)(n, modulus, u, stride, s, apart, factor, moduli, true);
}

static void NAME(orthotropic_row)(int64_t n, const float *modulus, const REAL *const u[4],
                                  const int64_t stride[4], REAL *const s[4], int64_t apart,
                                  REAL factor, const struct NAME(moduli) * moduli) {
  NAME(element_row)(n, modulus, u, stride, s, apart, factor, moduli, false);
}

/* Add element plane k to the sums of node planes k (low) and k + 1 (high). */
static void NAME(element_plane)(const struct mg_level *l, int64_t k, const REAL *x_low,
                                const REAL *x_high, REAL *low, REAL *high, int64_t apart) {
  const struct fea_rows *rows = &l->rows;
  const struct NAME(moduli) moduli = NAME(to_moduli)(&l->unit);
  const NAME(row_function) row_function = l->cubic ? NAME(cubic_row) : NAME(orthotropic_row);
  const REAL *x[2] = {x_low, x_high};
  REAL *out[2] = {low, high};
  for (int64_t j = 0; j < rows->ny; j++) {
    const int64_t row = k * rows->ny + j, first = rows->element_first[row];
    const int64_t n = rows->element_last[row] - first;
    if (n <= 0) continue;
    const REAL *u[4];
    REAL *s[4];
    int64_t stride[4];
    for (int q = 0; q < 4; q++) {
      const int64_t plane = k + (q >> 1), node_row = plane * (rows->ny + 1) + j + (q & 1);
      const int64_t at = rows->node_start[node_row] - rows->plane_start[plane] + first -
                         rows->node_first[node_row];
      stride[q] = rows->node_last[node_row] - rows->node_first[node_row];
      u[q] = x[q >> 1] + at;
      s[q] = out[q >> 1] + at;
    }
    row_function(n, l->modulus + (rows->element_start[row] - l->modulus_base), u, stride, s, apart,
                 (REAL)(l->size_mm / 16), &moduli);
  }
}

/* Force on the node at place t of a plane. */
#define FORCE(s, d, t) (((s)[t] - (d)[t]) + ((s)[(t)-1] + (d)[(t)-1]))

/* x += v, v = alpha*d + beta*D^-1 (b - K x), over one row of one component. d_in may be NULL (0) or
 * x itself; v is kept in d_out unless that is NULL. */
static inline void NAME(smooth_row)(int64_t n, const REAL *restrict s, const REAL *restrict d,
                                    const REAL *restrict b, const float *restrict diagonal,
                                    const REAL *d_in, REAL *d_out, REAL *x, REAL alpha, REAL beta) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) {
    REAL v = beta * diagonal[i] * (b[i] - FORCE(s, d, i));
    if (d_in) v += alpha * d_in[i];
    if (d_out) d_out[i] = v;
    x[i] += v;
  }
}

static void NAME(smooth_plane)(const struct mg_level *l, const struct NAME(mg_job) * o, int64_t k,
                               const REAL *s, const REAL *d) {
  const struct fea_rows *rows = &l->rows;
  const int64_t at = rows->plane_start[k] - l->base;
  for (int64_t j = 0; j <= rows->ny; j++) {
    const int64_t row = k * (rows->ny + 1) + j, n = rows->node_last[row] - rows->node_first[row];
    int64_t t = rows->node_start[row] - l->base;
    const float *diagonal = l->inverse_diagonal + t / 3;
    for (int axis = 0; axis < 3; axis++, t += n) {
      const REAL *sum = s + (t - at), *difference = d + (t - at), *b = o->b + t;
      const REAL beta = o->beta * (REAL)l->diagonal_share[axis];
      if (o->d_out)
        NAME(smooth_row)(n, sum, difference, b, diagonal, NULL, o->d_out + t, o->x + t, 0, beta);
      else
        NAME(smooth_row)
      (n, sum, difference, b, diagonal, o->d_in + t, NULL, o->x + t, o->alpha, beta);
    }
  }
  for (int64_t f = l->fixed_start[k]; f < l->fixed_start[k + 1]; f++) {
    o->x[l->fixed[f] - l->base] = 0;
    if (o->d_out) o->d_out[l->fixed[f] - l->base] = 0;
  }
}

static double NAME(dot)(int64_t n, const REAL *restrict x, const REAL *restrict y) {
  double lane[16] = {0}, rest = 0;
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int c = 0; c < 16; c++) lane[c] += (double)x[i + c] * (double)y[i + c];
  for (; i < n; i++) rest += (double)x[i] * (double)y[i];
  for (int c = 0; c < 16; c++) rest += lane[c];
  return rest;
}

/* Use the finished sums of node plane k. */
static void NAME(finish_plane)(const struct mg_level *l, const struct NAME(mg_job) * job, int64_t k,
                               const REAL *restrict s, const REAL *restrict d) {
  const int64_t start = l->rows.plane_start[k], n = l->rows.plane_start[k + 1] - start;
  const int64_t at = start - l->base;
  if (job->mode == MG_SMOOTH) {
    NAME(smooth_plane)(l, job, k, s, d);
    if (job->dot) job->dot[k] = NAME(dot)(n, job->b + at, job->x + at);
    return;
  }
  REAL *restrict out = job->y + at;
  if (job->mode == MG_RESIDUAL) {
    const REAL *restrict b = job->b + at;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) out[i] = b[i] - FORCE(s, d, i);
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) out[i] = FORCE(s, d, i);
  }
  if (job->mode != MG_REACTION)
    for (int64_t f = l->fixed_start[k]; f < l->fixed_start[k + 1]; f++)
      out[l->fixed[f] - start] = 0;
  if (job->dot) job->dot[k] = NAME(dot)(n, job->x + at, out);
}

/* Node planes [first, last) of the level; edge[0], edge[1] replace x on planes first - 1 and last.
 * The element planes at both ends also add to node planes of the neighbours: to sums that are
 * cleared before they are used, or never used. */
static void NAME(chunk)(const struct mg_level *l, const struct NAME(mg_job) * job, int64_t first,
                        int64_t last, const REAL *edge[2], const struct mg_scratch *scratch) {
  const int64_t *start = l->rows.plane_start;
  const int64_t apart = scratch->apart;
  for (int64_t k = first - 1; k < last; k++) { /* element plane k completes node plane k */
    REAL *low = (REAL *)scratch->sums[k & 1] + MG_PADDING;
    REAL *high = (REAL *)scratch->sums[(k + 1) & 1] + MG_PADDING;
    const int64_t next = k + 1 > l->rows.nz ? 0 : start[k + 2] - start[k + 1];
    memset(high - 1, 0, (size_t)(next + 1) * sizeof(REAL));
    memset(high + apart - 1, 0, (size_t)(next + 1) * sizeof(REAL));
    if (k >= 0 && k < l->rows.nz) {
      const REAL *x_low = k < first && edge[0] ? edge[0] : job->x + (start[k] - l->base);
      const REAL *x_high = k + 1 >= last && edge[1] ? edge[1] : job->x + (start[k + 1] - l->base);
      NAME(element_plane)(l, k, x_low, x_high, low, high, apart);
    }
    if (k >= first) NAME(finish_plane)(l, job, k, low, low + apart);
  }
}

void NAME(mg_slab)(const struct multigrid *mg, const struct mg_level *l,
                   const struct NAME(mg_job) * job) {
  const int chunks = mg_chunks(mg, l);
  const int64_t *start = l->rows.plane_start;
  const int copies =
      job->mode == MG_SMOOTH && chunks > 1; /* x changes while others still read it */
  const REAL *x = job->x;
  if (copies)
    for (int c = 0; c < chunks; c++) {
      int64_t first = mg_cut(l, c, chunks), last = mg_cut(l, c + 1, chunks);
      if (c > 0)
        memcpy(mg->scratch[c].edge[0], x + (start[first - 1] - l->base),
               (size_t)(start[first] - start[first - 1]) * sizeof(REAL));
      if (c < chunks - 1)
        memcpy(mg->scratch[c].edge[1], x + (start[last] - l->base),
               (size_t)(start[last + 1] - start[last]) * sizeof(REAL));
    }
#pragma omp parallel for schedule(static, 1) num_threads(chunks) if (chunks > 1)
  for (int c = 0; c < chunks; c++) {
    const REAL *edge[2] = {
        copies && c > 0 ? (const REAL *)(const void *)mg->scratch[c].edge[0] : NULL,
        copies && c < chunks - 1 ? (const REAL *)(const void *)mg->scratch[c].edge[1] : NULL};
    NAME(chunk)
    (l, job, mg_cut(l, c, chunks), mg_cut(l, c + 1, chunks), edge, &mg->scratch[c]);
  }
}

#undef VECTOR
#undef FORCE
