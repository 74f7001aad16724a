/* usage: bench_interval FOLDER
 * FOLDER holds a digital patient (`qct phantom hip --format nifti`). Prints one CSV row per figure,
 *   folder,quantity,found,truth
 * of everything that `qct run` says of a hip's shape, regions, sections, projection and cortex,
 * from the CT alone under the ideal calibration of truth.json: outline and frame are those found.
 * The truth of a section is the exact solid on the planes of the true frame; of the cortex, a ray
 * through the exact solid from each place of the map. Run by hip_interval.sh. */
#include "anatomy/femur.h"
#include "core/image.h"
#include "core/json.h"
#include "qct/cortex_map.h"
#include "qct/hip_density.h"
#include "qct/projected.h"
#include "qct/structure.h"
#include "qct/structure_cut.h"
#include "tests/qct/cortex_truth.h"

#include <stdlib.h>

static const char *folder;
static const double RHO_REF = 1000;

static void row(const char *region, const char *quantity, double found, double truth) {
  printf("%s,%s_%s,%.7g,%.7g\n", folder, region, quantity, found, truth);
}

struct digital {
  struct volume *ct; /* density by the ideal line */
  struct hip_phantom phantom;
  struct hip_body body;
  struct hip_frame frame; /* the true one */
  cJSON *truth;
};

static status read_json(cJSON **out, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return json_read(out, path);
}

static status read_digital(struct digital *d) {
  status st = ST_OK;
  char path[4096];
  cJSON *params = NULL;
  struct tissue_table tissue;
  snprintf(path, sizeof path, "%s/ct.nii.gz", folder);
  TRY(image_read(&d->ct, path, &(struct image_read_options){.quantity = QUANTITY_HU}));
  snprintf(path, sizeof path, "%s/frame.json", folder);
  TRY(hip_frame_read(&d->frame, path));
  TRY(read_json(&d->truth, "truth.json"));
  TRY(read_json(&params, "params.json"));
  hip_phantom_defaults(&d->phantom);
  TRY(hip_phantom_from_json(&d->phantom, params, "params"));
  const struct hip_phantom *h = &d->phantom;
  TRY(scan_setup_tissue(&tissue, &h->scan, h->person.fat_density, h->person.marrow_yellow));
  hip_body_init(&d->body, &h->person, &tissue, h->scan.pose);
done:
  cJSON_Delete(params);
  return st;
}

static void calibrate(struct digital *d) {
  int64_t n = geometry_voxels(&d->ct->grid);
  for (int64_t i = 0; i < n; i++)
    d->ct->voxels[i] = (float)tissue_k2hpo4(&d->body.tissue, (double)d->ct->voxels[i]);
  d->ct->quantity = QUANTITY_DENSITY;
  d->ct->material = MATERIAL_K2HPO4;
}

/* ---- sections ---- */

/* Planes of the true frame, as qct/structure.h says where they lie. */
static void true_planes(struct structure_plane p[STRUCTURE_PLACES], const struct hip_frame *f) {
  struct vec3 axes[3], n = f->neck_axis, s = f->shaft_axis;
  hip_frame_axes(f, axes);
  for (int i = 0; i < STRUCTURE_PLACES; i++) {
    p[i].front = vec3_scale(axes[1], f->side == SIDE_RIGHT ? -1 : 1);
    p[i].normal = n;
    p[i].up = vec3_unit(vec3_along(s, -vec3_dot(s, n), n));
  }
  double length = vec3_dot(vec3_sub(f->neck_point, f->origin), n);
  p[STRUCTURE_NARROW_NECK].centre = f->neck_point;
  p[STRUCTURE_MID_NECK].centre = vec3_along(f->neck_point, -length / 2, n);
  p[STRUCTURE_NECK_BASE].centre = vec3_along(f->neck_point, -length, n);
  struct structure_plane *it = &p[STRUCTURE_INTERTROCHANTER], *shaft = &p[STRUCTURE_SHAFT];
  it->centre = f->origin;
  it->normal = vec3_unit(vec3_add(n, s));
  it->up = vec3_unit(vec3_sub(s, n));
  double below = vec3_dot(vec3_sub(f->shaft_point, f->lesser_trochanter), s) + 20;
  shaft->centre = vec3_along(f->shaft_point, -below, s);
  shaft->normal = s;
  shaft->up = vec3_scale(axes[0], -1);
}

