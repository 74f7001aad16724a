#!/bin/bash
# Cubes and tetrahedra of one femur under refinement: stiffness and failure load against the edge of a
# cube of an element's mean volume (a tetrahedron of edge a is as large as a cube of 0.6 a), in
# three steps that each add one cause of a difference:
#   one      the bone and its caps have one modulus (5000 MPa): shape and contact alone
#   density  modulus from the density of the scan, caps of 5000 MPa
#   pmma     the recipe itself: caps of 2500 MPa
# Cubes with a smooth outline (the default), whole voxels of the label (hex8-voxels), and
# tetrahedra. A digital hip scanned at SPACING (1 mm), density at the surface as it is (no peeling),
# so that all see the same image. Writes fea_tets.csv and, with the plotter built
# (cmake --build build --target bench_fea_plot), fea_tets_STEP.svg and fea_tets_STEP_load.svg into OUT.
# usage: [STEPS="one density pmma"] benchmarks/fea_tets.sh [OUT] [SPACING]; about 5 minutes of processor
# time at 1 mm (rows are appended, so the steps may run apart)
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
bin=${BIN:-$here/build/bin}
export PATH=$bin:$PATH OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
out=${1:-.} spacing=${2:-1}
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# the rods are outside the small field: calibrate on the whole scan, whose scanner is the same
qct phantom hip --out whole --format nifti --spacing 2,2,2 -q
qct calibrate phantom whole/ct.nii.gz --phantom mindways-model3-ct --out calibration.json -q 2> /dev/null
qct phantom hip --out hip --format nifti --spacing $spacing,$spacing,$spacing --fov 130,120,170 -q
qct calibrate apply hip/ct.nii.gz calibration.json --out density.nii.gz -q
declare -A of=([one]="--user-law apparent:5000,0 --cap-modulus 5000" [density]="--cap-modulus 5000" [pmma]="")
fall() { # step, name, size, more options
  local step=$1 name=$2 size=$3 time; shift 3
  { time -p qct fea fall density.nii.gz hip/labels.nii.gz hip/frame.json --size $size ${of[$step]} \
    --no-interval --out row.csv --force -q "$@"; } 2> time.txt || { cat time.txt >&2; return; }
  time=$(awk '/user/ { print $2 }' time.txt)
  awk -F, -v s=$step -v e=$name -v h=$size -v user="$time" '
    BEGIN { c = h } $3 == "fall_cube_edge" { c = $4 }
    $3 == "fall_stiffness" { k = $4 } $3 == "fall_failure_load" { f = $4 } $3 == "fall_elements" { n = $4 }
    END { printf "%s,%s,%g,%.3f,%d,%.1f,%.1f,%s\n", s, e, h, c, n, k, f, user }' row.csv | tee -a "$out/fea_tets.csv"
}
[ -s "$out/fea_tets.csv" ] ||
  echo "step,elements,edge [mm],cube [mm],count,stiffness [N/mm],failure load [N],user [s]" > "$out/fea_tets.csv"
for step in ${STEPS:-one density pmma}; do
  for size in 3 2 1.5 1 0.75; do fall $step hex8 $size --outline smooth; done
  for size in 5 4 3 2; do fall $step tet10 $size --elements tet10 --bone-surface none --neck-size $size; done
  for size in 5 4 3; do fall $step tet4 $size --elements tet4 --bone-surface none --neck-size $size; done
  for size in 2 1.5 1; do fall $step hex8-voxels $size --outline voxels --tolerance 1e-6; done
  [ ! -x "$bin/bench_fea_plot" ] || bench_fea_plot $step < "$out/fea_tets.csv" > "$out/fea_tets_$step.svg"
  [ ! -x "$bin/bench_fea_plot" ] || bench_fea_plot $step failure < "$out/fea_tets.csv" > "$out/fea_tets_${step}_load.svg"
done
