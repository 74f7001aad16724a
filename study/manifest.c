#define _DEFAULT_SOURCE /* strdup */
#include "study/manifest.h"

#include "core/csv.h"
#include "core/file.h"
#include "core/log.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void cohort_destroy(struct cohort *c) {
  if (!c) return;
  for (size_t i = 0; i < c->count; i++) {
    free(c->cases[i].ct);
    free(c->cases[i].labels);
    free(c->cases[i].certificate);
  }
  free(c->cases);
  table_destroy(c->covariates);
  free(c);
}

struct cohort_case *cohort_add(struct cohort *c) {
  if (c->count >= COHORT_CASES) return NULL;
  if ((c->count & (c->count - 1)) == 0) { /* room doubles at 1, 2, 4, ... */
    size_t room = c->count ? 2 * c->count : 1;
    struct cohort_case *more = realloc(c->cases, room * sizeof *more);
    if (!more) return NULL;
    c->cases = more;
  }
  struct cohort_case *new = &c->cases[c->count++];
  *new = (struct cohort_case){.mass_kg = (double)NAN, .height_m = (double)NAN};
  return new;
}

/* ---- names ---- */

static bool is_id(const char *s, size_t most) {
  if (!isalnum((unsigned char)s[0]) || strlen(s) > most) return false;
  for (; *s; s++)
    if (!isalnum((unsigned char)*s) && !strchr("-_.", *s)) return false;
  return true;
}

/* BIDS labels are letters and digits only. */
static void put_label(char *out, size_t size, const char *id) {
  size_t n = strlen(out);
  for (; *id && n + 1 < size; id++)
    if (isalnum((unsigned char)*id)) out[n++] = *id;
  out[n] = '\0';
}

/* Id of the row and folder from person and session. */
static status name_case(struct cohort_case *k, const char *person, const char *session) {
  status st = ST_OK;
  if (strncmp(person, "sub-", 4) == 0) person += 4;
  if (strncmp(session, "ses-", 4) == 0) session += 4;
  CHECK(is_id(person, 40), ST_DOMAIN,
        "id \"%.60s\" is none: letters, digits, '-', '_' and '.', at most 40", person);
  CHECK(!session[0] || is_id(session, 16), ST_DOMAIN,
        "session \"%.60s\" is none: letters, digits, '-', '_' and '.', at most 16", session);
  snprintf(k->id, sizeof k->id, "%s%s%s", person, session[0] ? "_ses-" : "", session);
  snprintf(k->folder, sizeof k->folder, "sub-");
  put_label(k->folder, sizeof k->folder, person);
  if (session[0]) {
    strcat(k->folder, "/ses-");
    put_label(k->folder, sizeof k->folder, session);
  }
done:
  return st;
}

status cohort_name_case(struct cohort_case *k, const char *id) {
  char person[64];
  const char *session = strstr(id, "_ses-");
  snprintf(person, sizeof person, "%.*s", (int)(session ? session - id : 63), id);
  return name_case(k, person, session ? session + 1 : "");
}

/* ---- the table ---- */

static const char *const own_columns[] = {"id",          "session", "path",  "labels",
                                          "certificate", "phantom", "series"};
static const char *const identifiers[] = {"name",       "patient_name", "patientname", "firstname",
                                          "first_name", "last_name",    "lastname",    "surname",
                                          "birthdate",  "birth_date",   "dob",         "birthday",
                                          "mrn",        "patient_id",   "patientid",   "address",
                                          "phone",      "email",        "ssn"};

static bool is_one_of(const char *name, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcasecmp(name, names[i]) == 0) return true;
  return false;
}

/* "age [y]" -> "age" and "y" */
static void split_head(char name[96], char unit[24], const char *cell) {
  const char *open = strstr(cell, " ["), *close = open ? strchr(open, ']') : NULL;
  unit[0] = '\0';
  if (!close || close - open > 24) {
    snprintf(name, 96, "%.95s", cell);
    return;
  }
  snprintf(name, 96, "%.*s", (int)(open - cell), cell);
  snprintf(unit, 24, "%.*s", (int)(close - open - 2), open + 2);
}

static int column_of(const struct csv *csv, const char *name) {
  for (size_t i = 0; i < csv->columns; i++) {
    char head[96], unit[24];
    split_head(head, unit, csv_cell(csv, 0, i));
    if (strcasecmp(head, name) == 0) return (int)i;
  }
  return -1;
}

static const char *cell_of(const struct csv *csv, size_t row, const char *name) {
  int column = column_of(csv, name);
  const char *cell = column < 0 ? "" : csv_cell(csv, row, (size_t)column);
  return csv_missing(cell) ? "" : cell;
}

/* A path of the manifest, relative to its folder; NULL for none. */
static status take_path(char **out, const char *cell, const char *manifest) {
  status st = ST_OK;
  struct text t = {0};
  *out = NULL;
  if (!cell[0]) return ST_OK;
  const char *slash = strrchr(manifest, '/');
  if (cell[0] != '/' && slash)
    text_append(&t, "%.*s/%s", (int)(slash - manifest), manifest, cell);
  else
    text_append(&t, "%s", cell);
  TRY(text_check(&t, "path of a scan"));
  *out = t.data;
  t.data = NULL;
done:
  text_free(&t);
  return st;
}

