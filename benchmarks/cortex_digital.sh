#!/bin/bash
# usage: benchmarks/cortex_digital.sh [BUILD-DIR] [SEEDS] [SLICE_MM...]
# Cortical maps of digital hips (0.7 mm pixels, slices of 1 and 3 mm) against their truth by rays.
# A map fits about 33,000 places four times. Limit: each fit is some 60 rounds over 60 samples, two
# edges a sample at about 10 operations, so 33,000 x 4 x 60 x 60 x 20 = 1e10 operations or 3 s of one
# core at 3e9 a second; the time printed is to be read beside that.
set -e
build=${1:-build}
seeds=${2:-100}
shift 2 || shift $#
cmake --build "$build" --target bench_cortex > /dev/null
for slice in ${*:-1 3}; do "$build/bin/bench_cortex" "$seeds" "$slice"; done
