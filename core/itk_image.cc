// Reading of image files through ITK's image IO classes. They are made by name here, so that no
// object factory is registered at start-up, and they read into our buffers: no itk::Image, no copy.
#include "core/itk_image.h"

#include "core/file.h"
#include "core/image_place.h"
#include "core/image_side.h"
#include "core/log.h"
#include "core/meta_check.h"
#include "core/nifti_voxels.h"

#include <itkMetaDataObject.h>
#include <itkMetaImageIO.h>
#include <itkNiftiImageIO.h>
#include <itkNrrdImageIO.h>

#include <cctype>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

using itk::IOComponentEnum;

/* What ITK's formats print on std::cerr is kept from the terminal; exceptions carry the reason. */
class Hush {
public:
  Hush() : kept(std::cerr.rdbuf(text.rdbuf())) {}
  ~Hush() { std::cerr.rdbuf(kept); }
  Hush(const Hush &) = delete;
  Hush &operator=(const Hush &) = delete;

private:
  std::ostringstream text;
  std::streambuf *kept;
};

struct Reader {
  Hush hush;
  itk::ImageIOBase::Pointer io;
  struct geometry grid;
  bool nifti = false, meta = false;
  struct image_place place = {1, 1, true};
  struct nifti_layout layout = {};                              /* of a NIfTI file */
  IOComponentEnum type = IOComponentEnum::UNKNOWNCOMPONENTTYPE; /* as stored */
  size_t component_bytes = 0;
  double slope = 1, inter = 0; /* value = slope*stored + inter */
};

status make_io(Reader &r, const char *path) {
  status st = ST_OK;
  bool nii = file_has_suffix(path, ".nii.gz") || file_has_suffix(path, ".nii");
  bool nrrd = file_has_suffix(path, ".nrrd") || file_has_suffix(path, ".nhdr");
  bool meta = file_has_suffix(path, ".mha") || file_has_suffix(path, ".mhd");
  CHECK(nii || nrrd || meta, ST_FORMAT,
        "%s: not an image file by its name: expected .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd",
        path);
  CHECK(!file_is_directory(path), ST_FORMAT, "%s is a folder, not an image file", path);
  CHECK(access(path, R_OK) == 0, ST_IO, "%s: cannot be read (absent or no permission)", path);
  r.nifti = nii;
  r.meta = meta;
  if (nii)
    r.io = itk::NiftiImageIO::New();
  else if (nrrd)
    r.io = itk::NrrdImageIO::New();
  else
    r.io = itk::MetaImageIO::New();
  r.io->SetFileName(path);
done:
  return st;
}

IOComponentEnum nifti_type(int datatype) {
  switch (datatype) {
  case 2:
    return IOComponentEnum::UCHAR;
  case 4:
    return IOComponentEnum::SHORT;
  case 8:
    return IOComponentEnum::INT;
  case 16:
    return IOComponentEnum::FLOAT;
  case 64:
    return IOComponentEnum::DOUBLE;
  case 256:
    return IOComponentEnum::CHAR;
  case 512:
    return IOComponentEnum::USHORT;
  case 768:
    return IOComponentEnum::UINT;
  case 1024:
    return IOComponentEnum::LONGLONG;
  default:
    return IOComponentEnum::ULONGLONG;
  }
}

/* A NRRD with its data attached, raw or gzip, holds at least so many bytes of voxels? Asked before
 * memory is taken for what its header claims. deflate packs 1032 bytes into one at most. */
status check_nrrd_size(const Reader &r, const char *path) {
  status st = ST_OK;
  const double densest = 1032;
  FILE *f = fopen(path, "rb");
  CHECK(f, ST_IO, "%s: cannot be read", path);
  {
    std::string head(16384, 0);
    head.resize(fread(&head[0], 1, head.size(), f));
    fseeko(f, 0, SEEK_END);
    double there = static_cast<double>(ftello(f));
    double claimed = static_cast<double>(geometry_voxels(&r.grid)) * (double)r.component_bytes;
    bool raw = head.find("encoding: raw") != std::string::npos;
    bool gzip = head.find("encoding: gz") != std::string::npos;
    bool detached =
        head.find("data file:") != std::string::npos || head.find("datafile:") != std::string::npos;
    CHECK(detached || !(raw || gzip) || claimed <= there * (gzip ? densest : 1), ST_FORMAT,
          "%s: its header claims %lld x %lld x %lld voxels of %zu bytes, the file has %.0f bytes: "
          "it was cut short or the header is wrong",
          path, (long long)r.grid.nx, (long long)r.grid.ny, (long long)r.grid.nz, r.component_bytes,
          there);
  }
done:
  if (f) fclose(f);
  return st;
}

