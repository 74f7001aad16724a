#!/bin/bash
# usage: benchmarks/main_job.sh
# `qct run` on the default digital patient (0.8 x 0.8 x 1.5 mm, finite elements of 1 mm), stage by stage, and on
# the real hip of ../shared when it is there. Aim: under 60 s of wall time each on two cores.
set -euo pipefail
PATH=$(dirname "$(realpath "$0")")/../build/bin:$PATH
real=$(realpath ../shared/data/hip_right_sts044/dicom 2> /dev/null || true)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
job() { # name, run's arguments...
  local name=$1 from to
  shift
  from=$(date +%s%N)
  qct -q run "$@" --out result --force | grep ',done,' || return 1
  to=$(date +%s%N)
  awk -v n="$name" -v t=$((to - from)) 'BEGIN { printf "= %s | %.0f s | at most 60 s\n", n, t / 1e9 }'
  rm -r result
}
qct -q phantom hip --out patient
job "\`qct run\`, digital patient: density, structure, cortex, strength, report" patient/ct --phantom mindways-model3-ct
[ -z "$real" ] || [ ! -d "$real" ] || job "\`qct run\`, a real hip of 3.27 mm slices" "$real"
