#!/bin/bash
# usage: benchmarks/femur_digital.sh [BUILD-DIR] [FIRST] [LAST] [FOLDER] [SLICES]
# The femur of digital people (seeds FIRST to LAST, default 0 to 19; odd ones left, even ones right) from the CT alone on
# voxels of 0.7 x 0.7 mm and slices of 3 and 1 mm (SLICES): overlap, pelvis taken, frame (neck_shaft against the
# definition of the axis on the exact solid, neck_shaft_planted against the planted axis), density of regions under the ideal
# calibration, and whether its printed intervals, calibrated by the rods in the scan, hold the truth. Ends with one table: a line
# per goal, passed or missed. Scans stay in FOLDER (about 45 MB a person), figures in
# FOLDER/rows; a person whose figures are there is skipped, so the study may be stopped and started again. Remove FOLDER/rows
# to measure anew. About 20 s of processor time to paint a person, 15 to 30 s to measure.
set -e
here=$(dirname "$(realpath "$0")")
build=$(realpath "${1:-build}") first=${2:-0} last=${3:-19} folder=${4:-out/femur_digital} slices=${5:-3 1}
[ -x "$build/bin/bench_femur" ] || cmake --build "$build" --target bench_femur qct > /dev/null
. "$here/digital_people.sh"
mkdir -p "$folder"
cd "$folder"
# shellcheck disable=SC2086
measure_people "$build/bin/bench_femur" "$first" "$last" $slices
for slice in $slices; do
  echo "slices of $slice mm, people $first to $last"
  for person in $(seq "$first" "$last"); do cat "rows/z${slice}_p$person.csv"; done | awk -F, -v slice="$slice" -f "$here/femur_digital.awk"
done
