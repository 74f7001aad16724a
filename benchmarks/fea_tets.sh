#!/bin/bash
# Hexahedra and tetrahedra of one femur under refinement: stiffness against the edge of the elements.
# A digital hip scanned at SPACING (default 0.6 mm), density at the surface as it is (no peeling), so
# that both see the same image. Writes fea_tets.csv and, with the plotter built
# (cmake --build build --target bench_fea_plot), fea_tets.svg into OUT.
# usage: benchmarks/fea_tets.sh [OUT] [SPACING]; about 10 minutes of processor time at 0.6 mm
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
export PATH=$here/build/bin:$PATH OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
out=${1:-.} spacing=${2:-0.6}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# the rods are outside the small field: calibrate on the whole scan, whose scanner is the same
qct phantom hip --out whole --format nifti --spacing 2,2,2 -q
qct calibrate phantom whole/ct.nii.gz --phantom mindways-model3-ct --out calibration.json -q 2> /dev/null
qct phantom hip --out hip --format nifti --spacing $spacing,$spacing,$spacing --fov 130,120,170 -q
qct calibrate apply hip/ct.nii.gz calibration.json --out density.nii.gz -q
fall() { # elements, size, more options
  local elements=$1 size=$2; shift 2
  { time -p qct fea fall density.nii.gz hip/labels.nii.gz hip/frame.json --elements $elements --size $size \
    --no-interval --out row.csv --force -q "$@"; } 2> time.txt
  awk -F, -v e=$elements -v s=$size -v user="$(awk '/user/ { print $2 }' time.txt)" '
    $3 == "fall_stiffness" { k = $4 } $3 == "fall_failure_load" { f = $4 } $3 == "fall_elements" { n = $4 }
    END { printf "%s,%g,%d,%.1f,%.1f,%s\n", e, s, n, k, f, user }' row.csv
}
{
  echo "elements,edge [mm],count,stiffness [N/mm],failure load [N],user [s]"
  for size in 3 2 1.5 1 0.75 0.6; do fall hex8 $size; done
  for size in 6 5 4 3 2.5; do fall tet10 $size --bone-surface none --neck-size $size; done
  for size in 5 4 3 2.5; do fall tet4 $size --bone-surface none --neck-size $size; done
} | tee fea_tets.csv
cd - > /dev/null
cp "$work/fea_tets.csv" "$out/fea_tets.csv"
[ ! -x "$here/build/bin/bench_fea_plot" ] || "$here/build/bin/bench_fea_plot" < "$out/fea_tets.csv" > "$out/fea_tets.svg"
