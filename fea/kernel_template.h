/* Voxel elasticity on a slab of node planes; included once per REAL with NAME(x) adding a suffix.
 *
 * The element operator in a basis of parities. For one displacement component with corner values
 * u(x,y,z), x,y,z = -1, 1, mode "xy" is the sum of x*y*u over the corners, and so on. In these
 * modes the 24 x 24 stiffness of a cube falls into blocks of 1 to 3: with E h/16 in front
 *
 *   x of ux, y of uy, z of uz         constant normal strain        lambda and 2 mu
 *   y of ux with x of uy, ...         constant shear                mu
 *   xy of ux with yz of uz, ...       bending                       (lambda + 3 mu)/3, lambda/3
 *   yz of ux, xz of uy, xy of uz      torsion                       mu/3
 *   xyz                               hourglass                     (lambda + 4 mu)/9
 *
 * for 2x2x2 Gauss points (tested against the dense matrix). 228 operations replace 1152, and all
 * loads and stores run along x.
 */

/* The eight modes of one component; a sum without letters (rigid shift) carries no stiffness. */
struct NAME(modes) {
  REAL sum, x, y, xy, z, xz, yz, xyz;
};

static inline struct NAME(modes)
    NAME(to_modes)(const REAL *u00, const REAL *u10, const REAL *u01, const REAL *u11) {
  /* u<y><z>: node rows; [0] and [1] are the corners at x = -1 and 1 */
  REAL s00 = u00[0] + u00[1], d00 = u00[1] - u00[0], s10 = u10[0] + u10[1], d10 = u10[1] - u10[0];
  REAL s01 = u01[0] + u01[1], d01 = u01[1] - u01[0], s11 = u11[0] + u11[1], d11 = u11[1] - u11[0];
  REAL ss0 = s00 + s10, ds0 = d00 + d10, sd0 = s10 - s00, dd0 = d10 - d00;
  REAL ss1 = s01 + s11, ds1 = d01 + d11, sd1 = s11 - s01, dd1 = d11 - d01;
  struct NAME(modes)
      m = {ss0 + ss1, ds0 + ds1, sd0 + sd1, dd0 + dd1, ss1 - ss0, ds1 - ds0, sd1 - sd0, dd1 - dd0};
  return m;
}

/* Nodal forces of one component, transposed: for node row q = y + 2z the x-sum part s and the
 * x-difference part d, force at x = -1 is s - d, at x = 1 s + d. */
static inline void NAME(from_modes)(struct NAME(modes) f, REAL s[4], REAL d[4]) {
  REAL s0 = -f.z, d0 = f.x - f.xz, s1 = f.y - f.yz, d1 = f.xy - f.xyz;
  REAL s2 = f.z, d2 = f.x + f.xz, s3 = f.y + f.yz, d3 = f.xy + f.xyz;
  s[0] = s0 - s1, d[0] = d0 - d1;
  s[1] = s0 + s1, d[1] = d0 + d1;
  s[2] = s2 - s3, d[2] = d2 - d3;
  s[3] = s2 + s3, d[3] = d2 + d3;
}

/* Add the forces of one row of n elements to the node rows it touches.
 * u[q], y[q]: node rows q = y + 2z, shifted to the row's first node; stride[q]: from one component
 * to the next; sides: bit 0 writes the low node plane, bit 1 the high one; factor = h/16;
 * scratch: 24*(n + 32) values. */
