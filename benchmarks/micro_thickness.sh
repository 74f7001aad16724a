#!/bin/bash
# usage: benchmarks/micro_thickness.sh [BUILD-DIR] [PLACES] [FIRST-SEED]
# Local thickness of balls, rods and plates from maps of voxels, against their true thickness: mean and worst error
# in voxels over random places (12 from seed 1000 on by default). Aim: half a voxel. Some 20 s of processor time.
set -e
build=${1:-build}
cmake --build "$build" --target bench_thickness > /dev/null
"$build/bin/bench_thickness" "${3:-1000}" "${2:-12}"
