// Contours of an RTSTRUCT through GDCM.
#include "core/rtstruct.h"

#include "core/dicom_check.h"

#include <gdcmReader.h>
#include <gdcmSequenceOfItems.h>
#include <gdcmTrace.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <set>
#include <string>
#include <vector>

namespace {

using gdcm::DataSet;
using gdcm::Tag;

const char *const RTSTRUCT_STORAGE = "1.2.840.10008.5.1.4.1.1.481.3";

std::string text_of(const DataSet &ds, uint16_t group, uint16_t element) {
  Tag tag(group, element);
  if (!ds.FindDataElement(tag)) return "";
  const gdcm::ByteValue *value = ds.GetDataElement(tag).GetByteValue();
  if (!value || !value->GetPointer()) return "";
  std::string s(value->GetPointer(), value->GetLength());
  s = s.substr(0, s.find('\0'));
  while (!s.empty() && s.back() == ' ') s.pop_back();
  return s;
}

int integer_of(const DataSet &ds, uint16_t group, uint16_t element) {
  return std::atoi(text_of(ds, group, element).c_str());
}

gdcm::SmartPointer<gdcm::SequenceOfItems> items_of(const DataSet &ds, uint16_t group,
                                                   uint16_t element) {
  Tag tag(group, element);
  if (!ds.FindDataElement(tag)) return nullptr;
  return ds.GetDataElement(tag).GetValueAsSQ();
}

/* Backslash-separated decimals; empty when one is none. */
std::vector<double> decimals_of(const std::string &s) {
  std::vector<double> out;
  for (size_t at = 0; at < s.size();) {
    size_t end = std::min(s.find('\\', at), s.size());
    while (at < end && (s[at] == ' ' || s[at] == '+')) at++;
    double value = NAN;
    std::from_chars(s.data() + at, s.data() + end, value);
    if (!std::isfinite(value)) return {};
    out.push_back(value);
    at = end + 1;
  }
  return out;
}

struct Roi {
  int number;
  std::string name;
};

std::vector<Roi> rois_of(const DataSet &ds) {
  std::vector<Roi> rois;
  auto items = items_of(ds, 0x3006, 0x0020);
  for (size_t i = 1; items && i <= items->GetNumberOfItems(); i++) {
    const DataSet &item = items->GetItem(i).GetNestedDataSet();
    std::string name = text_of(item, 0x3006, 0x0026);
    for (char &c : name)
      if (c < 32 || c > 126) c = '?';
    rois.push_back({integer_of(item, 0x3006, 0x0022), name});
  }
  return rois;
}

struct Contour {
  int roi;
  std::vector<double> point;
};

void contours_of(std::vector<Contour> &out, size_t &others, const DataSet &ds,
                 const std::vector<Roi> &rois) {
  auto items = items_of(ds, 0x3006, 0x0039);
  for (size_t i = 1; items && i <= items->GetNumberOfItems(); i++) {
    const DataSet &item = items->GetItem(i).GetNestedDataSet();
    int number = integer_of(item, 0x3006, 0x0084), roi = -1;
    for (size_t r = 0; r < rois.size(); r++)
      if (rois[r].number == number) roi = (int)r;
    auto drawn = items_of(item, 0x3006, 0x0040);
    for (size_t c = 1; drawn && roi >= 0 && c <= drawn->GetNumberOfItems(); c++) {
      const DataSet &one = drawn->GetItem(c).GetNestedDataSet();
      std::string type = text_of(one, 0x3006, 0x0042);
      std::vector<double> point = decimals_of(text_of(one, 0x3006, 0x0050));
      bool closed = type == "CLOSED_PLANAR" || type == "CLOSEDPLANAR_XOR";
      if (closed && point.size() >= 9 && point.size() % 3 == 0)
        out.push_back({roi, std::move(point)});
      else
        others++;
    }
  }
}

status fill_set(struct roi_set *s, const std::vector<Roi> &rois,
                const std::vector<Contour> &contours) {
  status st = ST_OK;
  s->rois = static_cast<struct label_name *>(calloc(rois.size() + 1, sizeof *s->rois));
  s->contours = static_cast<struct roi_contour *>(calloc(contours.size() + 1, sizeof *s->contours));
  CHECK(s->rois && s->contours, ST_MEMORY, "reading outlines");
  for (const Roi &r : rois) {
    struct label_name *n = &s->rois[s->roi_count++];
    n->value = s->roi_count;
    snprintf(n->name, sizeof n->name, "%s", r.name.c_str());
  }
  for (const Contour &c : contours) {
    struct roi_contour *to = &s->contours[s->contour_count];
    to->roi = c.roi;
    to->count = c.point.size() / 3;
    to->point = static_cast<double *>(malloc(c.point.size() * sizeof(double)));
    CHECK(to->point, ST_MEMORY, "reading outlines");
    std::memcpy(to->point, c.point.data(), c.point.size() * sizeof(double));
    s->contour_count++;
  }
done:
  return st;
}

} // namespace

extern "C" bool rtstruct_is(const char *path) {
  try {
    gdcm::Trace::WarningOff();
    gdcm::Trace::ErrorOff();
    int64_t end = -1;
    if (dicom_check(path, &end) != ST_OK || end < 0) {
      status_clear();
      return false;
    }
    gdcm::Reader reader;
    reader.SetFileName(path);
    /* the class is in group 0008: nothing beyond is read */
    if (!reader.ReadUpToTag(Tag(0x0008, 0x0016), {})) return false;
    return text_of(reader.GetFile().GetDataSet(), 0x0008, 0x0016) == RTSTRUCT_STORAGE;
  } catch (const std::exception &) {
    return false;
  }
}

extern "C" status rtstruct_read(struct roi_set **out, const char *path) {
  status st = ST_OK;
  struct roi_set *s = nullptr;
  try {
    gdcm::Reader reader;
    reader.SetFileName(path);
    std::vector<Contour> contours;
    std::vector<Roi> rois;
    size_t others = 0;
    CHECK(rtstruct_is(path) && reader.ReadUpToTag(Tag(0x7fe0, 0x0010)), ST_FORMAT,
          "%s: no readable RTSTRUCT", path);
    rois = rois_of(reader.GetFile().GetDataSet());
    CHECK(rois.size() < 65535, ST_FORMAT, "%s: %zu ROIs, at most 65534 are taken", path,
          rois.size());
    contours_of(contours, others, reader.GetFile().GetDataSet(), rois);
    s = static_cast<struct roi_set *>(calloc(1, sizeof *s));
    CHECK(s, ST_MEMORY, "reading outlines");
    s->other_contours = others;
    TRY(fill_set(s, rois, contours));
    *out = s;
    s = nullptr;
  } catch (const std::exception &e) {
    st = status_fail(ST_EXTERNAL, __FILE__, __LINE__, "%s: RTSTRUCT: %s", path, e.what());
  }
done:
  roi_set_destroy(s);
  return st;
}
