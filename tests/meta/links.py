#!/usr/bin/env python3
"""Every relative link of the tracked Markdown files points at a file, and every `qct` command in
their code blocks, in the command-line tests and in the scripts has a name and options that exist.
usage: links.py SOURCE-FOLDER     (qct on the PATH)"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
files = []
if shutil.which("git"):
    tracked = subprocess.run(["git", "-C", root, "ls-files", "*.md"], capture_output=True, text=True)
    files = tracked.stdout.split() if tracked.returncode == 0 else []
if not files:
    print("skipped: no git here")
    sys.exit(77)
interface = json.loads(subprocess.run(["qct", "help", "--json"], capture_output=True, check=True).stdout)
names = {c["name"]: {o["name"] for o in c["options"]} for c in interface["commands"]}
everywhere = {o["name"] for o in interface["global_options"]}
pages = {n.replace(" ", "-") + ".md" for n in names} | {"index.md"}
faults = []


def check_links(path, text):
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        target = target.split("#")[0]
        if not target or re.match(r"[a-z]+:", target):
            continue
        if target.startswith("commands/") and target[9:] in pages:
            continue  # made by the build, installed beside the guide
        if not (root / path).parent.joinpath(target).exists():
            faults.append(f"{path}: link to {target}")


def check_command(path, line):
    words = line.split("#")[0].split()
    if words[:2] == ["qct", "--version"] or len(words) < 2:
        return
    name = next((" ".join(words[1:n]) for n in (4, 3, 2) if " ".join(words[1:n]) in names), None)
    if name is None:
        if not words[1].isupper():
            faults.append(f"{path}: no such command: {line}")
        return
    for option in re.findall(r"(?<=\s)--([a-z][a-z0-9-]*)", " ".join(words)):
        plain = option[3:] if option.startswith("no-") else option
        if not {option, plain} & (names[name] | everywhere):
            faults.append(f"{path}: {name} has no option --{option}: {line}")


for path in files:
    text = (root / path).read_text()
    check_links(path, text)
    for block in re.findall(r"```sh\n(.*?)```", text, re.S):
        for line in block.replace("\\\n", " ").splitlines():
            for command in re.findall(r"(?:^|\|\s*|&&\s*)(qct\s[^|&]*)", line.strip()):
                check_command(path, command)
# renamed options must not live on in tests and scripts; a test that expects a usage error may name what it likes
for path in sorted(root.glob("tests/cli/*.test")) + sorted(root.glob("benchmarks/*.sh")) + sorted(root.glob("examples/*.sh")):
    lines = path.read_text().splitlines() + [""]
    for line, following in zip(lines, lines[1:]):
        if following.startswith("? 2") or line.startswith(("#", "!", "~", ">", "-")):
            continue
        for words in re.findall(r"\bqct ((?:[a-z]+ ){0,2}[a-z]+\b[^|;&]*)", line):
            if next((n for n in (3, 2, 1) if " ".join(words.split()[:n]) in names), None):
                check_command(path.relative_to(root), "qct " + words)
print("\n".join(faults))
sys.exit(bool(faults))
