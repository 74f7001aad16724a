#!/bin/bash
# usage: benchmarks/micro_thickness.sh [BUILD-DIR] [PLACES] [FIRST-SEED]
# Local thickness of balls, rods and plates from maps of voxels, against their true thickness: mean and worst error
# in voxels over random places (48 from seed 7000 on by default), then from grey values (a quarter of the places). Aim: half a
# voxel. 50 s of processor time.
set -e
build=${1:-build}
cmake --build "$build" --target bench_thickness > /dev/null
"$build/bin/bench_thickness" "${3:-7000}" "${2:-48}"
