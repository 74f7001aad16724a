// DICOM headers and compressed pixels through GDCM, the library that ITK reads DICOM with. Only
// facts are taken from it here; whether they make a volume is judged in core/dicom_geometry.c.
#include "core/calendar.h"
#include "core/dicom_check.h"
#include "core/dicom_slice.h"

#include <gdcmAttribute.h>
#include <gdcmGlobal.h>
#include <gdcmReader.h>
#include <gdcmSequenceOfItems.h>
#include <gdcmTrace.h>
#include <gdcmTransferSyntax.h>

#include <charconv>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace {

using gdcm::DataSet;
using gdcm::Tag;
using gdcm::TransferSyntax;

const Tag PIXEL_DATA(0x7fe0, 0x0010);

/* GDCM's dictionaries are made on first use, which threads must not share; its messages would go to
 * the terminal. */
void prepare() {
  static std::once_flag once;
  std::call_once(once, [] {
    gdcm::Trace::DebugOff();
    gdcm::Trace::WarningOff();
    gdcm::Trace::ErrorOff();
    gdcm::Global::GetInstance().GetDicts();
  });
}

/* ---- values ---- */

/* Printable ASCII only: the texts go to JSON and to a terminal. */
std::string text_of(const DataSet &ds, uint16_t group, uint16_t element) {
  Tag tag(group, element);
  std::string s;
  if (!ds.FindDataElement(tag)) return s;
  const gdcm::ByteValue *value = ds.GetDataElement(tag).GetByteValue();
  if (!value || !value->GetPointer()) return s;
  s.assign(value->GetPointer(), value->GetLength());
  s = s.substr(0, s.find('\0'));
  while (!s.empty() && s.back() == ' ') s.pop_back();
  s.erase(0, s.find_first_not_of(' '));
  for (char &c : s)
    if (c < 32 || c > 126) c = '?';
  return s;
}

void copy_text(char *out, size_t size, const std::string &s) {
  snprintf(out, size, "%s", s.c_str());
}

std::string first_value(const std::string &s) {
  return s.substr(0, s.find('\\'));
}

/* Numbers of a DS or IS, parted by backslashes. Empty when any is not finite. */
std::vector<double> numbers_of(const DataSet &ds, uint16_t group, uint16_t element) {
  std::vector<double> out;
  std::string s = text_of(ds, group, element);
  size_t at = 0;
  while (at <= s.size() && !s.empty()) {
    size_t end = s.find('\\', at);
    if (end == std::string::npos) end = s.size();
    std::string part = s.substr(at, end - at);
    part.erase(0, part.find_first_not_of(" +"));
    double value = NAN;
    std::from_chars(part.data(), part.data() + part.size(), value);
    if (!std::isfinite(value)) return {};
    out.push_back(value);
    at = end + 1;
  }
  return out;
}

double number_of(const DataSet &ds, uint16_t group, uint16_t element) {
  std::vector<double> v = numbers_of(ds, group, element);
  return v.empty() ? NAN : v[0];
}

/* Unsigned short, or -1. GDCM has put the bytes in order. */
int short_of(const DataSet &ds, uint16_t group, uint16_t element) {
  Tag tag(group, element);
  if (!ds.FindDataElement(tag)) return -1;
  const gdcm::ByteValue *value = ds.GetDataElement(tag).GetByteValue();
  if (!value || value->GetLength() < 2) return -1;
  uint16_t v;
  std::memcpy(&v, value->GetPointer(), sizeof v);
  return v;
}

/* Double (FD), or NaN. */
double double_of(const DataSet &ds, uint16_t group, uint16_t element) {
  Tag tag(group, element);
  if (!ds.FindDataElement(tag)) return NAN;
  const gdcm::ByteValue *value = ds.GetDataElement(tag).GetByteValue();
  if (!value || value->GetLength() < 8) return NAN;
  double v;
  std::memcpy(&v, value->GetPointer(), sizeof v);
  return v;
}

