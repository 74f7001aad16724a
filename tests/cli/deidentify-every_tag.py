"""An identifier in every tag that the standard lists, except those whose value the list of the program keeps.
usage: deidentify-every_tag.py RULES.def IN.dcm OUT.dcm"""
import re
import sys
import warnings

import pydicom
from pydicom.datadict import DicomDictionary, RepeatersDictionary

rules, source, target = sys.argv[1:]
warnings.simplefilter("ignore")
rule = {int(g, 16) << 16 | int(e, 16): what
        for g, e, what in re.findall(r"RULE\(0x(\w{4}), 0x(\w{4}), (\w+)", open(rules).read())}
PLANTED = {"LO": "PLANTED", "SH": "PLANTED", "PN": "PLANTED^QUENTIN", "ST": "PLANTED", "LT": "PLANTED", "UT": "PLANTED",
           "UC": "PLANTED", "AE": "PLANTED", "CS": "PLANTED", "UR": "PLANTED", "UI": "1.2.3.19510203", "DA": "19510203",
           "DT": "19510203112233", "TM": "195102.030000", "DS": "19510203", "IS": "19510203", "AS": "091Y",
           "OB": b"PLANTED ", "UN": b"PLANTED ", "OW": b"PLANTED ", "OF": b"PLANTED ", "OD": b"PLANTED ", "OL": b"PLANTED "}


def plant(ds, tag, vr):
    if vr == "SQ":
        inside = pydicom.Dataset()
        inside.PatientName = "PLANTED^QUENTIN"
        inside.PatientID = "PLANTED"
        inside.add_new(0x00091010, "LO", "PLANTED")
        if tag in ds and len(ds[tag].value):
            ds[tag].value[0].update(inside)
        else:
            ds.add_new(tag, "SQ", pydicom.Sequence([inside]))
    elif vr in PLANTED:
        ds.add_new(tag, vr, PLANTED[vr])
    else:
        return 0
    return 1


ds = pydicom.dcmread(source)
count, groups = 0, set()
tags = [(t, e[0]) for t, e in DicomDictionary.items()]
tags += [(int(mask.replace("x", "0"), 16), e[0]) for mask, e in RepeatersDictionary.items()]
for group in range(0x0009, 0x7fdf, 2):  # private groups, and even ones where the standard lists nothing
    tags += [(group << 16 | 0x10, "LO"), (group << 16 | 0x1001, "LO")]
for group in range(0x000a, 0x7fde, 2):
    tags.append((group << 16 | 0xfff7, "LO"))
for tag, vr in tags:
    group = tag >> 16
    vr = vr.split(" or ")[0]
    # not: groups of the file format and of commands, the pixels, lengths of groups, what is kept as it is
    if group < 8 or group >= 0x7fe0 or tag & 0xffff == 0 or tag == 0x00080001 or rule.get(tag) == "KEEP":
        continue
    n = plant(ds, tag, vr)
    count += n
    if n:
        groups.add(group)
ds.save_as(target)
print("%d elements in %d groups" % (count, len(groups)))