/* Share of a pixel on the near side of a surface at a distance [mm], as if it were flat there. */
static float share_of(double distance, double step) {
  return (float)fmin(fmax(0.5 - distance / step, 0), 1);
}

/* The exact section: shares inside the outline and inside the cortex, mineral of the point. */
static status true_section(double values[STRUCTURE_VALUES], const struct digital *d,
                           const struct structure_plane *plane, double along, double beck) {
  status st = ST_OK;
  struct structure_window w = structure_window_about(60, 0.3);
  size_t n = (size_t)w.nx * (size_t)w.ny;
  struct structure_raster r = {w.nx,
                               w.ny,
                               w.step,
                               w.front0,
                               w.up0,
                               calloc(n, sizeof(float)),
                               calloc(n, sizeof(float)),
                               calloc(n, sizeof(float)),
                               {0}};
  const struct digital_femur *f = &d->body.femur;
  struct vec3 o = hip_body_to_side(&d->body, d->frame.side, plane->centre);
  struct vec3 front =
      vec3_sub(hip_body_to_side(&d->body, d->frame.side, vec3_add(plane->centre, plane->front)), o);
  struct vec3 up =
      vec3_sub(hip_body_to_side(&d->body, d->frame.side, vec3_add(plane->centre, plane->up)), o);
  CHECK(r.bone && r.marrow && r.mineral, ST_MEMORY, "exact section");
  for (int j = 0; j < w.ny; j++)
    for (int i = 0; i < w.nx; i++) {
      struct vec3 p =
          hip_body_to_side(&d->body, d->frame.side, structure_world(plane, &w, i, j, along));
      double value = digital_femur_solid(f, p), clear = digital_femur_clear(value);
      struct digital_femur_point bone;
      if (value >= 0 && clear > w.step) { /* nothing within the distance to the surface */
        i += (int)fmax(floor(clear / w.step) - 1, 0);
        continue;
      }
      size_t at = (size_t)j * (size_t)w.nx + (size_t)i;
      struct vec3 g = digital_femur_gradient(f, p);
      double in_plane = hypot(vec3_dot(g, front), vec3_dot(g, up));
      r.bone[at] = share_of(value / in_plane, w.step);
      if (r.bone[at] <= 0) continue;
      /* the point itself, or where the pixel is cut the surface's inner side */
      double inner = fmin(value, -1e-6), depth = digital_femur_depth(f, p, inner);
      digital_femur_bone(&bone, f, p, inner);
      r.marrow[at] = r.bone[at] * share_of(digital_femur_cortex(f, p) - depth, w.step);
      r.mineral[at] = r.bone[at] * (float)tissue_k2hpo4(&d->body.tissue,
                                                        tissue_bone_hu(&d->body.tissue, bone.bvf));
    }
  TRY(structure_keep_piece(r.bone, NULL, NULL, &w, 0));
  for (size_t at = 0; at < n; at++)
    if (r.bone[at] <= 0) r.marrow[at] = r.mineral[at] = 0;
  TRY(structure_values(values, &r, RHO_REF, beck));
done:
  free(r.bone);
  free(r.marrow);
  free(r.mineral);
  return st;
}

