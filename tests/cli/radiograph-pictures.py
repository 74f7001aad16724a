"""Writes grey and coloured PNG files of 3 x 2 pixels, byte by byte, and a DICOM DX image in both photometric
interpretations. Argument: folder."""
import struct
import sys
import zlib

folder = sys.argv[1]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, depth, colour, rows, size):
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, depth, colour, 0, 0, 0))
    if size:
        data += chunk(b"pHYs", struct.pack(">IIB", 4000, 4000, 1))
    open(folder + "/" + name, "wb").write(data + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def element(group, number, vr, value):
    value += b"\0" * (len(value) % 2) if vr in ("OW", "UI") else b" " * (len(value) % 2)
    head = struct.pack("<HH2s", group, number, vr.encode())
    return head + (struct.pack("<HI", 0, len(value)) if vr == "OW" else struct.pack("<H", len(value))) + value


def dicom(name, photometric):
    short = lambda x: struct.pack("<H", x)
    meta = element(2, 2, "UI", b"1.2.840.10008.5.1.4.1.1.1.1") + element(2, 3, "UI", b"1.2.3.4") + \
        element(2, 16, "UI", b"1.2.840.10008.1.2.1")
    body = element(8, 0x16, "UI", b"1.2.840.10008.5.1.4.1.1.1.1") + element(8, 0x18, "UI", b"1.2.3.4") + \
        element(8, 0x60, "CS", b"DX") + element(0x18, 0x1164, "DS", b"0.2\\0.1") + \
        element(0x20, 0xd, "UI", b"1.2.3") + element(0x20, 0xe, "UI", b"1.2.5") + \
        element(0x28, 2, "US", short(1)) + element(0x28, 4, "CS", photometric) + element(0x28, 0x10, "US", short(2)) + \
        element(0x28, 0x11, "US", short(3)) + element(0x28, 0x100, "US", short(16)) + \
        element(0x28, 0x101, "US", short(12)) + element(0x28, 0x102, "US", short(11)) + element(0x28, 0x103, "US", short(0)) + \
        element(0x7fe0, 0x10, "OW", struct.pack("<6H", 100, 200, 300, 400, 500, 1000))
    meta = element(2, 0, "UL", struct.pack("<I", len(meta))) + meta
    open(folder + "/" + name, "wb").write(b"\0" * 128 + b"DICM" + meta + body)


png("a.png", 8, 0, bytes([0, 10, 20, 30, 0, 40, 50, 255]), True)
png("b.png", 16, 0, b"\0" + struct.pack(">3H", 2570, 5140, 7710) + b"\0" + struct.pack(">3H", 10280, 12850, 65535), False)
png("c.png", 8, 2, b"\0" + bytes(range(9)) + b"\0" * 10, True)
dicom("mono2.dcm", b"MONOCHROME2")
dicom("mono1.dcm", b"MONOCHROME1")
