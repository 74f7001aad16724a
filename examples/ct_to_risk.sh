#!/bin/bash
# usage: examples/ct_to_risk.sh [PEOPLE] [FOLDER]
# From CT to risk on digital people with a planted fracture risk: draw people, scan each, run the main job on every
# scan, join the measurements with the follow-up, train, and state the performance. 60 people take about ten
# minutes on two cores; a stopped run goes on where it was. Needs qct on the PATH or a build in build/.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."
people=${1:-60} folder=${2:-out/ct_to_risk}
PATH=$PWD/build/bin:$PATH
mkdir -p "$folder"
cd "$folder"

# follow-up with the truth behind it; 250 events in 1000 man-years, so that so few people have enough of them
[ -f people.csv ] || qct phantom cohort --people "$people" --rate 250 --out people.csv

one() { # case seed sex
  [ -f "$1/result/record.json" ] && return
  qct -q -j 1 phantom hip --seed "$2" --sex "$3" --spacing 1.5,1.5,3 --truth-step 4 --format nifti --force --out "$1/scan"
  qct -q -j 1 run "$1/scan/ct.nii.gz" --phantom mindways-model3-ct --size 3 --no-interval --analyses bmd,fall --case "$1" --out "$1/result" > /dev/null
  rm -f "$1/scan/ct.nii.gz"
}
export -f one
tail -n +2 people.csv | cut -d, -f1-3 | tr , ' ' | xargs -P "$(nproc)" -L 1 bash -c 'one "$@"' _

# one row a person: what the scans gave, and what became of the people
qct table wide P*/result/record.json --out measured.csv --force
qct table join people.csv measured.csv --on case --out cohort.csv --force
qct table describe cohort.csv --out columns.csv --force

# does the CT add to age? the same folds for both
qct risk train cohort.csv --out risk --force --id case --outcome event --time time --learner cox --folds 5 --repeats 4 \
  --group 'clinical=age' \
  --group 'ct=age+total_left.vbmd_trabecular+total_left.vbmd_integral+femur_left.fall_failure_load' \
  > performance.csv
grep -E 'harrell_c|case,' performance.csv | cut -d, -f2,3,4,6,7,8,11
# the same predictions as their reader would judge them: concordance, and the AUC at horizons with enough events
qct risk evaluate risk/predictions.csv --run 'ct cox' --horizons 4,6,8 --out evaluation.csv --force
cut -d, -f3,4,6,7,8,11 evaluation.csv
echo "best concordance any model could reach: $(sed -n 2p people.csv | awk -F, '{print $NF}')"
