/* What the report shows of a fall: picture and words. */
#include "fea/fall.h"

#include "fea/figures.h"

#include <math.h>
#include <stdio.h>

status fea_fall_picture(struct picture **out, const struct fea_fall *f) {
  const struct geometry *g = &f->model->grid;
  const int64_t site = f->failure.site_voxel;
  const int64_t at_x = site % g->nx, at_z = site / (g->nx * g->ny);
  char caption[160];
  static const struct fea_view along[3] = {
      {.right = 1, .up = 2, .title = "cut at the site"},
      {.right = 1, .up = 2, .title = "largest through the bone"},
      {.right = 1, .up = 0, .title = "across"}};
  const bool stance = f->recipe_kind == FEA_STANCE;
  struct fea_view views[3] = {
      {.right = 2, .up = 1, .cut = at_x, .title = "cut at the site, ground below"},
      {.right = 2, .up = 1, .cut = -1, .title = "largest through the bone"},
      {.right = 0, .up = 1, .cut = at_z, .title = "across"}};
  for (int v = 0; stance && v < 3; v++) {
    views[v].right = along[v].right;
    views[v].up = along[v].up;
    views[v].title = along[v].title;
  }
  snprintf(
      caption, sizeof caption,
      "strain at the failure load of %.0f N; orange tension, blue compression; ring: weakest site",
      f->failure_load_n);
  return fea_figure(out, f->model, f->fields, &f->failure, &f->limits, f->failure.factor_volume,
                    views, 3, 1200, caption);
}

void fea_fall_methods(struct text *out, const struct fea_fall *f,
                      const struct fea_fall_options *options) {
  static const struct fea_fall_options defaults = FEA_FALL_DEFAULTS;
  const struct fea_fall_options *o = options ? options : &defaults;
  const bool stance = f->recipe_kind == FEA_STANCE;
  text_append(
      out,
      "Fracture load in %s: %lld voxel hexahedra of %g mm (Poisson's ratio %g, least modulus %g "
      "MPa) with a modulus from the calibrated density; recipe, law and conversion to ash density "
      "are %s. ",
      stance ? "standing" : "a fall to the side", (long long)f->model->element_count, o->size_mm,
      o->poisson, o->least_mpa, f->words);
  if (stance)
    text_append(
        out,
        "Load recipe %s: a PMMA cap of %g MPa over the head (%g mm thick, bone %g mm deep in "
        "it), its outer face moved by %.2f mm along the load at %g degrees to the shaft in "
        "the frontal plane; the distal end is held. ",
        f->recipe, o->cap_mpa, o->cap_mm, o->intrusion_mm, f->displacement_mm, o->tilt_deg);
  else
    text_append(
        out,
        "Load recipe %s: the shaft at %g degrees to the ground, PMMA caps of %g MPa over the "
        "head and the greater trochanter (%g mm thick, bone %g mm deep in them); the outer "
        "face of the head cap is moved by %.2f mm (%g %% of the extent) towards the "
        "trochanter, whose cap is held in that direction; the distal end %s. ",
        f->recipe, o->tilt_deg, o->cap_mpa, o->cap_mm, o->intrusion_mm, f->displacement_mm,
        100 * o->strain,
        f->recipe_kind == FEA_FALL_HINGE ? "may only turn about the normal of the load plane"
                                         : "is held across it");
  text_append(
      out,
      "Solved to a relative residual of %.1e in %d iterations; reactions balance to %.0e. "
      "The failure load is the load at which %g %% of the bone volume (elements of at least "
      "%g MPa) exceed a principal strain of %.2f %% in tension or %.2f %% in compression. "
      "Stiffness and failure load hold for this recipe, law and element size and must not be "
      "compared across them.",
      f->solution->residual, f->solution->iterations, f->solution->balance,
      100 * o->failure.volume_share, o->failure.least_modulus_mpa, 100 * o->failure.tension_limit,
      100 * o->failure.compression_limit);
  if (isfinite(f->off_contact_n) && o->failure.contact_mm <= 0)
    text_append(out,
                " All bone is judged, that beside the caps too, where contact crushes rather than "
                "breaks; without bone within %g mm of a cap the load is %.0f N (%+.0f %%).",
                o->intrusion_mm, f->off_contact_n,
                100 * (f->off_contact_n / f->failure_load_n - 1));
  if (o->interval)
    text_append(out,
                " The interval joins the calibration's 95 %% interval, the outline shifted by %g "
                "voxels of the scan, and the error of a first-order mesh from elements twice (or "
                "half) as large; it does not hold the choice of "
                "law and recipe; the results of other laws stand beside it.",
                o->shift_voxels);
}
