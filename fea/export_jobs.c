/* Complete jobs for CalculiX (and Abaqus) and for FEBio, and Gmsh's mesh file. */
#include "core/file.h"
#include "core/text.h"
#include "fea/mesh_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Supports of one direction and value. */
struct node_set {
  int axis;
  double value_mm;
};

static status find_sets(struct node_set **out, int *count, const struct fea_mesh *m) {
  status st = ST_OK;
  struct node_set *set = NULL;
  int n = 0;
  CHECK(m->support_count > 0, ST_DOMAIN,
        "job: the mesh has no supports; it is a mesh, not a model");
  set = malloc((size_t)m->support_count * sizeof *set);
  CHECK(set, ST_MEMORY, "job: no memory for supports");
  for (int64_t i = 0; i < m->support_count; i++) {
    const struct fea_support *s = &m->support[i];
    int at = 0;
    while (at < n && (set[at].axis != s->axis || set[at].value_mm != s->value_mm)) at++;
    if (at == n) set[n++] = (struct node_set){s->axis, s->value_mm};
  }
  *out = set;
  *count = n;
done:
  return st;
}

/* Elements in the order of their material: first[k] .. first[k+1] of `order`. */
static status sort_elements(int64_t **first, int32_t **order, const struct fea_mesh *m,
                            const double *value, int count) {
  status st = ST_OK;
  int64_t *f = calloc((size_t)count + 2, sizeof *f);
  int32_t *o = malloc((size_t)m->element_count * sizeof *o);
  CHECK(f && o, ST_MEMORY, "job: no memory for %lld elements", (long long)m->element_count);
  for (int64_t e = 0; e < m->element_count; e++)
    f[fea_mesh_material_of(value, count, m->modulus[e]) + 2]++;
  for (int k = 2; k <= count + 1; k++) f[k] += f[k - 1];
  for (int64_t e = 0; e < m->element_count; e++)
    o[f[fea_mesh_material_of(value, count, m->modulus[e]) + 1]++] = (int32_t)e;
  *first = f;
  *order = o;
  f = NULL;
  o = NULL;
done:
  free(f);
  free(o);
  return st;
}

/* ---- CalculiX ---- */

/* Engineering constants are E1 E2 E3 nu12 nu13 nu23 G12 G13 and, eight being the most of a line,
 * G23. */
static void append_elasticity(struct text *t, const struct fea_mesh *m, double e) {
  const struct fea_orthotropy *r = &m->ratio;
  if (!m->orthotropic) {
    text_append(t, "*ELASTIC\n%.13g, %.13g\n", e, m->poisson);
    return;
  }
  text_append(t, "*ELASTIC, TYPE=ENGINEERING CONSTANTS\n");
  for (int a = 0; a < 3; a++) text_append(t, "%.13g, ", e * r->young[a]);
  for (int p = 2; p >= 0; p--) text_append(t, "%.13g, ", r->poisson[p]);
  text_append(t, "%.13g, %.13g,\n%.13g\n", e * r->shear[2], e * r->shear[1], e * r->shear[0]);
}

static status inp_elements(struct text *t, const struct fea_mesh *m) {
  static const char *const types[] = {"C3D4", "C3D10", "C3D8"};
  status st = ST_OK;
  double *value = NULL;
  int64_t *first = NULL;
  int32_t *order = NULL;
  int count;
  const int per = fea_element_nodes(m->element);
  TRY(fea_mesh_materials(&value, &count, m));
  TRY(sort_elements(&first, &order, m, value, count));
  for (int k = 0; k < count; k++) {
    text_append(t, "*ELEMENT, TYPE=%s, ELSET=E%d\n", types[m->element], k);
    for (int64_t i = first[k]; i < first[k + 1]; i++) {
      text_append(t, "%d", order[i] + 1);
      for (int c = 0; c < per; c++)
        text_append(t, ", %d", m->nodes[per * (int64_t)order[i] + c] + 1);
      text_append(t, "\n");
    }
    text_append(t, "*MATERIAL, NAME=M%d\n", k);
    append_elasticity(t, m, value[k]);
    text_append(t, "*SOLID SECTION, ELSET=E%d, MATERIAL=M%d\n", k, k);
  }
done:
  free(value);
  free(first);
  free(order);
  return st;
}

