#include "cli/voxel_outputs.h"

#include "core/image.h"
#include "core/log.h"
#include "fea/compress.h"
#include "fea/material.h"

#include <math.h>
#include <stdio.h>

static const char *const axes[] = {"x", "y", "z", NULL};

struct params {
  const char *image, *user_law;
  struct voxel_paths to;
  double threshold, modulus_mpa, poisson;
  struct fea_compress_options compress;
};

static const struct params defaults = {.threshold = (double)NAN,
                                       .modulus_mpa = 10000,
                                       .poisson = 0.3,
                                       .compress = FEA_COMPRESS_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, image, "image",
           "cube of bone: grey values, a density, or a modulus [MPa]"),
    VOXEL_OUTPUTS(struct params, to),
    OPT_REAL(struct params, threshold, "bone-above", "", -1e6, 1e6,
             "voxels of at least this value are bone; needed unless the image is a modulus"),
    OPT_REAL(struct params, modulus_mpa, "modulus", "MPa", 0.001, 1e6, "of bone tissue"),
    OPT_TEXT(struct params, user_law, "user-law",
             "modulus by density instead, for a density image: HA:homminga,18000,1.2"),
    OPT_REAL(struct params, poisson, "poisson", "", 0, 0.45, "Poisson's ratio"),
    OPT_CHOICE(struct params, compress.kind, "boundary", fea_compress_names,
               "faces glued to plates, sliding on them, or confined at the sides too"),
    OPT_CHOICE(struct params, compress.axis, "axis", axes, "direction of compression in the image"),
    OPT_REAL(struct params, compress.strain, "strain", "", 0.0001, 0.2,
             "applied shortening, share of the height"),
    OPT_REAL(struct params, compress.failure.pistoia_share, "pistoia-share", "", 0.0001, 0.5,
             "share of the bone volume beyond the effective strain at failure"),
    OPT_REAL(struct params, compress.failure.pistoia_strain, "pistoia-strain", "", 0.0001, 0.1,
             "effective strain of Pistoia's rule"),
    OPT_REAL(struct params, compress.solve.tolerance, "tolerance", "", 1e-13, 1e-3,
             "relative residual of the solve"),
    OPT_REAL(struct params, compress.solve.memory_gib, "memory", "GiB", 0, 10000,
             "refuse a larger model; 0: what the machine has free"),
    FEA_BEYOND_OPTIONS(struct params, compress.beyond, to),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom trabeculae spinodal --edge 2 --size 0.08 --bvtv 0.4 --waves 50 --out cube",
     "a cube of trabeculae"},
    {"qct fea compress cube/ct.nii.gz --bone-above 500 --boundary sliding --picture strain.png",
     "its apparent modulus and failure load between smooth plates"},
    {NULL, NULL}};

static const char *const sources[] = {"pistoia2002", "faim10", NULL};

/* Modulus of every voxel; words say how. */
static status fill(struct fea_model *m, const struct volume *image, const struct params *p,
                   char *words, size_t size) {
  status st = ST_OK;
  struct fea_user_law user;
  struct fea_density_map map = {1, 0, NULL, ""};
  const bool modulus = image->quantity == QUANTITY_MODULUS;
  CHECK(modulus || isfinite(p->threshold), ST_USAGE,
        "compression: --bone-above is needed: the image is %s, not a modulus",
        quantity_name(image->quantity));
  if (p->user_law) {
    CHECK(image->quantity == QUANTITY_DENSITY, ST_DOMAIN,
          "compression: --user-law needs a density image, this one is %s",
          quantity_name(image->quantity));
    TRY(fea_law_parse(&user, p->user_law));
    TRY(fea_density_map_make(&map, &user.law, image->material, 0));
    snprintf(words, size, "threshold %g %s", p->threshold, user.law.key);
  } else if (modulus)
    snprintf(words, size, "modulus image");
  else
    snprintf(words, size, "threshold %g E %g MPa", p->threshold, p->modulus_mpa);
  for (int64_t v = 0; v < geometry_voxels(&m->grid); v++) {
    const double value = (double)image->voxels[v];
    if (isnan(value) || value < p->threshold) continue;
    m->modulus[v] =
        (float)(modulus       ? value
                : p->user_law ? fea_law_modulus(&user.law, map.slope * value / 1000 + map.intercept)
                              : p->modulus_mpa);
    if (m->modulus[v] > 0) m->part[v] = FEA_BONE;
  }
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct volume *image = NULL;
  struct fea_model *model = NULL;
  struct fea_compress *c = NULL;
  struct picture *picture = NULL;
  char words[96];
  int rank;
  TRY(curve_paths_check(&p->to, &p->compress.beyond));
  TRY(fea_command_rank(&rank));
  TRY(image_read(&image, p->image, NULL));
  TRY(fea_model_create(&model, &image->grid, p->poisson));
  TRY(fill(model, image, p, words, sizeof words));
  volume_destroy(image);
  image = NULL;
  TRY(fea_compress_run(&c, model, words, &p->compress));
  model = NULL; /* is c's now */
  log_info("apparent modulus %.4g MPa, failure load %.4g N, stiffness %.5g N/mm (%s)",
           c->apparent_modulus_mpa, c->load_n * c->failure.factor_pistoia, c->stiffness_n_mm,
           c->words);
  if (rank > 0) goto done;
  const struct voxel_result r = VOXEL_RESULT(c);
  if (p->to.picture) TRY(fea_compress_picture(&picture, c));
  TRY(voxel_outputs_write(ctx, &p->to, &r, picture));
done:
  picture_destroy(picture);
  fea_compress_destroy(c);
  fea_model_destroy(model);
  volume_destroy(image);
  return st;
}

const struct command cmd_fea_compress = {
    .name = "fea compress",
    .summary = "Apparent modulus and failure load of a cube of bone in compression",
    .about =
        "Every voxel at or above the threshold becomes an element of the image's own size. The "
        "failure load is Pistoia's: the load at which 2 % of the bone volume have an effective "
        "strain above 0.007, a rule made for micro-FE of the distal radius.\n\n"
        "Only the largest part joined by faces carries load; the number of voxels dropped is in "
        "the record. An image of another spacing along one axis is refused; resample it first.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
