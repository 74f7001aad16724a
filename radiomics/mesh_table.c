#include "radiomics/mesh_table.h"

void rad_mesh_case(struct surface_case *out, int pattern) {
  surface_case_make(out, pattern);
}