status fea_inp_write(const struct fea_mesh *m, const char *path, bool force) {
  status st = ST_OK;
  struct text t = {0};
  struct node_set *set = NULL;
  int sets = 0;
  TRY(find_sets(&set, &sets, m));
  text_append(&t, "** %lld elements (%s); units mm, N, MPa\n*NODE, NSET=ALL\n",
              (long long)m->element_count, fea_element_names[m->element]);
  /* 13 digits: CalculiX reads no more than 20 characters of a number */
  for (int64_t n = 0; n < m->node_count; n++)
    text_append(&t, "%lld, %.13g, %.13g, %.13g\n", (long long)n + 1, m->points[3 * n],
                m->points[3 * n + 1], m->points[3 * n + 2]);
  TRY(inp_elements(&t, m));
  for (int s = 0; s < sets; s++) {
    text_append(&t, "*NSET, NSET=FIX_%c_%d\n", "XYZ"[set[s].axis], s);
    for (int64_t i = 0; i < m->support_count; i++)
      if (m->support[i].axis == set[s].axis && m->support[i].value_mm == set[s].value_mm)
        text_append(&t, "%lld,\n", (long long)m->support[i].node + 1);
  }
  text_append(&t, "*STEP\n*STATIC\n");
  for (int s = 0; s < sets; s++)
    text_append(&t, "*BOUNDARY\nFIX_%c_%d, %d, %d, %.13g\n", "XYZ"[set[s].axis], s, set[s].axis + 1,
                set[s].axis + 1, set[s].value_mm);
  if (m->force_count) text_append(&t, "*CLOAD\n");
  for (int64_t f = 0; f < m->force_count; f++)
    text_append(&t, "%lld, %d, %.13g\n", (long long)m->force[f].node + 1, m->force[f].axis + 1,
                m->force[f].newton);
  for (int s = 0; s < sets; s++)
    text_append(&t, "*NODE PRINT, NSET=FIX_%c_%d, TOTALS=ONLY\nRF\n", "XYZ"[set[s].axis], s);
  text_append(&t, "*NODE FILE\nU, RF\n*EL FILE\nS, E\n*END STEP\n");
  TRY(text_check(&t, "CalculiX job"));
  TRY(file_write(path, t.data, t.length, force));
done:
  free(set);
  text_free(&t);
  return st;
}

/* ---- FEBio ---- */

static void feb_mesh(struct text *t, const struct fea_mesh *m, const struct node_set *set,
                     int sets) {
  const int per = fea_element_nodes(m->element);
  text_append(t, "<Mesh>\n<Nodes name=\"all\">\n");
  for (int64_t n = 0; n < m->node_count; n++)
    text_append(t, "<node id=\"%lld\">%.15g,%.15g,%.15g</node>\n", (long long)n + 1,
                m->points[3 * n], m->points[3 * n + 1], m->points[3 * n + 2]);
  text_append(t, "</Nodes>\n<Elements type=\"%s\" name=\"bone\">\n", fea_element_names[m->element]);
  for (int64_t e = 0; e < m->element_count; e++) {
    text_append(t, "<elem id=\"%lld\">", (long long)e + 1);
    for (int c = 0; c < per; c++) text_append(t, c ? ",%d" : "%d", m->nodes[per * e + c] + 1);
    text_append(t, "</elem>\n");
  }
  text_append(t, "</Elements>\n");
  for (int s = 0; s < sets; s++) {
    text_append(t, "<NodeSet name=\"fix_%c_%d\">", "xyz"[set[s].axis], s);
    const char *comma = "";
    for (int64_t i = 0; i < m->support_count; i++)
      if (m->support[i].axis == set[s].axis && m->support[i].value_mm == set[s].value_mm) {
        text_append(t, "%s%lld", comma, (long long)m->support[i].node + 1);
        comma = ",";
      }
    text_append(t, "</NodeSet>\n");
  }
  for (int64_t f = 0; f < m->force_count; f++)
    text_append(t, "<NodeSet name=\"force_%lld\">%lld</NodeSet>\n", (long long)f,
                (long long)m->force[f].node + 1);
  text_append(t, "</Mesh>\n");
}