static void NAME(element_row)(int64_t n, const float *restrict modulus, const REAL *const u[4],
                              const int64_t stride[4], REAL *const y[4], int sides, REAL factor,
                              REAL poisson, REAL *restrict scratch) {
  const REAL lambda = poisson / ((1 + poisson) * (1 - 2 * poisson)), mu = (REAL)0.5 / (1 + poisson);
  const REAL third = (REAL)(1. / 3), ninth = (REAL)(1. / 9), mu2 = 2 * mu;
  const REAL bend = third * (lambda + 3 * mu), bend_cross = third * lambda, twist = third * mu;
  const REAL hourglass = ninth * (lambda + 4 * mu);
  const int64_t m = (n + 16) & ~(int64_t)15;
  REAL *restrict sums = scratch, *restrict differences = scratch + 12 * m; /* [q][component][m] */
  const REAL *u0 = u[0], *u1 = u[1], *u2 = u[2], *u3 = u[3];
  const int64_t t0 = stride[0], t1 = stride[1], t2 = stride[2], t3 = stride[3];

#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) {
    struct NAME(modes) a = NAME(to_modes)(u0 + i, u1 + i, u2 + i, u3 + i);
    struct NAME(modes) b = NAME(to_modes)(u0 + t0 + i, u1 + t1 + i, u2 + t2 + i, u3 + t3 + i);
    struct NAME(modes) c =
        NAME(to_modes)(u0 + 2 * t0 + i, u1 + 2 * t1 + i, u2 + 2 * t2 + i, u3 + 2 * t3 + i);
    const REAL e = modulus[i] * factor, em = e * mu, trace = lambda * (a.x + b.y + c.z);
    const REAL xy = em * (a.y + b.x), yz = em * (b.z + c.y), xz = em * (c.x + a.z);
    const REAL torsion = e * twist, twist_sum = torsion * (a.yz + b.xz + c.xy), hg = e * hourglass;
    struct NAME(modes) fa = {0,
                             e * (mu2 * a.x + trace),
                             xy,
                             e * (bend * a.xy + bend_cross * c.yz),
                             xz,
                             e * (bend * a.xz + bend_cross * b.yz),
                             twist_sum + torsion * a.yz,
                             hg * a.xyz};
    struct NAME(modes) fb = {0,
                             xy,
                             e * (mu2 * b.y + trace),
                             e * (bend * b.xy + bend_cross * c.xz),
                             yz,
                             twist_sum + torsion * b.xz,
                             e * (bend * b.yz + bend_cross * a.xz),
                             hg * b.xyz};
    struct NAME(modes) fc = {0,
                             xz,
                             yz,
                             twist_sum + torsion * c.xy,
                             e * (mu2 * c.z + trace),
                             e * (bend * c.xz + bend_cross * b.xy),
                             e * (bend * c.yz + bend_cross * a.xy),
                             hg * c.xyz};
    REAL s[3][4], d[3][4];
    NAME(from_modes)(fa, s[0], d[0]);
    NAME(from_modes)(fb, s[1], d[1]);
    NAME(from_modes)(fc, s[2], d[2]);
    for (int q = 0; q < 4; q++)
      for (int axis = 0; axis < 3; axis++) {
        sums[(3 * q + axis) * m + i] = s[axis][q];
        differences[(3 * q + axis) * m + i] = d[axis][q];
      }
  }
  for (int q = 0; q < 4; q++) {
    if (!(sides >> (q >> 1) & 1)) continue;
    for (int axis = 0; axis < 3; axis++) {
      REAL *restrict out = y[q] + axis * stride[q];
      const REAL *restrict s = sums + (3 * q + axis) * m;
      const REAL *restrict d = differences + (3 * q + axis) * m;
      out[0] += s[0] - d[0];
#pragma GCC ivdep
      for (int64_t i = 1; i < n; i++) out[i] += (s[i] - d[i]) + (s[i - 1] + d[i - 1]);
      out[n] += s[n - 1] + d[n - 1];
    }
  }
}

/* Add element plane k to the sums of node planes k (low) and k + 1 (high). */
static void NAME(element_plane)(const struct mg_level *l, int64_t k, const REAL *x_low,
                                const REAL *x_high, REAL *y_low, REAL *y_high, REAL *scratch) {
  const struct fea_rows *rows = &l->rows;
  const REAL *x[2] = {x_low, x_high};
  REAL *out[2] = {y_low, y_high};
  int sides = (y_low ? 1 : 0) | (y_high ? 2 : 0);
  for (int64_t j = 0; j < rows->ny; j++) {
    int64_t row = k * rows->ny + j, first = rows->element_first[row];
    int64_t n = rows->element_last[row] - first;
    if (n <= 0) continue;
    const REAL *u[4];
    REAL *y[4];
    int64_t stride[4];
    for (int q = 0; q < 4; q++) {
      int64_t plane = k + (q >> 1), node_row = plane * (rows->ny + 1) + j + (q & 1);
      int64_t at = rows->node_start[node_row] - rows->plane_start[plane] + first -
                   rows->node_first[node_row];
      stride[q] = rows->node_last[node_row] - rows->node_first[node_row];
      u[q] = x[q >> 1] + at;
      y[q] = out[q >> 1] ? out[q >> 1] + at : NULL;
    }
    NAME(element_row)
    (n, l->modulus + (rows->element_start[row] - l->modulus_base), u, stride, y, sides,
     (REAL)(l->size_mm / 16), (REAL)l->poisson, scratch);
  }
}

