// One DICOM file without its person, through GDCM. What happens to which element is the list of
// core/deidentify_tags.def.
#include "core/calendar.h"
#include "core/deidentify.h"
#include "core/dicom_check.h"

#include <gdcmReader.h>
#include <gdcmSequenceOfItems.h>
#include <gdcmTrace.h>
#include <gdcmUIDGenerator.h>
#include <gdcmWriter.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace {

using gdcm::DataElement;
using gdcm::DataSet;
using gdcm::Tag;
using gdcm::VR;

std::string text_of(const DataSet &ds, const Tag &tag) {
  if (!ds.FindDataElement(tag)) return "";
  const gdcm::ByteValue *value = ds.GetDataElement(tag).GetByteValue();
  if (!value || !value->GetPointer()) return "";
  std::string s(value->GetPointer(), value->GetLength());
  s = s.substr(0, s.find('\0'));
  while (!s.empty() && s.back() == ' ') s.pop_back();
  s.erase(0, std::min(s.size(), s.find_first_not_of(' ')));
  return s;
}

DataElement element_of(const Tag &tag, const VR &vr, std::string value) {
  if (value.size() % 2) value.push_back(vr == VR::UI ? '\0' : ' ');
  DataElement e(tag);
  e.SetVR(vr);
  e.SetByteValue(value.data(), (uint32_t)value.size());
  return e;
}

/* Decimal of the first 128 bits of a digest. */
std::string uid_of_hex(const char *hex) {
  unsigned char b[16];
  std::string digits;
  for (int i = 0; i < 16; i++)
    b[i] = (unsigned char)std::stoi(std::string(hex + 2 * i, 2), nullptr, 16);
  bool more = true;
  while (more) { /* long division by 10 */
    unsigned rest = 0;
    more = false;
    for (unsigned char &byte : b) {
      unsigned v = rest << 8 | byte;
      byte = (unsigned char)(v / 10);
      rest = v % 10;
      more |= byte != 0;
    }
    digits.insert(digits.begin(), (char)('0' + rest));
  }
  return "2.25." + digits;
}

struct Person {
  const struct deidentify_options *o;
  struct deidentify_counts *counts;
  std::string id, pseudonym;
  int64_t shift_days; /* earlier by */
};

std::string hmac(const Person &p, const char *purpose, const std::string &text) {
  char hex[65];
  deidentify_hmac(hex, p.o, purpose, text.c_str());
  return hex;
}

std::string new_uid(const Person &p, const std::string &uid) {
  return uid.empty() ? "" : uid_of_hex(hmac(p, "uid", uid).c_str());
}

/* Does a value look like what its VR promises? Free text is kept for two tags of the maker only. */
bool plausible(const DataElement &e, const VR &vr, const struct deidentify_rule &rule) {
  const gdcm::ByteValue *value = e.GetByteValue();
  if (rule.group == 0x7fe0 || !value || !value->GetPointer()) return true;
  std::string s(value->GetPointer(), value->GetLength());
  const char *allowed = nullptr;
  if (vr == VR::DS || vr == VR::IS) allowed = "0123456789+-.eE\\ ";
  if (vr == VR::UI) allowed = "0123456789.";
  if (vr == VR::CS) allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_\\ ";
  if (vr == VR::SH || vr == VR::LO)
    allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_\\ .-/+";
  if (!allowed) return value->GetLength() <= 64; /* US, SS, FD: numbers */
  if (rule.group == 0x0008 && rule.element == 0x0016)
    return s.compare(0, 14, "1.2.840.10008.") == 0;
  for (char c : s)
    if (c && !std::strchr(allowed, c)) return false;
  return true;
}

/* VR of the standard for the elements on the list; implicit files do not state it. */
VR vr_of(const struct deidentify_rule &rule, const DataElement &e) {
  switch (rule.action) {
  case DEIDENTIFY_UID:
    return VR::UI;
  case DEIDENTIFY_DATE:
    return VR::DA;
  case DEIDENTIFY_AGE:
    return VR::AS;
  case DEIDENTIFY_PERSON:
    return rule.element == 0x0010 ? VR::PN : VR::LO;
  case DEIDENTIFY_DEVICE:
    return rule.group == 0x0008 ? VR::SH : VR::LO;
  case DEIDENTIFY_CONTRAST:
    return VR::LO;
  case DEIDENTIFY_SEQUENCE:
    return VR::SQ;
  case DEIDENTIFY_EMPTY:
  case DEIDENTIFY_KEEP:
    break;
  }
  return e.GetVR();
}

