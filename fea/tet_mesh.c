#include "fea/tet_mesh.h"

#include "core/log.h"
#include "fea/gmsh.h"
#include "fea/shape.h"
#include "fea/tet_cap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double wanted_size(void *context, double x, double y, double z) {
  return tet_size_at(context, vec3_make(x, y, z));
}

status tet_fill(struct fea_mesh **out, const struct tet_skin *skin, const struct tet_size *size) {
  status st = ST_OK;
  const struct fea_gmsh *gmsh = NULL;
  struct fea_gmsh_result r = {0};
  struct fea_mesh *m = NULL;
  double *points = malloc(3 * ((size_t)skin->points + 1) * sizeof *points);
  struct tet_size copy = *size;
  CHECK(points, ST_MEMORY, "tetrahedra: no memory");
  TRY(tet_skin_check(skin));
  TRY(fea_gmsh_open(&gmsh));
  for (int32_t v = 0; v < skin->points; v++) {
    points[3 * v] = skin->point[v].x;
    points[3 * v + 1] = skin->point[v].y;
    points[3 * v + 2] = skin->point[v].z;
  }
  const struct fea_gmsh_problem problem = {.points = points,
                                           .point_count = skin->points,
                                           .triangles = &skin->triangle[0][0],
                                           .triangle_count = skin->triangles,
                                           .size = wanted_size,
                                           .context = &copy};
  CHECK(!gmsh->fill(&r, &problem), ST_EXTERNAL, "tetrahedra: Gmsh cannot fill the surface: %s",
        r.words);
  TRY(fea_mesh_create(&m, FEA_TET4, r.point_count, r.tet_count));
  memcpy(m->points, r.points, 3 * (size_t)r.point_count * sizeof *m->points);
  memcpy(m->nodes, r.tets, 4 * (size_t)r.tet_count * sizeof *m->nodes);
  for (int64_t e = 0; e < m->element_count; e++)
    if (fea_mesh_element_mm3(m, e) < 0) {
      const int32_t swap = m->nodes[4 * e];
      m->nodes[4 * e] = m->nodes[4 * e + 1];
      m->nodes[4 * e + 1] = swap;
    }
  *out = m;
  m = NULL;
done:
  free(points);
  free(r.points);
  free(r.tets);
  fea_mesh_destroy(m);
  return st;
}

/* ---- curved edges ---- */

struct skin_edge {
  int32_t a, b; /* a < b */
  uint8_t patch[2];
};

static int by_ends(const void *x, const void *y) {
  const struct skin_edge *p = x, *q = y;
  if (p->a != q->a) return p->a < q->a ? -1 : 1;
  return p->b < q->b ? -1 : p->b > q->b;
}

static status skin_edges(struct skin_edge **out, int64_t *count, const struct tet_skin *s) {
  status st = ST_OK;
  struct skin_edge *edge = malloc((3 * (size_t)s->triangles + 1) * sizeof *edge);
  int64_t n = 0, kept = 0;
  CHECK(edge, ST_MEMORY, "tetrahedra: no memory for edges");
  for (int32_t t = 0; t < s->triangles; t++)
    for (int e = 0; e < 3; e++) {
      const int32_t a = s->triangle[t][e], b = s->triangle[t][(e + 1) % 3];
      edge[n++] = (struct skin_edge){a < b ? a : b, a < b ? b : a, {s->patch[t], s->patch[t]}};
    }
  qsort(edge, (size_t)n, sizeof *edge, by_ends);
  for (int64_t i = 0; i < n; i++) {
    if (kept && by_ends(&edge[kept - 1], &edge[i]) == 0)
      edge[kept - 1].patch[1] = edge[i].patch[0];
    else
      edge[kept++] = edge[i];
  }
  *out = edge;
  *count = kept;
done:
  return st;
}

static const int edge_of[6][2] = {{0, 1}, {1, 2}, {0, 2}, {0, 3}, {1, 3}, {2, 3}};

