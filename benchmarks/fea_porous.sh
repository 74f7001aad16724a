#!/bin/bash
# usage: benchmarks/fea_porous.sh [BUILD-DIR] [IMAGE] [ABOVE] [THREADS]
# A cube of trabecular bone of 200 x 200 x 200 voxels (micro-CT of the LHDL project) pressed at full size, with empty
# pores and with marrow of a ten-thousandth of the modulus in them: iterations, time, memory, voxels dropped. 1.5 GB.
set -e
build=${1:-build}
image=${2:-../shared/data/microct_trabecular_lhdl/3155_D_4_bc_cropped.nii.gz}
[ -f "$image" ] || { echo "$image is not there"; exit 77; }
cmake --build "$build" --target bench_fea_porous > /dev/null
OMP_WAIT_POLICY=passive "$build/bin/bench_fea_porous" "$image" "${3:-63}" "${4:-2}"
