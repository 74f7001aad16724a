// The cubic B-spline of filter_resample. Voxels are lent to ITK, not copied.
#include "core/filter_cubic.h"
#include "core/parallel.h"

#include <itkBSplineInterpolateImageFunction.h>
#include <itkImage.h>
#include <itkMultiThreaderBase.h>

#include <cmath>

using FloatImage = itk::Image<float, 3>;
using Spline = itk::BSplineInterpolateImageFunction<FloatImage, double, float>;

struct cubic {
  Spline::Pointer spline;
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
    auto spline = Spline::New();
    spline->SetSplineOrder(3);
    spline->SetInputImage(lend(in));
    *out = new cubic{spline};
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

extern "C" float cubic_value(const struct cubic *c, double i, double j, double k) {
  const double at[3] = {i, j, k};
  return (float)c->spline->EvaluateAtContinuousIndex(Spline::ContinuousIndexType(at));
}
