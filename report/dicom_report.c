#include "report/dicom_report.h"

#include "core/dicom_element.h"
#include "core/file.h"
#include "core/provenance.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- units ---- */

void dicom_report_unit(char out[40], const char *unit) {
  static const char *const codes[][2] = {
      {"", "1"}, {"HU", "[hnsf'U]"}, {"y", "a"}, {"mg/cm3/HU", "mg/cm3/[hnsf'U]"}};
  static const char *const same[] = {
      "mm",     "cm",    "m",    "mm2", "cm2",   "cm3",   "mm3",   "cm4", "mm4",  "mg",  "g",
      "kg",     "N",     "N/mm", "kN",  "MPa",   "GPa",   "J",     "deg", "%",    "kV",  "mg/cm3",
      "mg/cm2", "g/cm2", "s",    "d",   "kg/m2", "mg/mm", "g/cm3", "mJ",  "1/mm", "mm/s"};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (strcmp(unit, codes[i][0]) == 0) {
      snprintf(out, 40, "%s", codes[i][1]);
      return;
    }
  for (size_t i = 0; i < sizeof same / sizeof *same; i++)
    if (strcmp(unit, same[i]) == 0) {
      snprintf(out, 40, "%s", unit);
      return;
    }
  snprintf(out, 40, "{%s}", unit);
}

/* ---- content items ---- */

struct code {
  const char *value, *scheme, *meaning;
};

static const struct code comment = {"121106", "DCM", "Comment"};

static void put_concept(struct text *t, uint32_t tag, struct code c) {
  dicom_put_code(t, tag, c.value, c.scheme, c.meaning);
}

static void begin_item(struct text *body, const char *relation, const char *type,
                       struct code concept) {
  dicom_put_text(body, 0x0040a010, "CS", relation);
  dicom_put_text(body, 0x0040a040, "CS", type);
  put_concept(body, 0x0040a043, concept);
}

static void add_text(struct text *items, const char *relation, struct code concept,
                     const char *value) {
  struct text body = {0};
  if (!value[0]) return;
  begin_item(&body, relation, "TEXT", concept);
  dicom_put_text(&body, 0x0040a160, "UT", value);
  dicom_put_item(items, &body);
}

static void add_uid(struct text *items, const char *relation, struct code concept,
                    const char *value) {
  struct text body = {0};
  begin_item(&body, relation, "UIDREF", concept);
  dicom_put_text(&body, 0x0040a124, "UI", value);
  dicom_put_item(items, &body);
}

static void add_code(struct text *items, const char *relation, struct code concept,
                     struct code value) {
  struct text body = {0};
  begin_item(&body, relation, "CODE", concept);
  put_concept(&body, 0x0040a168, value);
  dicom_put_item(items, &body);
}

/* A number with what belongs to it; `children` are freed. NaN: withheld. */
static void add_number(struct text *items, const char *relation, struct code concept, double value,
                       const char *unit, struct text *children) {
  struct text body = {0}, measured = {0}, number = {0};
  char ucum[40];
  dicom_report_unit(ucum, unit);
  begin_item(&body, relation, "NUM", concept);
  if (isfinite(value)) {
    dicom_put_code(&number, 0x004008ea, ucum, "UCUM", unit[0] ? unit : "no units");
    dicom_put_double(&number, 0x0040a161, value);
    dicom_put_decimal(&number, 0x0040a30a, value);
    dicom_put_item(&measured, &number);
  }
  dicom_put_sequence(&body, 0x0040a300, &measured);
  if (!isfinite(value)) dicom_put_code(&body, 0x0040a301, "114006", "DCM", "Measurement failure");
  if (children && children->length) dicom_put_sequence(&body, 0x0040a730, children);
  dicom_put_item(items, &body);
}

/* ---- measurements ---- */

static void add_measurement(struct text *items, const struct measurement *m) {
  struct text children = {0};
  char words[96];
  if (m->method[0])
    add_code(&children, "HAS CONCEPT MOD", (struct code){"370129005", "SCT", "Measurement Method"},
             (struct code){m->method, DICOM_OWN_SCHEME, m->method});
  if (isfinite(m->low))
    add_number(&children, "HAS PROPERTIES",
               (struct code){"low", DICOM_OWN_SCHEME, "Lower end of the 95 % interval"}, m->low,
               m->unit, NULL);
  if (isfinite(m->high))
    add_number(&children, "HAS PROPERTIES",
               (struct code){"high", DICOM_OWN_SCHEME, "Upper end of the 95 % interval"}, m->high,
               m->unit, NULL);
  add_text(&children, "HAS PROPERTIES", (struct code){"source", DICOM_OWN_SCHEME, "Publication"},
           m->source);
  add_text(&children, "HAS PROPERTIES", comment, m->flags);
  report_quantity_words(words, m->quantity);
  add_number(items, "CONTAINS", (struct code){m->quantity, DICOM_OWN_SCHEME, words}, m->value,
             m->unit, &children);
}

static bool first_of_region(const struct record *r, size_t row) {
  for (size_t i = 0; i < row; i++)
    if (strcmp(r->rows[i].region, r->rows[row].region) == 0) return false;
  return true;
}

