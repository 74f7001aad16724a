/* A report for a person: ONE offline HTML file, nothing fetched from anywhere; no script but that
 * of report_slices.
 *
 * The page reads from the top: title and facts, headline numbers, what was found (worst first),
 * what is withheld and why, then sections of paragraphs, figures and tables in the order they were
 * added. It follows light and dark pages, prints, fits a phone, and tells states in words and signs
 * as well as in the colours of okabe2008. Every figure carries a reading: what is good, what is
 * bad, what to do.
 *
 *   struct report *r = NULL;
 *   TRY(report_create(&r, "Hip strength from CT", "case-1"));
 *   report_fact(r, "Tube voltage", "120 kV");
 *   report_finding(r, REPORT_CAUTION, "Thick slices", "3.27 mm; ...");
 *   report_section(r, "Calibration");
 *   report_paragraph(r, "The line was fitted through %d rods.", 5);
 *   report_plot(r, plot, "Regression", &(struct report_reading){.good = "...", .act = "..."});
 *   TRY(report_write(r, "report.html", force));
 *
 * All texts are plain UTF-8 and are escaped here. Nothing that names a person is added by this
 * folder; callers pass none. Additions never fail: running out of memory is remembered and told by
 * report_html and report_write.
 */
#ifndef QCT_REPORT_REPORT_H
#define QCT_REPORT_REPORT_H

#include "core/plot.h"
#include "core/record.h"

#ifdef __cplusplus
extern "C" {
#endif

struct report;

enum report_level {
  REPORT_STOP,    /* must not be used, or is missing */
  REPORT_CAUTION, /* usable with the limits named */
  REPORT_NOTE,    /* worth knowing */
  REPORT_GOOD     /* checked and well */
};

/* What a figure shows; a NULL line is left out. */
struct report_reading {
  const char *good; /* what is as it should be */
  const char *bad;  /* what is not, or what would look wrong */
  const char *act;  /* what to do about it */
};

status report_create(struct report **out, const char *title, const char *subtitle);
void report_destroy(struct report *r);

/** A name and a value under the title ("Slice distance", "3.27 mm"). */
void report_fact(struct report *r, const char *name, const char *value);
/** A large number near the top: value, unit and interval of the row; a withheld row says so.
 * `interval`: the words before the interval; NULL: "95 % interval". */
void report_headline(struct report *r, const char *name, const struct measurement *m,
                     const char *interval);
/** Something found, shown above all sections, worst first. */
void report_finding(struct report *r, enum report_level level, const char *title, const char *text);
/** Something that is not in the report, why, and what would permit it (remedy may be NULL). */
void report_withheld(struct report *r, const char *what, const char *reason, const char *remedy);

/** Start a section; what is added next belongs to it. It gets an entry in the contents. */
void report_section(struct report *r, const char *title);
void report_subsection(struct report *r, const char *title);
void report_paragraph(struct report *r, const char *fmt, ...) QCT_PRINTF(2, 3);
/** Text with blank lines between paragraphs. */
void report_text(struct report *r, const char *paragraphs);
/** A raster figure; `alt` describes it for those who cannot see it. The picture is copied. */
void report_picture(struct report *r, const struct picture *p, const char *alt, const char *caption,
                    const struct report_reading *reading);
/** The same from the bytes of a PNG file. */
void report_image(struct report *r, const void *png, size_t length, const char *alt,
                  const char *caption, const struct report_reading *reading);
void report_plot(struct report *r, const struct plot *p, const char *caption,
                 const struct report_reading *reading);
/** An SVG element made elsewhere (core/plot.h, ml/figures.h); it must hold no script. */
void report_svg(struct report *r, const struct text *svg, const char *caption,
                const struct report_reading *reading);

/* A small volume to be looked through: a PNG whose tiles, `columns` in a row, are its slices from
 * the feet up, each as seen from the feet (left of the picture is the person's right, top is
 * front). Red is the grey value, green 40 times the label (1..5; 0 none). */
struct report_slices {
  const void *png; /* [length] */
  size_t length;
  int nx, ny, nz, columns;
  int start[3];           /* voxel that the planes show at first, 0 to nx-1, ny-1, nz-1 */
  double low_hu, high_hu; /* of grey 0 and 255 */
};
/** Three planes that the reader moves (mouse, wheel, keys, sliders), with a window. Needs a script,
 * the only one a page may hold (its hash stands in the page's policy); without scripts, and on
 * paper as long as nobody moved them, nothing is shown here: give still pictures beside it. */
void report_slices(struct report *r, const struct report_slices *s, const char *caption,
                   const struct report_reading *reading);

/* One measure of many cases: a strip a group, with quartiles and outlier fences. */
struct report_strip {
  const char *axis;               /* "Total hip vBMD, left [mg/cm3]" */
  size_t count;                   /* of values */
  const double *values;           /* NaN: missing, counted at the end of its strip */
  const int *groups;              /* [count], 0..group_count-1, -1: of none; NULL: all in one */
  const char *const *group_names; /* [group_count]; NULL: one without name */
  int group_count;                /* 1..REPORT_STRIP_GROUPS */
  const char *const *labels;      /* [count]; of an outlier, and of every point under the mouse */
  const char *const *links;       /* [count]; where a click leads; NULL, or NULL for one: nowhere */
};
enum { REPORT_STRIP_GROUPS = 12, REPORT_STRIP_FENCED = 8 };

/**
 * Tukey's fences of n values: 1.5 times the distance between the quartiles outside them (Source:
 * tukey1977); NaN with fewer than REPORT_STRIP_FENCED values. NaN in x is left out. Any of the
 * outputs may be NULL. @return the number of finite values
 */
size_t report_fences(double *low, double *high, double quartiles[3], const double *x, size_t n);
void report_strips(struct report *r, const struct report_strip *s, const char *caption,
                   const struct report_reading *reading);

/** A table: column titles (a leading '#' aligns the column right, for numbers), then rows. */
void report_table_begin(struct report *r, const char *caption, const char *const *columns,
                        int count);
/** One row of as many cells as the table has columns. */
void report_table_row(struct report *r, const char *const *cells);
/** The same with the first cell as a link (a path relative to the page, or "#..."). */
void report_table_linked_row(struct report *r, const char *href, const char *const *cells);
void report_table_end(struct report *r);
/** What is added until the matching end is folded behind one line. */
void report_fold_begin(struct report *r, const char *line);
void report_fold_end(struct report *r);

/** Table of rows of a record: measure, value, unit, 95 % interval, n, method, flags. `region` NULL:
 * all rows, grouped by region in order of appearance. Withheld rows show their reason. */
void report_measurements(struct report *r, const struct record *record, const char *region);
/** Numbered list of publications by key, unknown keys as they are. */
void report_sources(struct report *r, const char *const *keys, int count);
/** What made it: command, version, parameters, input digests, build. */
void report_provenance(struct report *r, const cJSON *provenance);

/** The whole page. */
status report_html(const struct report *r, struct text *out);
/** Through core/file.h: whole or not at all. */
status report_write(const struct report *r, const char *path, bool force);

/* ---- words, used by the tables and useful to callers ---- */

/** "vbmd_trabecular" -> "Trabecular vBMD"; unknown keys with blanks for underscores. */
void report_quantity_words(char out[96], const char *quantity);
/** "femoral_neck_right" -> "Femoral neck, right". */
void report_region_words(char out[96], const char *region);
/** Digits a reader can use: two significant ones of the half-width when it is known, but no more
 * than four of the value; "withheld" for NaN. */
void report_number(char out[32], double value, double half_width);

#ifdef __cplusplus
}
#endif
#endif
