/* The way to GDCM: opens the module qct_dicom when the first DICOM file is read. */
#include "core/dicom_slice.h"
#include "core/module.h"

#include <stdlib.h>
#include <string.h>

static status open_module(const struct dicom_module **out) {
  const void *table = NULL;
  status st = module_open(&table, "dicom", "dicom_module", "libgdcm3.0");
  if (st == ST_OK) *out = table;
  return st;
}

/* The module keeps its own message; take it over. */
static status take_message(const struct dicom_module *m, status st) {
  return st == ST_OK ? st : status_fail(st, __FILE__, __LINE__, "%s", m->message());
}

status dicom_file_header(struct dicom_file *out, const char *path) {
  status st = ST_OK;
  const struct dicom_module *m;
  memset(out, 0, sizeof *out);
  TRY(open_module(&m));
  TRY(take_message(m, m->header(out, path)));
done:
  if (st != ST_OK) dicom_file_free(out);
  return st;
}

status dicom_file_decode(void *buffer, size_t bytes, const struct dicom_slice *slice) {
  status st = ST_OK;
  const struct dicom_module *m;
  TRY(open_module(&m));
  TRY(take_message(m, m->decode(buffer, bytes, slice)));
done:
  return st;
}

status deidentify_file(enum deidentify_outcome *outcome, struct deidentify_result *result,
                       struct deidentify_counts *counts, const char *path, const char *path_out,
                       const struct deidentify_options *o) {
  status st = ST_OK;
  const struct dicom_module *m;
  TRY(open_module(&m));
  TRY(take_message(m, m->deidentify(outcome, result, counts, path, path_out, o)));
done:
  return st;
}

bool rtstruct_is(const char *path) {
  const struct dicom_module *m;
  return open_module(&m) == ST_OK && m->rtstruct_is(path);
}

status rtstruct_read(struct roi_set **out, const char *path) {
  status st = ST_OK;
  const struct dicom_module *m;
  TRY(open_module(&m));
  TRY(take_message(m, m->rtstruct_read(out, path)));
done:
  return st;
}

void dicom_file_free(struct dicom_file *f) {
  for (int i = 0; i < f->count; i++) free(f->slices[i].path);
  free(f->slices);
  memset(f, 0, sizeof *f);
}