/* TID 1501 of one region. */
static void add_group(struct text *items, const struct record *r, size_t first, uint64_t seed) {
  struct text body = {0}, children = {0};
  char name[160], uid[64], words[96];
  const struct measurement *m = &r->rows[first];
  snprintf(name, sizeof name, "%s%s%s", m->case_id, m->region[0] ? " " : "", m->region);
  snprintf(words, sizeof words, "group %s", m->region);
  dicom_derive_uid(uid, seed, words, 0);
  begin_item(&body, "CONTAINS", "CONTAINER", (struct code){"125007", "DCM", "Measurement Group"});
  dicom_put_text(&body, 0x0040a050, "CS", "SEPARATE");
  add_text(&children, "HAS OBS CONTEXT", (struct code){"112039", "DCM", "Tracking Identifier"},
           name);
  add_uid(&children, "HAS OBS CONTEXT",
          (struct code){"112040", "DCM", "Tracking Unique Identifier"}, uid);
  report_region_words(words, m->region);
  if (m->region[0])
    add_code(&children, "HAS CONCEPT MOD", (struct code){"363698007", "SCT", "Finding Site"},
             (struct code){m->region, DICOM_OWN_SCHEME, words});
  for (size_t i = first; i < r->count; i++)
    if (strcmp(r->rows[i].region, m->region) == 0) add_measurement(&children, &r->rows[i]);
  dicom_put_sequence(&body, 0x0040a730, &children);
  dicom_put_item(items, &body);
}

static void add_measurements(struct text *items, const struct record *r, uint64_t seed) {
  struct text body = {0}, groups = {0};
  begin_item(&body, "CONTAINS", "CONTAINER",
             (struct code){"126010", "DCM", "Imaging Measurements"});
  dicom_put_text(&body, 0x0040a050, "CS", "SEPARATE");
  for (size_t i = 0; i < r->count; i++)
    if (first_of_region(r, i)) add_group(&groups, r, i, seed);
  dicom_put_sequence(&body, 0x0040a730, &groups);
  dicom_put_item(items, &body);
}

/* ---- the document ---- */

static void put_template(struct text *t) {
  struct text items = {0}, body = {0};
  dicom_put_text(&body, 0x00080105, "CS", "DCMR");
  dicom_put_text(&body, 0x0040db00, "CS", "1500");
  dicom_put_item(&items, &body);
  dicom_put_sequence(t, 0x0040a504, &items);
}

static void put_content(struct text *t, const struct record *r, uint64_t seed) {
  struct text items = {0};
  char device[64];
  dicom_derive_uid(device, 0, "implementation", 0);
  add_code(&items, "HAS CONCEPT MOD",
           (struct code){"121049", "DCM", "Language of Content Item and Descendants"},
           (struct code){"en", "RFC5646", "English"});
  add_code(&items, "HAS OBS CONTEXT", (struct code){"121005", "DCM", "Observer Type"},
           (struct code){"121007", "DCM", "Device"});
  add_uid(&items, "HAS OBS CONTEXT", (struct code){"121012", "DCM", "Device Observer UID"}, device);
  add_text(&items, "HAS OBS CONTEXT", (struct code){"121013", "DCM", "Device Observer Name"},
           "qct");
  add_code(&items, "HAS CONCEPT MOD", (struct code){"121058", "DCM", "Procedure reported"},
           (struct code){"77477000", "SCT", "Computed tomography"});
  add_measurements(&items, r, seed);
  dicom_put_sequence(t, 0x0040a730, &items);
}

status dicom_report_write(const struct record *r, const char *path,
                          const struct dicom_document *document, bool force) {
  static const struct dicom_document_kind kind = {.sop_class = "1.2.840.10008.5.1.4.1.1.88.22",
                                                  .modality = "SR",
                                                  .purpose = "measurements",
                                                  .series_number = 3,
                                                  .coded = true};
  status st = ST_OK;
  struct text t = {0}, nothing = {0};
  CHECK(r->count, ST_DOMAIN, "DICOM report: there are no measurements");
  for (size_t i = 1; i < r->count; i++)
    CHECK(strcmp(r->rows[i].case_id, r->rows[0].case_id) == 0, ST_DOMAIN,
          "DICOM report: the record holds several cases (%.60s, %.60s); choose one",
          r->rows[0].case_id, r->rows[i].case_id);
  TRY(dicom_document_begin(&t, document, &kind));
  dicom_put_text(&t, 0x0040a040, "CS", "CONTAINER");
  put_concept(&t, 0x0040a043, (struct code){"126000", "DCM", "Imaging Measurement Report"});
  dicom_put_text(&t, 0x0040a050, "CS", "SEPARATE");
  dicom_put_sequence(&t, 0x0040a372, &nothing);
  dicom_put_text(&t, 0x0040a491, "CS", "COMPLETE");
  dicom_put_text(&t, 0x0040a493, "CS", "UNVERIFIED");
  put_template(&t);
  put_content(&t, r, document->seed);
  TRY(text_check(&t, "DICOM report"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}
