#!/bin/bash
# usage: benchmarks/fea_solve.sh [BUILD-DIR] [SIZE_MM...]
# The voxel solver on one and two threads, and CalculiX (when installed) on the smallest size through
# `ctest -R fea.calculix` for the same reactions. Default sizes: 93 k, 0.9 M, 4.4 M, 10.2 M unknowns.
set -e
build=${1:-build}
shift || true
cmake --build "$build" --target bench_fea fea_petsc > /dev/null
export QCT_MODULE_PATH=$build/bin
for size in ${*:-1.85 0.85 0.49 0.37}; do
  for threads in 1 2; do "$build/bin/bench_fea" "$size" "$threads"; done
done
