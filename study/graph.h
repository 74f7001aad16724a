/* Work as a graph of steps that is done once: each step has inputs (other steps, parameters,
 * digests of files) and outputs (files in one folder). A step whose inputs have not changed since
 * it was last done, and whose outputs are still as it left them, is kept and not done again.
 *
 * The key of a step is the SHA-256 of its name and version, the program's version, its parameters
 * (which hold the digests of the input files it reads) and the keys and states of the steps it
 * needs. So a change runs what depends on it and nothing else.
 *
 * Refusals. A step that returns ST_DOMAIN, ST_NUMERIC, ST_UNSUPPORTED or ST_EXTERNAL withholds its
 * result with the message as the reason; steps that need it are withheld too, and the rest goes on.
 * Any other failure, or any failure of a `required` step, ends the run with that status.
 *
 * The journal <folder>/run.json is written after every step, so a killed run goes on where it was.
 */
#ifndef QCT_STUDY_GRAPH_H
#define QCT_STUDY_GRAPH_H

#include "core/status.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GRAPH_NEEDS = 48, GRAPH_OUTPUTS = 16 };
#define GRAPH_JOURNAL "run.json"

enum graph_state {
  GRAPH_WAITING,  /* not reached */
  GRAPH_DONE,     /* done in this run */
  GRAPH_KEPT,     /* done before, nothing changed */
  GRAPH_WITHHELD, /* refused: see reason */
};
/** "waiting", "done", "kept", "withheld". */
const char *graph_state_name(enum graph_state s);

struct graph_step {
  const char *name;                   /* key, e.g. "calibrate" */
  const char *title;                  /* what it does, for progress: "calibrate HU to density" */
  const char *version;                /* changed by hand when the step's result changes */
  const char *needs[GRAPH_NEEDS];     /* steps before it; withheld with any of them; NULL ends */
  const char *wants[GRAPH_NEEDS];     /* steps before it whose absence it can live with */
  const char *outputs[GRAPH_OUTPUTS]; /* files below the folder that it may write; NULL ends */
  bool required;                      /* its failure ends the run */
  bool always;                        /* never kept: done each time */
  status (*run)(void *user, int argument);
  int argument;            /* handed to run, e.g. the side */
  const cJSON *parameters; /* borrowed; NULL: none */
};

struct graph_result {
  enum graph_state state;
  status cause;      /* of a withheld step */
  char reason[1024]; /* of a withheld step; "needs calibrate" when another step is the cause */
  double seconds;    /* taken in this run, or when it was done, if kept */
  char key[65];
};

/** Told when a step is about to be done and when it has ended; may be NULL. */
typedef void (*graph_watch)(void *user, const struct graph_step *step,
                            const struct graph_result *result, bool ended);

/**
 * Do the steps in their order (each comes after those it needs).
 *
 * @param[out] results  one a step, [count]; filled as far as the run came
 * @param      folder   exists; outputs and journal lie in it
 * @param      force    do every step again
 * @return the status of the step that ended the run; ST_USAGE for a step that names an unknown or
 *         later step (our own mistake); ST_IO when the journal cannot be written
 */
status graph_run(struct graph_result *results, const struct graph_step *steps, int count,
                 const char *folder, void *user, bool force, graph_watch watch);

/** Index of a step by name, -1 when there is none. */
int graph_find(const struct graph_step *steps, int count, const char *name);

#ifdef __cplusplus
}
#endif
#endif
