#include "bodycomp/tissue.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

status tissue_compartment_parse(struct tissue_compartment *c, const char *text,
                                const struct labels *l) {
  status st = ST_OK;
  const char *equals = strchr(text, '=');
  char *end = NULL;
  long value = strtol(equals ? equals + 1 : text, &end, 10);
  CHECK(end != (equals ? equals + 1 : text) && *end == '\0' && value >= 1 && value <= 65535,
        ST_USAGE, "compartment \"%s\": must read value or name=value, value 1 to 65535", text);
  CHECK(!equals || (equals > text && (size_t)(equals - text) < sizeof c->name), ST_USAGE,
        "compartment \"%s\": its name must have 1 to %zu letters", text, sizeof c->name - 1);
  c->value = (int)value;
  const char *known = labels_name(l, c->value);
  if (equals)
    snprintf(c->name, sizeof c->name, "%.*s", (int)(equals - text), text);
  else if (known[0])
    snprintf(c->name, sizeof c->name, "%s", known);
  else
    snprintf(c->name, sizeof c->name, "label_%d", c->value);
done:
  return st;
}

/* A region stands once in a record: two compartments of one name could not be told apart. */
static status check_new(const struct record *r, const char *name, int fat) {
  status st = ST_OK;
  static const char *const quantities[][2] = {{"muscle_area", "muscle_volume"},
                                              {"fat_area", "fat_volume"}};
  for (int i = 0; i < 2; i++)
    CHECK(!record_find(r, name, quantities[fat != 0][i]), ST_USAGE,
          "two compartments are called \"%s\": name them apart, e.g. %s_left=88", name, name);
done:
  return st;
}

void tissue_flag_contrast(struct record *r, size_t first, const struct volume *hu) {
  static const char *const of_hu[] = {"smra", "compartment_mean_hu", "muscle_low", "muscle_normal",
                                      "muscle_gauge"};
  if (hu->acquisition.contrast != CONTRAST_PRESENT) return;
  for (size_t i = first; i < r->count; i++)
    for (size_t k = 0; k < sizeof of_hu / sizeof *of_hu; k++)
      if (!isnan(r->rows[i].value) && !strncmp(r->rows[i].quantity, of_hu[k], strlen(of_hu[k])))
        measurement_flag(&r->rows[i], "contrast medium raises the HU of muscle");
}

status tissue_measure_list(struct record *r, const struct volume *hu, const struct labels *l,
                           const struct tissue_list *list, const struct tissue_options *options) {
  status st = ST_OK;
  struct tissue_options o = TISSUE_DEFAULTS;
  if (options) o = *options;
  const size_t first = r->count;
  if (list->fat) o.imat_min_pixels = 1; /* of fat between fibres, not of compartments of fat */
  for (int i = 0; i < list->count; i++) {
    struct tissue_compartment c;
    struct tissue_measure m;
    int64_t slices = list->last - list->first + 1;
    TRY(tissue_compartment_parse(&c, list->items[i], l));
    TRY(check_new(r, c.name, list->fat));
    TRY(tissue_measure(&m, hu, l, c.value, list->first, list->last, &o));
    if (list->fat)
      TRY(tissue_fat_record(r, c.name, &m, &hu->grid, slices, list->volume, list->truncated, &o));
    else
      TRY(tissue_muscle_record(r, c.name, &m, &hu->grid, slices, list->volume, list->height_m, &o));
  }
  tissue_flag_contrast(r, first, hu);
done:
  return st;
}

status tissue_fat_ratio(struct record *r) {
  static const char *const quantities[] = {"fat_area", "fat_volume"};
  status st = ST_OK;
  for (int i = 0; i < 2; i++) {
    const struct measurement *in = record_find(r, "visceral", quantities[i]);
    const struct measurement *out = record_find(r, "subcutaneous", quantities[i]);
    if (!in || !out) continue;
    const double ratio = in->value / out->value;
    char method[sizeof in->method];
    snprintf(method, sizeof method, "%s", in->method);
    struct measurement *m = out->value > 0
                                ? record_add(r, "visceral", "vat_sat_ratio", ratio, "")
                                : record_withhold(r, "visceral", "vat_sat_ratio", "",
                                                  "there is no subcutaneous fat to divide by");
    CHECK(m, ST_MEMORY, "adding the ratio of visceral to subcutaneous fat");
    snprintf(m->method, sizeof m->method, "%s", method);
    measurement_source(m, "derstine2018");
  }
done:
  return st;
}
