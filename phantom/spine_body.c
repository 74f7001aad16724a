#include "phantom/spine_body.h"

/* Bits of paint_parts; a vertebra and the disc below it share one. */
enum { PART_BENCH, PART_SKIN, PART_INSIDE, PART_CANAL, PART_SOFT, PART_VERTEBRA };
#define BIT(part) ((paint_parts)1 << (part))

static const double skin_mm = 1.6, wall_mm = 14, arch_cortex_mm = 1.5, cortical_bvf = 0.9;
static const double arch_bvf = 0.2, noise_sd = 0.29, texture_mm = 1.6;
static const double sac_hu = 15; /* cord and fluid */

/* ---- set-up ---- */

int spine_label(int level) {
  return level == SPINE_S1 ? LABEL_SACRUM : LABEL_VERTEBRA_T11 - level;
}

void spine_body_init(struct spine_body *b, const struct spine_shape *shape,
                     const struct tissue_table *tissue, const double pose[6]) {
  static const double none[6] = {0};
  if (!pose) pose = none;
  *b = (struct spine_body){
      .tissue = *tissue, .fat_mm = 16, .aorta_hu = tissue->hu[TISSUE_BLOOD], .texture = 0.1};
  spine_column_make(&b->column, shape);
  bench_init(&b->bench, tissue);
  solid_rotation(b->rotation, pose);
  b->shift = vec3_make(pose[3], pose[4], pose[5]);
}

void spine_trunk(const struct spine_body *b, double *half_width, double *half_depth, double *y) {
  *half_width = 140 + b->fat_mm;
  *half_depth = 102 + b->fat_mm;
  *y = -28;
}

static struct vec3 to_person(const struct spine_body *b, struct vec3 world) {
  const double *r = b->rotation;
  struct vec3 d = vec3_sub(world, b->shift);
  return vec3_make(r[0] * d.x + r[3] * d.y + r[6] * d.z, r[1] * d.x + r[4] * d.y + r[7] * d.z,
                   r[2] * d.x + r[5] * d.y + r[8] * d.z);
}

struct vec3 spine_direction_to_world(const struct spine_body *b, struct vec3 d) {
  const double *r = b->rotation;
  return vec3_make(r[0] * d.x + r[1] * d.y + r[2] * d.z, r[3] * d.x + r[4] * d.y + r[5] * d.z,
                   r[6] * d.x + r[7] * d.y + r[8] * d.z);
}

struct vec3 spine_person_to_world(const struct spine_body *b, struct vec3 p) {
  return vec3_add(spine_direction_to_world(b, p), b->shift);
}

double spine_core_density(const struct spine_body *b, int level, struct vec3 p) {
  double mean = b->column.levels[level].density;
  if (b->texture <= 0) return mean;
  double n = solid_noise(vec3_scale(p, 1 / texture_mm), b->seed + (unsigned)level * 7919U);
  return mean * (1 + b->texture / noise_sd * n);
}

/* ---- tissues ---- */

static bool put(struct paint_sample *out, double hu, int label) {
  out->hu = hu;
  out->label = (uint16_t)label;
  return true;
}

/* HU that a perfect calibration reads as this density. */
static double core_hu(const struct tissue_table *t, double density) {
  return (density - t->k2hpo4_intercept) / t->k2hpo4_slope;
}

static double skin_value(const struct spine_body *b, struct vec3 p) {
  double w, d, y;
  spine_trunk(b, &w, &d, &y);
  double u = p.x / w, v = (p.y - y) / d, u2 = u * u, v2 = v * v;
  double norm = sqrt(sqrt(u2 * u2 + v2 * v2)); /* fourth power: a flattened oval */
  return (norm - 1) * d;
}