/* First item of a sequence, or null. The smart pointer keeps it alive. */
struct Items {
  gdcm::SmartPointer<gdcm::SequenceOfItems> sequence;
  Items(const DataSet *ds, uint16_t group, uint16_t element) {
    Tag tag(group, element);
    if (ds && ds->FindDataElement(tag)) sequence = ds->GetDataElement(tag).GetValueAsSQ();
  }
  size_t size() const { return sequence ? sequence->GetNumberOfItems() : 0; }
  const DataSet *at(size_t i) const {
    return i < size() ? &sequence->GetItem(i + 1).GetNestedDataSet() : nullptr;
  }
};

/* ---- slices ---- */

void read_position(struct dicom_slice &s, const DataSet &ds) {
  std::vector<double> p = numbers_of(ds, 0x0020, 0x0032);
  if (p.size() != 3) return;
  s.position = vec3_make(p[0], p[1], p[2]);
  s.has_position = true;
}

void read_orientation(struct dicom_slice &s, const DataSet &ds) {
  std::vector<double> o = numbers_of(ds, 0x0020, 0x0037);
  if (o.size() != 6) return;
  s.row = vec3_make(o[0], o[1], o[2]);
  s.column = vec3_make(o[3], o[4], o[5]);
  s.has_orientation = true;
}

void read_measures(struct dicom_slice &s, const DataSet &ds) {
  std::vector<double> spacing = numbers_of(ds, 0x0028, 0x0030);
  /* of a radiograph: on the detector */
  if (spacing.size() != 2 && text_of(ds, 0x0008, 0x0060).find("CT") != 0)
    spacing = numbers_of(ds, 0x0018, 0x1164);
  if (spacing.size() == 2) {
    s.spacing_y = spacing[0];
    s.spacing_x = spacing[1];
  }
  double thickness = number_of(ds, 0x0018, 0x0050);
  if (thickness > 0) s.thickness_mm = thickness;
}

void read_rescale(struct dicom_slice &s, const DataSet &ds) {
  double slope = number_of(ds, 0x0028, 0x1053), intercept = number_of(ds, 0x0028, 0x1052);
  if (std::isnan(slope) || std::isnan(intercept) || slope == 0) return;
  s.slope = slope;
  s.intercept = intercept;
  s.has_rescale = true;
  copy_text(s.rescale_type, sizeof s.rescale_type, text_of(ds, 0x0028, 0x1054));
}

int as_stored(int value, bool is_signed) {
  return is_signed && value > 32767 ? value - 65536 : value;
}

void read_pixel_format(struct dicom_slice &s, const DataSet &ds) {
  s.rows = short_of(ds, 0x0028, 0x0010);
  s.columns = short_of(ds, 0x0028, 0x0011);
  s.bits_allocated = short_of(ds, 0x0028, 0x0100);
  s.bits_stored = short_of(ds, 0x0028, 0x0101);
  s.high_bit = short_of(ds, 0x0028, 0x0102);
  s.is_signed = short_of(ds, 0x0028, 0x0103) == 1;
  if (s.bits_stored < 1 || s.bits_stored > s.bits_allocated) s.bits_stored = s.bits_allocated;
  if (s.high_bit < s.bits_stored - 1 || s.high_bit >= s.bits_allocated)
    s.high_bit = s.bits_stored - 1;
  int padding = short_of(ds, 0x0028, 0x0120), limit = short_of(ds, 0x0028, 0x0121);
  if (padding < 0) return;
  s.has_padding = true;
  s.padding = s.padding_limit = as_stored(padding, s.is_signed);
  if (limit >= 0) s.padding_limit = as_stored(limit, s.is_signed);
  if (s.padding > s.padding_limit) std::swap(s.padding, s.padding_limit);
}

struct dicom_slice blank_slice() {
  struct dicom_slice s;
  std::memset(&s, 0, sizeof s);
  s.spacing_x = s.spacing_y = s.thickness_mm = s.tilt_tag_deg = NAN;
  s.slope = 1;
  s.pixel_offset = s.pixel_bytes = -1;
  return s;
}

/* Geometry and rescale of one frame out of a functional group (shared or its own). */
void read_functional_group(struct dicom_slice &s, const DataSet *group) {
  if (!group) return;
  Items position(group, 0x0020, 0x9113), orientation(group, 0x0020, 0x9116);
  Items measures(group, 0x0028, 0x9110), transform(group, 0x0028, 0x9145);
  if (position.at(0)) read_position(s, *position.at(0));
  if (orientation.at(0)) read_orientation(s, *orientation.at(0));
  if (measures.at(0)) read_measures(s, *measures.at(0));
  if (transform.at(0)) read_rescale(s, *transform.at(0));
}

