/* One analysis of a case, in one file: study/step_<name>.c holds a `const struct case_step` that
 * declares everything the main job needs to know about it, and the functions the table names.
 * Adding an analysis is writing that file and one line in STUDY_STEPS_IN_ORDER (study/steps.c);
 * study/README.md goes through it with an example.
 *
 * From the table come: the steps of the graph (one, or one for each side), their order, keys and
 * outputs, the rows of record.csv with the withheld ones, headlines, sections, methods, sources and
 * remedies of the report. Private to this folder.
 */
#ifndef QCT_STUDY_STEP_H
#define QCT_STUDY_STEP_H

#include "report/report.h"
#include "study/case.h"

enum {
  STEP_LINKS = 12,     /* most steps that one step names, counted in declarations */
  STEP_OUTPUTS = 16,   /* most files of a step */
  STEP_WITHHELD = 12,  /* most rows that stand for a withheld step */
  STEP_HEADLINES = 6,  /* most headline numbers of a step, a side */
  STEP_REMEDIES = 8,   /* most remedies of its own */
  STEP_NO_SIDE = -1,   /* `side` of a step that is done once */
  STEP_PAGE_KEYS = 128 /* most publications of a report */
};

/* The report while it is being written: what a step's `tell` and `methods` may use. */
struct case_page {
  struct report *report;
  struct study_case *c;
  const struct record *record;      /* all rows of the case, withheld ones too */
  size_t row_ends[STUDY_STEPS];     /* of each step of the graph: its rows end before that one */
  const char *keys[STEP_PAGE_KEYS]; /* publications so far */
  int key_count;
};

struct case_step {
  const char *name;    /* key; a step of a side is NAME_right and NAME_left in run.json */
  const char *title;   /* what it does, lower case: "density of the regions" */
  const char *version; /* raised by hand when a result of it changes */
  bool each_side;      /* done for the right and for the left femur */
  bool optional;       /* done only when asked for with --add NAME */
  bool required;       /* its failure ends the run */
  bool of_femur;       /* a side that is not in the scan has no rows of it, withheld ones neither */

  /* Steps before it, by name. Between two steps of a side the link is to the same side; a step done
   * once that names a step of a side means both. Withheld with any it needs; a `want` that is
   * withheld or left out it can live without. */
  const char *needs[STEP_LINKS];
  const char *wants[STEP_LINKS];
  /* Files it may write below the case's folder; "%s" stands for the side. They are removed before
   * the step is done again and when it is withheld. */
  const char *outputs[STEP_OUTPUTS];

  /** Add what decides, beside the steps it needs, whether the step is done again: the options it
   * reads (case_add_text, json_add_number, cJSON_AddBoolToObject) and the digests of input files it
   * reads itself (case_add_digest). NULL: nothing. */
  void (*parameters)(cJSON *parameters, const struct study_case *c);

  /** Do it: take what earlier steps made by the accessors of study/case.h, write the outputs.
   * @param side index into case_sides, or STEP_NO_SIDE
   * @return ST_DOMAIN, ST_NUMERIC, ST_UNSUPPORTED or ST_EXTERNAL withhold the step with the message
   *         as the reason shown to the reader; anything else ends the run */
  status (*run)(struct study_case *c, int side);

  bool part; /* run wrote its rows with case_write_part; they go into the record as they are */
  /** Add rows that are not in a part; called when the step was done. May be NULL. */
  status (*rows)(struct record *record, struct study_case *c, int side);
  /* Rows that appear without value when the step is withheld; the region of a step of a side gets
   * "_right" or "_left". */
  struct {
    const char *region, *quantity, *unit;
  } withheld[STEP_WITHHELD];

  /* Numbers for the top of the report, by region (side appended), quantity and words. `interval`:
   * what the interval holds; NULL: "95 % interval". */
  struct {
    const char *region, *quantity, *words, *interval;
  } headlines[STEP_HEADLINES];

  const char *section; /* title of its section; NULL: it has none */
  /** Write the section: paragraphs, pictures (page_image), plots, tables, and findings. Called when
   * the step was done: once, or once for each side below a subtitle. A step that
   * was withheld has no section: the table of withheld values gives the reason. May be NULL. */
  status (*tell)(struct case_page *page, int side);
  /** Say how it was done (report_text) and name the publications (page_source) beyond those of the
   * rows, which are listed anyway. Called once when any side was done. May be NULL. */
  void (*methods)(struct case_page *page);
  /* What would permit a withheld value whose reason contains the text, before those that hold for
   * every step (study/withheld.c). */
  struct step_remedy {
    const char *reason_has, *remedy;
  } remedies[STEP_REMEDIES];
};