static status print_sections(const struct digital *d, const struct qct_structure *s) {
  static const double beck[STRUCTURE_PLACES] = {0.6, 0.6, 0.6, 0.7, 1.0};
  status st = ST_OK;
  struct structure_plane planes[STRUCTURE_PLACES];
  true_planes(planes, &d->frame);
  for (int p = 0; p < STRUCTURE_PLACES; p++) {
    double sum[STRUCTURE_VALUES] = {0};
    for (int k = 0; k < STRUCTURE_SECTIONS; k++) {
      double v[STRUCTURE_VALUES];
      TRY(true_section(v, d, &planes[p], 0.5 * (k - STRUCTURE_SECTIONS / 2), beck[p]));
      for (int i = 0; i < STRUCTURE_VALUES; i++) sum[i] += v[i] / STRUCTURE_SECTIONS;
    }
    for (int i = 0; i < STRUCTURE_VALUES; i++) {
      struct structure_name name = structure_name_of(i, p == STRUCTURE_SHAFT);
      row(structure_place_name((enum structure_place)p), name.key, s->slabs[p].mean[i] * name.scale,
          sum[i] * name.scale);
    }
  }
done:
  return st;
}

/* ---- the rest ---- */

static void print_frame(const struct hip_frame *f, const struct hip_frame *truth) {
  row("femur", "neck_shaft_angle", f->neck_shaft_deg, truth->neck_shaft_deg);
  row("femur", "head_radius", f->head_radius_mm, truth->head_radius_mm);
  row("femur", "femoral_offset", f->offset_mm, truth->offset_mm);
  row("femur", "femoral_axis_length", f->fal_mm, truth->fal_mm);
}

static status print_projected(const struct digital *d, const struct qct_projected *p) {
  static const struct {
    const char *name;
    int region;
  } regions[] = {{"neck", HIP_NECK},
                 {"trochanter", HIP_TROCHANTER},
                 {"intertrochanter", HIP_INTERTROCHANTER},
                 {"total", -1}};
  status st = ST_OK;
  for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
    const struct projected_amount *a =
        regions[i].region < 0 ? &p->total : &p->regions[regions[i].region];
    char key[96], name[64];
    double area, bmc, abmd;
    snprintf(key, sizeof key, "projected.%s.area_mm2", regions[i].name);
    TRY(json_get_number(&area, d->truth, key, "truth"));
    snprintf(key, sizeof key, "projected.%s.k2hpo4_eq.bmc_g", regions[i].name);
    TRY(json_get_number(&bmc, d->truth, key, "truth"));
    snprintf(key, sizeof key, "projected.%s.k2hpo4_eq.abmd", regions[i].name);
    TRY(json_get_number(&abmd, d->truth, key, "truth"));
    snprintf(name, sizeof name, "projected_%s", regions[i].name);
    row(name, "area_projected", a->area_cm2, area / 100);
    row(name, "bmc_projected", a->bmc_g, bmc);
    row(name, "abmd", a->abmd, abmd);
  }
done:
  return st;
}

/* Means over the places of the map that were fitted, every EACH-th. */
static void print_cortex(const struct digital *d, const struct cortex_map *m,
                         const struct hip_frame *frame) {
  enum { EACH = 5 };
  struct {
    double n, thick, true_thick, mass, true_mass;
  } sums[HIP_SHAFT + 2] = {{0}};
  for (int64_t v = 0; v < m->surface->vertex_count; v += EACH) {
    if (isnan(m->flag[v]) || m->flag[v] != CORTEX_FITTED) continue;
    struct vec3 normal,
        at = true_foot(&normal, &d->body.femur,
                       hip_body_to_side(&d->body, frame->side, m->surface->vertices[v]));
    double mass, t = true_thickness(&mass, &d->body, at, normal);
    int region = hip_frame_region(frame, m->surface->vertices[v]);
    for (int k = 0; k < 2; k++) {
      int to = k ? HIP_SHAFT + 1 : region;
      sums[to].n++;
      sums[to].thick += m->thickness_mm[v];
      sums[to].true_thick += t;
      sums[to].mass += m->mass[v];
      sums[to].true_mass += mass;
    }
  }
  for (int k = 0; k <= HIP_SHAFT + 1; k++) {
    const char *name = k > HIP_SHAFT ? "femur" : hip_region_name((enum hip_region)k);
    row(name, "cortical_thickness_mean", sums[k].thick / sums[k].n, sums[k].true_thick / sums[k].n);
    row(name, "cortical_mass_mean", sums[k].mass / sums[k].n, sums[k].true_mass / sums[k].n);
  }
  row("femur", "cortical_density", m->cortical,
      tissue_k2hpo4(&d->body.tissue, tissue_bone_hu(&d->body.tissue, d->body.person.cortical_bvf)));
}

