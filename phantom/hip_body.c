#include "phantom/hip_body.h"

/* Bits of paint_parts. */
enum {
  PART_BENCH,
  PART_SKIN,   /* the skin's surface is near; without it PART_INSIDE tells the side */
  PART_INSIDE, /* the region reaches into the body */
  PART_FEMUR,
  PART_PELVIS,
  PART_SACRUM,
  PART_JOINT,
  PART_CAPSULE,
  PART_FASCIA,
  PART_VESSELS,
  PART_CAVITY,
  PART_IMPLANT,
  PART_MUSCLE
};
#define BIT(part) ((paint_parts)1 << (part))

static const double skin_mm = 1.6;

/* Muscle bellies as tapered flat capsules, side frame mm: ends, radii, flat direction, flatness. */
struct belly {
  struct vec3 a, b;
  double ra, rb;
  struct vec3 d;
  double flat;
  int label; /* of the left side; the right is one more */
};
static const struct belly bellies[HIP_MUSCLES] = {
    {{62, 4, 84}, {50, 6, 6}, 30, 9, {0.98058, 0, 0.19612}, 0.62, LABEL_GLUTEUS_MEDIUS_LEFT},
    {{34, -12, 60},
     {44, -12, 8},
     20,
     8,
     {0.92827, -0.20628, 0.30942},
     0.6,
     LABEL_GLUTEUS_MINIMUS_LEFT},
    {{62, -42, 40}, {66, -22, -60}, 15, 10, {0.6, 0.8, 0}, 0.7, 0}, /* tensor fasciae latae */
    {{36, -62, 40}, {-14, -64, -110}, 9, 12, {0, 1, 0}, 0.6, 0},    /* sartorius */
    {{24, -44, 28}, {30, -48, -110}, 10, 19, {0, 1, 0}, 0.75, 0},   /* rectus femoris */
    {{-34, -26, 110}, {-4, -38, 6}, 26, 18, {0.53, 0.848, 0}, 0.85, LABEL_ILIOPSOAS_LEFT},
    {{-4, -38, 6}, {22, 4, -62}, 18, 9, {0, 1, 0}, 0.8, LABEL_ILIOPSOAS_LEFT},
    {{62, 2, -34}, {50, -8, -130}, 12, 27, {0.95783, 0.28735, 0}, 0.75, 0}, /* vastus lateralis */
    {{40, -22, -40}, {32, -20, -130}, 12, 27, {0, 1, 0}, 0.85, 0},          /* vastus intermedius */
    {{-60, -40, -26}, {8, -10, -66}, 11, 10, {0, 1, 0}, 0.7, 0},            /* pectineus */
    {{-72, -34, -50}, {-6, -34, -130}, 12, 21, {0, 1, 0}, 0.7, 0}, /* adductors longus, brevis */
    {{-56, 4, -70}, {2, 6, -130}, 17, 30, {0, 1, 0}, 0.8, 0},      /* adductor magnus */
    {{-74, -14, -60}, {-44, -6, -140}, 9, 13, {1, 0, 0}, 0.6, 0},  /* gracilis */
    {{-8, 42, -72}, {12, 44, -140}, 12, 24, {0, 1, 0}, 0.85, 0},   /* hamstrings */
    {{-22, 20, -46}, {38, 18, -30}, 12, 8, {0, 0.19612, 0.98058}, 0.8, 0},   /* short rotators */
    {{-50, 16, -16}, {-34, 30, 40}, 13, 10, {0.94868, -0.31623, 0}, 0.6, 0}, /* obturator internus
                                                                              */
    {{-46, 66, 40}, {44, 22, 10}, 15, 7, {0, 0.65079, 0.75926}, 0.7, 0},     /* piriformis */
};
/* The pelvis yields to the femur by this much, so that no drawn person's bones touch. */
static const double clearance_mm = 2.5;
static const double belly_reach_mm = 9; /* muscle fills the space up to here from the bellies */

static double belly_value(const struct belly *m, double girth, struct vec3 p) {
  return solid_flat_capsule(p, m->a, m->b, m->ra * girth, m->rb * girth, m->d, m->flat);
}

