// Compressed pixel data through GDCM's codecs, and run lengths through our own (core/dicom_rle.c).
#include "core/dicom_check.h"
#include "core/dicom_slice.h"

#include <gdcmImage.h>
#include <gdcmReader.h>
#include <gdcmSequenceOfFragments.h>

using gdcm::DataSet;
using gdcm::TransferSyntax;

static const gdcm::Tag PIXEL_DATA(0x7fe0, 0x0010);

static bool has_pixels(const DataSet &ds) {
  if (!ds.FindDataElement(PIXEL_DATA)) return false;
  const gdcm::DataElement &data = ds.GetDataElement(PIXEL_DATA);
  return data.GetSequenceOfFragments() || data.GetByteValue();
}

/* Run lengths, one fragment a frame. */
static status decode_runs(char *buffer, const gdcm::DataElement &data,
                          const struct dicom_slice &s) {
  status st = ST_OK;
  const gdcm::SequenceOfFragments *frames = data.GetSequenceOfFragments();
  const size_t pixels = (size_t)s.rows * (size_t)s.columns;
  const int width = s.bits_allocated / 8;
  CHECK(frames && frames->GetNumberOfFragments() == (size_t)s.frames, ST_FORMAT,
        "compressed pixel data: %zu fragments for %d frames",
        frames ? (size_t)frames->GetNumberOfFragments() : 0, s.frames);
  for (int f = 0; f < s.frames; f++) {
    const gdcm::ByteValue *value = frames->GetFragment((size_t)f).GetByteValue();
    CHECK(value, ST_FORMAT, "compressed pixel data: frame %d is empty", f + 1);
    TRY(dicom_rle_decode(
        reinterpret_cast<unsigned char *>(buffer) + (size_t)f * pixels * (size_t)width, pixels,
        width, reinterpret_cast<const unsigned char *>(value->GetPointer()), value->GetLength()));
  }
done:
  return st;
}

static unsigned big_endian(const unsigned char *b, int bytes) {
  unsigned v = 0;
  for (int i = 0; i < bytes; i++) v = v << 8 | b[i];
  return v;
}

/* Rows, columns and bits that a stream of JPEG, JPEG-LS (frame header: ITU T.81 B.2.2, T.87 C.2.2)
 * or JPEG 2000 (T.800 A.5.1; bits not looked at: 0) states; false where `b` begins no stream with a
 * frame header. */
static bool stated_size(unsigned size[3], const unsigned char *b, size_t n) {
  size[2] = 0;
  if (n >= 24 && big_endian(b, 4) == 0xff4fff51u) {
    size[0] = big_endian(b + 12, 4) - big_endian(b + 20, 4);
    size[1] = big_endian(b + 8, 4) - big_endian(b + 16, 4);
    return true;
  }
  if (n < 2 || big_endian(b, 2) != 0xffd8u) return false;
  for (size_t at = 2; at + 9 <= n && b[at] == 0xff;) {
    unsigned marker = b[at + 1];
    bool frame =
        (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) ||
        marker == 0xf7;
    if (frame) {
      size[0] = big_endian(b + at + 5, 2);
      size[1] = big_endian(b + at + 7, 2);
      size[2] = b[at + 4];
      return true;
    }
    at += marker == 0xff ? 1 : 2 + (size_t)big_endian(b + at + 2, 2); /* a fill byte or a segment */
  }
  return false;
}

/* A stream of another size than the header's ends the process inside GDCM. */
static status check_streams(const gdcm::DataElement &data, const struct dicom_slice &s) {
  status st = ST_OK;
  const gdcm::SequenceOfFragments *frames = data.GetSequenceOfFragments();
  int begun = 0;
  for (size_t f = 0; frames && f < frames->GetNumberOfFragments(); f++) {
    const gdcm::ByteValue *value = frames->GetFragment(f).GetByteValue();
    unsigned size[3];
    if (!value || !stated_size(size, reinterpret_cast<const unsigned char *>(value->GetPointer()),
                               value->GetLength()))
      continue;
    begun++;
    CHECK(size[0] == (unsigned)s.rows && size[1] == (unsigned)s.columns, ST_FORMAT,
          "compressed pixel data: a stream of %u rows and %u columns, the header states %d and %d",
          size[0], size[1], s.rows, s.columns);
    CHECK(!size[2] || (size[2] > 8) == (s.bits_allocated > 8), ST_FORMAT,
          "compressed pixel data: a stream of %u bits, the header allocates %d", size[2],
          s.bits_allocated);
  }
  CHECK(!begun || begun == s.frames, ST_FORMAT, "compressed pixel data: %d streams for %d frames",
        begun, s.frames);
done:
  return st;
}

/* The pixel data as an image of GDCM, from what our own header reading found: GDCM's own ends the
 * process on headers whose types are wrong. */
extern "C" status dicom_pixels_decode(void *buffer, size_t bytes, const struct dicom_slice *slice) {
  const struct dicom_slice &s = *slice;
  status st = ST_OK;
  int64_t end = -1;
  TRY(dicom_check(s.path, &end));
  CHECK(end > 0, ST_FORMAT, "the pixel data are cut short");
  {
    /* no further: GDCM ends the process on some of what programs write behind the pixel data */
    gdcm::Reader reader;
    reader.SetFileName(s.path);
    CHECK(reader.ReadUpToTag(PIXEL_DATA) && has_pixels(reader.GetFile().GetDataSet()), ST_EXTERNAL,
          "GDCM cannot read the pixel data");
    const gdcm::DataElement &data = reader.GetFile().GetDataSet().GetDataElement(PIXEL_DATA);
    CHECK(data.GetSequenceOfFragments() || data.GetByteValue()->GetLength() >= bytes, ST_FORMAT,
          "the pixel data are cut short");
    const TransferSyntax &ts = reader.GetFile().GetHeader().GetDataSetTransferSyntax();
    if (ts == TransferSyntax::RLELossless) return decode_runs(static_cast<char *>(buffer), data, s);
    TRY(check_streams(data, s));
    gdcm::Image image;
    image.SetTransferSyntax(ts);
    image.SetNumberOfDimensions(s.frames > 1 ? 3 : 2);
    image.SetDimension(0, (unsigned)s.columns);
    image.SetDimension(1, (unsigned)s.rows);
    if (s.frames > 1) image.SetDimension(2, (unsigned)s.frames);
    image.SetPixelFormat(gdcm::PixelFormat(1, (unsigned short)s.bits_allocated,
                                           (unsigned short)s.bits_stored,
                                           (unsigned short)s.high_bit, s.is_signed ? 1 : 0));
    image.SetPhotometricInterpretation(gdcm::PhotometricInterpretation::MONOCHROME2);
    image.SetDataElement(data);
    CHECK(image.GetBufferLength() == bytes, ST_FORMAT,
          "the pixel data decode to %lu bytes where %zu are expected", image.GetBufferLength(),
          bytes);
    CHECK(image.GetBuffer(static_cast<char *>(buffer)), ST_EXTERNAL,
          "GDCM cannot decode the pixel data");
  }
done:
  return st;
}