status check_not_empty(const char *path) {
  status st = ST_OK;
  struct stat s;
  CHECK(stat(path, &s) != 0 || s.st_size > 0, ST_FORMAT, "%s: the file is empty (0 bytes)", path);
done:
  return st;
}

status open_image(Reader &r, const char *path) {
  status st = ST_OK;
  TRY(check_not_empty(path));
  TRY(make_io(r, path));
  CHECK(r.io->CanReadFile(r.io->GetFileName()), ST_FORMAT,
        "%s: the content is not what the file name claims", path);
  if (r.nifti) TRY(nifti_place_read(&r.place, path));
  if (r.meta) TRY(meta_header_check(path));
  if (!r.nifti && !r.meta) TRY(nrrd_place_read(&r.place, path));
  r.io->ReadImageInformation();
  {
    unsigned dimensions = r.io->GetNumberOfDimensions();
    for (unsigned a = 3; a < dimensions; a++)
      CHECK(r.io->GetDimensions(a) == 1, ST_DOMAIN,
            "%s: has %llu volumes along axis %u; a single 3-D volume is expected: extract one "
            "first",
            path, (unsigned long long)r.io->GetDimensions(a), a + 1);
    CHECK(dimensions >= 2, ST_DOMAIN, "%s: has %u axes, 3 expected", path, dimensions);
    CHECK(r.io->GetNumberOfComponents() == 1, ST_DOMAIN,
          "%s: %u numbers per voxel (colour or vector); 1 expected", path,
          r.io->GetNumberOfComponents());
    r.grid = geometry_make(1, 1, 1, 1, 1, 1);
    int64_t *sizes[3] = {&r.grid.nx, &r.grid.ny, &r.grid.nz};
    for (unsigned a = 0; a < 3 && a < dimensions; a++) {
      *sizes[a] = (int64_t)r.io->GetDimensions(a);
      r.grid.spacing[a] = r.io->GetSpacing(a) * r.place.spacing_mm;
      r.grid.origin[a] = r.io->GetOrigin(a) * r.place.origin_mm;
      std::vector<double> axis = r.io->GetDirection(a);
      for (unsigned i = 0; i < 3 && i < axis.size(); i++) r.grid.direction[3 * i + a] = axis[i];
    }
  }
  r.type = r.io->GetComponentType();
  r.component_bytes = r.io->GetComponentSize();
  if (r.nifti) {
    TRY(nifti_layout_read(&r.layout, path));
    r.type = nifti_type(r.layout.datatype);
    r.component_bytes = r.layout.bytes;
    r.slope = r.layout.slope;
    r.inter = r.layout.inter;
  }
  st = geometry_check(&r.grid, sizeof(float));
  if (st != ST_OK) status_note("%s", path);
  if (st == ST_OK && r.nifti) TRY(nifti_size_check(&r.layout, geometry_voxels(&r.grid), path));
  if (st == ST_OK && !r.nifti && !r.meta) TRY(check_nrrd_size(r, path));
done:
  return st;
}

/* What ITK threw, as a status. Its text goes over several lines and names addresses: the last line
 * says what was wrong. */
status exception_status(const char *path, const char *text, bool memory) {
  std::string line(text ? text : "");
  while (!line.empty() && std::isspace((unsigned char)line.back())) line.pop_back();
  size_t start = line.rfind('\n');
  if (start != std::string::npos) line.erase(0, start + 1);
  size_t from = line.find("(0x"), to = line.find("): ");
  if (from != std::string::npos && to != std::string::npos && to > from)
    line.erase(from, to + 1 - from);
  return status_fail(memory ? ST_MEMORY : ST_FORMAT, __FILE__, __LINE__, "%s: cannot be read: %s",
                     path, memory ? "out of memory" : line.c_str());
}