/* ---- acquisition ---- */

double years_of(const std::string &age) {
  int n;
  char unit;
  if (sscanf(age.c_str(), "%d%c", &n, &unit) != 2) return NAN;
  switch (unit) {
  case 'Y':
    return n;
  case 'M':
    return n / 12.0;
  case 'W':
    return n / 52.18;
  case 'D':
    return n / 365.25;
  default:
    return NAN;
  }
}

bool says_none(std::string s) {
  for (char &c : s) c = (char)std::toupper((unsigned char)c);
  return s == "NONE" || s == "NO" || s == "N" || s == "WITHOUT" || s == "NO CONTRAST";
}

double positive(double x) {
  return x > 0 ? x : NAN;
}

void read_person(struct acquisition &a, const DataSet &ds) {
  copy_text(a.sex, sizeof a.sex, text_of(ds, 0x0010, 0x0040).substr(0, 1));
  a.age_years = years_of(text_of(ds, 0x0010, 0x1010));
  a.weight_kg = positive(number_of(ds, 0x0010, 0x1030));
  a.height_m = positive(number_of(ds, 0x0010, 0x1020));
  std::string date = text_of(ds, 0x0008, 0x0022);
  a.acquired_days = calendar_days((date.empty() ? text_of(ds, 0x0008, 0x0020) : date).c_str());
}

bool is_recorded(const DataSet &ds, uint16_t group, uint16_t element) {
  Tag tag(group, element);
  return ds.FindDataElement(tag) && !ds.GetDataElement(tag).IsEmpty();
}

/* A phase of the heartbeat, or a delay after its R wave, tells that the scan was gated. */
void read_phase(struct acquisition &a, const DataSet &ds) {
  if (is_recorded(ds, 0x0020, 0x9241) || is_recorded(ds, 0x0020, 0x9153) ||
      number_of(ds, 0x0018, 0x1060) > 0)
    copy_text(a.gating, sizeof a.gating, "PHASE");
}

void read_acquisition(struct acquisition &a, const DataSet &ds) {
  acquisition_init(&a);
  copy_text(a.modality, sizeof a.modality, text_of(ds, 0x0008, 0x0060));
  copy_text(a.manufacturer, sizeof a.manufacturer, text_of(ds, 0x0008, 0x0070));
  copy_text(a.model, sizeof a.model, text_of(ds, 0x0008, 0x1090));
  copy_text(a.serial, sizeof a.serial, text_of(ds, 0x0018, 0x1000));
  copy_text(a.station, sizeof a.station, text_of(ds, 0x0008, 0x1010));
  copy_text(a.kernel, sizeof a.kernel, first_value(text_of(ds, 0x0018, 0x1210)));
  copy_text(a.filter, sizeof a.filter, text_of(ds, 0x0018, 0x1160));
  copy_text(a.patient_position, sizeof a.patient_position, text_of(ds, 0x0018, 0x5100));
  copy_text(a.body_part, sizeof a.body_part, text_of(ds, 0x0018, 0x0015));
  copy_text(a.laterality, sizeof a.laterality, text_of(ds, 0x0020, 0x0060));
  if (!a.laterality[0]) copy_text(a.laterality, sizeof a.laterality, text_of(ds, 0x0020, 0x0062));
  a.kvp = positive(number_of(ds, 0x0018, 0x0060));
  a.tube_current_ma = positive(number_of(ds, 0x0018, 0x1151));
  a.exposure_mas = positive(number_of(ds, 0x0018, 0x1152));
  a.slice_thickness_mm = positive(number_of(ds, 0x0018, 0x0050));
  a.reconstruction_diameter_mm = positive(number_of(ds, 0x0018, 0x1100));
  a.table_height_mm = number_of(ds, 0x0018, 0x1130);
  std::string agent = text_of(ds, 0x0018, 0x0010);
  if (!agent.empty()) a.contrast = says_none(agent) ? CONTRAST_NONE : CONTRAST_PRESENT;
  if (a.contrast == CONTRAST_PRESENT) copy_text(a.contrast_agent, sizeof a.contrast_agent, agent);
  copy_text(a.gating, sizeof a.gating, text_of(ds, 0x0018, 0x9037));
  if (!a.gating[0]) read_phase(a, ds);
  read_person(a, ds);
}