/* Use the finished sum K x of node plane k; MG_APPLY and MG_REACTION have summed in y itself. */
static void NAME(finish_plane)(const struct mg_level *l, enum mg_mode mode, int64_t k, REAL *kx,
                               REAL *x, const REAL *b, REAL *y, REAL *d, REAL alpha, REAL beta) {
  const struct fea_rows *rows = &l->rows;
  const int64_t start = rows->plane_start[k], n = rows->plane_start[k + 1] - start;
  const int64_t at = start - l->base;
  if (mode == MG_REACTION) return;
  if (mode != MG_SMOOTH) {
    REAL *out = y + at;
    if (mode == MG_RESIDUAL) {
      REAL *restrict left = out;
      const REAL *restrict rhs = b + at, *restrict sum = kx;
      for (int64_t i = 0; i < n; i++) left[i] = rhs[i] - sum[i];
    }
    for (int64_t f = l->fixed_start[k]; f < l->fixed_start[k + 1]; f++)
      out[l->fixed[f] - start] = 0;
    return;
  }
  for (int64_t f = l->fixed_start[k]; f < l->fixed_start[k + 1]; f++)
    kx[l->fixed[f] - start] = b[l->fixed[f] - l->base];
  for (int64_t j = 0; j <= rows->ny; j++) {
    int64_t row = k * (rows->ny + 1) + j, length = rows->node_last[row] - rows->node_first[row];
    int64_t t = rows->node_start[row] - l->base;
    const float *restrict diagonal = l->inverse_diagonal + t / 3;
    for (int axis = 0; axis < 3; axis++, t += length) {
      const REAL *restrict rhs = b + t, *restrict sum = kx + (t - at);
      REAL *restrict step = d + t, *restrict out = x + t;
#pragma GCC ivdep
      for (int64_t i = 0; i < length; i++) {
        REAL v = alpha * step[i] + beta * diagonal[i] * (rhs[i] - sum[i]);
        step[i] = v;
        out[i] += v;
      }
    }
  }
}

/* Node planes [first, last) of the level; edge[0], edge[1] replace x on planes first - 1 and last.
 */
static void NAME(chunk)(const struct mg_level *l, enum mg_mode mode, int64_t first, int64_t last,
                        const REAL *edge[2], REAL *x, const REAL *b, REAL *y, REAL *d, REAL alpha,
                        REAL beta, const struct mg_scratch *scratch) {
  const int64_t *start = l->rows.plane_start;
  const bool in_place = mode == MG_APPLY || mode == MG_REACTION;
#define SUM_OF(k) (in_place ? y + (start[k] - l->base) : (REAL *)scratch->plane[(k)&1])
  memset(SUM_OF(first), 0, (size_t)(start[first + 1] - start[first]) * sizeof(REAL));
  for (int64_t k = first - 1; k < last; k++) { /* element plane k completes node plane k */
    REAL *low = k >= first ? SUM_OF(k) : NULL, *high = k + 1 < last ? SUM_OF(k + 1) : NULL;
    if (high && low) memset(high, 0, (size_t)(start[k + 2] - start[k + 1]) * sizeof(REAL));
    if (k >= 0 && k < l->rows.nz) {
      const REAL *x_low = k < first && edge[0] ? edge[0] : x + (start[k] - l->base);
      const REAL *x_high = k + 1 >= last && edge[1] ? edge[1] : x + (start[k + 1] - l->base);
      NAME(element_plane)(l, k, x_low, x_high, low, high, scratch->row);
    }
    if (low) NAME(finish_plane)(l, mode, k, low, x, b, y, d, alpha, beta);
  }
#undef SUM_OF
}

static int64_t NAME(cut)(const struct mg_level *l, int chunk, int chunks) {
  return l->plane_first + (l->plane_last - l->plane_first) * chunk / chunks;
}

void NAME(mg_slab)(const struct multigrid *mg, const struct mg_level *l, enum mg_mode mode, REAL *x,
                   const REAL *b, REAL *y, REAL *d, REAL alpha, REAL beta) {
  const int chunks = mg_chunks(mg, l->plane_last - l->plane_first);
  const int64_t *start = l->rows.plane_start;
  const int copies = mode == MG_SMOOTH && chunks > 1; /* x changes while neighbours still read it */
  if (copies)
    for (int c = 0; c < chunks; c++) {
      int64_t first = NAME(cut)(l, c, chunks), last = NAME(cut)(l, c + 1, chunks);
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
    (l, mode, NAME(cut)(l, c, chunks), NAME(cut)(l, c + 1, chunks), edge, x, b, y, d, alpha, beta,
     &mg->scratch[c]);
  }
}