/* What implicit files leave open is judged by the strictest reading that the value can have. */
VR judged_vr(const VR &vr, const struct deidentify_rule &rule, const DataElement &e) {
  if (vr != VR::INVALID && vr != VR::UN) return vr;
  const gdcm::ByteValue *value = e.GetByteValue();
  bool binary = value && rule.group == 0x0028 && value->GetLength() == 2 &&
                (rule.element <= 0x0011 || (rule.element >= 0x0100 && rule.element <= 0x0121));
  return binary ? VR(VR::US) : VR(VR::LO);
}

std::string changed_text(const Person &p, const struct deidentify_rule &rule,
                         const std::string &old) {
  switch (rule.action) {
  case DEIDENTIFY_UID:
    return new_uid(p, old);
  case DEIDENTIFY_DATE: {
    int64_t days = calendar_days(old.c_str());
    char text[9];
    if (!p.o->shift_dates || days == INT64_MIN) return "";
    calendar_text(text, days - p.shift_days);
    return text;
  }
  case DEIDENTIFY_PERSON:
    return p.pseudonym;
  case DEIDENTIFY_DEVICE:
    return old.empty() ? "" : "D" + hmac(p, "device", old).substr(0, 12);
  case DEIDENTIFY_AGE: {
    int years;
    char unit;
    if (sscanf(old.c_str(), "%3d%c", &years, &unit) != 2 || !std::strchr("DWMY", unit)) return "";
    char text[8];
    years = std::clamp(years, 0, unit == 'Y' ? 90 : 999);
    snprintf(text, sizeof text, "%03u%c", (unsigned)years % 1000u, unit);
    return text;
  }
  case DEIDENTIFY_CONTRAST: {
    std::string upper = old;
    for (char &c : upper) c = (char)std::toupper((unsigned char)c);
    if (upper.empty()) return "";
    return upper == "NONE" || upper == "NO" ? "NONE" : "CONTRAST";
  }
  case DEIDENTIFY_KEEP:
  case DEIDENTIFY_EMPTY:
  case DEIDENTIFY_SEQUENCE:
    break;
  }
  return "";
}

const struct deidentify_rule *rule_for(const Tag &tag) {
  size_t count;
  const struct deidentify_rule *rules = deidentify_rules(&count);
  for (size_t i = 0; i < count; i++)
    if (rules[i].group == tag.GetGroup() && rules[i].element == tag.GetElement()) return &rules[i];
  return nullptr;
}

void clean(DataSet &out, const DataSet &in, const Person &p);

void clean_sequence(DataSet &out, const DataElement &e, const Person &p) {
  gdcm::SmartPointer<gdcm::SequenceOfItems> items = e.GetValueAsSQ();
  if (!items) return;
  gdcm::SmartPointer<gdcm::SequenceOfItems> kept = new gdcm::SequenceOfItems;
  kept->SetLengthToUndefined();
  for (size_t i = 1; i <= items->GetNumberOfItems(); i++) {
    gdcm::Item item;
    item.SetVLToUndefined();
    clean(item.GetNestedDataSet(), items->GetItem(i).GetNestedDataSet(), p);
    kept->AddItem(item);
  }
  DataElement sequence(e.GetTag());
  sequence.SetVR(VR::SQ);
  sequence.SetValue(*kept);
  sequence.SetVLToUndefined();
  out.Insert(sequence);
}

void clean(DataSet &out, const DataSet &in, const Person &p) {
  for (const DataElement &e : in.GetDES()) {
    const struct deidentify_rule *rule = rule_for(e.GetTag());
    if (!rule) {
      p.counts->elements_removed++;
    } else if (rule->action == DEIDENTIFY_SEQUENCE) {
      clean_sequence(out, e, p);
    } else if (rule->action != DEIDENTIFY_KEEP) {
      VR vr = rule->action == DEIDENTIFY_EMPTY ? e.GetVR() : vr_of(*rule, e);
      out.Insert(element_of(e.GetTag(), vr, changed_text(p, *rule, text_of(in, e.GetTag()))));
      p.counts->elements_changed++;
    } else if (plausible(e, judged_vr(e.GetVR(), *rule, e), *rule)) {
      out.Insert(e);
      p.counts->elements_kept++;
    } else {
      p.counts->elements_removed++;
    }
  }
}

