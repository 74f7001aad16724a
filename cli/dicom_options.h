/* Options of the commands that write DICOM documents. */
#ifndef QCT_CLI_DICOM_OPTIONS_H
#define QCT_CLI_DICOM_OPTIONS_H

#include "cli/command.h"
#include "core/dicom_document.h"

struct dicom_options {
  const char *patient_id, *study;
  int seed;
};
#define DICOM_DEFAULTS                                                                             \
  { .seed = 1 }

#define DICOM_OPTIONS(T, m)                                                                        \
  OPT_TEXT(T, m.patient_id, "patient-id", "written into the header; else nothing of a person is"), \
      OPT_TEXT(T, m.study, "study",                                                                \
               "study instance UID that the file joins; else one made from --seed"),               \
      OPT_INT(T, m.seed, "seed", "", 0, 2147483647,                                                \
              "of the UIDs: files of one seed lie in one study, and replace those of the same "    \
              "kind")

static inline struct dicom_document dicom_options_document(const struct dicom_options *o) {
  return (struct dicom_document){
      .seed = (uint64_t)o->seed, .patient_id = o->patient_id, .study = o->study};
}

#endif
