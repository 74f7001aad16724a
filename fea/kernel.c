/* The element kernels in single and double precision, as wide as the vectors of the processor. */
#include "fea/multigrid.h"

#include <string.h>

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
_Static_assert(FEA_ROW_PADDING * sizeof(float) >= VECTOR_BYTES &&
                   (int)MG_PADDING > (int)FEA_ROW_PADDING,
               "a vector reaches at most into the padding");

#define REAL float
#define LANES (VECTOR_BYTES / 4)
#define NAME(x) x##_float
#include "fea/kernel_template.h"
#undef REAL
#undef LANES
#undef NAME

#define REAL double
#define LANES (VECTOR_BYTES / 8)
#define NAME(x) x##_double
#include "fea/kernel_template.h"
#undef REAL
#undef LANES
#undef NAME
