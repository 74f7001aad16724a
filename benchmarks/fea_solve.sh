#!/bin/bash
# usage: benchmarks/fea_solve.sh [BUILD-DIR] [SIZE_MM...]
# The voxel solver on one and two threads, and where its time goes (share of the memory rate). Default
# sizes: 93 k, 0.9 M, 4.4 M, 10.2 M unknowns; 0.217 is 50 M. With TRIAL=<program> another solver of the
# same femur is run beside it in the same minute (`TRIAL -size_h SIZE_MM` under mpirun -n 1 and -n 2).
# For the same reactions by CalculiX: `ctest -R fea.calculix`.
# Threads wait up to a third of a millisecond awake (GOMP_SPINCOUNT): figures of a machine to itself. `qct` lets them
# sleep, which costs 5 to 20 % on an idle machine and takes nothing from others on a busy one.
set -e
build=${1:-build}
shift || true
cmake --build "$build" --target bench_fea bench_fea_kernels fea_petsc > /dev/null
export QCT_MODULE_PATH=$build/bin GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-20000}
for size in ${*:-1.85 0.85 0.49 0.37}; do
  for threads in 1 2; do
    beside=
    if [ -n "$TRIAL" ]; then
      trial=$(OMP_NUM_THREADS=1 mpirun --oversubscribe -n "$threads" "$TRIAL" -size_h "$size" | grep RESULT)
      echo "$trial"
      beside=$(sed -E "s/.* solve=([0-9.]+) .*/trial program, ranks: $threads, \1 s/" <<< "$trial")
    fi
    "$build/bin/bench_fea" "$size" "$threads" |
      sed -n -E "p; s/^.*mm, ([0-9]+) unknowns, .* x ([0-9]+) threads.*, solve ([0-9.]+) s.*, ([0-9]+) iterations.* ([0-9]+) bytes an unknown.*/= cubes, \1 unknowns, threads: \2 | solved in \3 s, \4 iterations, \5 bytes an unknown | $beside/p"
  done
done
for threads in 1 2; do "$build/bin/bench_fea_kernels" 0.85 "$threads"; "$build/bin/bench_fea_kernels" 0.37 "$threads"; done
