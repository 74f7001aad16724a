#include "fea/multigrid.h"

#include <string.h>

#define REAL float
#define NAME(x) x##_float
#include "fea/kernel_template.h"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) x##_double
#include "fea/kernel_template.h"
#undef REAL
#undef NAME