static void feb_conditions(struct text *t, const struct fea_mesh *m, const struct node_set *set,
                           int sets) {
  text_append(t, "<Boundary>\n");
  for (int s = 0; s < sets; s++) {
    const char axis = "xyz"[set[s].axis];
    if (set[s].value_mm == 0)
      text_append(t,
                  "<bc type=\"zero displacement\" node_set=\"fix_%c_%d\">\n"
                  "<x_dof>%d</x_dof><y_dof>%d</y_dof><z_dof>%d</z_dof>\n</bc>\n",
                  axis, s, axis == 'x', axis == 'y', axis == 'z');
    else
      text_append(t,
                  "<bc type=\"prescribed displacement\" node_set=\"fix_%c_%d\">\n"
                  "<dof>%c</dof><value lc=\"1\">%.17g</value><relative>0</relative>\n</bc>\n",
                  axis, s, axis, set[s].value_mm);
  }
  text_append(t, "</Boundary>\n");
  if (m->force_count) text_append(t, "<Loads>\n");
  for (int64_t f = 0; f < m->force_count; f++)
    text_append(t,
                "<nodal_load type=\"nodal_load\" node_set=\"force_%lld\">\n"
                "<dof>%c</dof><scale lc=\"1\">%.17g</scale>\n</nodal_load>\n",
                (long long)f, "xyz"[m->force[f].axis], m -> force[f].newton);
  if (m->force_count) text_append(t, "</Loads>\n");
}

status fea_feb_write(const struct fea_mesh *m, const char *path, bool force) {
  status st = ST_OK;
  struct text t = {0};
  struct node_set *set = NULL;
  int sets = 0;
  TRY(find_sets(&set, &sets, m));
  text_append(&t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<febio_spec version=\"4.0\">\n"
                  "<!-- units mm, N, MPa -->\n<Module type=\"solid\"/>\n<Control>\n"
                  "<analysis>STATIC</analysis>\n<time_steps>1</time_steps>\n"
                  "<step_size>1</step_size>\n</Control>\n");
  text_append(&t,
              "<Material>\n<material id=\"1\" name=\"bone\" type=\"isotropic elastic\">\n"
              "<E type=\"map\">modulus</E>\n<v>%.17g</v>\n</material>\n</Material>\n",
              m->poisson);
  feb_mesh(&t, m, set, sets);
  text_append(&t, "<MeshDomains>\n<SolidDomain name=\"bone\" mat=\"bone\"/>\n</MeshDomains>\n"
                  "<MeshData>\n<ElementData name=\"modulus\" elem_set=\"bone\">\n");
  for (int64_t e = 0; e < m->element_count; e++)
    text_append(&t, "<e lid=\"%lld\">%.17g</e>\n", (long long)e + 1, m->modulus[e]);
  text_append(&t, "</ElementData>\n</MeshData>\n");
  feb_conditions(&t, m, set, sets);
  text_append(&t, "<LoadData>\n<load_controller id=\"1\" type=\"loadcurve\">\n"
                  "<interpolate>LINEAR</interpolate>\n<points>\n<pt>0,0</pt>\n<pt>1,1</pt>\n"
                  "</points>\n</load_controller>\n</LoadData>\n<Output>\n"
                  "<plotfile type=\"febio\">\n<var type=\"displacement\"/>\n"
                  "<var type=\"stress\"/>\n<var type=\"reaction forces\"/>\n</plotfile>\n"
                  "</Output>\n</febio_spec>\n");
  TRY(text_check(&t, "FEBio job"));
  TRY(file_write(path, t.data, t.length, force));
done:
  free(set);
  text_free(&t);
  return st;
}