/* To be called in a catch (...): the exception at hand, as a status. */
status caught(const char *path) {
  try {
    throw;
  } catch (const itk::ExceptionObject &e) {
    bool memory = dynamic_cast<const itk::MemoryAllocationError *>(&e) != nullptr;
    return exception_status(path, e.GetDescription(), memory);
  } catch (const std::bad_alloc &) {
    return exception_status(path, nullptr, true);
  } catch (const std::exception &e) {
    return exception_status(path, e.what(), false);
  }
}

/* All voxels into `buffer` as stored. */
status read_raw(Reader &r, void *buffer, const char *path) {
  if (r.nifti) return nifti_voxels_read(buffer, geometry_voxels(&r.grid), &r.layout, path);
  unsigned dimensions = r.io->GetNumberOfDimensions();
  itk::ImageIORegion region(dimensions);
  for (unsigned a = 0; a < dimensions; a++) region.SetSize(a, r.io->GetDimensions(a));
  r.io->SetIORegion(region);
  r.io->Read(buffer);
  return ST_OK;
}

const double FLOAT_EXACT = 16777216; /* 2^24: integers above are not exact in float */

/* From stored components at `from` to floats at `to`, front to back: `from` may be the tail of the
 * same buffer. Returns the index of the first integer that float cannot hold, or -1. */
template <class T> int64_t to_float(float *to, const void *from, int64_t n, const Reader &r) {
  const char *bytes = static_cast<const char *>(from);
  int64_t bad = -1;
  bool scaled = r.slope != 1 || r.inter != 0;
  for (int64_t i = 0; i < n; i++) {
    T value;
    std::memcpy(&value, bytes + i * (int64_t)sizeof(T), sizeof(T));
    if (std::is_integral<T>::value && sizeof(T) >= 4 && bad < 0 &&
        std::fabs(static_cast<double>(value)) > FLOAT_EXACT)
      bad = i;
    to[i] = scaled ? static_cast<float>(r.slope * static_cast<double>(value) + r.inter)
                   : static_cast<float>(value);
  }
  return bad;
}

/* The same for labels; the first value that is not an integer 0..65535 goes to *offender. */
template <class T>
int64_t to_labels(uint16_t *to, const void *from, int64_t n, const Reader &r, double *offender) {
  const char *bytes = static_cast<const char *>(from);
  for (int64_t i = 0; i < n; i++) {
    T value;
    std::memcpy(&value, bytes + i * (int64_t)sizeof(T), sizeof(T));
    double number = r.slope * static_cast<double>(value) + r.inter;
    if (!(number >= 0 && number <= 65535 && number == std::floor(number))) {
      *offender = number;
      return i;
    }
    to[i] = static_cast<uint16_t>(number);
  }
  return -1;
}

template <class F> bool by_type(IOComponentEnum type, F f) {
  switch (type) {
  case IOComponentEnum::UCHAR:
    f(uint8_t());
    return true;
  case IOComponentEnum::CHAR:
    f(int8_t());
    return true;
  case IOComponentEnum::USHORT:
    f(uint16_t());
    return true;
  case IOComponentEnum::SHORT:
    f(int16_t());
    return true;
  case IOComponentEnum::UINT:
    f(uint32_t());
    return true;
  case IOComponentEnum::INT:
    f(int32_t());
    return true;
  case IOComponentEnum::ULONG:
    f((unsigned long)0);
    return true;
  case IOComponentEnum::LONG:
    f((long)0);
    return true;
  case IOComponentEnum::ULONGLONG:
    f((unsigned long long)0);
    return true;
  case IOComponentEnum::LONGLONG:
    f((long long)0);
    return true;
  case IOComponentEnum::FLOAT:
    f(float());
    return true;
  case IOComponentEnum::DOUBLE:
    f(double());
    return true;
  default:
    return false;
  }
}

/* Where the stored components go: the tail of the result when they fit, else a buffer of their own.
 */
char *landing(std::vector<char> &own, void *result, size_t result_bytes, size_t stored_bytes) {
  if (stored_bytes <= result_bytes)
    return static_cast<char *>(result) + (result_bytes - stored_bytes);
  own.resize(stored_bytes);
  return own.data();
}