/* ---- coordinates ---- */

void hip_body_init(struct hip_body *b, const struct hip_person *person,
                   const struct tissue_table *tissue, const double pose[6]) {
  static const double none[6] = {0};
  if (!pose) pose = none;
  *b = (struct hip_body){.person = *person, .tissue = *tissue, .implant_side = SIDE_UNKNOWN};
  digital_femur_init(&b->femur, &b->person);
  bench_init(&b->bench, tissue);
  solid_rotation(b->rotation, pose);
  b->shift = vec3_make(pose[3], pose[4], pose[5]);
  b->muscle_hu = (1 - person->infiltration) * tissue->hu[TISSUE_MUSCLE] +
                 person->infiltration * tissue->hu[TISSUE_FAT];
}

static struct vec3 to_person(const struct hip_body *b, struct vec3 world) {
  const double *r = b->rotation;
  struct vec3 d = vec3_sub(world, b->shift);
  return vec3_make(r[0] * d.x + r[3] * d.y + r[6] * d.z, r[1] * d.x + r[4] * d.y + r[7] * d.z,
                   r[2] * d.x + r[5] * d.y + r[8] * d.z);
}

static struct vec3 rotate(const struct hip_body *b, struct vec3 d) {
  const double *r = b->rotation;
  return vec3_make(r[0] * d.x + r[1] * d.y + r[2] * d.z, r[3] * d.x + r[4] * d.y + r[5] * d.z,
                   r[6] * d.x + r[7] * d.y + r[8] * d.z);
}

struct vec3 hip_body_to_side(const struct hip_body *b, enum side side, struct vec3 world) {
  struct vec3 p = to_person(b, world);
  return vec3_make((side == SIDE_LEFT ? p.x : -p.x) - b->person.midline_mm, p.y, p.z);
}

struct vec3 hip_body_to_world(const struct hip_body *b, enum side side, struct vec3 p) {
  double x = p.x + b->person.midline_mm;
  return vec3_add(rotate(b, vec3_make(side == SIDE_LEFT ? x : -x, p.y, p.z)), b->shift);
}

struct vec3 hip_body_direction(const struct hip_body *b, enum side side, struct vec3 d) {
  return rotate(b, vec3_make(side == SIDE_LEFT ? d.x : -d.x, d.y, d.z));
}

/* ---- skin, fascia, layers ---- */

double hip_skin(const struct hip_person *h, struct vec3 p) {
  double x = fabs(p.x), f = h->fat_mm + 18;
  double w = 158 + f - 8 * smooth_step(0, 120, p.z), d = 92 + 0.8 * f;
  double u = x / w, v = (p.y - 10) / d, u2 = u * u, v2 = v * v;
  /* mean of the ellipse's and the fourth-power norm: a flattened oval */
  double norm = 0.5 * (sqrt(u2 + v2) + sqrt(sqrt(u2 * u2 + v2 * v2)));
  double torso = (norm - 1) * d * 0.8;
  torso = -smooth_union(-torso, p.z + 58, 30);
  double up = larger(0, p.z + 25), tx = x - 106 - 0.02 * (p.z + 60);
  double rt = 76 + 0.72 * f + 0.10 * (p.z + 60) - 0.45 * up;
  if (rt < 5) return torso;
  double a = tx / rt, b = (p.y - 6) / (rt + 4);
  double thigh = (sqrt(a * a + b * b) - 1) * rt * 0.9;
  return smooth_union(torso, thigh, 24);
}

/* Value of the fascia under the fat: positive in the fat. x from the midline. */
static double fascia_value(const struct hip_person *h, struct vec3 p, double x, double skin) {
  double front = smooth_step(0, 60, -p.y), side = smooth_step(60, 150, x);
  double thick = h->fat_mm * (0.75 + 0.35 * smooth_step(0, 60, p.y) + 0.55 * side + 0.1 * front);
  thick += 6 * smooth_step(-20, 60, p.z) * smooth_step(20, 80, p.y);
  return skin + skin_mm + thick;
}

/* Thickness of the flat muscles under the fascia: gluteus maximus; gluteus medius and tensor; the
 * abdominal wall. */
