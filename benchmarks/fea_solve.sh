#!/bin/bash
# usage: benchmarks/fea_solve.sh [BUILD-DIR] [SIZE_MM...]
# The voxel solver on one and two threads, and where its time goes (share of the memory rate). Default
# sizes: 93 k, 0.9 M, 4.4 M, 10.2 M unknowns; 0.217 is 50 M. With TRIAL=<program> another solver of the
# same femur is run beside it in the same minute (`TRIAL -size_h SIZE_MM` under mpirun -n 1 and -n 2).
# One and two threads take turns, ROUNDS (5) times; the line is the median of each, the gain that of the two medians.
# For the same reactions by CalculiX: `ctest -R fea.calculix`.
# Threads wait up to a third of a millisecond awake (GOMP_SPINCOUNT): figures of a machine to itself. `qct` lets them
# sleep, which costs 5 to 20 % on an idle machine and takes nothing from others on a busy one.
set -e
build=${1:-build}
shift || true
cmake --build "$build" --target bench_fea bench_fea_kernels fea_petsc > /dev/null
export QCT_MODULE_PATH=$build/bin GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-20000} LC_ALL=C
runs=$(mktemp)
trap 'rm -f "$runs"' EXIT
for size in ${*:-1.85 0.85 0.49 0.37}; do
  : > "$runs"
  for ((round = 0; round < ${ROUNDS:-5}; round++)); do
    for threads in 1 2; do
      [ -z "$TRIAL" ] || OMP_NUM_THREADS=1 mpirun --oversubscribe -n "$threads" "$TRIAL" -size_h "$size" |
        sed -n -E "s/^.*RESULT.* solve=([0-9.]+) .*/trial $threads \\1/p" | tee -a "$runs"
      "$build/bin/bench_fea" "$size" "$threads" | tee /dev/stderr |
        sed -n -E 's/^.*mm, ([0-9]+) unknowns, .* x ([0-9]+) threads.*, solve ([0-9.]+) s.*, ([0-9]+) iterations.* ([0-9]+) bytes an unknown.*/qct \2 \3 \1 \4 \5/p' >> "$runs"
    done
  done
  sort -k1,2 -k3,3n "$runs" | awk '
    { key = $1 " " $2; value[key, ++count[key]] = $3; if ($1 == "qct") { unknowns = $4; iterations = $5; bytes[$2] = $6 } }
    function median(key,  n) { n = count[key]; return (value[key, int((n + 1) / 2)] + value[key, int(n / 2) + 1]) / 2 }
    END {
      for (t = 1; t <= 2; t++) {
        gain = t == 2 ? sprintf(", %.2f times one thread", median("qct 1") / median("qct 2")) : ""
        beside = count["trial " t] ? sprintf("trial program, ranks: %d, %.3f s", t, median("trial " t)) : ""
        printf "= cubes, %d unknowns, threads: %d | solved in %.3f s%s, %d iterations, %d bytes an unknown | %s\n", unknowns, t, median("qct " t), gain, iterations, bytes[t], beside
      }
    }'
done
for threads in 1 2; do "$build/bin/bench_fea_kernels" 0.85 "$threads"; "$build/bin/bench_fea_kernels" 0.37 "$threads"; done
