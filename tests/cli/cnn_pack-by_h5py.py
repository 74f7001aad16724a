"""h5py and nibabel see the same voxels; then another spacing is written by h5py. usage: FILE.h5 IMAGE.nii.gz ARRAY"""
import json
import sys

import h5py
import nibabel
import numpy

store, image, name = sys.argv[1:]
with h5py.File(store, "r+") as f:
    d = f[name]
    said = json.loads(d.attrs["image"])
    print(d.shape, said["spacing_mm"], said["quantity"])
    assert (numpy.asarray(nibabel.load(image).dataobj).T == d[:]).all()
    d.attrs["image"] = json.dumps({"spacing_mm": [4, 4, 5], "quantity": "HU"})
