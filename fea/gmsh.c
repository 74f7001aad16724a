#include "fea/gmsh.h"

#include "core/module.h"

status fea_gmsh_open(const struct fea_gmsh **out) {
  status st = ST_OK;
  const void *symbol = NULL;
  TRY(module_open(&symbol, "fea_gmsh", "fea_gmsh_module", "libgmsh4.8 (libgmsh-dev to build)"));
  const struct fea_gmsh *gmsh = symbol;
  CHECK(gmsh->version == FEA_GMSH_VERSION, ST_UNSUPPORTED,
        "tetrahedra: module fea_gmsh has version %d, the program needs %d; build both anew",
        gmsh->version, FEA_GMSH_VERSION);
  *out = gmsh;
done:
  return st;
}