/* ---- the table ---- */

/** All steps in their order, without the report; NULL ends. */
extern const struct case_step *const study_steps[];
/** NULL when there is none. */
const struct case_step *study_step_find(const char *name);

/* The steps of one case as the graph takes them. */
struct case_graph_step {
  const struct case_step *step; /* NULL: the report */
  int side;                     /* STEP_NO_SIDE of a step that is done once */
  struct study_case *c;
  char name[48], title[96];
  char links[2][GRAPH_NEEDS][48]; /* needs, wants */
  char outputs[GRAPH_OUTPUTS][96];
  cJSON *parameters; /* owned */
};
struct case_graph {
  int count;
  struct graph_step steps[STUDY_STEPS];
  struct graph_result results[STUDY_STEPS];
  struct case_graph_step made[STUDY_STEPS]; /* what the steps point to */
};

/** The steps that the options ask for; the report is the last.
 * What needs a skipped step is skipped with it.
 * @return ST_USAGE for an unknown name in `skip` or `add`, naming those there are */
status case_graph_make(struct case_graph **out, struct study_case *c);
void case_graph_free(struct case_graph *g);

/** Is the step of a femur that is not in the scan or the label map? `femora`: NULL when not known.
 */
bool case_step_absent(const struct case_graph_step *g, const struct femur_result *femora);
/** Was the step done in this run or kept? A step of a side needs one, STEP_NO_SIDE: any side. */
bool case_step_done(const struct study_case *c, const char *name, int side);

/* ---- for run ---- */

/** Text parameter; NULL is "". */
void case_add_text(cJSON *parameters, const char *key, const char *value);
/** Digest of the input with that role in the provenance ("ct", "labels"), "" when there is none. */
void case_add_digest(cJSON *parameters, const struct study_case *c, const char *role);
/** Write the rows of a step with `part` to parts/NAME.json or parts/NAME_SIDE.json. Rows get the
 * case's name. */
status case_write_part(const struct study_case *c, struct record *rows, const char *name, int side);
/** Write a picture below the case's folder ("%s" in `format`: the side) and free it, written or
 * not. */
status case_write_picture(const struct study_case *c, const char *format, int side,
                          struct picture *p);
status case_read_part(struct record **out, const struct study_case *c, const char *name, int side);
/** Flag what the calibration keeps although it lies beyond its limits. */
void case_flag_forced(struct measurement *m, const struct calibration *k);
/** The same, and how a density was calibrated when no phantom lay in the scan, and its voltage [kV]
 * (NaN: not known) when the published tissue densities hold for another. */
void case_flag_calibration(struct measurement *m, const struct calibration *k, double kvp);
/** Withhold densities of regions with the head when part of it is outside the scan; flag the others
 * when the femur meets the edge. */
void case_judge_cuts(struct record *rows, const struct femur *f);
/** Flag rows of a femur with what limits them: no phantom, voltage, thick slices, frame. Rows in mm
 * and without unit depend on none of these and are left as they are. */
status case_flag_femur_rows(struct record *rows, struct study_case *c, const struct femur *f);

/* ---- for tell and methods ---- */

/* A table of measurements: rows are regions, columns quantities. */
struct page_row {
  const char *name;   /* what the reader sees */
  const char *region; /* without the side */
};
struct page_column {
  const char *head;     /* "Area [cm2]" */
  const char *quantity; /* of the record */
};
enum { PAGE_COLUMNS = 10 }; /* at most */
/** Rows of which the record has nothing are left out. `first`: head of the rows' names. */
void page_table(struct case_page *page, int side, const char *title, const char *first,
                const struct page_row *rows, int row_count, const struct page_column *columns,
                int column_count);
/** The same with a row a vertebra. */
void page_levels(struct case_page *page, const char *title, const struct page_column *columns,
                 int column_count);
/** A picture below the case's folder; "%s" in `format` is the side. Left out when not there. */
status page_image(struct case_page *page, const char *format, int side, const char *alt,
                  const char *caption, const struct report_reading *reading);
/** The scan around the outlined femora for the reader to move through (study/slices.c): written by
 * a step's run as pictures/slices.png and parts/slices.json, told by its tell. */
status case_write_slices(const struct study_case *c, const struct volume *hu,
                         const struct femur_result *r);
status page_slices(struct case_page *page, const struct report_reading *reading);
/** List a publication (key of core/sources.def) among the sources. */
void page_source(struct case_page *page, const char *key);

/* ---- withheld values, in study/withheld.c ---- */

/** Steps and single rows without value, with reason and remedy. */
void page_withheld(struct case_page *page);

/** The last step. */
status step_report(struct study_case *c);

#endif
