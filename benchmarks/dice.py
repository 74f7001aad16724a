"""Dice of label maps, pairs of NIfTI files on one grid. usage: dice.py VALUES FOUND TRUTH [FOUND TRUTH...]
VALUES: 75,76 taken together as one structure."""
import array
import gzip
import struct
import sys


def read(path):
    data = gzip.open(path).read()
    dims = struct.unpack("<8h", data[40:56])
    kind = {2: "B", 4: "h", 512: "H", 8: "i", 768: "I", 16: "f"}[struct.unpack("<h", data[70:72])[0]]
    start = int(struct.unpack("<f", data[108:112])[0])
    voxels = array.array(kind)
    n = dims[1] * dims[2] * dims[3]
    voxels.frombytes(data[start : start + n * voxels.itemsize])
    return dims[1:4], voxels


values = {int(v) for v in sys.argv[1].split(",")}
all_dice = []
for found, truth in zip(sys.argv[2::2], sys.argv[3::2]):
    (a_dims, a), (b_dims, b) = read(found), read(truth)
    assert a_dims == b_dims, (found, a_dims, b_dims)
    both = in_a = in_b = 0
    for x, y in zip(a, b):
        in_a += x in values
        in_b += y in values
        both += x in values and y in values
    all_dice.append(2 * both / (in_a + in_b) if in_a + in_b else float("nan"))
    print("%-40s %.4f" % (truth, all_dice[-1]))
print("mean %.4f, least %.4f of %d" % (sum(all_dice) / len(all_dice), min(all_dice), len(all_dice)))
