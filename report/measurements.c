#include "report/measurements.h"

#include "report/html.h"
#include "report/report.h"

#include <math.h>
#include <string.h>

/* ---- notes ---- */

/* Length of the flag that begins at `s`; flags are joined by "; ". */
static int flag_length(const char *s) {
  const char *end = strstr(s, "; ");
  return end ? (int)(end - s) : (int)strlen(s);
}

static const char *next_flag(const char *s) {
  s += flag_length(s);
  return *s ? s + 2 : s;
}

static bool same_flag(const char *a, const char *b, int length) {
  return flag_length(b) == length && strncmp(a, b, (size_t)length) == 0;
}

static bool in_table(const struct measurement *m, const char *region) {
  return !isnan(m->value) && (!region || strcmp(m->region, region) == 0);
}

/* How many rows have this flag. */
static int rows_with(const struct record *record, const char *region, const char *flag,
                     int length) {
  int rows = 0;
  for (size_t i = 0; i < record->count; i++) {
    if (!in_table(&record->rows[i], region)) continue;
    const char *s = record->rows[i].flags;
    while (*s && !same_flag(flag, s, length)) s = next_flag(s);
    rows += *s != '\0';
  }
  return rows;
}

static int note_of(const struct report_notes *notes, const char *flag, int length) {
  for (int i = 0; i < notes->count; i++)
    if (notes->length[i] == length && strncmp(notes->at[i], flag, (size_t)length) == 0) return i;
  return -1;
}

void report_notes_find(struct report_notes *out, const struct record *record, const char *region) {
  enum { SHORT = 20, ROWS = 3, MOST = sizeof out->at / sizeof *out->at };
  out->count = 0;
  for (size_t i = 0; i < record->count; i++) {
    if (!in_table(&record->rows[i], region)) continue;
    for (const char *s = record->rows[i].flags; *s; s = next_flag(s)) {
      const int length = flag_length(s);
      if (length < SHORT || out->count == MOST || note_of(out, s, length) >= 0 ||
          rows_with(record, region, s, length) < ROWS)
        continue;
      out->at[out->count] = s;
      out->length[out->count++] = length;
    }
  }
}

/* One flag of many. */
static void put_flag(struct text *t, const char *flag, int length) {
  char one[sizeof((struct measurement *)0)->flags];
  memcpy(one, flag, (size_t)length);
  one[length] = '\0';
  html_units(t, "", one, "");
}

void report_notes_put(struct text *t, const struct report_notes *notes) {
  if (!notes->count) return;
  html_put(t, "<p>Flags of many rows, by their number:</p>\n<ol class=\"notes\">");
  for (int i = 0; i < notes->count; i++) {
    html_put(t, "<li>");
    put_flag(t, notes->at[i], notes->length[i]);
    html_put(t, "</li>\n");
  }
  html_put(t, "</ol>\n");
}

static void put_flags(struct text *t, const char *flags, const struct report_notes *notes) {
  for (const char *s = flags; *s; s = next_flag(s)) {
    const int length = flag_length(s), note = note_of(notes, s, length);
    if (s != flags) html_put(t, "; ");
    if (note >= 0)
      text_append(t, "(%d)", note + 1);
    else
      put_flag(t, s, length);
  }
}

/* ---- rows ---- */

static void withheld_row(struct text *t, const struct measurement *m) {
  text_append(t, "<td class=\"none\" colspan=\"%d\">", m->method[0] ? 4 : 6);
  html_prose(t, "withheld: ", m->flags[0] ? m->flags : "no value", "</td>");
  if (m->method[0]) html_element(t, "<td class=\"small\">", m->method, "</td><td></td>");
  html_put(t, "</tr>\n");
}

static void valued_row(struct text *t, const struct measurement *m,
                       const struct report_notes *notes) {
  char number[32], low[32] = "", high[32] = "";
  const double half = measurement_half_width(m);
  report_number(number, m->value, half);
  html_element(t, "<td class=\"n\">", number, "</td>");
  html_units(t, "<td>", m->unit, "</td><td class=\"n\">");
  if (!isnan(half)) {
    report_number(low, m->low, half);
    report_number(high, m->high, half);
    text_append(t, "%s to %s", low, high);
  }
  html_put(t, "</td><td class=\"n\">");
  if (m->n >= 0) text_append(t, "%lld", (long long)m->n);
  html_element(t, "</td><td class=\"small\">", m->method, "");
  html_element(t, m->method[0] && m->source[0] ? "; " : "", m->source, "</td><td class=\"flag\">");
  put_flags(t, m->flags, notes);
  html_put(t, "</td></tr>\n");
}

void report_region_rows(struct text *t, const struct record *record, const char *region,
                        const struct report_notes *notes) {
  char words[96];
  report_region_words(words, region);
  html_element(t, "<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"7\">", words,
               "</th></tr>\n");
  for (size_t i = 0; i < record->count; i++) {
    const struct measurement *m = &record->rows[i];
    if (strcmp(m->region, region) != 0) continue;
    report_quantity_words(words, m->quantity);
    html_element(t, "<tr><td>", words, "</td>");
    if (isnan(m->value))
      withheld_row(t, m);
    else
      valued_row(t, m, notes);
  }
}
