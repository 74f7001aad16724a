#include "phantom/bench.h"

#include "phantom/solid.h"

#include <math.h>

static const double table_height_mm = 40, table_half_width_mm = 235, table_shell_mm = 2;
static const double phantom_gap_mm = 3; /* foam pad between plate and table */

void bench_init(struct bench *b, const struct tissue_table *tissue) {
  *b = (struct bench){.missing = -1, .bubble = -1, .bubble_radius_mm = 4};
  b->hu_table_shell = tissue->hu[TISSUE_TABLE_SHELL];
  b->hu_table_foam = tissue->hu[TISSUE_TABLE_FOAM];
  b->hu_plate = tissue->hu[TISSUE_PLATE];
  b->hu_air = tissue->hu[TISSUE_AIR];
}

static double known(double value, double assumed) {
  return isnan(value) ? assumed : value;
}

void bench_phantom(struct bench *b, const struct phantom_entry *entry,
                   const struct tissue_table *tissue) {
  b->phantom = 1;
  b->entry = *entry;
  b->radius_mm = known(entry->rod_radius_mm, 8.5);
  b->plate_width_mm = known(entry->plate_width_mm, 300);
  b->plate_height_mm = known(entry->plate_height_mm, 24);
  double widest = entry->rod_count > 5 ? 46 : 56; /* six rods need the room of a plate */
  b->pitch_mm = known(entry->pitch_mm, widest);
  for (int i = 0; i < entry->rod_count; i++) {
    b->place[i] = i;
    b->rod_hu[i] = tissue_rod_hu(tissue, entry, i);
  }
}

void bench_flip(struct bench *b) {
  for (int i = 0; i < b->entry.rod_count; i++) b->place[i] = b->entry.rod_count - 1 - b->place[i];
}

void bench_swap(struct bench *b, int first, int second) {
  int place = b->place[first];
  b->place[first] = b->place[second];
  b->place[second] = place;
}

struct vec3 bench_rod_centre(const struct bench *b, int rod, double z) {
  double x = b->centre_x_mm + (b->place[rod] - 0.5 * (b->entry.rod_count - 1)) * b->pitch_mm;
  return vec3_make(x + b->tilt * z, b->top_y_mm + 0.5 * b->plate_height_mm + b->rise * z, z);
}

/* Signed distance to a rectangle in the plane (outside: a lower bound). */
static double box2(double x, double y, double half_x, double half_y) {
  return larger(fabs(x) - half_x, fabs(y) - half_y);
}

static double plate_value(const struct bench *b, struct vec3 p) {
  double x = p.x - b->centre_x_mm - b->tilt * p.z;
  double y = p.y - b->top_y_mm - 0.5 * b->plate_height_mm - b->rise * p.z;
  return box2(x, y, 0.5 * b->plate_width_mm, 0.5 * b->plate_height_mm);
}

static double table_value(const struct bench *b, struct vec3 p) {
  double top = b->top_y_mm + (b->phantom ? b->plate_height_mm + phantom_gap_mm : 0);
  double sag = 0.00055 * p.x * p.x; /* a curved top */
  return box2(p.x, p.y - top + sag - 0.5 * table_height_mm, table_half_width_mm,
              0.5 * table_height_mm);
}

static bool in_rod(const struct bench *b, int rod, struct vec3 p, struct paint_sample *out) {
  struct vec3 c = bench_rod_centre(b, rod, p.z);
  double value = sqrt((p.x - c.x) * (p.x - c.x) + (p.y - c.y) * (p.y - c.y)) - b->radius_mm;
  if (b->entry.plates) value = box2(p.x - c.x, p.y - c.y, 0.45 * b->pitch_mm, b->radius_mm);
  paint_near(&out->hard, value * 0.98); /* tilted rods are slightly elliptic */
  if (value >= 0) return false;
  out->hu = b->rod_hu[rod];
  out->label = (uint16_t)(LABEL_ROD_1 + rod);
  if (b->bubble == rod) {
    double bubble = hypot(sqrt((p.x - c.x) * (p.x - c.x) + (p.y - c.y) * (p.y - c.y)), p.z) -
                    b->bubble_radius_mm;
    paint_near(&out->hard, bubble);
    if (bubble < 0) out->hu = b->hu_air;
  }
  return true;
}

static bool in_plate(const struct bench *b, struct vec3 p, struct paint_sample *out) {
  double plate = plate_value(b, p);
  paint_near(&out->hard, plate * 0.98);
  if (plate >= 0) return false;
  for (int i = 0; i < b->entry.rod_count; i++)
    if (i != b->missing && in_rod(b, i, p, out)) return true;
  out->hu = b->hu_plate;
  out->label = LABEL_ROD_PLATE;
  return true;
}

bool bench_sample(const struct bench *b, struct vec3 world, struct paint_sample *out) {
  if (b->phantom && in_plate(b, world, out)) return true;
  if (!b->table) return false;
  double table = table_value(b, world), slope = 1 + 0.0011 * fabs(world.x);
  paint_near(&out->hard, table / slope);
  if (table >= 0) return false;
  double foam = table + table_shell_mm;
  paint_near(&out->hard, foam / slope);
  out->hu = foam < 0 ? b->hu_table_foam : b->hu_table_shell;
  out->label = LABEL_TABLE;
  return true;
}

double bench_distance(const struct bench *b, struct vec3 world) {
  double d = 1e9;
  if (b->phantom) d = smaller(d, 0.98 * plate_value(b, world));
  if (b->table) d = smaller(d, table_value(b, world) / (1 + 0.0011 * (fabs(world.x) + 60)));
  return d;
}