/* Enhanced CT keeps the technique in functional groups. */
void read_enhanced_acquisition(struct acquisition &a, const DataSet *shared, const DataSet *frame) {
  for (const DataSet *group : {shared, frame}) {
    Items xray(group, 0x0018, 0x9325), exposure(group, 0x0018, 0x9321);
    Items reconstruction(group, 0x0018, 0x9314), measures(group, 0x0028, 0x9110);
    Items heart(group, 0x0018, 0x9118);
    if (heart.at(0) && !a.gating[0]) read_phase(a, *heart.at(0));
    if (xray.at(0)) a.kvp = positive(number_of(*xray.at(0), 0x0018, 0x0060));
    if (exposure.at(0)) {
      a.tube_current_ma = positive(double_of(*exposure.at(0), 0x0018, 0x9330));
      a.exposure_mas = positive(double_of(*exposure.at(0), 0x0018, 0x9332));
    }
    if (reconstruction.at(0)) {
      copy_text(a.kernel, sizeof a.kernel,
                first_value(text_of(*reconstruction.at(0), 0x0018, 0x1210)));
      a.reconstruction_diameter_mm = positive(number_of(*reconstruction.at(0), 0x0018, 0x1100));
    }
    if (measures.at(0)) a.slice_thickness_mm = positive(number_of(*measures.at(0), 0x0018, 0x0050));
  }
}

/* ---- pixel data ---- */

bool lossy_syntax(const std::string &uid) {
  static const std::set<std::string> lossy = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51",
                                              "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55",
                                              "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91"};
  return lossy.count(uid) > 0;
}

bool plain_syntax(const TransferSyntax &ts) {
  switch ((TransferSyntax::TSType)ts) {
  case TransferSyntax::ImplicitVRLittleEndian:
  case TransferSyntax::ImplicitVRBigEndianPrivateGE:
  case TransferSyntax::ExplicitVRLittleEndian:
  case TransferSyntax::ExplicitVRBigEndian:
    return true;
  default:
    return false;
  }
}

bool decodable_syntax(const TransferSyntax &ts) {
  TransferSyntax::TSType type = ts;
  return plain_syntax(ts) || type == TransferSyntax::DeflatedExplicitVRLittleEndian ||
         (ts.IsEncapsulated() && type < TransferSyntax::MPEG2MainProfile);
}

/* The pixel data begin at `at` and end at `end` (dicom_check): how many bytes are there? */
void look_at_pixel_data(struct dicom_slice &s, std::ifstream &in, std::streamoff at,
                        const TransferSyntax &ts, int64_t end) {
  if (ts.IsEncapsulated()) {
    s.cut = end < 0;
    return;
  }
  if (!plain_syntax(ts)) return; /* deflated */
  in.seekg(0, std::ios::end);
  s.big_endian = ts == TransferSyntax::ExplicitVRBigEndian;
  s.pixel_offset = at;
  s.pixel_bytes = (int64_t)in.tellg() - at;
  /* the four bytes before them state their length; what lies beyond it is not of the image */
  unsigned char b[4] = {};
  in.clear();
  in.seekg(at - 4);
  in.read(reinterpret_cast<char *>(b), 4);
  uint32_t stated = 0;
  for (int i = 0; i < 4; i++) stated |= (uint32_t)b[s.big_endian ? 3 - i : i] << (8 * i);
  if ((int64_t)stated < s.pixel_bytes) s.pixel_bytes = stated;
}

void read_frames(struct dicom_file &f, struct dicom_slice first, const DataSet &ds, int frames) {
  Items shared(&ds, 0x5200, 0x9229), own(&ds, 0x5200, 0x9230);
  f.functional_groups = shared.size() || own.size();
  f.slices = static_cast<struct dicom_slice *>(calloc((size_t)frames, sizeof *f.slices));
  if (!f.slices) throw std::bad_alloc();
  f.count = frames;
  for (int i = 0; i < frames; i++) {
    struct dicom_slice &s = f.slices[i] = first;
    s.path = nullptr;
    s.frame = i;
    s.frames = frames;
    read_functional_group(s, shared.at(0));
    read_functional_group(s, own.at((size_t)i));
  }
  if (f.functional_groups) read_enhanced_acquisition(f.acquisition, shared.at(0), own.at(0));
}

