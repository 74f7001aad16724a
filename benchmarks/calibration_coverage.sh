#!/bin/bash
# usage: benchmarks/calibration_coverage.sh [BUILD [FIRST [LAST [FOLDER]]]]
# Error and coverage of the 95 % interval of calibrated densities in whole digital scans (200 seeds; what is varied is said in
# benchmarks/calibration_coverage.c), then 2000 seeds of the error model of tests/calibration/coverage.c.
# May be stopped and started again: scans that were made are kept in FOLDER as calibrations (10 MB).
set -eu
build=${1:-build} first=${2:-0} last=${3:-199} folder=${4:-out/calibration_coverage}
cmake --build "$build" --target bench_calibration test_calibration.coverage > /dev/null
mkdir -p "$folder"
"$build/bin/bench_calibration" "$folder" "$first" "$last" 2> "$folder/log" || { tail -3 "$folder/log"; exit 1; }
QCT_COVERAGE_SEEDS=2000 "$build/tests/test_calibration.coverage" | grep -E 'samples'
