/* What every command that measures labelled compartments takes. */
#ifndef QCT_CLI_TISSUE_OPTIONS_H
#define QCT_CLI_TISSUE_OPTIONS_H

#include "bodycomp/tissue.h"
#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/image.h"

#include <math.h>

struct tissue_params {
  const char *case_id;
  const char *ct, *compartments, *out;
  struct text_list muscle, fat;
  double muscle_window[2], fat_window[2]; /* NaN: of the preset */
  struct image_read_options read;
  double pure_hu[2]; /* muscle, fat; NaN: no mixing */
  int windows, imat_min;
};
#define TISSUE_PARAMS                                                                              \
  { .muscle_window = {NAN, NAN}, .fat_window = {NAN, NAN}, .pure_hu = {NAN, NAN}, .imat_min = 1 }

/* Named pairs of windows: the usual, that of the thigh, and the other visceral convention. */
static const char *const window_presets[] = {"standard", "thigh", "visceral-alt", NULL};

/* `m` is a struct tissue_params in the parameters. */
#define TISSUE_ARGUMENTS(T, m)                                                                     \
  ARG_IN(T, m.ct, "ct", "CT: DICOM folder or image file"),                                         \
      OPT_IN_REQUIRED(T, m.compartments, "compartments",                                           \
                      "label map of compartments on the same grid"),                               \
      OPT_LIST(T, m.muscle, "muscle",                                                              \
               "labels of muscle: value or name=value, e.g. psoas=88,psoas_right=89"),             \
      OPT_LIST(T, m.fat, "fat", "labels of fat compartments: value or name=value")
#define TISSUE_WINDOWS(T, m)                                                                       \
  OPT_CHOICE(T, m.windows, "windows", window_presets,                                              \
             "named windows: muscle -29..150 and fat -190..-30 HU, muscle to 200 HU (thigh), fat " \
             "-150..-50 HU (visceral-alt)"),                                                       \
      OPT_REALS(T, m.muscle_window, "muscle-window", "HU", 2, -1000, 3000,                         \
                "inclusive HU window of muscle, instead"),                                         \
      OPT_REALS(T, m.fat_window, "fat-window", "HU", 2, -1000, 3000,                               \
                "inclusive HU window of fat, instead"),                                            \
      OPT_REALS(                                                                                   \
          T, m.pure_hu, "pure-hu", "HU", 2, -200, 200,                                             \
          "HU of pure muscle and pure fat in this scan, e.g. 52,-100: also the share of fat "      \
          "by mixing"),                                                                            \
      OPT_INT(T, m.imat_min, "least-imat-pixels", "pixels", 1, 1000,                               \
              "smaller fat components in muscle do not count"),                                    \
      OPT_OUT_AS(T, m.out, "out", ENDS_RECORD, "record; standard output when not given"),          \
      OPT_CASE(T, m.case_id), SCAN_OPTIONS(T, m.read)

static const char *const tissue_sources[] = {"derstine2018", "dennis2018", NULL};

static inline void tissue_window_set(struct tissue_window *w, const double wanted[2]) {
  if (isnan(wanted[0])) return;
  w->low_hu = wanted[0];
  w->high_hu = wanted[1];
}

static inline struct tissue_options tissue_options_of(const struct tissue_params *p) {
  struct tissue_options o = TISSUE_DEFAULTS;
  if (p->windows == 1) o.muscle = tissue_windows[WINDOW_MUSCLE_THIGH];
  if (p->windows == 2) o.fat = tissue_windows[WINDOW_FAT_VISCERAL_ALT];
  tissue_window_set(&o.muscle, p->muscle_window);
  tissue_window_set(&o.fat, p->fat_window);
  o.imat_min_pixels = p->imat_min;
  o.pure_muscle_hu = p->pure_hu[0];
  o.pure_fat_hu = p->pure_hu[1];
  return o;
}

/** The scan and its compartments; `volume`: for volumes. The caller frees both, on failure too. */
static inline status tissue_inputs_read(struct volume **hu, struct labels **compartments,
                                        const struct tissue_params *p, int volume) {
  status st = ST_OK;
  CHECK(p->muscle.count + p->fat.count > 0, ST_USAGE,
        "name the compartments with --muscle and --fat");
  TRY(scan_read_hu(hu, p->ct, &p->read));
  TRY(tissue_check_scan(*hu, volume));
  TRY(labels_read_on(compartments, p->compartments, &(*hu)->grid));
done:
  return st;
}

/** The compartments asked for, over a range of slices. */
static inline struct tissue_list tissue_list_of(const struct tissue_params *p, int fat,
                                                const struct tissue_list *range) {
  struct tissue_list list = *range;
  list.items = fat ? p->fat.items : p->muscle.items;
  list.count = fat ? p->fat.count : p->muscle.count;
  list.fat = fat;
  return list;
}

/** The rows of all compartments over a range of slices. */
static inline status tissue_rows(struct record *r, const struct volume *hu, const struct labels *l,
                                 const struct tissue_params *p, const struct tissue_list *range) {
  const struct tissue_options o = tissue_options_of(p);
  const struct tissue_list muscle = tissue_list_of(p, 0, range), fat = tissue_list_of(p, 1, range);
  status st = ST_OK;
  TRY(tissue_measure_list(r, hu, l, &muscle, &o));
  TRY(tissue_measure_list(r, hu, l, &fat, &o));
  TRY(tissue_fat_ratio(r));
done:
  return st;
}

#endif
