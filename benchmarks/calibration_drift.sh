#!/bin/bash
# usage: benchmarks/calibration_drift.sh [BUILD [SEEDS]]
# Drift of a scanner from its weekly phantom scans (calibration/quality.h), SEEDS scanners each (1000): of how many that drift by 1 %
# after 20 scans is there no alarm within 5 more; how many alarms does a steady scanner of 40 scans raise. Session scatter 0.15 % and
# 0.4 HU, rods 0.3 HU (tests/calibration/history.c).
set -eu
build=${1:-build}
cmake --build "$build" --target test_calibration.history > /dev/null
QCT_DRIFT_SEEDS=${2:-1000} "$build/tests/test_calibration.history" | grep -E '^(drift|steady)'