static bool vertebra(const struct spine_body *b, int level, struct vec3 person, double canal,
                     struct paint_sample *out) {
  const struct spine_column *c = &b->column;
  const struct spine_level *v = &c->levels[level];
  struct vec3 p = spine_to_level(v, person);
  double body = spine_body(c, level, p, 0, 0);
  paint_near(&out->hard, body);
  if (body < 0) {
    double core = spine_body(c, level, p, c->cortex_mm, c->plate_mm);
    paint_near(&out->hard, core);
    out->textured = core < 0 && b->texture > 0;
    double hu = core < 0 ? core_hu(&b->tissue, spine_core_density(b, level, p))
                         : tissue_bone_hu(&b->tissue, cortical_bvf);
    return put(out, hu, spine_label(level));
  }
  double arch = larger(spine_arch(v, p), -canal) / 1.2;
  paint_near(&out->hard, arch);
  if (arch >= 0) return false;
  paint_near(&out->hard, arch + arch_cortex_mm);
  return put(out, tissue_bone_hu(&b->tissue, arch + arch_cortex_mm > 0 ? cortical_bvf : arch_bvf),
             spine_label(level) + SPINE_ARCH_OFFSET);
}

/* Organs and muscles as capsules and ellipsoids, person frame; the first that holds a point wins.
 */
struct organ {
  struct vec3 a, b;
  double ra, rb, flat;
  struct vec3 d; /* flat direction */
  int label;
  int mirrored; /* also on the right, with label + 1 */
};
enum { CAVA = 63, LIVER = 5, SPLEEN = 1, KIDNEY_RIGHT = 2, KIDNEY_LEFT = 3 };
static const struct organ organs[] = {
    {{12, -36, 300}, {12, -36, -85}, 9, 9, 1, {0, 1, 0}, LABEL_AORTA, 0},
    {{-14, -36, 300}, {-14, -36, -85}, 11, 11, 0.8, {0, 1, 0}, CAVA, 0},
    {{33, 6, 60}, {46, -6, -110}, 8, 19, 0.85, {1, 0, 0}, LABEL_ILIOPSOAS_LEFT, 1},
    {{34, 50, 300}, {34, 46, -300}, 24, 24, 0.72, {0, 1, 0}, LABEL_AUTOCHTHON_LEFT, 1},
    {{-72, -66, 130}, {-76, -60, 50}, 46, 30, 1, {0, 1, 0}, LIVER, 0},
    {{84, -14, 130}, {88, -12, 80}, 26, 20, 0.8, {1, 0, 0}, SPLEEN, 0},
    {{70, -4, 60}, {76, -8, -10}, 20, 20, 1, {0, 1, 0}, KIDNEY_LEFT, 0},
    {{-72, -4, 20}, {-78, -8, -30}, 20, 20, 1, {0, 1, 0}, KIDNEY_RIGHT, 0},
};
enum { ORGANS = sizeof organs / sizeof *organs };

static double organ_value(const struct organ *o, struct vec3 p) {
  if (o->mirrored) p.x = fabs(p.x);
  return solid_flat_capsule(p, o->a, o->b, o->ra, o->rb, o->d, o->flat);
}

static double organ_hu(const struct spine_body *b, int label) {
  const double *hu = b->tissue.hu;
  switch (label) {
  case LABEL_AORTA:
    return b->aorta_hu;
  case CAVA:
    return hu[TISSUE_BLOOD];
  case LIVER:
    return hu[TISSUE_MUSCLE] + 12;
  case KIDNEY_LEFT:
  case KIDNEY_RIGHT:
    return hu[TISSUE_MUSCLE] - 12;
  default:
    return hu[TISSUE_MUSCLE];
  }
}

static bool soft_parts(const struct spine_body *b, struct vec3 p, double skin,
                       struct paint_sample *out) {
  double fascia = skin + skin_mm + b->fat_mm;
  paint_near(&out->soft, fascia);
  if (fascia > 0) return put(out, b->tissue.hu[TISSUE_FAT], LABEL_FAT);
  for (int i = 0; i < ORGANS; i++) {
    double value = organ_value(&organs[i], p);
    paint_near(&out->soft, value / 1.2);
    if (value < 0)
      return put(out, organ_hu(b, organs[i].label),
                 organs[i].label + (organs[i].mirrored && p.x < 0));
  }
  paint_near(&out->soft, fascia + wall_mm);
  if (fascia > -wall_mm) return put(out, b->tissue.hu[TISSUE_MUSCLE], LABEL_MUSCLE);
  return put(out, b->tissue.hu[TISSUE_FAT], LABEL_FAT);
}