/* Of the body, in the unit and range of `qct run`: another unit may stay within the range. */
static status take_number(double *out, const struct csv *csv, size_t row, const char *name,
                          const char *unit, double low, double high) {
  status st = ST_OK;
  const char *cell = cell_of(csv, row, name);
  char head[96], given[24];
  *out = (double)NAN;
  if (!cell[0]) goto done;
  split_head(head, given, csv_cell(csv, 0, (size_t)column_of(csv, name)));
  CHECK(!given[0] || strcmp(given, unit) == 0, ST_DOMAIN, "%s is in [%s]: it must be in [%s]", name,
        given, unit);
  CHECK(csv_number(out, cell), ST_FORMAT, "%s \"%.40s\" is no number", name, cell);
  CHECK(*out >= low && *out <= high, ST_DOMAIN,
        "%s %g %s is outside the permitted range: %g to %g %s", name, *out, unit, low, high, unit);
done:
  return st;
}

static status take_row(struct cohort *c, const struct csv *csv, size_t row, const char *manifest) {
  status st = ST_OK;
  struct cohort_case *k = cohort_add(c);
  CHECK(k, ST_MEMORY, "a manifest of more than %d scans, or no memory", COHORT_CASES);
  TRY(name_case(k, cell_of(csv, row, "id"), cell_of(csv, row, "session")));
  CHECK(cell_of(csv, row, "path")[0], ST_FORMAT, "%s has no path", k->id);
  TRY(take_path(&k->ct, cell_of(csv, row, "path"), manifest));
  TRY(take_path(&k->labels, cell_of(csv, row, "labels"), manifest));
  TRY(take_path(&k->certificate, cell_of(csv, row, "certificate"), manifest));
  snprintf(k->phantom, sizeof k->phantom, "%.63s", cell_of(csv, row, "phantom"));
  snprintf(k->series, sizeof k->series, "%.71s", cell_of(csv, row, "series"));
  TRY(take_number(&k->mass_kg, csv, row, "mass", "kg", 20, 300));
  TRY(take_number(&k->height_m, csv, row, "height", "m", 1, 2.5));
done:
  if (st != ST_OK && status_message()[0] && csv->lines)
    status_note("manifest, line %d", csv->lines[row]);
  return st;
}

static status add_covariate(struct cohort *c, const struct csv *csv, size_t column) {
  status st = ST_OK;
  char name[96], unit[24];
  bool numeric = true;
  double number = 0;
  split_head(name, unit, csv_cell(csv, 0, column));
  if (is_one_of(name, own_columns, sizeof own_columns / sizeof *own_columns) || !name[0])
    return ST_OK;
  if (is_one_of(name, identifiers, sizeof identifiers / sizeof *identifiers)) {
    log_warning("manifest: column \"%s\" is left out: it may identify a person", name);
    return ST_OK;
  }
  for (size_t r = 1; r < csv->rows && numeric; r++)
    numeric =
        csv_missing(csv_cell(csv, r, column)) || csv_number(&number, csv_cell(csv, r, column));
  TRY(table_add_column(c->covariates, name, unit, numeric));
  size_t at = c->covariates->column_count - 1;
  for (size_t r = 1; r < csv->rows; r++) {
    const char *cell = csv_cell(csv, r, column);
    if (numeric)
      csv_number(&c->covariates->columns[at].numbers[r - 1], cell);
    else if (!csv_missing(cell))
      TRY(table_set_text(c->covariates, r - 1, at, cell));
  }
done:
  return st;
}

/* Of two columns of a name that means something here, one would be read and the other not. */
static status check_columns(const struct csv *csv) {
  static const char *const more[] = {"mass", "height"};
  status st = ST_OK;
  char name[96], unit[24];
  for (size_t i = 0; i < csv->columns; i++) {
    split_head(name, unit, csv_cell(csv, 0, i));
    bool ours = is_one_of(name, own_columns, sizeof own_columns / sizeof *own_columns) ||
                is_one_of(name, more, sizeof more / sizeof *more);
    CHECK(!ours || column_of(csv, name) == (int)i, ST_FORMAT,
          "manifest: two columns are called %s; leave one of them out", name);
  }
done:
  return st;
}

status cohort_read_table(struct cohort *c, const char *path) {
  status st = ST_OK;
  char *data = NULL;
  size_t length = 0;
  struct csv csv = {0};
  TRY(file_read(&data, &length, path, 0));
  TRY(csv_parse(&csv, data, length, "manifest"));
  CHECK(column_of(&csv, "id") >= 0 && column_of(&csv, "path") >= 0, ST_FORMAT,
        "manifest: columns id and path are needed, a row a scan");
  TRY(check_columns(&csv));
  for (size_t r = 1; r < csv.rows; r++) TRY(take_row(c, &csv, r, path));
  TRY(table_create(&c->covariates, c->count));
  for (size_t k = 0; k < csv.columns; k++) TRY(add_covariate(c, &csv, k));
done:
  free(data);
  csv_free(&csv);
  return st;
}

