#!/bin/bash
# usage: benchmarks/calibration_coverage.sh [BUILD]
# Error and coverage of the 95 % interval of calibrated densities: 2000 seeds of the error model and 200
# rendered scans (about ten minutes on two cores). What is varied is said in tests/calibration/coverage.c.
set -eu
build=${1:-build}
QCT_COVERAGE_SEEDS=${QCT_COVERAGE_SEEDS:-2000} QCT_COVERAGE_SCANS=${QCT_COVERAGE_SCANS:-200} \
  "$build/tests/test_calibration.coverage" | grep -E 'samples|rendered|refused|seed'