/* Mid-side nodes of surface edges onto the surface. */
static void curve(struct fea_mesh *m, const struct tet_domain *d, const struct tet_skin *skin,
                  const struct skin_edge *edges, int64_t count) {
  for (int64_t e = 0; e < m->element_count; e++)
    for (int i = 0; i < 6; i++) {
      const int32_t *nodes = m->nodes + 10 * e;
      const int32_t a = nodes[edge_of[i][0]], b = nodes[edge_of[i][1]];
      if (a >= skin->points || b >= skin->points) continue;
      const struct skin_edge key = {a < b ? a : b, a < b ? b : a, {0, 0}};
      const struct skin_edge *found = bsearch(&key, edges, (size_t)count, sizeof *edges, by_ends);
      if (!found) continue;
      const struct vec3 middle = vec3_scale(vec3_add(skin->point[a], skin->point[b]), 0.5);
      const struct vec3 p = tet_domain_project_patch(d, middle, found->patch[0], found->patch[1]);
      double *to = m->points + 3 * (int64_t)nodes[4 + i];
      to[0] = p.x, to[1] = p.y, to[2] = p.z;
    }
}

static double curved_share(const struct fea_mesh *m, int64_t e) {
  double x[FEA_ELEMENT_MOST][3];
  fea_element_points(m, e, x);
  return fea_least_jacobian(FEA_TET10, (const double(*)[3])x) /
         fea_least_jacobian(FEA_TET4, (const double(*)[3])x);
}

static void straighten_element(struct fea_mesh *m, int64_t e) {
  const int32_t *nodes = m->nodes + 10 * e;
  for (int i = 0; i < 6; i++)
    for (int a = 0; a < 3; a++)
      m->points[3 * (int64_t)nodes[4 + i] + a] =
          (m->points[3 * (int64_t)nodes[edge_of[i][0]] + a] +
           m->points[3 * (int64_t)nodes[edge_of[i][1]] + a]) /
          2;
}

/* Until every element keeps a tenth of its straight Jacobian everywhere; a straight element does.
 */
static void straighten(struct fea_mesh *m, struct tet_quality *q) {
  const double least_share = 0.1;
  int64_t found = 1;
  for (int64_t e = 0; e < m->element_count; e++) q->inverted += curved_share(m, e) <= 0;
  while (found) {
    found = 0;
    for (int64_t e = 0; e < m->element_count; e++) {
      if (curved_share(m, e) >= least_share) continue;
      straighten_element(m, e);
      found++;
    }
    q->straightened += found;
  }
}

/* ---- the whole ---- */

void tet_quality_find(struct tet_quality *q, const struct fea_mesh *m) {
  double sum = 0;
  q->least = INFINITY;
  q->nodes = m->node_count;
  q->elements = m->element_count;
  memset(q->histogram, 0, sizeof q->histogram);
  for (int64_t e = 0; e < m->element_count; e++) {
    double x[FEA_ELEMENT_MOST][3];
    fea_element_points(m, e, x);
    const double scaled = fea_scaled_jacobian(m->element, (const double(*)[3])x);
    const int bin = (int)floor(scaled * TET_BINS);
    q->histogram[bin < 0 ? 0 : bin >= TET_BINS ? TET_BINS - 1 : bin]++;
    q->least = fmin(q->least, scaled);
    sum += scaled;
  }
  q->mean = sum / (double)m->element_count;
}

static status check_options(const struct tet_mesh_options *o, int cap_count) {
  status st = ST_OK;
  CHECK(o->element == FEA_TET4 || o->element == FEA_TET10, ST_DOMAIN,
        "tetrahedra: element %s, possible are tet4 and tet10", fea_element_names[o->element]);
  CHECK(o->size.size_mm >= 0.5 && o->size.size_mm <= 20, ST_DOMAIN,
        "tetrahedra: edges of %g mm, permitted are 0.5 .. 20 mm", o->size.size_mm);
  CHECK(o->size.fine_mm >= 0.5 && o->size.fine_mm <= o->size.size_mm, ST_DOMAIN,
        "tetrahedra: fine edges of %g mm, permitted are 0.5 mm .. the coarse %g mm",
        o->size.fine_mm, o->size.size_mm);
  CHECK(cap_count >= 0 && cap_count <= 2, ST_DOMAIN, "tetrahedra: %d caps, at most 2", cap_count);
done:
  return st;
}

