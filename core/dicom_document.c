#include "core/dicom_document.h"

#include "core/dicom_element.h"
#include "core/file.h"
#include "core/provenance.h"

#include <stdio.h>
#include <string.h>

enum { UID_LENGTH = 64, ID_LENGTH = 64 };

/* PS3.5 9.1: components of digits between dots, without leading zeros. */
static bool is_uid(const char *s) {
  if (!s[0] || strlen(s) > UID_LENGTH) return false;
  for (const char *at = s; *at; at++) {
    size_t digits = strspn(at, "0123456789");
    if (!digits || (at[0] == '0' && digits > 1)) return false;
    at += digits;
    if (!*at) return true;
    if (*at != '.') return false;
  }
  return false; /* a dot at the end */
}

static void put_scheme(struct text *t) {
  struct text items = {0}, body = {0};
  dicom_put_text(&body, 0x00080102, "SH", DICOM_OWN_SCHEME);
  dicom_put_text(&body, 0x00080115, "ST", "qct");
  dicom_put_item(&items, &body);
  dicom_put_sequence(t, 0x00080110, &items);
}

static void put_general(struct text *t, const struct dicom_document *d,
                        const struct dicom_document_kind *kind, const char *instance) {
  struct text nothing = {0};
  dicom_put_text(t, 0x00080005, "CS", "ISO_IR 192");
  if (kind->image_type) dicom_put_text(t, 0x00080008, "CS", kind->image_type);
  dicom_put_text(t, 0x00080016, "UI", kind->sop_class);
  dicom_put_text(t, 0x00080018, "UI", instance);
  dicom_put_text(t, 0x00080020, "DA", "20200101");
  dicom_put_text(t, 0x00080023, "DA", "20200101");
  dicom_put_text(t, 0x00080030, "TM", "120000");
  dicom_put_text(t, 0x00080033, "TM", "120000");
  dicom_put_text(t, 0x00080050, "SH", "");
  dicom_put_text(t, 0x00080060, "CS", kind->modality);
  if (kind->conversion) dicom_put_text(t, 0x00080064, "CS", kind->conversion);
  dicom_put_text(t, 0x00080070, "LO", "qct");
  dicom_put_text(t, 0x00080090, "PN", "");
  if (kind->coded) put_scheme(t);
  dicom_put_text(t, 0x0008103e, "LO", d->description ? d->description : kind->purpose);
  dicom_put_text(t, 0x00081090, "LO", "qct");
  if (kind->coded) dicom_put_sequence(t, 0x00081111, &nothing);
}

status dicom_document_begin(struct text *t, const struct dicom_document *d,
                            const struct dicom_document_kind *kind) {
  status st = ST_OK;
  char study[64], series[64], instance[64];
  const char *id = d->patient_id ? d->patient_id : "";
  CHECK(!d->study || is_uid(d->study), ST_USAGE,
        "study \"%.80s\" is no DICOM UID: numbers with dots between, at most %d characters",
        d->study, UID_LENGTH);
  CHECK(strlen(id) <= ID_LENGTH && !strchr(id, '\\'), ST_USAGE,
        "a patient id has at most %d bytes and no backslash", ID_LENGTH);
  dicom_derive_uid(study, d->seed, "study", 0);
  dicom_derive_uid(series, d->seed, kind->purpose, 0);
  dicom_derive_uid(instance, d->seed, kind->purpose, 1);
  dicom_put_file_head(t, kind->sop_class, instance);
  put_general(t, d, kind, instance);
  dicom_put_text(t, 0x00100010, "PN", "");
  dicom_put_text(t, 0x00100020, "LO", id);
  dicom_put_text(t, 0x00100030, "DA", "");
  dicom_put_text(t, 0x00100040, "CS", "");
  dicom_put_text(t, 0x00181020, "LO", program_version());
  dicom_put_text(t, 0x0020000d, "UI", d->study ? d->study : study);
  dicom_put_text(t, 0x0020000e, "UI", series);
  dicom_put_text(t, 0x00200010, "SH", "1");
  dicom_put_integer(t, 0x00200011, kind->series_number);
  dicom_put_integer(t, 0x00200013, 1);
  if (!kind->image_type) goto done;
  dicom_put_text(t, 0x00200020, "CS", ""); /* which way a picture lies, and the side it is of */
  dicom_put_text(t, 0x00200060, "CS", "");
done:
  return st;
}

status dicom_capture_write(const struct picture *p, const char *path,
                           const struct dicom_document *document, bool force) {
  static const struct dicom_document_kind kind = {.sop_class = "1.2.840.10008.5.1.4.1.1.7",
                                                  .modality = "OT",
                                                  .purpose = "picture",
                                                  .series_number = 4,
                                                  .image_type = "DERIVED\\SECONDARY",
                                                  .conversion = "WSD"};
  status st = ST_OK;
  struct text t = {0};
  CHECK(p->width <= 65535 && p->height <= 65535, ST_DOMAIN,
        "a DICOM picture has at most 65535 x 65535 pixels, not %d x %d", p->width, p->height);
  TRY(dicom_document_begin(&t, document, &kind));
  dicom_put_short(&t, 0x00280002, "US", 3);
  dicom_put_text(&t, 0x00280004, "CS", "RGB");
  dicom_put_short(&t, 0x00280006, "US", 0);
  dicom_put_short(&t, 0x00280010, "US", p->height);
  dicom_put_short(&t, 0x00280011, "US", p->width);
  dicom_put_short(&t, 0x00280100, "US", 8);
  dicom_put_short(&t, 0x00280101, "US", 8);
  dicom_put_short(&t, 0x00280102, "US", 7);
  dicom_put_short(&t, 0x00280103, "US", 0);
  dicom_put_element(&t, 0x7fe00010, "OB", p->rgb, (size_t)p->width * (size_t)p->height * 3);
  TRY(text_check(&t, "DICOM picture"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}
