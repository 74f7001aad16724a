#include "radiomics/phantom.h"

/* Rows y = 0..3 of slices z = 0..3; a letter is a voxel outside the mask: a = 1, i = 9. */
static const char voxels[] = "14411"
                             "14611"
                             "41641"
                             "44641"
                             "14411"
                             "11611"
                             "a1311"
                             "44611"
                             "144aa"
                             "11111"
                             "11i11"
                             "11611"
                             "144aa"
                             "11111"
                             "11111"
                             "11611";

#define REFERENCE(tag, aggregation, value, tolerance) {RAD_##tag, aggregation, value, tolerance},
static const struct rad_reference references[] = {
#include "radiomics/phantom_reference.def"
};
#undef REFERENCE

status rad_phantom(struct volume **image, struct labels **mask) {
  status st = ST_OK;
  struct geometry g = geometry_make(5, 4, 4, 2, 2, 2);
  struct volume *v = NULL;
  struct labels *l = NULL;
  TRY(volume_create(&v, &g, QUANTITY_OTHER));
  TRY(labels_create(&l, &g));
  for (int n = 0; n < 80; n++) {
    char c = voxels[n];
    l->voxels[n] = c < 'a';
    v->voxels[n] = (float)(c < 'a' ? c - '0' : c - 'a' + 1);
  }
  *image = v;
  *mask = l;
  v = NULL;
  l = NULL;
done:
  volume_destroy(v);
  labels_destroy(l);
  return st;
}

const struct rad_reference *rad_phantom_reference(size_t *count) {
  *count = sizeof references / sizeof references[0];
  return references;
}

void rad_phantom_settings(struct rad_settings *s) {
  rad_settings_init(s, RAD_IBSI);
  s->discretisation = RAD_AS_IS;
  s->aggregations = RAD_ALL;
}
