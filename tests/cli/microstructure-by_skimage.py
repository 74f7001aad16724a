"""Microstructure of a cube by scikit-image and scipy against the rows of qct.

usage: microstructure-by_skimage.py THRESHOLD COARSE FINE
COARSE.nii and COARSE.csv, FINE.nii and FINE.csv are image and record of one solid, voxels of the second
half as large. Prints both and "agree", or fails. Read with numpy alone: the images are uncompressed
NIfTI of float32 with their data at the offset of the header.
"""
import csv
import struct
import sys

import numpy as np
from scipy import ndimage
from skimage import measure


def read_nifti(path):
    raw = open(path, "rb").read()
    dim = struct.unpack("<8h", raw[40:56])
    kind = {2: "u1", 4: "<i2", 16: "<f4", 512: "<u2"}[struct.unpack("<h", raw[70:72])[0]]
    spacing = struct.unpack("<8f", raw[76:108])[1:4]
    offset = int(struct.unpack("<f", raw[108:112])[0])
    voxels = np.frombuffer(raw, kind, dim[1] * dim[2] * dim[3], offset)
    return voxels.reshape(dim[3], dim[2], dim[1]).astype(float), spacing[::-1]


def euler(a):
    """Euler number with full connectivity in one, two or three dimensions, or of a point."""
    if a.ndim == 0:
        return int(a)
    if a.ndim == 1:
        return int(np.count_nonzero(np.diff(np.concatenate([[0], a.astype(int)])) == 1))
    return measure.euler_number(a, connectivity=a.ndim)


def corrected(bone):
    """Euler number less half of the faces', plus a quarter of the edges', less an eighth of the corners'."""
    total = euler(bone)
    for axis in range(3):
        for end in (0, -1):
            total -= euler(np.take(bone, end, axis)) / 2
    for a, b in ((0, 1), (0, 2), (1, 2)):
        for x in (0, -1):
            for y in (0, -1):
                index = [slice(None)] * 3
                index[a], index[b] = x, y
                total += euler(bone[tuple(index)]) / 4
    corners = [bone[x, y, z] for x in (0, -1) for y in (0, -1) for z in (0, -1)]
    return total - sum(int(c) for c in corners) / 8


def largest_filled(bone):
    parts, count = ndimage.label(bone, np.ones((3, 3, 3)))
    sizes = ndimage.sum(bone, parts, range(1, count + 1))
    return ndimage.binary_fill_holes(parts == 1 + int(np.argmax(sizes)))


def thickness(phase, spacing):
    """Largest sphere by falling radius: where the set of centres of at least r reaches within r.

    A plain estimate, short by two voxels on a sponge: radii are rounded down to a quarter of a voxel (0.2), a
    sphere takes only voxels whose centre it holds (0.9), and its own centre is that of a voxel, half a voxel
    taken off for the surface (the rest).
    """
    distance = ndimage.distance_transform_edt(np.pad(phase, 1, mode="edge"), sampling=spacing)
    distance = distance[1:-1, 1:-1, 1:-1] - min(spacing) / 2
    out = np.zeros(phase.shape)
    step = min(spacing) / 4
    for r in np.arange(step, distance.max() + step, step):
        reach = ndimage.distance_transform_edt(distance < r, sampling=spacing)
        out[(reach <= r) & phase] = 2 * r
        if not (distance >= r).any():
            break
    return out[phase].mean()


def compare(name, level):
    """Prints the rows beside scikit-image's and scipy's; how many differ, thickness less theirs [mm], voxel."""
    grey, spacing = read_nifti(name + ".nii")
    rows = {r["quantity"]: float(r["value"] or "nan") for r in csv.DictReader(open(name + ".csv"))}
    bone = grey >= level
    volume = bone.size * np.prod(spacing)
    vertices, faces, _, _ = measure.marching_cubes(grey, level, spacing=spacing)
    other = {
        "bv_tv": bone.mean(),
        "euler": corrected(largest_filled(bone)),
        "bs_tv": measure.mesh_surface_area(vertices, faces) / volume,
        "tb_th": thickness(bone, spacing),
        "tb_sp": thickness(~bone, spacing),
    }
    # the other surface follows the grey values, ours the voxels: apart by a share of a voxel over the thickness
    limits = {"bv_tv": 1e-6, "euler": 1e-9, "bs_tv": 0.5 * min(spacing) / rows["tb_th"] * other["bs_tv"]}
    for key, value in other.items():
        print(f"{name} {key}: {rows[key]:.6g}, scikit-image and scipy {value:.6g}")
    bad = sum(not abs(rows[key] - other[key]) <= limit for key, limit in limits.items())
    return bad, [rows[key] - other[key] for key in ("tb_th", "tb_sp")], min(spacing)


def main():
    level = float(sys.argv[1])
    bad, coarse, voxel = compare(sys.argv[2], level)
    more, fine, _ = compare(sys.argv[3], level)
    bad += more
    # what the plain estimate lacks is a number of voxels: half as much in mm when they are halved
    for large, small in zip(coarse, fine):
        print(f"short by {large / voxel:.2f} and {2 * small / voxel:.2f} voxels")
        bad += not (0 < large < 2.5 * voxel and 0.4 * large < small < 0.65 * large)
    if bad:
        sys.exit(f"{bad} differ")
    print("agree")


main()
