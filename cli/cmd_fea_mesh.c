#include "cli/command.h"

#include "core/file.h"
#include "core/image.h"
#include "core/json.h"
#include "core/log.h"
#include "fea/mesh_file.h"
#include "fea/tet_mesh.h"
#include "fea/tet_picture.h"

#include <math.h>

static const char *const elements[] = {"tet4", "tet10", NULL};

struct params {
  const char *labels, *mesh, *frame, *out, *picture;
  int label, element;
  double size_mm, neck_mm, smooth_mm, distal_mm;
};
static const struct params defaults = {.out = "-",
                                       .element = FEA_TET10,
                                       .size_mm = 3,
                                       .neck_mm = (double)NAN,
                                       .smooth_mm = 1,
                                       .distal_mm = (double)NAN};

static const struct option options[] = {
    ARG_IN(struct params, labels, "labels", "label map"),
    {.kind = OPTION_OUT,
     .name = "mesh",
     .unit = "",
     .help = "mesh as .msh or .vtu, LPS mm",
     .positional = true,
     .offset = OPTION_AT(struct params, mesh, const char *)},
    OPT_OUT_AS(struct params, out, "out", ".json",
               "quality of the mesh; standard output when not given"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "the mesh from four sides"),
    OPT_INT(struct params, label, "label", "", 0, 65535,
            "value of the bone; 0: the frame's side of the TotalSegmentator numbers"),
    OPT_IN(struct params, frame, "frame", "hip frame: finer at the neck, and for --distal"),
    OPT_CHOICE(struct params, element, "elements", elements, "nodes of a tetrahedron: 4 or 10"),
    OPT_REAL(struct params, size_mm, "size", "mm", 0.5, 20, "edge of an element"),
    OPT_REAL(struct params, neck_mm, "neck-size", "mm", 0.5, 10,
             "edge at the neck; 2/3 of --size without"),
    OPT_REAL(struct params, smooth_mm, "smooth", "mm", 0, 5, "Gaussian that smooths the surface"),
    OPT_REAL(struct params, distal_mm, "distal", "mm", 30, 500,
             "flat cut square to the shaft, so far below the head centre; none without"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 2.5,2.5,2.5", "a digital patient"},
    {"qct fea mesh patient/labels.nii.gz femur.msh --frame patient/frame.json --size 5 --distal 80 "
     "--picture femur.png",
     "its femur as 10-node tetrahedra, cut square to the shaft"},
    {NULL, NULL}};

static const char *const sources[] = {"geuzaine2009", "botsch2004", NULL};

static cJSON *quality_json(const struct tet_quality *q) {
  double bins[TET_BINS];
  cJSON *json = cJSON_CreateObject();
  json_add_number(json, "nodes", (double)q->nodes);
  json_add_number(json, "elements", (double)q->elements);
  json_add_number(json, "surface_triangles", (double)q->triangles);
  json_add_number(json, "surface_least_angle_deg", q->least_angle_deg);
  json_add_number(json, "scaled_jacobian_least", q->least);
  json_add_number(json, "scaled_jacobian_mean", q->mean);
  for (int b = 0; b < TET_BINS; b++) bins[b] = (double)q->histogram[b];
  json_add_numbers(json, "scaled_jacobian_histogram", bins, TET_BINS);
  json_add_number(json, "inverted_when_curved", (double)q->inverted);
  json_add_number(json, "straightened", (double)q->straightened);
  json_add_number(json, "label_mm3", q->label_mm3);
  json_add_number(json, "mesh_mm3", q->mesh_mm3);
  return json;
}

/* Size field and cut from the frame, in LPS. */
static status use_frame(struct tet_size *size, struct tet_plane *cut, const struct hip_frame *f,
                        const struct params *p) {
  status st = ST_OK;
  size->fine_mm = isnan(p->neck_mm) ? fmax(0.5, p->size_mm * 2 / 3) : fmin(p->neck_mm, p->size_mm);
  size->centre = f->neck_point;
  size->radius_mm = f->head_radius_mm;
  cut->normal = f->shaft_axis;
  cut->offset = vec3_dot(f->shaft_axis, f->head) - p->distal_mm;
  CHECK(isnan(p->distal_mm) || p->distal_mm <= f->distal_mm - 2, ST_DOMAIN,
        "fea mesh: --distal %g mm, but the bone ends %.0f mm below the head centre", p->distal_mm,
        f->distal_mm);
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct labels *labels = NULL;
  struct hip_frame frame = {.side = SIDE_UNKNOWN};
  struct tet_domain *domain = NULL;
  struct fea_mesh *mesh = NULL;
  struct picture *picture = NULL;
  struct tet_quality q;
  struct tet_plane cut;
  const struct tet_frame lps = tet_frame_lps();
  struct tet_mesh_options o = {.element = (enum fea_element)p->element,
                               .size = {.size_mm = p->size_mm, .fine_mm = p->size_mm},
                               .passes = 10};
  int label = p->label;
  cJSON *json = NULL;
  TRY(labels_read_on(&labels, p->labels, NULL));
  if (p->frame) {
    TRY(hip_frame_read(&frame, p->frame));
    TRY(use_frame(&o.size, &cut, &frame, p));
  }
  CHECK(p->frame || isnan(p->distal_mm), ST_USAGE, "fea mesh: --distal needs --frame");
  CHECK(label || p->frame, ST_USAGE, "fea mesh: give --label, or --frame to know the side");
  if (!label) label = frame.side == SIDE_LEFT ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT;
  TRY(tet_domain_create(&domain, labels, label, &lps, isnan(p->distal_mm) ? NULL : &cut,
                        p->smooth_mm, 0));
  TRY(tet_mesh_create(&mesh, &q, domain, &o, NULL, 0));
  log_info("%lld nodes, %lld elements; least scaled Jacobian of an element %.3f, edges of %lld "
           "straightened",
           (long long)q.nodes, (long long)q.elements, q.least, (long long)q.straightened);
  for (int64_t e = 0; e < mesh->element_count; e++) mesh->modulus[e] = 1;
  TRY(fea_mesh_write(mesh, NULL, 0, p->mesh, ctx->force));
  if (p->picture) {
    TRY(fea_mesh_picture(&picture, mesh, &lps));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
  json = quality_json(&q);
  TRY(context_write_json(ctx, json, p->out && p->out[0] != '-' ? p->out : NULL));
done:
  cJSON_Delete(json);
  picture_destroy(picture);
  fea_mesh_destroy(mesh);
  tet_domain_destroy(domain);
  labels_destroy(labels);
  return st;
}

const struct command cmd_fea_mesh = {
    .name = "fea mesh",
    .summary = "Fill a label with tetrahedra",
    .about =
        "The label's largest piece becomes a smooth watertight surface that encloses the label's "
        "volume, its triangles are made even, and Gmsh fills it. With a hip frame the elements are "
        "finer at the neck, and --distal cuts the shaft flat. Mid-side nodes lie on the surface; "
        "where that would invert an element they go back to straight edges, which is counted.\n\n"
        "The quality is the scaled Jacobian, 1 for a regular tetrahedron, in ten bins from 0 to 1. "
        "The same label gives the same mesh. Gmsh is under the GPL, and so is a build with it.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
