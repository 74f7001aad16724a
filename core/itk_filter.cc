// The cubic B-spline of filter_resample: coefficients by ITK, values here (a sixth of the time of
// its interpolator, which works out index tables for every place). Voxels are lent to ITK.
#include "core/filter_cubic.h"
#include "core/parallel.h"

#include <itkBSplineDecompositionImageFilter.h>
#include <itkImage.h>
#include <itkMultiThreaderBase.h>

#include <cmath>

using FloatImage = itk::Image<float, 3>;
using Decomposition = itk::BSplineDecompositionImageFilter<FloatImage, FloatImage>;

struct cubic {
  FloatImage::Pointer coefficients;
  int64_t size[3];
};

namespace {

/* The voxels as an ITK image with unit spacing: the spline works in index coordinates. */
FloatImage::Pointer lend(const struct volume *v) {
  auto image = FloatImage::New();
  FloatImage::SizeType size = {{(itk::SizeValueType)v->grid.nx, (itk::SizeValueType)v->grid.ny,
                                (itk::SizeValueType)v->grid.nz}};
  image->SetRegions(FloatImage::RegionType(size));
  auto container = FloatImage::PixelContainer::New();
  container->SetImportPointer(v->voxels, (itk::SizeValueType)geometry_voxels(&v->grid), false);
  image->SetPixelContainer(container);
  return image;
}

} // namespace

extern "C" status cubic_create(struct cubic **out, const struct volume *in) {
  status st = ST_OK;
  int64_t n = geometry_voxels(&in->grid);
  for (int64_t i = 0; i < n; i++)
    CHECK(!std::isnan(in->voxels[i]), ST_DOMAIN,
          "cubic interpolation needs every voxel, but voxel %lld has no data: fill it first "
          "(volume_fill_no_data) or interpolate linearly",
          (long long)i);
  try {
    itk::MultiThreaderBase::SetGlobalDefaultNumberOfThreads((unsigned)parallel_threads());
    auto spline = Decomposition::New();
    spline->SetSplineOrder(3);
    spline->SetInput(lend(in));
    spline->Update();
    *out = new cubic{spline->GetOutput(), {in->grid.nx, in->grid.ny, in->grid.nz}};
  } catch (const itk::ExceptionObject &e) {
    st =
        status_fail(ST_EXTERNAL, __FILE__, __LINE__, "cubic interpolation: %s", e.GetDescription());
  } catch (const std::exception &e) {
    st = status_fail(ST_EXTERNAL, __FILE__, __LINE__, "cubic interpolation: %s", e.what());
  }
done:
  return st;
}

extern "C" void cubic_destroy(struct cubic *c) {
  delete c;
}

namespace {

/* Four weights about x and the indices they are for, mirrored at the first and last voxel. */
struct reach {
  double weight[4];
  int64_t index[4];
};

reach reach_of(double x, int64_t n) {
  reach r;
  double floor_x = std::floor(x), t = x - floor_x;
  int64_t first = (int64_t)floor_x - 1, last = n - 1;
  r.weight[3] = t * t * t / 6;
  r.weight[0] = 1.0 / 6 + t * (t - 1) / 2 - r.weight[3];
  r.weight[2] = t + r.weight[0] - 2 * r.weight[3];
  r.weight[1] = 1 - r.weight[0] - r.weight[2] - r.weight[3];
  for (int k = 0; k < 4; k++) {
    int64_t at = first + k;
    if (at < 0) at = -at;
    if (at > last) at = 2 * last - at;
    r.index[k] = at < 0 ? 0 : at; /* an axis of one or two voxels */
  }
  return r;
}

} // namespace

extern "C" float cubic_value(const struct cubic *c, double i, double j, double k) {
  const float *v = c->coefficients->GetBufferPointer();
  const reach x = reach_of(i, c->size[0]), y = reach_of(j, c->size[1]), z = reach_of(k, c->size[2]);
  double sum = 0;
  for (int a = 0; a < 4; a++)
    for (int b = 0; b < 4; b++) {
      const float *row = v + (z.index[a] * c->size[1] + y.index[b]) * c->size[0];
      double line = 0;
      for (int d = 0; d < 4; d++) line += x.weight[d] * (double)row[x.index[d]];
      sum += z.weight[a] * y.weight[b] * line;
    }
  return (float)sum;
}