/* Names that 3D Slicer keeps in the header of a .seg.nrrd. */
status segment_names(struct labels *l, const Reader &r) {
  status st = ST_OK;
  const itk::MetaDataDictionary &d = r.io->GetMetaDataDictionary();
  for (int i = 0; i < 65535; i++) {
    std::string prefix = "Segment" + std::to_string(i) + "_", name, value;
    if (!itk::ExposeMetaData<std::string>(d, prefix + "Name", name)) break;
    if (!itk::ExposeMetaData<std::string>(d, prefix + "LabelValue", value))
      value = std::to_string(i + 1);
    TRY(labels_set_name(l, atoi(value.c_str()), name.c_str()));
  }
done:
  return st;
}

status read_volume(struct volume *v, Reader &r, const char *path) {
  status st = ST_OK;
  int64_t n = geometry_voxels(&v->grid), bad = -1;
  std::vector<char> own;
  bool known;
  char *raw = landing(own, v->voxels, (size_t)n * sizeof(float), (size_t)n * r.component_bytes);
  TRY(read_raw(r, raw, path));
  known = by_type(r.type, [&](auto zero) { bad = to_float<decltype(zero)>(v->voxels, raw, n, r); });
  CHECK(known, ST_FORMAT, "%s: voxels of a type that is not a number", path);
  CHECK(bad < 0, ST_DOMAIN,
        "%s: voxel %lld holds an integer beyond +-16777216, which a volume cannot keep exactly",
        path, (long long)bad);
done:
  return st;
}

status read_labels(struct labels *l, Reader &r, const char *path) {
  status st = ST_OK;
  int64_t n = geometry_voxels(&l->grid), bad = -1;
  double offender = 0;
  std::vector<char> own;
  bool known;
  char *raw = landing(own, l->voxels, (size_t)n * sizeof(uint16_t), (size_t)n * r.component_bytes);
  TRY(read_raw(r, raw, path));
  known = by_type(
      r.type, [&](auto zero) { bad = to_labels<decltype(zero)>(l->voxels, raw, n, r, &offender); });
  CHECK(known, ST_FORMAT, "%s: voxels of a type that is not a number", path);
  CHECK(bad < 0, ST_DOMAIN, "%s: voxel %lld holds %g; labels are integers 0..65535", path,
        (long long)bad, offender);
  TRY(segment_names(l, r));
done:
  return st;
}

} // namespace

extern "C" status itk_image_grid(struct geometry *out, const char *path) {
  status st = ST_OK;
  try {
    Reader r;
    TRY(open_image(r, path));
    *out = r.grid;
  } catch (...) {
    st = caught(path);
  }
done:
  return st;
}

/* Are the voxels there? Asked before memory is taken for as many as the header claims. */
static status open_voxels(Reader &r, const char *path) {
  status st = open_image(r, path);
  if (st == ST_OK && r.meta)
    st = meta_data_check(path, geometry_voxels(&r.grid), (int64_t)r.component_bytes);
  if (st == ST_OK && !r.place.stated)
    log_warning("%s: its header does not say how its axes lie in the body: right and left, front "
                "and back are a guess; set its orientation, or read the DICOM series",
                path);
  return st;
}

extern "C" status itk_image_read(struct volume **out, const char *path) {
  status st = ST_OK;
  struct volume *v = nullptr;
  try {
    Reader r;
    TRY(open_voxels(r, path));
    TRY(volume_create(&v, &r.grid, QUANTITY_UNKNOWN));
    TRY(read_volume(v, r, path));
    TRY(image_side_read_volume(v, path));
    *out = v;
    v = nullptr;
  } catch (...) {
    st = caught(path);
  }
done:
  volume_destroy(v);
  return st;
}

extern "C" status itk_labels_read(struct labels **out, const char *path) {
  status st = ST_OK;
  struct labels *l = nullptr;
  try {
    Reader r;
    TRY(open_voxels(r, path));
    TRY(labels_create(&l, &r.grid));
    TRY(read_labels(l, r, path));
    TRY(image_side_read_labels(l, path));
    *out = l;
    l = nullptr;
  } catch (...) {
    st = caught(path);
  }
done:
  labels_destroy(l);
  return st;
}