/* ---- Gmsh ---- */

static void msh_entities(struct text *t, const struct fea_mesh *m, const int64_t count[2]) {
  double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY};
  for (int64_t i = 0; i < 3 * m->node_count; i++) {
    low[i % 3] = fmin(low[i % 3], m->points[i]);
    high[i % 3] = fmax(high[i % 3], m->points[i]);
  }
  text_append(t, "$PhysicalNames\n2\n3 1 \"bone\"\n3 2 \"cap\"\n$EndPhysicalNames\n");
  text_append(t, "$Entities\n0 0 0 %d\n", (count[0] > 0) + (count[1] > 0));
  for (int p = 0; p < 2; p++)
    if (count[p])
      text_append(t, "%d %.15g %.15g %.15g %.15g %.15g %.15g 1 %d 0\n", p + 1, low[0], low[1],
                  low[2], high[0], high[1], high[2], p + 1);
  text_append(t, "$EndEntities\n");
}

static void msh_element_data(struct text *t, const char *name, const double *value, int64_t n) {
  int64_t finite = 0;
  for (int64_t e = 0; e < n; e++) finite += isfinite(value[e]);
  text_append(t, "$ElementData\n1\n\"%s\"\n1\n0\n3\n0\n1\n%lld\n", name, (long long)finite);
  for (int64_t e = 0; e < n; e++)
    if (isfinite(value[e])) text_append(t, "%lld %.17g\n", (long long)e + 1, value[e]);
  text_append(t, "$EndElementData\n");
}

status fea_msh_write(const struct fea_mesh *m, const char *path, bool force) {
  static const int types[] = {4, 11, 5};
  static const int order10[10] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 8}; /* Gmsh has edge 23 before 13 */
  status st = ST_OK;
  struct text t = {0};
  const int per = fea_element_nodes(m->element);
  int64_t count[2] = {0, 0};
  for (int64_t e = 0; e < m->element_count; e++) count[m->part[e] == FEA_CAP]++;
  text_append(&t, "$MeshFormat\n4.1 0 8\n$EndMeshFormat\n");
  msh_entities(&t, m, count);
  text_append(&t, "$Nodes\n1 %lld 1 %lld\n3 %d 0 %lld\n", (long long)m->node_count,
              (long long)m->node_count, count[0] ? 1 : 2, (long long)m->node_count);
  for (int64_t n = 0; n < m->node_count; n++) text_append(&t, "%lld\n", (long long)n + 1);
  for (int64_t n = 0; n < m->node_count; n++)
    text_append(&t, "%.17g %.17g %.17g\n", m->points[3 * n], m->points[3 * n + 1],
                m->points[3 * n + 2]);
  text_append(&t, "$EndNodes\n$Elements\n%d %lld 1 %lld\n", (count[0] > 0) + (count[1] > 0),
              (long long)m->element_count, (long long)m->element_count);
  for (int p = 0; p < 2; p++) {
    if (!count[p]) continue;
    text_append(&t, "3 %d %d %lld\n", p + 1, types[m->element], (long long)count[p]);
    for (int64_t e = 0; e < m->element_count; e++) {
      if ((m->part[e] == FEA_CAP) != p) continue;
      text_append(&t, "%lld", (long long)e + 1);
      for (int c = 0; c < per; c++)
        text_append(&t, " %d", m->nodes[per * e + (per == 10 ? order10[c] : c)] + 1);
      text_append(&t, "\n");
    }
  }
  text_append(&t, "$EndElements\n");
  msh_element_data(&t, "modulus [MPa]", m->modulus, m->element_count);
  if (m->density) msh_element_data(&t, "density [g/cm3]", m->density, m->element_count);
  TRY(text_check(&t, "Gmsh mesh"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}
