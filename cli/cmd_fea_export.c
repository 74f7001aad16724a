#include "cli/command.h"

#include "core/file.h"
#include "core/log.h"
#include "fea/mesh_file.h"
#include "fea/parosol.h"

struct params {
  const char *model, *out;
  int bins;
};
static const struct params defaults = {.bins = 0};

static const struct option options[] = {
    ARG_IN(struct params, model, "model",
           ".vtu of this program (a whole model), .msh or .inp (a mesh), .h5 of ParOSol"),
    {.kind = OPTION_OUT,
     .name = "result",
     .unit = "",
     .help = ".inp (CalculiX), .feb (FEBio), .msh (Gmsh), .vtu (VTK) or .h5 (ParOSol)",
     .positional = true,
     .offset = OPTION_AT(struct params, out, const char *)},
    OPT_INT(struct params, bins, "inp-bins", "", 0, 5000,
            "materials of the CalculiX job; 0: every modulus its own"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 2.5,2.5,2.5", "a digital patient"},
    {"qct fea mesh patient/labels.nii.gz femur.msh --frame patient/frame.json --size 6 --distal 80",
     "a mesh of its femur"},
    {"qct fea export femur.msh femur.vtu", "the same for ParaView"},
    {NULL, NULL}};

static status write_mesh(const struct params *p, struct fea_mesh *m, bool force) {
  status st = ST_OK;
  TRY(fea_mesh_bin(m, p->bins));
  TRY(fea_mesh_write(m, NULL, 0, p->out, force));
  log_info("%lld nodes, %lld elements (%s)", (long long)m->node_count, (long long)m->element_count,
           fea_element_names[m->element]);
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct fea_mesh *mesh = NULL;
  struct fea_model *voxels = NULL;
  if (file_has_suffix(p->model, ".h5")) {
    TRY(fea_parosol_read(&voxels, p->model));
    TRY(fea_model_finish(voxels));
    if (file_has_suffix(p->out, ".h5")) {
      TRY(fea_model_write(voxels, 0, 0, p->out, ctx->force));
      goto done;
    }
    TRY(fea_mesh_from_model(&mesh, voxels, 0));
  } else
    TRY(fea_mesh_read(&mesh, NULL, p->model));
  CHECK(!file_has_suffix(p->out, ".h5"), ST_USAGE, "fea export: ParOSol takes voxels; %s is a mesh",
        file_name(p->model));
  TRY(write_mesh(p, mesh, ctx->force));
done:
  fea_mesh_destroy(mesh);
  fea_model_destroy(voxels);
  return st;
}

const struct command cmd_fea_export = {
    .name = "fea export",
    .summary = "Turn a finite element model into another program's form",
    .about =
        "A model that `qct fea fall --elements tet10 --fields` wrote (.vtu, with moduli, supports "
        "and forces) becomes a complete job for CalculiX or Abaqus (.inp) or FEBio (.feb), or a "
        "mesh for Gmsh. ParOSol's voxel models (.h5, moduli in MPa) are read and written. Jobs "
        "hold millimetres, newtons and megapascals.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