static double layer_mm(const struct hip_person *h, struct vec3 p, double x, int *label) {
  double maximus =
      36 * smooth_step(5, 45, p.y) * smooth_step(12, 40, x) * smooth_step(-92, -35, p.z);
  double medius =
      34 * smooth_step(100, 150, x) * smooth_step(-25, 45, p.z) * smooth_step(-70, -10, p.y);
  double wall = 11 * smooth_step(-5, 40, p.z) * smooth_step(-10, -50, p.y);
  double layer = h->muscle * larger(maximus, larger(medius, wall));
  *label = maximus >= medius && maximus >= wall ? LABEL_GLUTEUS_MAXIMUS_LEFT
           : medius >= wall                     ? LABEL_GLUTEUS_MEDIUS_LEFT
                                                : 0;
  return layer < 2.5 ? 0 : layer;
}

/* ---- the parts of a point, in paint order ---- */

struct point {
  const struct hip_body *body;
  paint_parts parts;
  struct vec3 p; /* side frame */
  double x;      /* from the midline, >= 0 */
  int side;      /* 0 left, 1 right: added to left labels */
  double skin;
  double femur; /* its field, large when far */
  struct paint_sample *out;
};

static bool paint(struct point *t, enum tissue tissue, int label) {
  t->out->hu = tissue == TISSUE_MUSCLE ? t->body->muscle_hu : t->body->tissue.hu[tissue];
  t->out->label = (uint16_t)label;
  return true;
}

static bool outside_or_skin(struct point *t) {
  if (!(t->parts & BIT(PART_SKIN))) {
    t->skin = -60;
    if (t->parts & BIT(PART_INSIDE)) return false;
    return paint(t, TISSUE_AIR, 0);
  }
  t->skin = hip_skin(&t->body->person, vec3_make(t->x, t->p.y, t->p.z));
  paint_near(&t->out->hard, t->skin);
  if (t->skin > 0) return paint(t, TISSUE_AIR, 0);
  paint_near(&t->out->soft, t->skin + skin_mm);
  return t->skin > -skin_mm ? paint(t, TISSUE_SKIN, LABEL_SKIN) : false;
}

/* Stem in the shaft, neck and head of a prosthesis. */
static bool metal(struct point *t) {
  if (!(t->parts & BIT(PART_IMPLANT))) return false;
  const struct digital_femur *f = &t->body->femur;
  struct vec3 shoulder = vec3_along(f->start, 0, f->shaft),
              tip = vec3_along(f->start, -130, f->shaft);
  double stem = solid_capsule(t->p, shoulder, tip, 9, 5);
  double neck = solid_capsule(t->p, shoulder, vec3_make(0, 0, 0), 7, 6);
  double d = smaller(smaller(stem, neck), solid_length(t->p) - 16) * 0.9;
  paint_near(&t->out->hard, d);
  return d < 0 ? paint(t, TISSUE_METAL, LABEL_FEMUR_LEFT + t->side) : false;
}

static bool femur(struct point *t) {
  t->femur = 1e9;
  if (!(t->parts & BIT(PART_FEMUR))) return false;
  double value = t->femur = digital_femur_solid(&t->body->femur, t->p);
  if (value >= 0) {
    paint_near(&t->out->hard, digital_femur_clear(value));
    return false;
  }
  struct digital_femur_point b;
  digital_femur_bone(&b, &t->body->femur, t->p, value);
  paint_near(&t->out->hard, b.clear);
  t->out->hu = tissue_bone_hu(&t->body->tissue, b.bvf);
  t->out->label = (uint16_t)(LABEL_FEMUR_LEFT + t->side);
  t->out->textured = !b.cortical;
  return true;
}