/* ---- both ---- */

static const struct cohort_case *sorting;

static int by_id(const void *a, const void *b) {
  return strcmp(sorting[*(const size_t *)a].id, sorting[*(const size_t *)b].id);
}

static void permute(void *items, size_t size, const size_t *order, size_t count, void *room) {
  for (size_t i = 0; i < count; i++)
    memcpy((char *)room + i * size, (char *)items + order[i] * size, size);
  memcpy(items, room, count * size);
}

/* Cases and covariates in the order of the ids. */
static status sort_cases(struct cohort *c) {
  status st = ST_OK;
  size_t *order = malloc((c->count + 1) * sizeof *order);
  void *room = malloc((c->count + 1) * sizeof *c->cases);
  CHECK(order && room, ST_MEMORY, "sorting %zu scans", c->count);
  for (size_t i = 0; i < c->count; i++) order[i] = i;
  sorting = c->cases;
  qsort(order, c->count, sizeof *order, by_id);
  permute(c->cases, sizeof *c->cases, order, c->count, room);
  for (size_t k = 0; k < c->covariates->column_count; k++) {
    struct table_column *column = &c->covariates->columns[k];
    if (column->numeric)
      permute(column->numbers, sizeof *column->numbers, order, c->count, room);
    else
      permute(column->texts, sizeof *column->texts, order, c->count, room);
  }
done:
  free(order);
  free(room);
  return st;
}

static int by_folder(const void *a, const void *b) {
  return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two scans in one folder would replace one another. */
static status check_folders(const struct cohort *c) {
  status st = ST_OK;
  const char **folders = malloc((c->count + 1) * sizeof *folders);
  CHECK(folders, ST_MEMORY, "checking %zu scans", c->count);
  for (size_t i = 0; i < c->count; i++) folders[i] = c->cases[i].folder;
  qsort(folders, c->count, sizeof *folders, by_folder);
  for (size_t i = 1; i < c->count; i++)
    CHECK(strcasecmp(folders[i - 1], folders[i]) != 0, ST_DOMAIN,
          "two scans would lie in %s: their ids are equal, or differ only in '-', '_', '.' or case",
          folders[i]);
done:
  free(folders);
  return st;
}

status cohort_read(struct cohort **out, const char *path) {
  status st = ST_OK;
  struct cohort *c = calloc(1, sizeof *c);
  CHECK(c, ST_MEMORY, "reading a cohort");
  if (file_is_directory(path)) {
    TRY(cohort_look_through(c, path));
    TRY(table_create(&c->covariates, c->count));
  } else {
    TRY(cohort_read_table(c, path));
  }
  CHECK(c->count, ST_DOMAIN,
        "no scan: DICOM folders, or files named sub-X_ct.nii.gz, or a manifest with id and path; "
        "%d folders had fewer than %d DICOM files, %d image files are not named as BIDS has it",
        c->scouts, COHORT_SCOUT, c->loose);
  TRY(sort_cases(c));
  TRY(check_folders(c));
  *out = c;
  c = NULL;
done:
  cohort_destroy(c);
  return st;
}

/* ---- lists of ids ---- */

void cohort_free_ids(char **ids, size_t count) {
  for (size_t i = 0; ids && i < count; i++) free(ids[i]);
  free(ids);
}

status cohort_read_ids(char ***out, size_t *count, const char *path) {
  status st = ST_OK;
  char *data = NULL, **ids = NULL;
  size_t length = 0, lines = 1, n = 0;
  TRY(file_read(&data, &length, path, 0));
  for (size_t i = 0; i < length; i++) lines += data[i] == '\n';
  ids = calloc(lines, sizeof *ids);
  CHECK(ids, ST_MEMORY, "reading a list of ids");
  char *first = strncmp(data, "\xEF\xBB\xBF", 3) == 0 ? data + 3 : data;
  for (char *line = first; line && *line;) {
    char *end = strchr(line, '\n'), word[64];
    while ((isspace((unsigned char)*line) || *line == '"') && line != end) line++;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(line, ",;#\r\n\t \""), line);
    if (word[0] && strcasecmp(word, "id") != 0) {
      ids[n] = strdup(word);
      CHECK(ids[n++], ST_MEMORY, "reading a list of ids");
    }
    line = end ? end + 1 : NULL;
  }
  *out = ids;
  *count = n;
  ids = NULL;
done:
  free(data);
  cohort_free_ids(ids, n);
  return st;
}

/* ---- a manifest from what was found ---- */

status cohort_write_manifest(const struct cohort *c, const char *path, bool force) {
  status st = ST_OK;
  struct text t = {0};
  text_append(&t, "id,path,labels\n");
  for (size_t i = 0; i < c->count; i++) {
    csv_append_cell(&t, c->cases[i].id);
    text_append(&t, ",");
    csv_append_cell(&t, c->cases[i].ct);
    text_append(&t, ",");
    csv_append_cell(&t, c->cases[i].labels ? c->cases[i].labels : "");
    text_append(&t, "\n");
  }
  TRY(text_check(&t, "manifest"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}