/* PS3.15 table CID 7050: which profile and options were applied. */
void state_method(DataSet &ds, bool shifted) {
  ds.Replace(element_of(Tag(0x0012, 0x0062), VR::CS, "YES"));
  ds.Replace(element_of(Tag(0x0012, 0x0063), VR::LO, "qct: only listed elements kept"));
  ds.Replace(element_of(Tag(0x0028, 0x0303), VR::CS, shifted ? "MODIFIED" : "REMOVED"));
  gdcm::SmartPointer<gdcm::SequenceOfItems> codes = new gdcm::SequenceOfItems;
  codes->SetLengthToUndefined();
  std::vector<std::pair<const char *, const char *>> methods = {
      {"113100", "Basic Application Confidentiality Profile"},
      {"113108", "Retain Patient Characteristics Option"}};
  if (shifted)
    methods.push_back({"113107", "Retain Longitudinal Temporal Information Modified Dates Option"});
  for (const auto &m : methods) {
    gdcm::Item item;
    item.SetVLToUndefined();
    item.GetNestedDataSet().Insert(element_of(Tag(0x0008, 0x0100), VR::SH, m.first));
    item.GetNestedDataSet().Insert(element_of(Tag(0x0008, 0x0102), VR::SH, "DCM"));
    item.GetNestedDataSet().Insert(element_of(Tag(0x0008, 0x0104), VR::LO, m.second));
    codes->AddItem(item);
  }
  DataElement sequence(Tag(0x0012, 0x0064));
  sequence.SetVR(VR::SQ);
  sequence.SetValue(*codes);
  sequence.SetVLToUndefined();
  ds.Replace(sequence);
}

enum deidentify_outcome kind_of(const DataSet &ds) {
  std::string sop_class = text_of(ds, Tag(0x0008, 0x0016));
  if (!ds.FindDataElement(Tag(0x7fe0, 0x0010))) return NOT_CT;
  if (text_of(ds, Tag(0x0028, 0x0301)) == "YES") return BURNED_IN;
  if (sop_class.compare(0, 26, "1.2.840.10008.5.1.4.1.1.7") == 0 ||
      sop_class.compare(0, 27, "1.2.840.10008.5.1.4.1.1.7.") == 0)
    return BURNED_IN; /* secondary capture */
  bool ct = sop_class == "1.2.840.10008.5.1.4.1.1.2" || sop_class == "1.2.840.10008.5.1.4.1.1.2.1";
  return ct && text_of(ds, Tag(0x0008, 0x0060)) == "CT" ? DEIDENTIFIED : NOT_CT;
}

/* Words of the original that must not be in the result: name, identifiers, dates, UIDs. */
std::vector<std::string> secrets_of(const DataSet &ds) {
  static const Tag tags[] = {Tag(0x0010, 0x0010), Tag(0x0010, 0x0020), Tag(0x0010, 0x0030),
                             Tag(0x0010, 0x1000), Tag(0x0010, 0x1001), Tag(0x0010, 0x1040),
                             Tag(0x0010, 0x2154), Tag(0x0008, 0x0050), Tag(0x0008, 0x0080),
                             Tag(0x0008, 0x0081), Tag(0x0008, 0x0090), Tag(0x0008, 0x1048),
                             Tag(0x0008, 0x1050), Tag(0x0008, 0x1070), Tag(0x0008, 0x0018),
                             Tag(0x0020, 0x000d), Tag(0x0020, 0x000e), Tag(0x0020, 0x0052)};
  std::vector<std::string> secrets;
  for (const Tag &tag : tags) {
    std::string s = text_of(ds, tag);
    if (s.size() >= 5) secrets.push_back(s);
    size_t at = 0; /* parts of a name */
    while (tag.GetElement() == 0x0010 && tag.GetGroup() == 0x0010 && at < s.size()) {
      size_t end = std::min(s.find_first_of("^= ", at), s.size());
      if (end - at >= 4) secrets.push_back(s.substr(at, end - at));
      at = end + 1;
    }
  }
  return secrets;
}