static status print_regions(const struct digital *d, const struct record *r) {
  static const char *const regions[] = {"head",  "neck",         "trochanter", "intertrochanter",
                                        "total", "total_no_head"};
  static const char *const parts[] = {"integral", "cortical", "trabecular"};
  static const char *const kinds[] = {"vbmd", "bmc", "volume"};
  status st = ST_OK;
  for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
    const cJSON *truth = json_find(json_find(d->truth, "regions"), regions[i]);
    double all, cortex, vbmd;
    TRY(json_get_number(&all, json_find(truth, "volume"), "value", "truth"));
    TRY(json_get_number(&cortex, json_find(truth, "cortical_volume"), "value", "truth"));
    const double volumes[] = {all / 1000, cortex / 1000, (all - cortex) / 1000};
    for (int part = 0; part < 3; part++) {
      TRY(json_get_number(&vbmd, json_find(json_find(truth, "k2hpo4_eq"), parts[part]), "value",
                          "truth"));
      const double truths[] = {vbmd, vbmd * volumes[part], volumes[part]};
      for (int kind = 0; kind < 3; kind++) {
        char quantity[64], region[64];
        /* of trabecular contents, the error per cm3 of volume is wanted */
        double per = part == 2 && kind == 1 ? volumes[part] : 1;
        snprintf(quantity, sizeof quantity, "%s_%s", kinds[kind], parts[part]);
        snprintf(region, sizeof region, "%s_%s", regions[i], side_name(d->frame.side));
        const struct measurement *m = record_find(r, region, quantity);
        row(regions[i], quantity, m ? m->value / per : NAN, truths[kind] / per);
      }
    }
  }
done:
  return st;
}

static status measure(void) {
  status st = ST_OK;
  struct digital d = {0};
  struct femur_result *r = NULL;
  struct qct_shell *shell = NULL;
  struct qct_structure *s = NULL;
  struct qct_projected *p = NULL;
  struct cortex_map *map = NULL;
  struct record *record = NULL;
  struct structure_options o = STRUCTURE_DEFAULTS;
  TRY(read_digital(&d));
  int side = d.frame.side == SIDE_LEFT ? 1 : 0;
  int label = side ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT;
  TRY(femur_find(&r, d.ct, NULL));
  CHECK(r->sides[side].state == FEMUR_FOUND, ST_DOMAIN, "%s", r->sides[side].reason);
  const struct hip_frame *frame = &r->sides[side].frame;
  print_frame(frame, &d.frame);
  calibrate(&d);
  o.rho_ref = RHO_REF;
  o.thick_slices = true;
  TRY(qct_shell_make(&shell, d.ct, r->labels, label));
  TRY(record_create(&record, "digital"));
  TRY(qct_hip_regions(record, d.ct, r->labels, label, frame, NULL, NULL, shell));
  TRY(print_regions(&d, record));
  TRY(qct_structure_measure(&s, d.ct, r->labels, label, frame, &o, shell));
  TRY(print_sections(&d, s));
  TRY(qct_projected_make(&p, d.ct, r->labels, label, frame, shell));
  TRY(print_projected(&d, p));
  if (qct_cortex_map(&map, d.ct, r->labels, label, NULL) == ST_OK)
    print_cortex(&d, map, frame);
  else
    status_clear();
done:
  volume_destroy(d.ct);
  cJSON_Delete(d.truth);
  femur_result_destroy(r);
  qct_shell_destroy(shell);
  qct_structure_destroy(s);
  qct_projected_destroy(p);
  qct_cortex_map_destroy(map);
  record_destroy(record);
  return st;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: bench_interval FOLDER\n");
    return 2;
  }
  folder = argv[1];
  if (measure() == ST_OK) return 0;
  fprintf(stderr, "%s: %s\n", folder, status_message());
  return 1;
}
