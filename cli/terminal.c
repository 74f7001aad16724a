#define _DEFAULT_SOURCE
#include "cli/terminal.h"

#include "core/json.h"
#include "core/log.h"
#include "core/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR_WIDTH = 24 };
static const double bar_interval_s = 0.1;
static const double line_interval_s = 1.0;
static const double stage_shown_s = 0.2; /* shorter stages leave no line */

struct terminal {
  bool verbose, quiet, colour, bar;
  bool bar_drawn;
  double last_s; /* when progress was last shown */
};

static struct terminal screen; /* the process has one standard error */

static void clear_bar(struct terminal *t) {
  if (!t->bar_drawn) return;
  fputs("\r\033[K", stderr);
  t->bar_drawn = false;
}

static void show_message(void *user, enum log_level level, const char *text) {
  struct terminal *t = user;
  if (level == LOG_INFO && t->quiet) return;
  if (level == LOG_DETAIL && !t->verbose) return;
  clear_bar(t);
  const char *label = "";
  if (level == LOG_WARNING) label = t->colour ? "\033[33mwarning:\033[0m " : "warning: ";
  fprintf(stderr, "%s%s\n", label, text);
}

static void draw_bar(struct terminal *t, const struct progress *p) {
  char bar[BAR_WIDTH + 1] = "", count[96];
  const char *unit = p->unit ? p->unit : "";
  if (p->total > 0) {
    int full = (int)(BAR_WIDTH * (double)p->done / (double)p->total);
    if (full > BAR_WIDTH) full = BAR_WIDTH;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', full > 0 ? (size_t)full : 0);
    snprintf(count, sizeof count, "%lld/%lld %s", (long long)p->done, (long long)p->total, unit);
  } else {
    snprintf(count, sizeof count, "%lld %s", (long long)p->done, unit);
  }
  fprintf(stderr, "\r\033[K%.40s %s%s%s %.40s %.0f s%s%.40s", p->stage, *bar ? "[" : "", bar,
          *bar ? "]" : "", count, p->seconds, p->detail ? ", " : "", p->detail ? p->detail : "");
  fflush(stderr);
  t->bar_drawn = true;
}

static void print_line(const struct progress *p, const char *event) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "progress", p->stage);
  json_add_text(json, "event", event);
  cJSON_AddNumberToObject(json, "done", (double)p->done);
  if (p->total > 0) cJSON_AddNumberToObject(json, "total", (double)p->total);
  if (p->unit && *p->unit) json_add_text(json, "unit", p->unit);
  cJSON_AddNumberToObject(json, "seconds", (double)(long long)(p->seconds * 1000) / 1000);
  if (p->detail) json_add_text(json, "detail", p->detail);
  char *line = cJSON_PrintUnformatted(json);
  if (line) fprintf(stderr, "%s\n", line);
  cJSON_free(line);
  cJSON_Delete(json);
}

static void show_end(struct terminal *t, const struct progress *p) {
  clear_bar(t);
  if (p->seconds < stage_shown_s && !t->verbose) return;
  if (!t->bar)
    print_line(p, "end");
  else if (t->verbose)
    fprintf(stderr, "%s: %.1f s\n", p->stage, p->seconds);
}

static void show_progress(void *user, enum progress_event event, const struct progress *p) {
  struct terminal *t = user;
  double now = p->started_s + p->seconds;
  if (event == PROGRESS_END) {
    show_end(t, p);
    return;
  }
  if (event == PROGRESS_BEGIN) {
    t->last_s = t->bar ? 0 : now; /* a line only for what lasts */
    if (!t->bar) return;
  }
  if (now - t->last_s < (t->bar ? bar_interval_s : line_interval_s)) return;
  t->last_s = now;
  if (t->bar)
    draw_bar(t, p);
  else
    print_line(p, "update");
}

static bool is_first_rank(void) {
  const char *names[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK"};
  for (size_t i = 0; i < 2; i++) {
    const char *rank = getenv(names[i]);
    if (rank && atoi(rank) > 0) return false;
  }
  return true;
}

void terminal_install(bool verbose, bool quiet) {
  const char *kind = getenv("TERM");
  bool tty = isatty(STDERR_FILENO) && kind && strcmp(kind, "dumb") != 0;
  screen = (struct terminal){.verbose = verbose, .quiet = quiet, .bar = tty};
  screen.colour = tty && !getenv("NO_COLOR");
  if (!is_first_rank()) return;
  log_set_sink(show_message, &screen);
  if (!quiet) progress_set_sink(show_progress, &screen);
}

void terminal_error(const char *command, status code, bool verbose) {
  clear_bar(&screen);
  const char *text = status_message();
  fprintf(stderr, "qct%s%s: %s\n", *command ? " " : "", command, *text ? text : status_name(code));
  if (verbose) fprintf(stderr, "  (%s error at %s)\n", status_name(code), status_origin());
}

int terminal_columns(void) {
  struct winsize size;
  if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 40)
    return 80;
  return size.ws_col < 100 ? size.ws_col : 100;
}