static bool column(const struct spine_body *b, paint_parts parts, struct vec3 p,
                   struct paint_sample *out) {
  double canal = parts & BIT(PART_CANAL) ? spine_canal(&b->column, p) : 1e9;
  for (int i = 0; i < SPINE_LEVELS; i++)
    if (parts & BIT(PART_VERTEBRA + i) && vertebra(b, i, p, canal, out)) return true;
  paint_near(&out->soft, canal);
  if (canal < 0) return put(out, sac_hu, LABEL_SPINAL_CORD);
  for (int i = 0; i + 1 < SPINE_LEVELS; i++) {
    if (!(parts & BIT(PART_VERTEBRA + i))) continue;
    double disc = spine_disc(&b->column, i, p);
    paint_near(&out->soft, disc);
    if (disc < 0) return put(out, b->tissue.hu[TISSUE_CARTILAGE], LABEL_CARTILAGE);
  }
  return false;
}

static void sample(const void *model, paint_parts parts, struct vec3 world,
                   struct paint_sample *out) {
  const struct spine_body *b = model;
  *out = (struct paint_sample){.hu = b->tissue.hu[TISSUE_AIR], .hard = 1e9, .soft = 1e9};
  struct vec3 p = to_person(b, world);
  double skin = -200;
  if (parts & BIT(PART_SKIN)) {
    skin = skin_value(b, p);
    paint_near(&out->hard, skin);
    paint_near(&out->soft, skin + skin_mm);
  }
  if (skin > 0 || !(parts & BIT(PART_INSIDE))) {
    if (parts & BIT(PART_BENCH)) bench_sample(&b->bench, world, out);
    return;
  }
  if (skin > -skin_mm)
    put(out, b->tissue.hu[TISSUE_SKIN], LABEL_SKIN);
  else if (!column(b, parts, p, out))
    soft_parts(b, p, skin, out);
}

/* ---- culling ---- */

static bool near_vertebra(const struct spine_body *b, int level, struct vec3 person, double r) {
  const struct spine_column *c = &b->column;
  const struct spine_level *v = &c->levels[level];
  struct vec3 p = spine_to_level(v, person);
  if (spine_body(c, level, p, 0, 0) < r || spine_arch(v, p) < 1.2 * r) return true;
  return level + 1 < SPINE_LEVELS && spine_disc(c, level, person) < r;
}

static paint_parts parts(const void *model, paint_parts among, struct vec3 centre, double radius) {
  const struct spine_body *b = model;
  struct vec3 p = to_person(b, centre);
  paint_parts parts = 0;
  if (among & BIT(PART_BENCH) && bench_distance(&b->bench, centre) < radius)
    parts = BIT(PART_BENCH);
  if (!(among & BIT(PART_INSIDE))) return parts;
  double skin = among & BIT(PART_SKIN) ? skin_value(b, p) : -200;
  if (skin > radius) return parts;
  parts |= BIT(PART_INSIDE);
  /* the skin's value is what the layers are measured by, down to the wall */
  if (skin > -radius - skin_mm - b->fat_mm - wall_mm - 1) parts |= BIT(PART_SKIN);
  if (among & BIT(PART_CANAL) && spine_canal(&b->column, p) < radius) parts |= BIT(PART_CANAL);
  for (int i = 0; i < SPINE_LEVELS; i++)
    if (among & BIT(PART_VERTEBRA + i) && near_vertebra(b, i, p, radius))
      parts |= BIT(PART_VERTEBRA + i);
  return parts;
}

struct scene spine_scene(const struct spine_body *body) {
  return (struct scene){.model = body, .sample = sample, .parts = parts};
}