/* Pixel bytes are numbers and may spell anything: the header only. */
status check_no_secret(const char *path, const std::vector<std::string> &secrets) {
  status st = ST_OK;
  gdcm::Reader reader;
  std::ifstream in(path, std::ios::binary), again(path, std::ios::binary);
  reader.SetStream(in);
  reader.ReadUpToTag(Tag(0x7fe0, 0x0010), {Tag(0x7fe0, 0x0010)});
  std::streamoff header = in.tellg();
  std::string bytes((size_t)std::max<std::streamoff>(header, 0), '\0');
  again.read(&bytes[0], (std::streamsize)bytes.size());
  for (const std::string &s : secrets)
    CHECK(bytes.find(s) == std::string::npos, ST_DOMAIN,
          "an identifier of the original was found in the de-identified header: nothing is kept; "
          "an element that should hold a number or a code holds personal data");
done:
  return st;
}

Person person_of(const DataSet &ds, const struct deidentify_options *o,
                 struct deidentify_counts *counts) {
  Person p{o, counts, text_of(ds, Tag(0x0010, 0x0020)), "", 0};
  /* without an identifier the study stands for the person: never one pseudonym for all of them */
  if (p.id.empty()) p.id = "study " + text_of(ds, Tag(0x0020, 0x000d));
  p.pseudonym = "P" + hmac(p, "person", p.id).substr(0, 16);
  p.shift_days = 1 + (int64_t)(std::stoul(hmac(p, "days", p.id).substr(0, 8), nullptr, 16) % 3650);
  return p;
}

status treat(enum deidentify_outcome *outcome, struct deidentify_result *result,
             struct deidentify_counts *counts, const char *path, const char *path_out,
             const struct deidentify_options *o) {
  status st = ST_OK;
  gdcm::Reader reader;
  int64_t end = -1;
  reader.SetFileName(path);
  /* no further than the pixel data: GDCM ends the process on some of what follows them */
  if (dicom_check(path, &end) != ST_OK || end < 0 || !reader.ReadUpToTag(Tag(0x7fe0, 0x0010))) {
    status_clear();
    *outcome = NOT_DICOM;
    return ST_OK;
  }
  const DataSet &in = reader.GetFile().GetDataSet();
  *outcome = kind_of(in);
  if (*outcome != DEIDENTIFIED) return ST_OK;
  Person p = person_of(in, o, counts);
  gdcm::Writer writer;
  DataSet &out = writer.GetFile().GetDataSet();
  clean(out, in, p);
  out.Replace(element_of(Tag(0x0010, 0x0010), VR::PN, p.pseudonym));
  out.Replace(element_of(Tag(0x0010, 0x0020), VR::LO, p.pseudonym));
  state_method(out, o->shift_dates);
  writer.GetFile().GetHeader().SetDataSetTransferSyntax(
      reader.GetFile().GetHeader().GetDataSetTransferSyntax());
  writer.SetFileName(path_out);
  CHECK(writer.Write(), ST_EXTERNAL, "GDCM could not write a de-identified file");
  snprintf(result->person, sizeof result->person, "%s", p.pseudonym.c_str());
  snprintf(result->series, sizeof result->series, "S%s",
           hmac(p, "series", text_of(in, Tag(0x0020, 0x000e))).substr(0, 12).c_str());
  snprintf(result->instance, sizeof result->instance, "I%s",
           hmac(p, "instance", text_of(in, Tag(0x0008, 0x0018))).substr(0, 20).c_str());
  TRY(check_no_secret(path_out, secrets_of(in)));
done:
  return st;
}

} // namespace

extern "C" status deidentify_file(enum deidentify_outcome *outcome,
                                  struct deidentify_result *result,
                                  struct deidentify_counts *counts, const char *path,
                                  const char *path_out, const struct deidentify_options *o) {
  try {
    gdcm::Trace::WarningOff();
    gdcm::Trace::ErrorOff();
    gdcm::Trace::DebugOff();
    return treat(outcome, result, counts, path, path_out, o);
  } catch (const std::exception &) {
    return status_fail(ST_EXTERNAL, __FILE__, __LINE__, "a DICOM file could not be de-identified");
  }
}
