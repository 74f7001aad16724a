#!/bin/bash
# usage: benchmarks/hip_structure.sh [BUILD-DIR] [SEEDS] [FOLDER]
# Hip structure, areal density and cortical maps of digital hips (100 by default: seeds 0 to 99) against the truth of
# their geometry, at 0.7 mm pixels and slices of 1 and 3 mm: a table of mean, SD, worst and how many lie within the aim.
# Restartable: painted hips (30 MB a person) and a row a person and slice stay in FOLDER; remove rows_* after a change
# of the method. About 25 s of processor time to paint a hip, 20 s to measure it at both slices.
# Limit beside the time of a structure: a slab resamples about 280 x 280 x 11 places by 64 products of a cubic spline,
# five slabs 0.3 Gflop or 0.15 s of one core; the shell reads 49 places along 25 000 normals and fits each by some 100
# rounds over 40 samples, two edges a sample at about 8 operations: 1.6 Gop or 0.5 s at 3e9 a second.
set -e
build=${1:-build} last=$((${2:-100} - 1)) folder=${3:-out/hip_structure}
cmake --build "$build" --target bench_hip > /dev/null
mkdir -p "$folder"
for seed in $(seq 0 "$last"); do
  for slices in 1 3; do
    "$build/bin/bench_hip" "$folder/scans" "$folder/rows_$slices" "$seed" "$seed" 1 $slices > /dev/null
  done
done
for slices in 1 3; do
  echo "slices of $slices mm"
  "$build/bin/bench_hip" "$folder/scans" "$folder/rows_$slices" 0 "$last" 0 $slices
done