/* The even skin, with contact zones and flat end. */
static status make_skin(struct tet_skin **out, const struct tet_domain *domain,
                        const struct tet_mesh_options *o) {
  status st = ST_OK;
  struct surface *s = NULL;
  struct tet_skin *skin = NULL;
  TRY(tet_domain_surface(&s, domain));
  TRY(tet_skin_from_surface(&skin, s));
  if (domain->has_plane[TET_CUT]) TRY(tet_skin_close(skin, &domain->plane[TET_CUT]));
  for (int patch = TET_CONTACT; patch <= TET_CONTACT_2; patch++)
    if (domain->has_plane[patch]) TRY(tet_skin_mark(skin, &domain->plane[patch], patch));
  TRY(tet_remesh(skin, domain, &o->size, o->passes));
  *out = skin;
  skin = NULL;
done:
  surface_destroy(s);
  tet_skin_destroy(skin);
  return st;
}

static status make_quadratic(struct fea_mesh **mesh, struct tet_quality *q,
                             const struct tet_domain *domain, const struct tet_skin *skin) {
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  struct skin_edge *edges = NULL;
  int64_t count = 0;
  TRY(skin_edges(&edges, &count, skin));
  TRY(fea_mesh_quadratic(&m, *mesh));
  curve(m, domain, skin, edges, count);
  straighten(m, q);
  fea_mesh_destroy(*mesh);
  *mesh = m;
done:
  free(edges);
  return st;
}

status tet_mesh_create(struct fea_mesh **out, struct tet_quality *quality,
                       const struct tet_domain *domain, const struct tet_mesh_options *o,
                       struct tet_cap *caps, int cap_count) {
  status st = ST_OK;
  struct tet_domain with_caps = *domain;
  struct tet_skin *skin = NULL;
  struct fea_mesh *m = NULL;
  struct tet_quality q = {.label_mm3 = domain->label_mm3};
  int64_t sharp;
  TRY(check_options(o, cap_count));
  for (int c = 0; c < cap_count; c++) {
    with_caps.has_plane[TET_CONTACT + c] = 1;
    with_caps.plane[TET_CONTACT + c] = tet_cap_plane(&caps[c], domain);
  }
  TRY(make_skin(&skin, &with_caps, o));
  q.triangles = skin->triangles;
  q.least_angle_deg = tet_skin_least_angle(skin, &sharp);
  TRY(tet_fill(&m, skin, &o->size));
  for (int c = 0; c < cap_count; c++)
    TRY(tet_cap_add(&m, &caps[c], skin, TET_CONTACT + c, o->size.size_mm));
  if (o->element == FEA_TET10) TRY(make_quadratic(&m, &q, &with_caps, skin));
  TRY(fea_mesh_tidy(m));
  tet_quality_find(&q, m);
  for (int64_t e = 0; e < m->element_count; e++)
    if (m->part[e] == FEA_BONE) q.mesh_mm3 += fea_mesh_element_mm3(m, e);
  log_detail("tetrahedra: %lld triangles (least angle %.1f deg, %lld below 20), %lld elements, "
             "scaled Jacobian %.3f at least",
             (long long)q.triangles, q.least_angle_deg, (long long)sharp, (long long)q.elements,
             q.least);
  for (int c = 0; c < cap_count; c++)
    log_detail("cap %d: %.0f mm2 of bone, face at %.2f mm, %lld elements", c, caps[c].contact_mm2,
               caps[c].face_mm, (long long)caps[c].elements);
  CHECK(q.least > 0, ST_NUMERIC,
        "tetrahedra: an element is flat or inverted (scaled Jacobian %g); smooth the surface more "
        "or take another size",
        q.least);
  *quality = q;
  *out = m;
  m = NULL;
done:
  tet_skin_destroy(skin);
  fea_mesh_destroy(m);
  return st;
}
