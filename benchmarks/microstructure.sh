#!/bin/bash
# Processor time of all measures of a cube of 200^3 voxels (a sponge with marrow wider than its
# struts): at most 20 s, which is 10 s on two cores. usage: microstructure.sh [QCT] [LIMIT_S]
set -euo pipefail
qct=$(realpath "${1:-build/bin/qct}") limit=${2:-20}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
"$qct" phantom trabeculae spinodal --out cube --edge 4 --size 0.02 --period 0.8 --bvtv 0.2 --waves 60 2> /dev/null
TIMEFORMAT='%U %R'
times=$({ time "$qct" microstructure cube/ct.nii.gz --threshold-by fixed --bone-threshold 500 --out cube.csv > /dev/null 2>&1; } 2>&1)
read -r user wall <<< "$times"
echo "200^3: $user s of processor time, $wall s of wall time, at most $limit s of the former"
echo "= microstructure of 200^3 voxels, all measures | $wall s ($user s of processor time) | aim 10 s on two cores"
awk -v t="$user" -v most="$limit" 'BEGIN { exit !(t <= most) }'
