#include "report/report.h"

#include "core/file.h"
#include "core/json.h"
#include "core/provenance.h"
#include "core/sources.h"
#include "report/html.h"
#include "report/measurements.h"
#include "report/slices.h"
#include "report/strip.h"
#include "report/style.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 4, COLUMNS = 16 };

struct report {
  struct text title, subtitle, facts, headlines; /* HTML */
  struct text findings[LEVELS];
  struct text withheld;
  struct text contents, body;
  int section_count;
  bool slices;         /* the script is needed */
  int columns;         /* of the open table, 0 when none */
  bool right[COLUMNS]; /* its right-aligned columns */
};

status report_create(struct report **out, const char *title, const char *subtitle) {
  status st = ST_OK;
  struct report *r = calloc(1, sizeof *r);
  CHECK(r, ST_MEMORY, "making a report");
  text_append_html(&r->title, title);
  text_append_html(&r->subtitle, subtitle);
  *out = r;
done:
  return st;
}

void report_destroy(struct report *r) {
  if (!r) return;
  struct text *texts[] = {&r->title,    &r->subtitle, &r->facts, &r->headlines,
                          &r->withheld, &r->contents, &r->body};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) text_free(texts[i]);
  for (int i = 0; i < LEVELS; i++) text_free(&r->findings[i]);
  free(r);
}

/* ---- the top of the page ---- */

void report_fact(struct report *r, const char *name, const char *value) {
  html_element(&r->facts, "<div><dt>", name, "</dt>");
  html_element(&r->facts, "<dd>", value, "</dd></div>\n");
}

/* The first of the reasons; all of them stand under "Withheld". */
static void put_reason(struct text *t, const char *flags) {
  char first[256];
  const char *end = strstr(flags, "; ");
  snprintf(first, sizeof first, "%.*s", end ? (int)(end - flags) : (int)strlen(flags), flags);
  html_units(t, "<div class=\"flags\">", first, "</div>");
}

void report_headline(struct report *r, const char *name, const struct measurement *m,
                     const char *interval) {
  struct text *t = &r->headlines;
  bool none = !m || isnan(m->value);
  char number[32];
  report_number(number, m ? m->value : (double)NAN, m ? measurement_half_width(m) : (double)NAN);
  html_put(t, none ? "<div class=\"headline none\">" : "<div class=\"headline\">");
  html_element(t, "<div class=\"name\">", name, "</div>");
  html_element(t, "<div class=\"value\">", number, "");
  if (!none) {
    html_units(t, " <span class=\"unit\">", m->unit, "</span>");
  }
  html_put(t, "</div>");
  if (!none && isfinite(m->low) && isfinite(m->high)) {
    char low[32], high[32];
    report_number(low, m->low, measurement_half_width(m));
    report_number(high, m->high, measurement_half_width(m));
    text_append(t, "<div class=\"interval\">%s %s to %s</div>",
                interval ? interval : "95 % interval", low, high);
  }
  if (none && m) put_reason(t, m->flags);
  if (!none && m->flags[0]) html_units(t, "<div class=\"flags\">", m->flags, "</div>");
  html_put(t, "</div>\n");
}

static void put_finding(struct text *t, enum report_level level, const char *title,
                        const char *text) {
  static const char *const classes[] = {"stop", "caution", "note", "good"};
  static const char *const badges[] = {"\xC3\x97 Stop", "! Caution", "i Note", "\xE2\x9C\x93 Good"};
  text_append(t, "<div class=\"finding %s\"><p class=\"badge\">%s</p><p><strong>", classes[level],
              badges[level]);
  html_element(t, "", title, "</strong> ");
  html_prose(t, "", text, "</p></div>\n");
}

void report_finding(struct report *r, enum report_level level, const char *title,
                    const char *text) {
  put_finding(&r->findings[level], level, title, text);
}