static bool pelvic_bone(struct point *t, double g, int label) {
  const struct hip_person *h = &t->body->person;
  double gap = solid_length(t->p) - h->head_radius_mm - h->joint_gap_mm;
  double roof = smooth_step(-0.2, 0.8, t->p.z / h->head_radius_mm);
  double thick = (1.15 + 1.2 * bell(gap, 6) * roof) * smaller(h->cortex, 1.4);
  paint_near(&t->out->hard, (g + thick) * 0.7);
  double bvf = h->cortical_bvf * 0.9;
  t->out->textured = g + thick < 0;
  if (t->out->textured) {
    bvf = 0.115 + 0.13 * bell(gap, 10) * smooth_step(0, 1, t->p.z / h->head_radius_mm);
    bvf *= h->trabecular *
           (1 + h->texture * 1.8 * solid_noise(vec3_scale(t->p, 0.5), (unsigned)h->seed + 3));
  }
  t->out->hu = tissue_bone_hu(&t->body->tissue, clamp(bvf, 0, 0.9));
  t->out->label = (uint16_t)label;
  return true;
}

static bool pelvis(struct point *t) {
  const struct hip_person *h = &t->body->person;
  if (t->parts & BIT(PART_PELVIS)) {
    double g = larger(hip_pelvis(h, t->p), clearance_mm - t->femur);
    paint_near(&t->out->hard, g * 0.7);
    if (g < 0) return pelvic_bone(t, g, LABEL_HIP_LEFT + t->side);
  }
  if (t->parts & BIT(PART_SACRUM)) {
    double g = hip_sacrum(h, t->p);
    paint_near(&t->out->hard, g * 0.7);
    if (g < 0) return pelvic_bone(t, g, LABEL_SACRUM);
  }
  return false;
}

/* Cartilage on both faces inside the cup; farther out the capsule, which is muscle-like. */
static bool joint(struct point *t) {
  const struct hip_person *h = &t->body->person;
  if (!(t->parts & BIT(PART_JOINT))) return false;
  double j = solid_length(t->p) - h->head_radius_mm;
  double rim = 0.62069 * t->p.x - 0.24027 * t->p.y - 0.74584 * t->p.z;
  paint_near(&t->out->soft, j - h->joint_gap_mm);
  paint_near(&t->out->soft, rim - 5);
  return j < h->joint_gap_mm && rim < 5 ? paint(t, TISSUE_CARTILAGE, LABEL_CARTILAGE) : false;
}

static double capsule_value(const struct hip_body *b, struct vec3 p) {
  const struct hip_person *h = &b->person;
  struct vec3 end = vec3_scale(b->femur.neck, -h->neck_waist_mm - 6);
  double sleeve = solid_capsule(p, vec3_make(0, 0, 0), end, h->head_radius_mm + 3, 19);
  return smaller(solid_length(p) - h->head_radius_mm - 6.5, sleeve);
}

static double artery(struct vec3 p) {
  return solid_capsule(p, vec3_make(-22, -62, 60), vec3_make(-4, -46, -130), 4.8, 4);
}

static double vein(struct vec3 p) {
  return solid_capsule(p, vec3_make(-34, -58, 60), vec3_make(-14, -42, -130), 6, 5.5);
}

static bool vessels(struct point *t) {
  enum { ILIAC_ARTERY_LEFT = 65, ILIAC_VEIN_LEFT = 67 };
  if (!(t->parts & BIT(PART_VESSELS))) return false;
  double a = artery(t->p), v = vein(t->p);
  paint_near(&t->out->soft, a);
  paint_near(&t->out->soft, v);
  if (a < 0) return paint(t, TISSUE_BLOOD, ILIAC_ARTERY_LEFT + t->side);
  return v < 0 ? paint(t, TISSUE_BLOOD, ILIAC_VEIN_LEFT + t->side) : false;
}

static double cavity_value(double x, struct vec3 p) {
  double inner = solid_ellipsoid_strict(vec3_make(x, p.y - 14, p.z - 30), 64, 72, 92);
  return larger(inner, -p.z - 44);
}

