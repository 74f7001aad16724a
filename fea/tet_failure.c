/* Failure rules on unstructured meshes: by volume, and at surface nodes. */
#include "fea/tet_fall.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct weighted {
  double value, weight;
};

static int falling(const void *x, const void *y) {
  const struct weighted *p = x, *q = y;
  return p->value > q->value ? -1 : p->value < q->value;
}

/* Value that a share of the weight lies above. */
static double at_share(struct weighted *w, int64_t n, double share) {
  double total = 0, above = 0;
  qsort(w, (size_t)n, sizeof *w, falling);
  for (int64_t i = 0; i < n; i++) total += w[i].weight;
  for (int64_t i = 0; i < n; i++) {
    above += w[i].weight;
    if (above >= share * total) return w[i].value;
  }
  return n ? w[n - 1].value : NAN;
}

static double measure(double tension, double compression, const struct fea_failure_options *o) {
  return fmax(tension / o->tension_limit, -compression / o->compression_limit);
}

/* Nodes that bone shares with a cap. */
struct contact {
  int32_t *node; /* owned */
  int64_t count;
};

static status find_contact(struct contact *c, const struct fea_mesh *m) {
  status st = ST_OK;
  const int n = fea_element_nodes(m->element);
  uint8_t *bone = calloc((size_t)m->node_count, 1);
  *c = (struct contact){malloc((size_t)m->node_count * sizeof *c->node), 0};
  CHECK(bone && c->node, ST_MEMORY, "failure load: no memory");
  for (int64_t i = 0; i < m->element_count * n; i++)
    if (m->part[i / n] == FEA_BONE) bone[m->nodes[i]] = 1;
  for (int64_t i = 0; i < m->element_count * n; i++) {
    if (m->part[i / n] != FEA_CAP || !bone[m->nodes[i]]) continue;
    bone[m->nodes[i]] = 0; /* each once */
    c->node[c->count++] = m->nodes[i];
  }
done:
  free(bone);
  return st;
}

static struct vec3 centre_of(const struct fea_mesh *m, int64_t e) {
  const int n = fea_element_nodes(m->element), corners = fea_element_corners(m->element);
  struct vec3 sum = {0, 0, 0};
  for (int c = 0; c < corners; c++)
    sum = vec3_along(sum, 1. / corners, fea_mesh_point(m, m->nodes[n * e + c]));
  return sum;
}

static bool beside(const struct contact *c, const struct fea_mesh *m, struct vec3 p, double mm) {
  for (int64_t i = 0; mm > 0 && i < c->count; i++)
    if (vec3_length(vec3_sub(p, fea_mesh_point(m, c->node[i]))) < mm) return true;
  return false;
}

/* Nodes of the bone's free surface: 1; under a cap or within contact_mm of one, or on the cut: 0.
 */
static status find_surface(uint8_t *on, const struct fea_mesh *m, const struct tet_plane *distal,
                           const struct contact *contact, double contact_mm) {
  status st = ST_OK;
  struct fea_faces *f = NULL;
  TRY(fea_mesh_faces(&f, m));
  memset(on, 0, (size_t)m->node_count);
  for (int64_t i = 0; i < f->count * f->per_face; i++)
    if (m->part[f->element[i / f->per_face]] == FEA_BONE) on[f->nodes[i]] = 1;
  for (int64_t i = 0; i < contact->count; i++) on[contact->node[i]] = 0;
  for (int64_t v = 0; v < m->node_count; v++) {
    const struct vec3 p = fea_mesh_point(m, v);
    if (on[v] &&
        ((distal && tet_plane_side(distal, p) < 1e-6) || beside(contact, m, p, contact_mm)))
      on[v] = 0;
  }
done:
  fea_faces_destroy(f);
  return st;
}

/* Largest modulus of the bone at each node, 0 at an element that is not judged: soft nodes are not
 * judged. */
