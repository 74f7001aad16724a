#!/bin/bash
# usage: benchmarks/hip_interval.sh [BUILD-DIR] [FOLDER] [FIRST LAST]
# How far the figures of a hip are off, for their intervals. People 1020 to 1034 on slices of 1 and 3 mm, from the scan alone under
# the ideal calibration: their root mean squares are the lines of qct/hip_interval.def, printed. With FIRST and LAST, how often the
# intervals of the file in the tree hold the truth of those people, without the calibration's part (0 19 in qct/README.md).
# Restartable: scans (45 MB a person) and rows stay in FOLDER; remove FOLDER/rows after a change of the method. About 20 s of
# processor time to paint a person, 20 s to measure.
set -e
here=$(dirname "$(realpath "$0")")
build=$(realpath "${1:-build}") folder=${2:-out/hip_interval} first=${3:-1020} last=${4:-1034}
cmake --build "$build" --target bench_interval qct > /dev/null
. "$here/digital_people.sh"
mkdir -p "$folder"
cd "$folder"
measure_people "$build/bin/bench_interval" "$first" "$last" 1 3
rows=()
for slice in 1 3; do for person in $(seq "$first" "$last"); do rows+=("rows/z${slice}_p$person.csv"); done; done
if [ "$first" = 1020 ]; then
  awk -v table=1 -f "$here/hip_interval.awk" "${rows[@]}"
else
  awk -f "$here/hip_interval.awk" "$here/../qct/hip_interval.def" "${rows[@]}"
fi
