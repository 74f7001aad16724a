#!/bin/bash
# usage: benchmarks/hip_time.sh
# Time of hip structure and of the cortical map of a digital femur on voxels of 0.7 x 0.7 x 1 mm, reading included (two compressed
# files of 29 million voxels: 0.28 s of zlib in one thread). What must be done: the shell reads 49 places along 25 000 normals and fits
# each by some 100 rounds over 40 samples, two edges a sample at about 8 operations, 1.6 Gop or 0.3 s on two cores at 3e9 a second (a
# third of the edges stand in another pair already); five slabs of 11 sections take some 1.5 million places by 64 products of a
# cubic spline, 0.1 Gflop or 0.03 s. The map fits its samples anew.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
qct -q phantom hip --spacing 0.7,0.7,1 --ideal --format nifti --phantom none --out h
TIMEFORMAT='%R %U'
measure() { # WHAT AIM COMMAND...: the median of three
  local what=$1 aim=$2 wall user
  shift 2
  for _ in 1 2 3; do { time "$@" --force > /dev/null 2>&1; } 2>> times; done
  read -r wall user < <(sort -n times | sed -n 2p)
  rm times
  echo "= $what | $wall s ($user s of processor time) | aim $aim s"
}
measure "\`qct hsa\` of a femur, 0.7 x 0.7 x 1 mm, reading included" 2 \
  qct hsa h/density.nii.gz h/labels.nii.gz h/frame.json --rho-ref 1200 --out x.csv
measure "\`qct cortex\` of the same femur, a vertex every mm" 10 \
  qct cortex h/density.nii.gz h/labels.nii.gz --frame h/frame.json --out y.csv