void report_withheld(struct report *r, const char *what, const char *reason, const char *remedy) {
  html_element(&r->withheld, "<tr><td><strong>", what, "</strong></td>");
  html_prose(&r->withheld, "<td>", reason, "</td>");
  html_prose(&r->withheld, "<td>", remedy ? remedy : "", "</td></tr>\n");
}

/* ---- sections ---- */

void report_section(struct report *r, const char *title) {
  int n = ++r->section_count;
  text_append(&r->contents, "<li><a href=\"#s%d\">", n);
  html_element(&r->contents, "", title, "</a></li>");
  text_append(&r->body, "<h2 id=\"s%d\">", n);
  html_element(&r->body, "", title, "</h2>\n");
}

void report_subsection(struct report *r, const char *title) {
  html_element(&r->body, "<h3>", title, "</h3>\n");
}

void report_paragraph(struct report *r, const char *fmt, ...) {
  char text[2048];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  html_prose(&r->body, "<p>", text, "</p>\n");
}

void report_text(struct report *r, const char *paragraphs) {
  while (*paragraphs) {
    const char *end = strstr(paragraphs, "\n\n");
    size_t n = end ? (size_t)(end - paragraphs) : strlen(paragraphs);
    struct text one = {0};
    text_append_raw(&one, paragraphs, n);
    html_prose(&r->body, "<p>", one.data ? one.data : "", "</p>\n");
    r->body.failed |= one.failed;
    text_free(&one);
    paragraphs += n;
    while (*paragraphs == '\n') paragraphs++;
  }
}

static void close_figure(struct text *t, const char *caption,
                         const struct report_reading *reading) {
  html_prose(t, "<figcaption>", caption, "");
  if (reading && (reading->good || reading->bad || reading->act)) {
    html_put(t, "<dl class=\"reading\">");
    if (reading->good)
      html_prose(t, "<dt class=\"r-good\">\xE2\x9C\x93 Good</dt><dd>", reading->good, "</dd>");
    if (reading->bad)
      html_prose(t, "<dt class=\"r-bad\">! Look out</dt><dd>", reading->bad, "</dd>");
    if (reading->act)
      html_prose(t, "<dt class=\"r-act\">\xE2\x86\x92 Do</dt><dd>", reading->act, "</dd>");
    html_put(t, "</dl>");
  }
  html_put(t, "</figcaption></figure>\n");
}

static unsigned big_endian(const unsigned char *b) {
  return (unsigned)b[0] << 24 | (unsigned)b[1] << 16 | (unsigned)b[2] << 8 | b[3];
}

void report_image(struct report *r, const void *png, size_t length, const char *alt,
                  const char *caption, const struct report_reading *reading) {
  enum {
    WIDTH_AT = 16,
    HEIGHT_AT = 20,
    HEADER = 24,
    WIDE = 900
  }; /* IHDR, PNG specification 11.2.2 */
  const unsigned char *bytes = png;
  struct text *t = &r->body;
  if (length < HEADER) {
    t->failed = 1;
    return;
  }
  /* letters in a sheet of pictures would not be read at the width of a phone: it scrolls there */
  const bool wide = big_endian(bytes + WIDTH_AT) > WIDE;
  text_append(t, "<figure>%s<img width=\"%u\" height=\"%u\" alt=\"",
              wide ? "<div class=\"wide\">" : "", big_endian(bytes + WIDTH_AT),
              big_endian(bytes + HEIGHT_AT));
  html_element(t, "", alt, "\" src=\"data:image/png;base64,");
  text_append_base64(t, png, length);
  html_put(t, wide ? "\"></div>\n" : "\">\n");
  close_figure(t, caption, reading);
}

void report_picture(struct report *r, const struct picture *p, const char *alt, const char *caption,
                    const struct report_reading *reading) {
  struct text png = {0};
  if (picture_png(&png, p) == ST_OK)
    report_image(r, png.data, png.length, alt, caption, reading);
  else
    r->body.failed = 1;
  text_free(&png);
}

