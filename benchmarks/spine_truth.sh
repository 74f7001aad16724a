#!/bin/bash
# How near `qct bmd spine` comes to the truth of digital spines: density of every level in an ellipse, heights, Cobb angle.
# usage: benchmarks/spine_truth.sh [SEEDS]      (qct on the PATH; python3; default 10 seeds, slices of 1 and 3 mm)
set -euo pipefail
seeds=${1:-10}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for mm in 1 3; do
  for i in $(seq 1 "$seeds"); do
    cobb=$((i * 7 % 31))
    qct phantom spine --out s --view column --spacing 0.8,0.8,$mm --seed "$i" --scan-seed "$i" --cobb $cobb \
      --density L1=$((60 + i * 13 % 120)) --deform L3=wedge:0.$((15 + i * 7 % 35)) --phantom none --format nifti --force --quiet
    qct anatomy vertebrae s/bodies.nii.gz --out v --force --quiet
    qct hu s/ct.nii.gz v/labels.nii.gz v/frames.json --out hu.csv --force --quiet
    python3 - "$mm" << 'PY' >> rows.csv
import csv, json, math, sys
truth = json.load(open('s/truth.json'))
line = truth['physics']['calibration']['k2hpo4']
levels = {l['level']: l for l in truth['spine']['levels']}
frames = {f['level']: f for f in json.load(open('v/frames.json'))['vertebrae']}
for r in csv.DictReader(open('hu.csv')):
    if r['quantity'] == 'hu_mean' and r['value'] and r['region'] in levels:
        d = float(r['value']) * line['slope'] + line['intercept']
        print(sys.argv[1], 'density_percent', 100 * (d / levels[r['region']]['ellipse_k2hpo4_eq']['value'] - 1), sep=',')
for name, l in levels.items():
    f = frames.get(name)
    if not f or f['height_middle_mm'] is None:
        continue
    for k in ('anterior', 'middle', 'posterior'):
        print(sys.argv[1], 'height_mm', f[f'height_{k}_mm'] - l[f'height_{k}_mm'], sep=',')
coronal = lambda n: math.degrees(math.atan2(n[0], n[2]))
order = [n for n in ('T12', 'L1', 'L2', 'L3', 'L4', 'L5') if n in frames and frames[n]['superior_normal'][0] is not None]
cobb = max(abs(coronal(frames[a]['superior_normal']) - coronal(frames[b]['inferior_normal']))
           for i, a in enumerate(order) for b in order[i + 1:])
print(sys.argv[1], 'cobb_deg', cobb - truth['spine']['cobb_deg'], sep=',')
PY
  done
done
python3 - << 'PY'
import csv, math
rows = {}
for mm, what, value in csv.reader(open('rows.csv')):
    rows.setdefault((mm, what), []).append(float(value))
print('slices_mm,what,n,mean_error,sd,largest')
for (mm, what), v in sorted(rows.items()):
    mean = sum(v) / len(v)
    print(mm, what, len(v), f'{mean:.3f}', f'{math.sqrt(sum((x - mean) ** 2 for x in v) / len(v)):.3f}', f'{max(map(abs, v)):.3f}', sep=',')
PY
