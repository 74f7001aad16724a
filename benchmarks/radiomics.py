"""The reference volume of the radiomics benchmark: smoothed white noise (seed 20240501) in an ellipsoid of
3,201,680 voxels on a 256 x 256 x 128 grid of 0.5 mm. usage: radiomics.py IMAGE.nii MASK.nii [SIDE]
With SIDE a cube of that many voxels a side with a cubic region two voxels smaller on each face (feature maps)."""
import struct
import sys

import numpy as np


def save(path, array, code):
    nz, ny, nx = array.shape
    bits = array.dtype.itemsize * 8
    head = struct.pack('<i36x8h14xhh', 348, 3, nx, ny, nz, 1, 1, 1, 1, code, bits) + b'\0' * 2
    pixdim = struct.pack('<8f', 1, .5, .5, .5, 0, 0, 0, 0)
    head = head + pixdim + struct.pack('<3f', 352, 1, 0)
    head = head.ljust(252, b'\0') + struct.pack('<hh', 0, 1)
    head = head.ljust(280, b'\0') + struct.pack('<12f', .5, 0, 0, 0, 0, .5, 0, 0, 0, 0, .5, 0)
    with open(path, 'wb') as f:
        f.write(head.ljust(344, b'\0') + b'n+1\0' + b'\0' * 4 + array.tobytes())


side = int(sys.argv[3]) if len(sys.argv) > 3 else 0
shape = (side,) * 3 if side else (128, 256, 256)
noise = np.random.default_rng(20240501).standard_normal(shape).astype(np.float32)
offsets = np.arange(-8, 9)
weights = np.exp(-offsets ** 2 / 8.0)
weights /= weights.sum()
for axis in range(3):
    total = np.zeros_like(noise)
    for weight, offset in zip(weights, offsets):
        total += np.float32(weight) * np.roll(noise, int(offset), axis=axis)
    noise = total
image = np.rint(300.0 + 150.0 * (noise / noise.std())).astype('<i2')
if side:
    mask = np.zeros(shape, np.uint8)
    mask[2:-2, 2:-2, 2:-2] = 1
else:
    r = sum(((g - (n - 1) / 2) / (0.45 * n)) ** 2 for g, n in zip(np.ogrid[:128, :256, :256], shape))
    mask = (r <= 1).astype(np.uint8)
save(sys.argv[1], image, 4)
save(sys.argv[2], mask, 2)