void report_plot(struct report *r, const struct plot *p, const char *caption,
                 const struct report_reading *reading) {
  struct text svg = {0};
  if (plot_svg(p, &svg) != ST_OK) r->body.failed = 1;
  report_svg(r, &svg, caption, reading);
  text_free(&svg);
}

void report_svg(struct report *r, const struct text *svg, const char *caption,
                const struct report_reading *reading) {
  if (svg->failed) r->body.failed = 1;
  html_put(&r->body, "<figure><div class=\"wide\">");
  if (svg->data) html_put(&r->body, svg->data);
  html_put(&r->body, "</div>");
  close_figure(&r->body, caption, reading);
}

void report_slices(struct report *r, const struct report_slices *s, const char *caption,
                   const struct report_reading *reading) {
  r->slices = true;
  html_put(&r->body, "<figure class=\"moving\">");
  report_slices_element(&r->body, s);
  close_figure(&r->body, caption, reading);
}

void report_strips(struct report *r, const struct report_strip *s, const char *caption,
                   const struct report_reading *reading) {
  struct text svg = {0};
  report_strip_svg(&svg, s);
  report_svg(r, &svg, caption, reading);
  text_free(&svg);
}

/* ---- tables ---- */

void report_table_begin(struct report *r, const char *caption, const char *const *columns,
                        int count) {
  struct text *t = &r->body;
  r->columns = count < COLUMNS ? count : COLUMNS;
  html_put(t, "<div class=\"scroll\"><table>");
  if (caption && *caption) html_element(t, "<caption>", caption, "</caption>");
  html_put(t, "<thead><tr>");
  for (int i = 0; i < r->columns; i++) {
    r->right[i] = columns[i][0] == '#';
    html_units(t, r->right[i] ? "<th class=\"n\" scope=\"col\">" : "<th scope=\"col\">",
               columns[i] + r->right[i], "</th>");
  }
  html_put(t, "</tr></thead><tbody>\n");
}

void report_table_linked_row(struct report *r, const char *href, const char *const *cells) {
  html_put(&r->body, "<tr>");
  for (int i = 0; i < r->columns; i++) {
    html_put(&r->body, r->right[i] ? "<td class=\"n\">" : "<td>");
    bool link = i == 0 && href;
    if (link) html_element(&r->body, "<a href=\"", href, "\">");
    if (link)
      html_element(&r->body, "", cells[i] ? cells[i] : "", "</a></td>");
    else
      html_prose(&r->body, "", cells[i] ? cells[i] : "", "</td>");
  }
  html_put(&r->body, "</tr>\n");
}

void report_table_row(struct report *r, const char *const *cells) {
  report_table_linked_row(r, NULL, cells);
}

void report_table_end(struct report *r) {
  html_put(&r->body, "</tbody></table></div>\n");
  r->columns = 0;
}

void report_fold_begin(struct report *r, const char *line) {
  html_element(&r->body, "<details><summary>", line, "</summary>\n");
}

void report_fold_end(struct report *r) {
  html_put(&r->body, "</details>\n");
}

static bool seen_before(const struct record *record, size_t row) {
  for (size_t i = 0; i < row; i++)
    if (strcmp(record->rows[i].region, record->rows[row].region) == 0) return true;
  return false;
}

void report_measurements(struct report *r, const struct record *record, const char *region) {
  static const char *const columns[] = {"Measure", "#Value", "Unit", "#95 % interval",
                                        "#n",      "Method", "Flags"};
  struct report_notes notes;
  report_notes_find(&notes, record, region);
  report_notes_put(&r->body, &notes);
  report_table_begin(r, "", columns, 7);
  if (region) report_region_rows(&r->body, record, region, &notes);
  for (size_t i = 0; !region && i < record->count; i++)
    if (!seen_before(record, i))
      report_region_rows(&r->body, record, record->rows[i].region, &notes);
  report_table_end(r);
}

