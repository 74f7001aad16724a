#!/usr/bin/env python3
"""The descriptors made from the declarations are what their readers expect: Slicer Execution Model
(tags and rules of its schema), Boutiques 0.5 (required keys, value keys, types), CWL 1.2 (cwltool,
where it is installed, validates some and runs one).
usage: descriptors.py      (qct on the PATH)"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree

faults = []
folder = pathlib.Path(tempfile.mkdtemp(prefix="qct-descriptors-"))

SLICER = {"boolean", "integer", "double", "double-vector", "string", "string-enumeration",
          "string-vector", "image", "file"}
BOUTIQUES = {"String", "File", "Flag", "Number"}


def expect(condition, where, what):
    if not condition:
        faults.append(f"{where}: {what}")


def check_slicer(path):
    root = tree.parse(path).getroot()
    expect(root.tag == "executable", path.name, "root is not executable")
    for tag in ("category", "title", "description", "version"):
        expect(root.findtext(tag), path.name, f"no {tag}")
    names, indices = [], []
    for group in root.findall("parameters"):
        expect(group.findtext("label") and group.findtext("description"), path.name, "group has no label")
        for p in group:
            if p.tag in ("label", "description"):
                continue
            name = p.findtext("name")
            names.append(name)
            expect(p.tag in SLICER, path.name, f"unknown parameter type {p.tag}")
            expect(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name or ""), path.name, f"name {name} is no identifier")
            expect((p.find("index") is None) != (p.find("longflag") is None), path.name, f"{name}: flag or index")
            expect((p.tag in ("image", "file")) == (p.findtext("channel") in ("input", "output")), path.name,
                   f"{name}: channel")
            if p.tag == "string-enumeration":
                expect(p.findtext("default") in [e.text for e in p.findall("element")], path.name,
                       f"{name}: default is no element")
            if p.find("index") is not None:
                indices.append(int(p.findtext("index")))
    expect(len(names) == len(set(names)), path.name, "a name twice")
    expect(sorted(indices) == list(range(len(indices))), path.name, f"indices {indices}")


def check_boutiques(path):
    d = json.loads(path.read_text())
    for key in ("name", "description", "tool-version", "schema-version", "command-line", "inputs"):
        expect(d.get(key), path.name, f"no {key}")
    ids = [i["id"] for i in d["inputs"]] + [o["id"] for o in d.get("output-files", [])]
    keys = [i["value-key"] for i in d["inputs"]]
    expect(len(ids) == len(set(ids)), path.name, "an id twice")
    expect(len(keys) == len(set(keys)), path.name, "a value key twice")
    expect(re.findall(r"\[[A-Z0-9_]+\]", d["command-line"]) != [] or not keys, path.name, "no value keys")
    for i in d["inputs"]:
        expect(i["type"] in BOUTIQUES, path.name, f"type {i['type']}")
        expect(i["value-key"] in d["command-line"], path.name, f"{i['value-key']} is not on the command line")
        expect(i["type"] != "Flag" or "command-line-flag" in i, path.name, f"{i['id']}: flag without flag")
    for o in d.get("output-files", []):
        expect(o["path-template"] in keys, path.name, f"{o['id']}: template {o['path-template']}")


def check_cwl(paths):
    if not shutil.which("cwltool"):
        print("cwltool is not installed: CWL was only parsed")
        return
    for path in paths:
        run = subprocess.run(["cwltool", "--validate", path], capture_output=True, text=True)
        expect(run.returncode == 0, path.name, run.stdout[-500:] + run.stderr[-500:])
    run = subprocess.run(["cwltool", "--quiet", folder / "cwl" / "qct-sources.cwl", "--key", "totalseg2023"],
                         capture_output=True, text=True, cwd=folder)
    printed = folder / "printed.txt"
    expect(run.returncode == 0 and printed.exists() and "Wasserthal" in printed.read_text(), "cwl",
           "qct sources does not run under cwltool: " + run.stderr[-500:])


for form in ("slicer", "boutiques", "cwl"):
    subprocess.run(["qct", "help", "--format", form, "--out", folder / form], check=True)
count = len(json.loads(subprocess.run(["qct", "help", "--json"], capture_output=True, check=True).stdout)["commands"])
for form in ("slicer", "boutiques", "cwl"):
    expect(len(list((folder / form).iterdir())) == count, form, f"not {count} files")
for path in sorted((folder / "slicer").iterdir()):
    check_slicer(path)
for path in sorted((folder / "boutiques").iterdir()):
    check_boutiques(path)
cwl = sorted((folder / "cwl").iterdir())
for path in cwl:
    json.loads(path.read_text())
check_cwl(cwl[:: max(1, len(cwl) // 4)])
shutil.rmtree(folder)
print("\n".join(faults))
sys.exit(bool(faults))
