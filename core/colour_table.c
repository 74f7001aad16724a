#include "core/colour_table.h"

#include "core/file.h"
#include "core/text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LABELS = 65535 };

void colour_of_label(double rgb[3], size_t place) {
  /* bone-like and other easily told colours, in turn */
  static const double colours[][3] = {{0.95, 0.84, 0.57}, {0.56, 0.73, 0.95}, {0.85, 0.40, 0.31},
                                      {0.50, 0.68, 0.50}, {0.77, 0.60, 0.85}, {0.90, 0.60, 0.20}};
  memcpy(rgb, colours[place % (sizeof colours / sizeof *colours)], sizeof colours[0]);
}

static void append_row(struct text *t, int value, const char *name, size_t place) {
  double rgb[3];
  colour_of_label(rgb, place);
  text_append(t, "%d ", value);
  if (!name[0]) text_append(t, "label_%d", value);
  for (const char *c = name; *c; c++) text_append(t, "%c", isspace((unsigned char)*c) ? '_' : *c);
  for (int i = 0; i < 3; i++) text_append(t, " %d", (int)lround(255 * rgb[i]));
  text_append(t, " 255\n");
}

status colour_table_write(const struct labels *l, const char *path, bool force) {
  status st = ST_OK;
  struct text t = {0};
  const int64_t voxels = geometry_voxels(&l->grid);
  size_t place = l->name_count;
  bool *unnamed = calloc(MOST_LABELS + 1, sizeof *unnamed);
  CHECK(unnamed, ST_MEMORY, "colour table");
  for (int64_t i = 0; i < voxels; i++) unnamed[l->voxels[i]] = true;
  text_append(&t, "# colour table of 3D Slicer: value name red green blue opacity\n"
                  "0 background 0 0 0 0\n");
  for (size_t i = 0; i < l->name_count; i++) {
    append_row(&t, l->names[i].value, l->names[i].name, i);
    if (l->names[i].value >= 0 && l->names[i].value <= MOST_LABELS)
      unnamed[l->names[i].value] = false;
  }
  for (int v = 1; v <= MOST_LABELS; v++)
    if (unnamed[v]) append_row(&t, v, "", place++);
  CHECK(place, ST_DOMAIN, "colour table: the map holds no label");
  TRY(text_check(&t, "colour table"));
  TRY(file_write(path, t.data, t.length, force));
done:
  free(unnamed);
  text_free(&t);
  return st;
}
