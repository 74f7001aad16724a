"""An image-to-image network that returns what it sees, for voxels of 2 mm. usage: cnn_segment-synthesis.py OUT.ts
Or, with IMAGE MADE: is MADE the image at 2 mm, trilinear, to 0.01 HU away from its border?"""
import json
import sys

if len(sys.argv) == 2:
    import torch

    class Same(torch.nn.Module):
        def forward(self, x):
            return x * 1.0

    card = {"name": "finer", "task": "synthesis",
            "input": {"spacing_mm": [2, 2, 2], "shape": [16, 16, 16],
                      "channels": [{"name": "HU", "hu_window": [-1000, 1000]}]},
            "output": {"names": ["image"], "units": ["HU"], "target_mean": -1000, "target_sd": 2000},
            "train": {"n": 1, "licence": "none"}}
    torch.jit.save(torch.jit.script(Same().eval()), sys.argv[1], _extra_files={"model-card.json": json.dumps(card)})
else:
    import nibabel
    import numpy

    image, made = (nibabel.load(p) for p in sys.argv[1:])
    values, finer = numpy.asarray(image.dataobj), numpy.asarray(made.dataobj)
    place = numpy.linalg.inv(image.affine) @ made.affine
    worst = 0
    for index in numpy.ndindex(finer.shape):
        at = (place @ numpy.array([*index, 1]))[:3]
        low = numpy.floor(at + 1e-6).astype(int)
        if (low < 0).any() or (low + 1 >= values.shape).any():
            continue
        f = at - low
        box = values[tuple(slice(i, i + 2) for i in low)].astype(float)
        for a in range(3):
            box = box[0] * (1 - f[a]) + box[1] * f[a]
        worst = max(worst, abs(box - finer[index]))
    print(made.header.get_zooms(), "within 0.01" if worst < 0.01 else "differ by %g" % worst)
