#!/bin/bash
# usage: benchmarks/bodycomp_truth.sh [BUILD] [TABLE]
# Muscle and fat of digital trunks, and heart fat of digital chests, of seeds 0 to 49 in slices of 1, 3 and 5 mm
# against their truth: with the true labels and with the compartments found by rule. One line for each person and
# thickness is added to TABLE (bodycomp_truth.csv); what stands there already is not run again, so that the study can
# be interrupted. Then the worst error of each number.
set -eu
build=${1:-build}
table=${2:-bodycomp_truth.csv}
count=${QCT_BODYCOMP_SEEDS:-50}
touch "$table"
measure() { # program slice seed: the errors it prints [%], in order
  QCT_BODYCOMP_FIRST=$3 QCT_BODYCOMP_SEEDS=1 QCT_BODYCOMP_SLICES=$2 "$build/tests/test_bodycomp.$1" 2>&1 |
    grep -E '^1 (trunks|chests)' | sed 's/.*error//' | grep -oE '[-+][0-9.]+' | paste -sd,
}
for program in ${QCT_BODYCOMP_PROGRAMS:-torso chest}; do
  for slice in 5 3 1; do
    for ((seed = 0; seed < count; seed++)); do
      grep -q "^$program,$slice,$seed," "$table" && continue
      echo "$program,$slice,$seed,$(measure $program $slice $seed || true)" >> "$table"
    done
  done
done
echo "torso: area of muscle, subcutaneous, visceral, between fibres; volume of the same; by rule subcutaneous, muscle,"
echo "visceral; by rule with the organs of the map the same. chest: fat with the mask, by rule; sac by rule. Mean and"
echo "worst error in %:"
awk -F, '{ key = $1 ", " $2 " mm"; people[key]++; most = NF > most ? NF : most
    for (i = 4; i <= NF; i++) { v = $i < 0 ? -$i : $i; if (v > worst[key, i]) worst[key, i] = v; sum[key, i] += $i } }
  END { for (key in people) { printf "%s, %d people:", key, people[key]
    for (i = 4; i <= most && (key, i) in worst; i++) printf " %+.2f/%.2f", sum[key, i] / people[key], worst[key, i]; print "" } }' "$table"
