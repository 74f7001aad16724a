#!/bin/bash
# usage: benchmarks/femur_digital.sh [BUILD-DIR] [PEOPLE] [FOLDER]
# The femur of digital people from the CT alone, left and right in turn, on voxels of 0.7 x 0.7 x 1 mm and x 3 mm: overlap,
# surface distance, voxels of pelvis taken, errors of the frame. The scans stay in FOLDER (about 40 MB a person).
# About 25 s of processor time a scan.
set -e
build=$(realpath "${1:-build}") people=${2:-20} folder=${3:-out/femur_digital}
cmake --build "$build" --target bench_femur qct > /dev/null
mkdir -p "$folder"
cd "$folder"
for slice in 1 3; do
  for person in $(seq "$people"); do
    scan=z${slice}_p$person side=L
    [ $((person % 2)) = 0 ] && side=R
    [ -f "$scan/ct.nii.gz" ] || "$build/bin/qct" -q phantom hip --seed "$person" --side $side --format nifti \
      --spacing 0.7,0.7,$slice --out "$scan"
  done
  "$build/bin/bench_femur" $(for person in $(seq "$people"); do echo "z${slice}_p$person"; done) | tee "slices_of_$slice.csv"
done
