#include "core/image_place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST = 65536 }; /* of a header that is read */

/* The rest of the line that begins with `field` and a colon; false when there is none. */
static bool field_of(char *value, size_t size, const char *head, const char *field) {
  const size_t length = strlen(field);
  for (const char *line = head; *line; line += strcspn(line, "\n"), line += *line == '\n') {
    if (*line == '\n' || *line == '\r') return false; /* the header ends */
    if (strncasecmp(line, field, length) || line[length] != ':') continue;
    line += length + 1 + strspn(line + length + 1, " =\t");
    snprintf(value, size, "%.*s", (int)strcspn(line, "\r\n"), line);
    return true;
  }
  return false;
}

/* mm in the unit that the first quoted word names. */
static status unit_of(double *mm, const char *quoted, const char *path) {
  static const struct {
    const char *name;
    double mm;
  } units[] = {{"mm", 1},           {"millimeter", 1}, {"millimeters", 1}, {"", 1},
               {"???", 1},          {"cm", 10},        {"m", 1000},        {"um", 1e-3},
               {"\xc2\xb5m", 1e-3}, {"micron", 1e-3},  {"microns", 1e-3},  {"micrometer", 1e-3}};
  status st = ST_OK;
  const char *from = strchr(quoted, '"');
  const size_t length = from ? strcspn(from + 1, "\"") : 0;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (strlen(units[i].name) == length && (!from || !strncmp(units[i].name, from + 1, length))) {
      *mm = units[i].mm;
      goto done;
    }
  FAIL(ST_DOMAIN, "%s: its lengths are in \"%.*s\"; mm, cm, m or um are read", path,
       (int)(length < 32 ? length : 32), from ? from + 1 : "");
done:
  return st;
}

/* Three sizes that are numbers, of axes that have one. */
static bool three_numbers(const char *value) {
  for (int a = 0; a < 3; a++) {
    char *end;
    if (!isfinite(strtod(value, &end)) || end == value) return false;
    value = end;
  }
  return true;
}

static bool any_of(const char *value, const char *const *names) {
  for (; *names; names++)
    if (!strcasecmp(value, *names)) return true;
  return false;
}

status nrrd_place_read(struct image_place *out, const char *path) {
  static const char *const told[] = {"left-posterior-superior", "LPS", "right-anterior-superior",
                                     "RAS", NULL};
  static const char *const turned[] = {"left-anterior-superior", "LAS", NULL};
  status st = ST_OK;
  char *head = calloc(1, MOST + 1), value[1024] = "", space[64] = "", unit[256] = "";
  double mm = 1;
  FILE *f = fopen(path, "rb");
  CHECK(head, ST_MEMORY, "%s: reading its header", path);
  CHECK(f, ST_IO, "%s: cannot be opened", path);
  head[fread(head, 1, MOST, f)] = '\0';
  const bool oriented = field_of(value, sizeof value, head, "space directions");
  CHECK(oriented || (field_of(value, sizeof value, head, "spacings") && three_numbers(value)),
        ST_FORMAT,
        "%s: its header states no size of the voxels; write it with spacings or space directions "
        "for all three axes",
        path);
  field_of(space, sizeof space, head, "space");
  CHECK(!any_of(space, turned), ST_DOMAIN,
        "%s: its space is %s; write it as left-posterior-superior or right-anterior-superior", path,
        space);
  if (field_of(unit, sizeof unit, head, oriented ? "space units" : "units"))
    TRY(unit_of(&mm, unit, path));
  *out = (struct image_place){mm, mm, oriented && any_of(space, told)};
done:
  if (f) fclose(f);
  free(head);
  return st;
}