/* Bladder, rectum with gas, bowel and fat inside the pelvic cavity. */
static bool cavity(struct point *t) {
  enum { COLON = 20, BLADDER = 21 };
  if (!(t->parts & BIT(PART_CAVITY))) return false;
  struct vec3 p = t->p;
  double *soft = &t->out->soft, inside = cavity_value(t->x, p);
  paint_near(soft, inside);
  if (inside >= 0) return false;
  double bladder = solid_ellipsoid_strict(vec3_make(t->x, p.y + 16, p.z - 16), 40, 28, 32);
  paint_near(soft, bladder);
  paint_near(soft, bladder + 2.5);
  if (bladder < 0) return paint(t, bladder < -2.5 ? TISSUE_WATER : TISSUE_MUSCLE, BLADDER);
  double back = p.y - 48 + 0.10 * p.z, rectum = sqrt(t->x * t->x + back * back) - 15;
  double wave = p.z - 60 * floor((p.z + 30) / 60); /* pockets of gas 60 mm apart */
  double gas = solid_ellipsoid_strict(vec3_make(t->x - 4, back + 4, wave), 6, 5, 22);
  paint_near(soft, rectum * 0.9);
  paint_near(&t->out->hard, smaller(gas * 0.6, 30 - fabs(wave) + 0.3));
  if (gas < 0) return paint(t, TISSUE_AIR, COLON);
  if (rectum < 0) return paint(t, TISSUE_MUSCLE, COLON);
  double bowel = solid_noise(vec3_make(t->x / 22, p.y / 18, p.z / 26), 99) - 0.02;
  paint_near(soft, p.z - 22);
  if (p.z > 18) paint_near(soft, bowel * 6);
  return p.z > 22 && bowel > 0 ? paint(t, TISSUE_MUSCLE, COLON) : paint(t, TISSUE_FAT, LABEL_FAT);
}

static bool subcutaneous(struct point *t, double *under) {
  *under = 60;
  if (!(t->parts & BIT(PART_FASCIA))) return false;
  double fascia = fascia_value(&t->body->person, t->p, t->x, t->skin);
  paint_near(&t->out->soft, fascia * 0.6);
  *under = -fascia;
  return fascia > 0 ? paint(t, TISSUE_FAT, LABEL_FAT) : false;
}

/* The flat muscles, their fat plane, then the bellies: the nearest wins, fat where two are nearly
 * equally near. */
static bool muscles(struct point *t, double under) {
  const double plane_mm = 1.3, slope = 0.4;
  double *soft = &t->out->soft, first = 1e9, second = 1e9;
  int layer_label = 0, label = 0;
  if (t->parts & BIT(PART_FASCIA)) {
    double layer = layer_mm(&t->body->person, t->p, t->x, &layer_label);
    paint_near(soft, (under - layer) * slope);
    paint_near(soft, (under - layer - plane_mm) * slope);
    if (under < layer)
      return paint(t, TISSUE_MUSCLE, layer_label ? layer_label + t->side : LABEL_MUSCLE);
    if (layer > 2 && under < layer + plane_mm) return paint(t, TISSUE_FAT, LABEL_FAT);
  }
  for (int i = 0; i < HIP_MUSCLES; i++) {
    if (!(t->parts & BIT(PART_MUSCLE + i))) continue;
    double d = belly_value(&bellies[i], t->body->person.muscle, t->p);
    if (d < first) {
      second = first;
      first = d;
      label = bellies[i].label;
    } else if (d < second)
      second = d;
  }
  bool capsule = false;
  if (t->parts & BIT(PART_CAPSULE)) {
    double c = capsule_value(t->body, t->p);
    paint_near(soft, c);
    capsule = c < 0;
  }
  double plane = 1e9;
  if (second < belly_reach_mm + 3) {
    double wide = 0.9 + 0.5 * solid_noise(vec3_scale(t->p, 1 / 12.0), 5);
    plane = second - first - wide;
    paint_near(soft, plane * slope);
  }
  paint_near(soft, (first - belly_reach_mm) * 0.7);
  if ((first < belly_reach_mm && plane > 0) || capsule)
    return paint(t, TISSUE_MUSCLE, label && !capsule ? label + t->side : LABEL_MUSCLE);
  return paint(t, TISSUE_FAT, LABEL_FAT);
}

