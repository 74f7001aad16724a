/* A law of the user's own, from words. */
#include "fea/material.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Up to `most` numbers separated by commas; returns how many, -1 when something else stands there.
 */
static int read_numbers(const char **at, double *numbers, int most) {
  int n = 0;
  for (;;) {
    char *end;
    const double value = strtod(*at, &end);
    if (end == *at || !isfinite(value) || n == most) return -1;
    numbers[n++] = value;
    *at = end;
    if (**at != ',') return n;
    ++*at;
  }
}

static status read_piece(struct fea_law_piece *piece, const char **at, const char *words) {
  status st = ST_OK;
  double number[3] = {0, 1, 0}, from = 0;
  const int n = read_numbers(at, number, 3);
  CHECK(n >= 2, ST_USAGE,
        "law \"%s\": a piece is FACTOR,EXPONENT[,OFFSET][@FROM], numbers in MPa and g/cm3", words);
  if (**at == '@') {
    ++*at;
    CHECK(read_numbers(at, &from, 1) == 1, ST_USAGE,
          "law \"%s\": after @ stands the density from which the piece holds [g/cm3]", words);
  }
  CHECK(number[0] >= 0 && from >= 0, ST_USAGE,
        "law \"%s\": factor %g MPa from %g g/cm3; neither may be negative", words, number[0], from);
  *piece = (struct fea_law_piece){from, number[0], number[1], n == 3 ? number[2] : 0};
done:
  return st;
}

static status read_homminga(struct fea_law *law, const char *at, const char *words) {
  status st = ST_OK;
  double number[2];
  CHECK(
      read_numbers(&at, number, 2) == 2 && !*at && number[0] > 0 && number[1] > 0, ST_USAGE,
      "law \"%s\": homminga takes the largest modulus [MPa] and the largest density [g/cm3], both "
      "above 0",
      words);
  law->piece[0] = (struct fea_law_piece){0, number[0] / pow(number[1], 1.7), 1.7, 0};
  law->pieces = 1;
  law->source = "faim10";
done:
  return st;
}

status fea_law_parse(struct fea_user_law *out, const char *words) {
  status st = ST_OK;
  char name[16] = "";
  const char *at = strchr(words, ':');
  struct fea_law *law = &out->law;
  memset(out, 0, sizeof *out);
  CHECK(strlen(words) + 6 < sizeof out->key, ST_USAGE, "law \"%s\": longer than %zu characters",
        words, sizeof out->key - 7);
  CHECK(at && (size_t)(at - words) < sizeof name, ST_USAGE,
        "law \"%s\": begin with the density it takes and a colon: K2HPO4:, HA:, ash: or apparent:",
        words);
  memcpy(name, words, (size_t)(at - words));
  const int material = material_from_name(name);
  CHECK(material >= (int)MATERIAL_K2HPO4, ST_USAGE,
        "law \"%s\": \"%s\" is no density; known are K2HPO4, HA, ash, apparent", words, name);
  law->takes = (enum material)material;
  law->bone = "user";
  law->source = "";
  snprintf(out->key, sizeof out->key, "user(%s)", words);
  law->key = out->key;
  at++;
  if (!strncmp(at, "homminga,", 9)) {
    TRY(read_homminga(law, at + 9, words));
    return ST_OK;
  }
  for (;;) {
    CHECK(law->pieces < FEA_LAW_PIECES, ST_USAGE, "law \"%s\": more than %d pieces", words,
          FEA_LAW_PIECES);
    TRY(read_piece(&law->piece[law->pieces], &at, words));
    CHECK(!law->pieces || law->piece[law->pieces].from > law->piece[law->pieces - 1].from, ST_USAGE,
          "law \"%s\": pieces must stand in rising order of @FROM", words);
    law->pieces++;
    if (*at != ';') break;
    at++;
  }
  CHECK(!*at, ST_USAGE, "law \"%s\": \"%s\" cannot be read", words, at);
done:
  return st;
}