void report_sources(struct report *r, const char *const *keys, int count) {
  struct text *t = &r->body;
  html_put(t, "<ol class=\"sources\">");
  for (int i = 0; i < count; i++) {
    const struct source *s = source_find(keys[i]);
    html_prose(t, "<li>", s ? s->citation : keys[i], "");
    if (s && s->doi[0]) html_element(t, ". ", s->doi, "");
    if (s) html_element(t, " <span class=\"subtitle\">[", s->key, "]</span>");
    html_put(t, "</li>\n");
  }
  html_put(t, "</ol>\n");
}

void report_provenance(struct report *r, const cJSON *provenance) {
  char *text = NULL;
  if (json_print(&text, provenance) != ST_OK) {
    r->body.failed = 1;
    return;
  }
  html_element(&r->body,
               "<details><summary>Command, parameters, digests of the inputs</summary><pre>", text,
               "</pre></details>\n");
  free(text);
}

/* ---- the page ---- */

static void append(struct text *to, const struct text *from) {
  if (from->failed) to->failed = 1;
  if (from->data) text_append_raw(to, from->data, from->length);
}

static void append_findings(struct text *out, const struct report *r) {
  bool any = false;
  for (int i = 0; i < LEVELS; i++) any |= r->findings[i].length > 0;
  if (!any) return;
  html_put(out, "<section aria-label=\"What was found\">\n");
  for (int i = 0; i < LEVELS; i++) append(out, &r->findings[i]);
  html_put(out, "</section>\n");
}

static void append_withheld(struct text *out, const struct report *r) {
  if (!r->withheld.length) return;
  html_put(
      out,
      "<h2 id=\"withheld\">Withheld</h2>\n<p>This scan does not permit the following. Nothing was "
      "guessed in its place.</p>\n<div class=\"scroll\"><table class=\"words\"><thead><tr><th "
      "scope=\"col\">What</th>"
      "<th scope=\"col\">Why</th><th scope=\"col\">What would permit "
      "it</th></tr></thead><tbody>\n");
  append(out, &r->withheld);
  html_put(out, "</tbody></table></div>\n");
}

status report_html(const struct report *r, struct text *out) {
  status st = ST_OK;
  html_put(
      out,
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'");
  if (r->slices) {
    html_put(out, "; script-src '");
    report_slices_hash(out);
    html_put(out, "'");
  }
  html_put(out, "\">\n<title>");
  append(out, &r->title);
  html_put(out, "</title>\n<style>\n");
  for (int i = 0; report_style[i]; i++) html_put(out, report_style[i]);
  html_put(out, "</style></head><body><main>\n<h1>");
  append(out, &r->title);
  html_put(out, "</h1>\n<p class=\"subtitle\">");
  append(out, &r->subtitle);
  html_put(out, "</p>\n");
  if (r->headlines.length) {
    html_put(out, "<div class=\"headlines\">\n");
    append(out, &r->headlines);
    html_put(out, "</div>\n");
  }
  append_findings(out, r);
  html_put(out, "<dl class=\"facts\">\n");
  append(out, &r->facts);
  html_put(out, "</dl>\n<nav aria-label=\"Contents\"><ul>");
  if (r->withheld.length) html_put(out, "<li><a href=\"#withheld\">Withheld</a></li>");
  append(out, &r->contents);
  html_put(out, "</ul></nav>\n");
  append_withheld(out, r);
  append(out, &r->body);
  text_append(out,
              "<footer>Made by qct %s. For research; not a medical device. Numbers depend on the "
              "methods named beside them: compare them only within one method.</footer>\n"
              "</main>",
              program_version());
  if (r->slices) {
    html_put(out, "<script>");
    html_put(out, report_slices_script);
    html_put(out, "</script>");
  }
  html_put(out, "</body></html>\n");
  TRY(text_check(out, "a report"));
done:
  return st;
}

status report_write(const struct report *r, const char *path, bool force) {
  status st = ST_OK;
  struct text page = {0};
  TRY(report_html(r, &page));
  TRY(file_write(path, page.data, page.length, force));
done:
  text_free(&page);
  return st;
}
