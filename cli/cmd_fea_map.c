#include "cli/command.h"

#include "core/file.h"
#include "core/image.h"
#include "core/log.h"
#include "core/table.h"
#include "fea/bone_check.h"
#include "fea/map.h"
#include "fea/mesh_file.h"

static const char *const materials[] = {"as stated", "K2HPO4", "HA", "ash", "apparent", NULL};
static const enum material material_of[] = {MATERIAL_NONE, MATERIAL_K2HPO4, MATERIAL_HA,
                                            MATERIAL_ASH, MATERIAL_APPARENT};

struct params {
  const char *mesh, *density, *labels, *out, *write;
  int label, material, bins;
  struct fea_map_options map;
};
static const struct params defaults = {.out = "-", .bins = 250, .map = FEA_MAP_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, mesh, "mesh", "made elsewhere: .inp, .msh (4.1, text) or .vtu, LPS mm"),
    ARG_IN(struct params, density, "density",
           "calibrated bone density [mg/cm3] with its side file"),
    OPT_OUT_AS(struct params, out, "out", ".csv",
               "table: element, density, modulus; standard output when not given"),
    OPT_OUT_AS(struct params, write, "result", ".inp .vtu .msh",
               "the mesh with its moduli; .inp only from an .inp, every other line kept"),
    OPT_IN(struct params, labels, "labels",
           "label map on the grid of the density, for the surface"),
    OPT_INT(struct params, label, "label", "", 0, 65535, "value of the bone in it"),
    OPT_CHOICE(struct params, map.mapping, "mapping", fea_mapping_names,
               "voxel mean, density over the element, modulus over the element"),
    OPT_CHOICE(struct params, map.surface, "bone-surface", fea_surface_names,
               "density at the surface; peel-extend needs --labels"),
    OPT_INT(struct params, map.steps, "samples", "", 1, 16, "along each natural coordinate"),
    OPT_INT(struct params, map.layers, "layers", "voxel", 1, 20, "grown beyond the label"),
    OPT_CHOICE(struct params, map.law, "law", fea_law_names, "density to modulus"),
    OPT_CHOICE(struct params, map.conversion, "conversion", fea_conversion_names,
               "calibrated density to ash density; auto: by the material"),
    OPT_CHOICE(struct params, material, "material", materials,
               "material of a density that does not state it"),
    OPT_INT(struct params, bins, "inp-bins", "", 0, 5000,
            "materials of the CalculiX job; 0: every modulus its own"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 2.5,2.5,2.5", "a digital patient"},
    {"qct calibrate phantom patient/ct.nii.gz --phantom mindways-model3-ct --out calibration.json",
     "its calibration"},
    {"qct calibrate apply patient/ct.nii.gz calibration.json --out density.nii.gz", "its density"},
    {"qct fea mesh patient/labels.nii.gz femur.msh --frame patient/frame.json --size 6 --distal 80",
     "a mesh, here our own"},
    {"qct fea map femur.msh density.nii.gz --labels patient/labels.nii.gz --label 75 --out "
     "moduli.csv --result femur.vtu",
     "density and modulus of every element"},
    {NULL, NULL}};

static const char *const sources[] = {"taddei2007", "py_bonemat_abaqus", "mitk_gem", NULL};

static status write_table(struct context *ctx, const struct params *p, const struct fea_mesh *m,
                          const struct fea_mesh_numbers *numbers) {
  status st = ST_OK;
  struct table *t = NULL;
  TRY(table_create(&t, (size_t)m->element_count));
  TRY(table_add_column(t, "element", "", true));
  TRY(table_add_column(t, "density", "g/cm3", true));
  TRY(table_add_column(t, "modulus", "MPa", true));
  for (int64_t e = 0; e < m->element_count; e++) {
    t->columns[0].numbers[e] = (double)numbers->element[e];
    t->columns[1].numbers[e] = m->density[e];
    t->columns[2].numbers[e] = m->modulus[e];
  }
  TRY(table_write(t, p->out, ctx->force));
done:
  table_destroy(t);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  const struct image_read_options as_density = {.quantity = QUANTITY_DENSITY};
  struct volume *density = NULL;
  struct labels *labels = NULL;
  struct fea_mesh *mesh = NULL;
  struct fea_mesh_numbers numbers = {NULL, NULL};
  struct fea_map_result r;
  TRY(image_read(&density, p->density, &as_density));
  if (p->material) TRY(volume_assume_material(density, material_of[p->material]));
  if (p->labels) TRY(labels_read_on(&labels, p->labels, &density->grid));
  if (p->labels) TRY(fea_bone_check(density, labels, p->label));
  TRY(fea_mesh_read(&mesh, &numbers, p->mesh));
  TRY(fea_map_density(&r, mesh, NULL, density, labels, p->label, &p->map));
  log_info("%lld elements, mean modulus %.0f MPa, mean density %.3f g/cm3 (%s), %lld at "
           "the least modulus",
           (long long)r.mapped, r.mean_modulus_mpa, r.mean_density_gcc, r.map.words,
           (long long)r.floor_elements);
  TRY(write_table(ctx, p, mesh, &numbers));
  if (!p->write) goto done;
  if (file_has_suffix(p->write, ".inp")) {
    CHECK(file_has_suffix(p->mesh, ".inp"), ST_USAGE,
          "fea map: an .inp result keeps the lines of an .inp mesh; %s is none",
          file_name(p->mesh));
    TRY(fea_inp_insert_moduli(mesh, &numbers, p->bins, p->mesh, p->write, ctx->force));
  } else
    TRY(fea_mesh_write(mesh, NULL, 0, p->write, ctx->force));
done:
  fea_mesh_numbers_clear(&numbers);
  fea_mesh_destroy(mesh);
  labels_destroy(labels);
  volume_destroy(density);
  return st;
}

const struct command cmd_fea_map = {
    .name = "fea map",
    .summary = "Give the elements of a mesh their density and modulus",
    .about =
        "For meshes made elsewhere, in the coordinates of the scan (LPS, mm): solids of 4, 10 or 8 "
        "nodes from CalculiX or Abaqus (.inp), Gmsh (.msh 4.1 as text) or VTK (.vtu, not "
        "compressed). V1 averages the voxels inside, V2 the density over the element, V3 the "
        "modulus over the element. With a label map the outermost voxels are peeled where they are "
        "darker than those inside, and values grow outwards, so that soft tissue is not mixed in.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