static void sample(const void *model, paint_parts parts, struct vec3 world,
                   struct paint_sample *out) {
  const struct hip_body *b = model;
  *out = (struct paint_sample){.hard = 1e9, .soft = 1e9};
  struct vec3 p = to_person(b, world);
  struct point t = {.body = b, .parts = parts, .x = fabs(p.x), .side = p.x < 0, .out = out};
  t.p = vec3_make(t.x - b->person.midline_mm, p.y, p.z);
  enum side here = p.x < 0 ? SIDE_RIGHT : SIDE_LEFT;
  if (b->implant_side != here) t.parts &= ~BIT(PART_IMPLANT);
  double under;
  if (outside_or_skin(&t)) {
    if (out->label == 0 && parts & BIT(PART_BENCH)) bench_sample(&b->bench, world, out);
    return;
  }
  if (metal(&t) || femur(&t) || pelvis(&t) || joint(&t)) return;
  if (subcutaneous(&t, &under) || vessels(&t) || cavity(&t)) return;
  muscles(&t, under);
}

/* ---- culling ---- */

/* Is `part` among those that are asked for, and nearer than r? */
#define KEEP(part, nearer)                                                                         \
  if (among & BIT(part) && (nearer)) parts |= BIT(part)

static paint_parts muscle_parts(paint_parts among, const struct hip_body *b, struct vec3 p,
                                double r) {
  paint_parts parts = 0;
  for (int i = 0; i < HIP_MUSCLES; i++) {
    const struct belly *m = &bellies[i];
    double steep = 1 + fabs(m->rb - m->ra) / vec3_length(vec3_sub(m->b, m->a));
    KEEP(PART_MUSCLE + i, belly_value(m, b->person.muscle, p) < belly_reach_mm + 3.2 + steep * r);
  }
  return parts;
}

static bool near_femur(const struct hip_body *b, struct vec3 p, double r) {
  double value = digital_femur_solid(&b->femur, p);
  return value < 0 || digital_femur_clear(value) < r + clearance_mm;
}

static paint_parts inner_parts(paint_parts among, const struct hip_body *b, struct vec3 p, double x,
                               double r) {
  const struct hip_person *h = &b->person;
  paint_parts parts = 0;
  KEEP(PART_FEMUR, near_femur(b, p, r));
  KEEP(PART_PELVIS, hip_pelvis(h, p) * 0.6 < r);
  KEEP(PART_SACRUM, hip_sacrum(h, p) * 0.6 < r);
  KEEP(PART_JOINT, solid_length(p) - h->head_radius_mm - h->joint_gap_mm < r);
  KEEP(PART_CAPSULE, capsule_value(b, p) < 1.2 * r);
  KEEP(PART_VESSELS, smaller(artery(p), vein(p)) < 1.05 * r);
  KEEP(PART_CAVITY, cavity_value(x, p) < r);
  KEEP(PART_IMPLANT, b->implant_side != SIDE_UNKNOWN);
  return parts | muscle_parts(among, b, p, r);
}

static paint_parts parts(const void *model, paint_parts among, struct vec3 centre, double radius) {
  const struct hip_body *b = model;
  struct vec3 q = to_person(b, centre);
  double x = fabs(q.x);
  struct vec3 p = vec3_make(x - b->person.midline_mm, q.y, q.z);
  paint_parts parts = 0;
  KEEP(PART_BENCH, bench_distance(&b->bench, centre) < radius);
  if (among & BIT(PART_SKIN)) { /* else its side is known, and the layers under it are far */
    double skin = hip_skin(&b->person, vec3_make(x, q.y, q.z));
    if (skin > 1.1 * radius) return parts;
    parts |= BIT(PART_INSIDE);
    double under = -fascia_value(&b->person, p, x, skin);
    int label;
    /* the layers' surface has a slope of at most 2.5 */
    KEEP(PART_FASCIA, under - layer_mm(&b->person, p, x, &label) - 2 < 2.6 * radius);
    if (parts & BIT(PART_FASCIA) || skin > -1.1 * radius - 2 * skin_mm) parts |= BIT(PART_SKIN);
  }
  parts |= among & BIT(PART_INSIDE);
  return parts & BIT(PART_INSIDE) ? parts | inner_parts(among, b, p, x, radius) : parts;
}
#undef KEEP

struct scene hip_scene(const struct hip_body *body) {
  return (struct scene){.model = body, .sample = sample, .parts = parts};
}
