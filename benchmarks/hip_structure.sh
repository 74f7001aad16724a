#!/bin/bash
# usage: benchmarks/hip_structure.sh [BUILD-DIR] [SEEDS] [truth|found]
# Hip structure and areal density of digital hips (100 by default) against the truth of their geometry,
# at 0.7 mm pixels and slices of 1 and 3 mm. About 25 s of processor time a hip, most of it painting.
# Limit beside the time: a slab resamples about 280 x 280 x 11 places by 64 products of a cubic
# spline, five slabs 0.3 Gflop; one core does that in 0.15 s. The shell reads 49 places along 25 000
# normals and looks for the nearest vertex of every voxel: it is most of the time.
set -e
build=${1:-build}
seeds=${2:-100}
cmake --build "$build" --target bench_hip > /dev/null
for slice in 1 3; do
  echo "slices of $slice mm"
  "$build/bin/bench_hip" "${3:-truth}" "$slice" 1 "$seeds" 2> /dev/null
done