static void node_moduli(double *young, const struct fea_mesh *m, const uint8_t *exclude) {
  const int n = fea_element_nodes(m->element);
  memset(young, 0, (size_t)m->node_count * sizeof *young);
  for (int64_t i = 0; i < m->element_count * n; i++)
    if (m->part[i / n] == FEA_BONE)
      young[m->nodes[i]] = fmax(young[m->nodes[i]], m->modulus[i / n]);
  for (int64_t i = 0; exclude && i < m->element_count * n; i++)
    if (exclude[i / n]) young[m->nodes[i]] = 0;
}

static status judge_nodes(struct fea_tet_failure *r, const struct fea_mesh *m,
                          const struct fea_mesh_fields *fields, const struct tet_plane *distal,
                          const struct contact *contact, const struct fea_failure_options *o) {
  status st = ST_OK;
  uint8_t *on = malloc((size_t)m->node_count);
  double *young = malloc((size_t)m->node_count * sizeof *young), most = 0;
  CHECK(on && young, ST_MEMORY, "failure load: no memory");
  TRY(find_surface(on, m, distal, contact, o->contact_mm));
  node_moduli(young, m, o->exclude);
  r->site_node = -1;
  for (int64_t v = 0; v < m->node_count; v++) {
    double strain[6], principal[3];
    if (!on[v] || young[v] < o->least_modulus_mpa) continue;
    for (int c = 0; c < 6; c++) strain[c] = (double)fields->node_strain[6 * v + c];
    fea_principal(strain, principal);
    const double at = measure(principal[0], principal[2], o);
    r->judged_nodes++;
    if (!(at > most)) continue;
    most = at;
    r->site_node = v;
    r->site_tension = principal[0] / o->tension_limit > -principal[2] / o->compression_limit;
  }
  CHECK(most > 0, ST_NUMERIC, "failure load: no strained node of bone on the surface is judged");
  r->factor_limit = 1 / most;
done:
  free(on);
  free(young);
  return st;
}

status fea_tet_failure_find(struct fea_tet_failure *out, const struct fea_mesh *m,
                            const struct fea_mesh_fields *fields, const struct tet_plane *distal,
                            const struct fea_failure_options *o) {
  status st = ST_OK;
  struct fea_tet_failure r = {.judged_mm3 = 0};
  struct weighted *w = malloc((size_t)m->element_count * sizeof *w);
  struct contact contact = {NULL, 0};
  int64_t n = 0;
  CHECK(w, ST_MEMORY, "failure load: no memory");
  TRY(find_contact(&contact, m));
  for (int64_t e = 0; e < m->element_count; e++) {
    if (m->part[e] != FEA_BONE || m->modulus[e] < o->least_modulus_mpa ||
        (o->exclude && o->exclude[e]) || beside(&contact, m, centre_of(m, e), o->contact_mm))
      continue;
    w[n].value = measure((double)fields->tension[e], (double)fields->compression[e], o);
    w[n].weight = fea_mesh_element_mm3(m, e);
    r.judged_mm3 += w[n++].weight;
  }
  CHECK(n > 0, ST_DOMAIN,
        "failure load: no bone element has a modulus of %g MPa or more; the density or the "
        "material law is not that of bone",
        o->least_modulus_mpa);
  const double most = at_share(w, n, o->volume_share);
  CHECK(most > 0, ST_NUMERIC, "failure load: the model is not strained; no load was applied");
  r.factor_volume = 1 / most;
  n = 0;
  for (int64_t e = 0; e < m->element_count; e++) {
    if (m->part[e] != FEA_BONE) continue;
    w[n].value = sqrt(2 * (double)fields->energy_mpa[e] / m->modulus[e]);
    w[n++].weight = fea_mesh_element_mm3(m, e);
  }
  r.factor_pistoia = o->pistoia_strain / at_share(w, n, o->pistoia_share);
  TRY(judge_nodes(&r, m, fields, distal, &contact, o));
  *out = r;
done:
  free(w);
  free(contact.node);
  return st;
}
