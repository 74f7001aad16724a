#!/bin/bash
# usage: benchmarks/bodycomp_truth.sh [BUILD]
# Muscle, fat and heart fat of 50 digital people at 1, 3 and 5 mm slices against their truth: the worst error of
# each compartment, measured with the true labels and with the compartments found by rule.
set -eu
build=${1:-build}
for slice in 1 3 5; do
  QCT_BODYCOMP_SEEDS=${QCT_BODYCOMP_SEEDS:-50} QCT_BODYCOMP_SLICES=$slice \
    "$build/tests/test_bodycomp.torso" | grep -E 'trunks|chests|assert|ERROR' | sed "s/^/$slice mm: /"
done
