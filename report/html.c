#include "report/html.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void html_put(struct text *t, const char *html) {
  text_append_raw(t, html, strlen(html));
}

void html_element(struct text *t, const char *open, const char *plain, const char *close) {
  html_put(t, open);
  text_append_html(t, plain);
  html_put(t, close);
}

/* Is the character a power of mm, cm or m: mm2, g/cm3, kg/m2? */
static bool is_power(const char *text, const char *c) {
  if (*c < '2' || *c > '4' || c == text || c[-1] != 'm' || isalnum((unsigned char)c[1]))
    return false;
  const char *unit = c - 1;
  if (unit > text && (unit[-1] == 'c' || unit[-1] == 'm')) unit--;
  return unit == text || !isalnum((unsigned char)unit[-1]);
}

static void one_character(struct text *t, const char *text, const char *c) {
  const char one[2] = {*c, '\0'};
  if (is_power(text, c))
    html_element(t, "<sup>", one, "</sup>");
  else
    text_append_html(t, one);
}

void html_units(struct text *t, const char *open, const char *plain, const char *close) {
  html_put(t, open);
  for (const char *c = plain; *c; c++) one_character(t, plain, c);
  html_put(t, close);
}

/* Length of a piece of code that starts at `s`: words between backticks, or an option --name. */
static size_t code_length(const char *s, bool at_word) {
  const char *end = *s == '`' ? strchr(s + 1, '`') : NULL;
  if (end) return (size_t)(end + 1 - s);
  if (!at_word || strncmp(s, "--", 2) != 0 || !islower((unsigned char)s[2])) return 0;
  return 2 + strspn(s + 2, "abcdefghijklmnopqrstuvwxyz0123456789-");
}

void html_prose(struct text *t, const char *open, const char *plain, const char *close) {
  char code[256];
  html_put(t, open);
  for (const char *c = plain; *c; c++) {
    const size_t n = code_length(c, c == plain || c[-1] == ' ' || c[-1] == '(');
    if (n == 0 || n >= sizeof code) {
      one_character(t, plain, c);
      continue;
    }
    const bool ticked = *c == '`';
    snprintf(code, sizeof code, "%.*s", (int)(ticked ? n - 2 : n), c + ticked);
    html_element(t, "<code>", code, "</code>");
    c += n - 1;
  }
  html_put(t, close);
}