status read_header(struct dicom_file &f, const char *path, int64_t end) {
  status st = ST_OK;
  std::ifstream in(path, std::ios::binary);
  gdcm::Reader reader;
  std::string image_type;
  struct dicom_slice s = blank_slice();
  double frames = 1;
  std::streamoff at;
  CHECK(in, ST_IO, "a file cannot be opened");
  reader.SetStream(in);
  CHECK(reader.ReadUpToTag(PIXEL_DATA, {PIXEL_DATA}), ST_FORMAT,
        "no DICOM file with its meta information, or cut short within the header");
  at = in.tellg();
  in.clear();
  {
    const DataSet &ds = reader.GetFile().GetDataSet();
    const TransferSyntax &ts = reader.GetFile().GetHeader().GetDataSetTransferSyntax();
    read_pixel_format(s, ds);
    CHECK(s.rows > 0 && s.columns > 0, ST_FORMAT, "a DICOM file without an image");
    copy_text(f.series_uid, sizeof f.series_uid, text_of(ds, 0x0020, 0x000e));
    copy_text(f.description, sizeof f.description, text_of(ds, 0x0008, 0x103e));
    copy_text(f.transfer_syntax, sizeof f.transfer_syntax, ts.GetString() ? ts.GetString() : "");
    copy_text(s.uid, sizeof s.uid, text_of(ds, 0x0008, 0x0018));
    read_acquisition(f.acquisition, ds);
    read_position(s, ds);
    read_orientation(s, ds);
    read_measures(s, ds);
    read_rescale(s, ds);
    s.tilt_tag_deg = number_of(ds, 0x0018, 0x1120);
    image_type = text_of(ds, 0x0008, 0x0008);
    s.localizer = image_type.find("LOCALIZER") != std::string::npos;
    f.samples = short_of(ds, 0x0028, 0x0002);
    s.inverted = text_of(ds, 0x0028, 0x0004).find("MONOCHROME1") != std::string::npos;
    f.lossy = lossy_syntax(f.transfer_syntax) || text_of(ds, 0x0028, 0x2110) == "01";
    f.acquisition.lossy = f.lossy;
    f.decodable =
        f.samples == 1 && decodable_syntax(ts) && (s.bits_allocated == 8 || s.bits_allocated == 16);
    frames = number_of(ds, 0x0028, 0x0008);
    if (!(frames >= 1)) frames = 1;
    CHECK(frames <= 100000, ST_FORMAT, "a DICOM image with %g frames; at most 100000 are taken",
          frames);
    look_at_pixel_data(s, in, at, ts, end);
    read_frames(f, s, ds, (int)frames);
    for (int i = 0; i < f.count; i++) {
      f.slices[i].path = strdup(path);
      CHECK(f.slices[i].path, ST_MEMORY, "reading a DICOM header");
    }
  }
done:
  return st;
}

} // namespace

static status file_header(struct dicom_file *out, const char *path) {
  status st = ST_OK;
  std::memset(out, 0, sizeof *out);
  try {
    prepare();
    int64_t end = -1;
    st = dicom_check(path, &end);
    if (st == ST_OK) st = read_header(*out, path, end);
  } catch (const std::exception &) {
    st = status_fail(ST_FORMAT, __FILE__, __LINE__, "a DICOM header that cannot be parsed");
  }
  return st;
}

static status file_decode(void *buffer, size_t bytes, const struct dicom_slice *slice) {
  try {
    prepare();
    return dicom_pixels_decode(buffer, bytes, slice);
  } catch (const std::exception &e) {
    return status_fail(ST_EXTERNAL, __FILE__, __LINE__, "GDCM: %s", e.what());
  }
}

extern "C" __attribute__((visibility("default"))) const struct dicom_module dicom_module;
const struct dicom_module dicom_module = {file_header, file_decode,   deidentify_file,
                                          rtstruct_is, rtstruct_read, status_message};
