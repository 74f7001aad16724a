# usage: dicom_report-by_pydicom.py REPORT.dcm PICTURE.dcm PICTURE.png
# pydicom finds in the structured report and the picture what went in.
import struct
import sys
import zlib

import pydicom


def check_report(path):
    d = pydicom.dcmread(path)
    assert d.SOPClassUID.name == 'Enhanced SR Storage' and d.Modality == 'SR'
    assert d.PatientName == '' and d.PatientID == ''
    measurements = [c for c in d.ContentSequence if c.ConceptNameCodeSequence[0].CodeValue == '126010'][0]
    group, = measurements.ContentSequence
    one, two = [c for c in group.ContentSequence if c.ValueType == 'NUM']
    value = one.MeasuredValueSequence[0]
    assert one.ConceptNameCodeSequence[0].LongCodeValue == 'a_quantity_with_a_long_name'
    assert value.FloatingPointValue == 0.1 and value.NumericValue == 0.1
    assert value.MeasurementUnitsCodeSequence[0].CodeValue == 'mm'
    assert len(two.MeasuredValueSequence) == 0
    assert two.NumericValueQualifierCodeSequence[0].CodeValue == '114006'
    assert two.ContentSequence[0].TextValue == 'why'


def png_pixels(path):
    """Width, height and RGB bytes of a PNG of 8-bit colours, undone by hand."""
    data, at, parts, size = open(path, 'rb').read(), 8, b'', None
    while at < len(data):
        n, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        if kind == b'IHDR':
            size = struct.unpack('>IIBB', body[:10])
        if kind == b'IDAT':
            parts += body
        at += 12 + n
    width, height, depth, colour = size
    assert (depth, colour) == (8, 2)
    raw, step, before, out = zlib.decompress(parts), 3 * width, bytes(3 * width), b''
    for y in range(height):
        how, line = raw[y * (step + 1)], bytearray(raw[y * (step + 1) + 1:(y + 1) * (step + 1)])
        for i in range(step):
            a, b, c = (line[i - 3] if i > 2 else 0), before[i], (before[i - 3] if i > 2 else 0)
            p = a + b - c
            near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[i] = (line[i] + (0, a, b, (a + b) // 2, near)[how]) % 256
        before = bytes(line)
        out += before
    return width, height, out


def check_picture(path, png):
    d = pydicom.dcmread(path)
    width, height, pixels = png_pixels(png)
    assert (d.Columns, d.Rows) == (width, height) and d.PhotometricInterpretation == 'RGB'
    assert d.PixelData[:len(pixels)] == pixels


check_report(sys.argv[1])
check_picture(sys.argv[2], sys.argv[3])
print('as it went in')
