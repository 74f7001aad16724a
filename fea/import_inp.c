/* Meshes in Abaqus' and CalculiX's form, and moduli put into such a file. */
#include "core/file.h"
#include "core/text.h"
#include "fea/import_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORD = 64 };

/* Does the line begin with the keyword (letters' case does not matter)? */
static bool is_keyword(const char *line, const char *keyword) {
  const size_t n = strlen(keyword);
  if (strncasecmp(line, keyword, n) != 0) return false;
  const char *after = line + n + strspn(line + n, " \t");
  return *after == ',' || *after == '\n' || *after == '\r' || *after == '\0';
}

/* Value of PARAMETER=value on a keyword line; "" when it is not there. */
static void parameter(char out[WORD], const char *line, const char *name) {
  const size_t n = strlen(name);
  out[0] = '\0';
  for (const char *at = line; *at && *at != '\n'; at++) {
    if (*at != ',') continue;
    const char *from = at + 1;
    while (*from == ' ' || *from == '\t') from++;
    if (strncasecmp(from, name, n) != 0) continue;
    from += n;
    while (*from == ' ' || *from == '\t') from++;
    if (*from != '=') continue;
    from++;
    while (*from == ' ' || *from == '\t') from++;
    size_t length = strcspn(from, ", \t\r\n");
    if (length >= WORD) length = WORD - 1;
    memcpy(out, from, length);
    out[length] = '\0';
    return;
  }
}

/* -1: no solid (shells, beams, springs ... are passed over). */
static status element_kind(int *kind, const char *type, const struct fea_reader *r) {
  static const struct {
    const char *name;
    int kind;
  } solids[] = {{"C3D4", FEA_TET4},    {"C3D4H", FEA_TET4},   {"C3D10", FEA_TET10},
                {"C3D10M", FEA_TET10}, {"C3D10H", FEA_TET10}, {"C3D10I", FEA_TET10},
                {"C3D8", FEA_HEX8},    {"C3D8R", FEA_HEX8},   {"C3D8I", FEA_HEX8},
                {"C3D8H", FEA_HEX8}};
  static const char *const others[] = {"S3",      "S4",  "S6",    "S8",     "STRI",    "M3D",
                                       "T3D",     "B31", "B32",   "MASS",   "ROTARYI", "SPRING",
                                       "DASHPOT", "R3D", "SFM3D", "CONN3D", "GAPUNI",  "DCOUP3D"};
  status st = ST_OK;
  *kind = -1;
  for (size_t i = 0; i < sizeof solids / sizeof solids[0]; i++)
    if (strcasecmp(type, solids[i].name) == 0) *kind = solids[i].kind;
  if (*kind >= 0) return ST_OK;
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    if (strncasecmp(type, others[i], strlen(others[i])) == 0) return ST_OK;
  FAIL(ST_FORMAT,
       "mesh file %s: line %lld has elements of type \"%s\"; read are C3D4, C3D10 and C3D8",
       r->name, (long long)r->line, type);
done:
  return st;
}

/* At the start of a data line (not a keyword, not the end)? Comments are passed over. */
static bool at_data(struct fea_reader *r) {
  for (;;) {
    if (strncmp(r->at, "**", 2) == 0 || *r->at == '\n' || *r->at == '\r') {
      if (!fea_reader_next_line(r)) return false;
      continue;
    }
    return *r->at && *r->at != '*';
  }
}

static status read_nodes(struct fea_mesh_draft *d, struct fea_reader *r) {
  status st = ST_OK;
  while (at_data(r)) {
    int64_t id;
    double p[3];
    TRY(fea_reader_integer(&id, r, false, "a node number"));
    for (int a = 0; a < 3; a++) TRY(fea_reader_number(&p[a], r, true, "a coordinate"));
    TRY(fea_mesh_draft_node(d, id, p));
    if (!fea_reader_next_line(r)) break;
  }
done:
  return st;
}

