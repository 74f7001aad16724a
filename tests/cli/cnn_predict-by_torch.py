"""Exports TorchScript models in three dialects and says what Python's torch makes of an image of `qct phantom
femurs`; compares with what qct says. Arguments: export | check, folder with f/ct_00001.nii.gz."""
import csv
import gzip
import json
import struct
import sys
import zipfile

import numpy
import torch


def read_image(path):
    data = gzip.open(path).read()
    dims = struct.unpack("<8h", data[40:56])
    assert struct.unpack("<h", data[70:72])[0] == 16, "float32"
    start = int(struct.unpack("<f", data[108:112])[0])
    voxels = numpy.frombuffer(data, "<f4", dims[1] * dims[2] * dims[3], start)
    return torch.from_numpy(voxels.reshape(dims[3], dims[2], dims[1]).copy())  # z, y, x


class Value(torch.nn.Module):
    """forward = head(features), as heat maps need"""

    def __init__(self, outputs):
        super().__init__()
        self.conv = torch.nn.Conv3d(1, 6, 3, padding=1)
        self.norm = torch.nn.BatchNorm3d(6)
        self.fc = torch.nn.Linear(6, outputs)

    @torch.jit.export
    def features(self, x):
        return torch.relu(self.norm(self.conv(x)))

    @torch.jit.export
    def head(self, a):
        return self.fc(a.mean([2, 3, 4]))

    def forward(self, x):
        return self.head(self.features(x))


class Labels(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Conv3d(1, 8, 3, padding=1)
        self.b = torch.nn.Conv3d(8, 3, 3, padding=1)

    def forward(self, x):
        return self.b(torch.relu(self.a(x)))


def models():
    torch.manual_seed(3)
    own, monai, nnunet = Value(1).eval(), Value(2).eval(), Labels().eval()
    own.norm.running_mean.normal_()
    own.norm.running_var.uniform_(0.5, 2)
    return own, monai, nnunet


own_card = {"name": "own", "task": "regress", "input": {"spacing_mm": [4, 4, 4], "shape": [24, 24, 24],
            "orientation": "LPS", "channels": [{"name": "HU", "hu_window": [-200, 800]}]},
            "output": {"names": ["abmd"], "units": ["g/cm2"]}, "train": {"licence": "none"}}
monai_card = {"version": "1", "name": "bundle", "network_data_format": {
    "inputs": {"image": {"type": "image", "num_channels": 1, "spatial_shape": [24, 24, 24], "value_range": [0, 1],
                         "intensity_window": [-500, 500], "channel_def": {"0": "image"}}},
    "outputs": {"pred": {"type": "probabilities", "format": "classes", "num_channels": 2,
                         "channel_def": {"0": "no", "1": "yes"}}}}}
plans = {"dataset_name": "Dataset001", "transpose_forward": [2, 0, 1], "configurations": {
    "3d_low": {"spacing": [4, 4, 4], "patch_size": [24, 24, 24], "normalization_schemes": ["CTNormalization"]},
    "3d_fullres": {"inherits_from": "3d_low"}},
    "foreground_intensity_properties_per_channel": {"0": {"mean": 100.0, "std": 150.0, "percentile_00_5": -150.0,
                                                          "percentile_99_5": 900.0}}}
dataset = {"channel_names": {"0": "CT"}, "labels": {"background": 0, "femur": 1, "other": 2}}


def export(folder):
    own, monai, nnunet = models()
    torch.jit.save(torch.jit.script(own), folder + "/own.ts", _extra_files={"model-card.json": json.dumps(own_card)})
    torch.jit.save(torch.jit.script(monai), folder + "/monai.ts", _extra_files={"metadata.json": json.dumps(monai_card)})
    torch.jit.save(torch.jit.script(nnunet), folder + "/nnunet.ts")
    torch.save(own.state_dict(), folder + "/checkpoint.pth")
    bad = Value(1).eval()
    bad.conv.weight.data[0] = float("nan")
    torch.jit.save(torch.jit.script(bad), folder + "/nan.ts", _extra_files={"model-card.json": json.dumps(own_card)})
    # an archive that calls an operator which this torch does not have
    with zipfile.ZipFile(folder + "/own.ts") as old, zipfile.ZipFile(folder + "/newer.ts", "w") as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename.endswith(".py"):
                data = data.replace(b"torch.relu", b"torch.newer_operator")
            new.writestr(item.filename, data)
    json.dump(plans, open(folder + "/plans.json", "w"))
    json.dump(dataset, open(folder + "/dataset.json", "w"))


def rows(path):
    return {(r["region"], r["quantity"]): float(r["value"]) for r in csv.DictReader(open(path)) if r["value"]}


def check(folder):
    own, monai, nnunet = models()
    x = read_image(folder + "/f/ct_00001.nii.gz")
    worst = {}
    with torch.no_grad():
        # ours: z, y, x; the file is stored with x and y turned against LPS if its header says so: qct phantom
        # writes LPS axes, which NIfTI keeps as negative directions
        y = own(((x + 200) / 1000).clamp(0, 1)[None, None]).item()
        worst["own"] = abs(y - rows(folder + "/own.csv")["image", "abmd"])
        # MONAI: RAS, x first
        ras = x.flip(1, 2).permute(2, 1, 0)
        p = torch.softmax(monai(((ras + 500) / 1000).clamp(0, 1)[None, None]), 1)[0, 1].item()
        worst["monai"] = abs(p - rows(folder + "/monai.csv")["image", "probability_yes"])
        # nnU-Net: axes of the file z, y, x, then transpose_forward
        z = ((x.clamp(-150, 900) - 100) / 150).permute(2, 0, 1)
        prob = torch.softmax(nnunet(z[None, None]), 1)[0]
        label = prob.argmax(0)
        found = rows(folder + "/nnunet.csv")
        for k, name in ((1, "femur"), (2, "other")):
            here = label == k
            worst["volume " + name] = abs(here.sum().item() * 0.064 - found[name, "volume"])
            worst["confidence " + name] = abs(prob[k][here].mean().item() - found[name, "confidence"])
        m = read_image_labels(folder + "/nnunet.nii.gz")
        back = label.permute(1, 2, 0)
        worst["labels"] = (m != back).sum().item()
    print("agree" if max(worst.values()) < 1e-5 else "differ", worst)
    sys.exit(int(max(worst.values()) >= 1e-5))


def read_image_labels(path):
    data = gzip.open(path).read()
    dims = struct.unpack("<8h", data[40:56])
    kind = {2: "u1", 4: "<i2", 512: "<u2", 8: "<i4"}[struct.unpack("<h", data[70:72])[0]]
    start = int(struct.unpack("<f", data[108:112])[0])
    voxels = numpy.frombuffer(data, kind, dims[1] * dims[2] * dims[3], start).astype("i8")
    return torch.from_numpy(voxels.reshape(dims[3], dims[2], dims[1]))


{"export": export, "check": check}[sys.argv[1]](sys.argv[2])