static status read_elements(struct fea_mesh_draft *d, struct fea_reader *r, int kind) {
  status st = ST_OK;
  const int per = kind < 0 ? 0 : fea_element_nodes((enum fea_element)kind);
  while (at_data(r)) {
    int64_t id, nodes[FEA_ELEMENT_MOST];
    if (kind >= 0) {
      TRY(fea_reader_integer(&id, r, false, "an element number"));
      for (int c = 0; c < per; c++)
        TRY(fea_reader_integer(&nodes[c], r, true, "a node number of an element"));
      TRY(fea_mesh_draft_element(d, (enum fea_element)kind, id, nodes, FEA_BONE, r->name));
    }
    if (!fea_reader_next_line(r)) break;
  }
done:
  return st;
}

status fea_inp_read(struct fea_mesh **out, struct fea_mesh_numbers *numbers, const char *path) {
  status st = ST_OK;
  struct fea_reader r;
  struct fea_mesh_draft d = {.kind = -1};
  TRY(fea_reader_open(&r, path));
  while (*r.at) {
    char type[WORD];
    int kind;
    CHECK(!is_keyword(r.at, "*INCLUDE"), ST_FORMAT,
          "mesh file %s: line %lld includes another file; join them first", r.name,
          (long long)r.line);
    if (is_keyword(r.at, "*NODE")) {
      if (fea_reader_next_line(&r)) TRY(read_nodes(&d, &r));
    } else if (is_keyword(r.at, "*ELEMENT")) {
      parameter(type, r.at, "TYPE");
      TRY(element_kind(&kind, type, &r));
      if (fea_reader_next_line(&r)) TRY(read_elements(&d, &r, kind));
    } else if (!fea_reader_next_line(&r))
      break;
  }
  TRY(fea_mesh_draft_finish(out, numbers, &d, r.name));
done:
  fea_mesh_draft_clear(&d);
  fea_reader_close(&r);
  return st;
}

/* ---- moduli into a job ---- */

static status write_sections(struct text *t, const struct fea_mesh *m,
                             const struct fea_mesh_numbers *numbers) {
  status st = ST_OK;
  double *value = NULL;
  int count;
  TRY(fea_mesh_materials(&value, &count, m));
  text_append(t, "** moduli [MPa] by qct, %d materials\n", count);
  for (int k = 0; k < count; k++) {
    text_append(t, "*ELSET, ELSET=QCT_%d\n", k);
    for (int64_t e = 0; e < m->element_count; e++)
      if (m->modulus[e] == value[k]) text_append(t, "%lld,\n", (long long)numbers->element[e]);
    text_append(t, "*MATERIAL, NAME=QCT_M%d\n*ELASTIC\n%.17g, %.17g\n", k, value[k], m->poisson);
    text_append(t, "*SOLID SECTION, ELSET=QCT_%d, MATERIAL=QCT_M%d\n", k, k);
  }
done:
  free(value);
  return st;
}

status fea_inp_insert_moduli(const struct fea_mesh *m, const struct fea_mesh_numbers *numbers,
                             int bins, const char *from, const char *to, bool force) {
  status st = ST_OK;
  struct fea_reader r = {0};
  struct text t = {0};
  struct fea_mesh copy = *m;
  bool section = false, placed = false;
  copy.modulus = malloc((size_t)m->element_count * sizeof *copy.modulus);
  CHECK(copy.modulus, ST_MEMORY, "job: no memory");
  memcpy(copy.modulus, m->modulus, (size_t)m->element_count * sizeof *copy.modulus);
  TRY(fea_mesh_bin(&copy, bins));
  TRY(fea_reader_open(&r, from));
  while (*r.at) {
    const size_t length = strcspn(r.at, "\n") + (strchr(r.at, '\n') != NULL);
    if (*r.at == '*' && r.at[1] != '*') section = is_keyword(r.at, "*SOLID SECTION");
    if (is_keyword(r.at, "*STEP") && !placed) {
      TRY(write_sections(&t, &copy, numbers));
      placed = true;
    }
    if (section) text_append(&t, "** replaced: ");
    text_append_raw(&t, r.at, length);
    r.at += length;
  }
  if (t.length && t.data[t.length - 1] != '\n') text_append(&t, "\n");
  if (!placed) TRY(write_sections(&t, &copy, numbers));
  TRY(text_check(&t, "job"));
  TRY(file_write(to, t.data, t.length, force));
done:
  free(copy.modulus);
  text_free(&t);
  fea_reader_close(&r);
  return st;
}
