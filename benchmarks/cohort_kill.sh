#!/bin/bash
# usage: benchmarks/cohort_kill.sh [PEOPLE] [KILLS] [FOLDER] [ANALYSES]      ANALYSES: bmd, or calibrate to be quick
# A cohort of digital patients three times: without interruption, killed (SIGKILL) KILLS times at random and
# resumed, and as two shards that are gathered. The tables must be the same to the last byte. Prints throughput and the
# resident memory of the program that leads the workers. 200 people take about 10 minutes of processor time; a stopped
# run goes on where it was. Needs qct on the PATH or a build in build/.
set -euo pipefail
top=$(dirname "$(dirname "$(realpath "$0")")")
people=${1:-200} kills=${2:-10} folder=${3:-out/cohort_kill} analyses=${4:-bmd}
command -v qct > /dev/null || PATH=$top/build/bin:$PATH
export OMP_WAIT_POLICY=passive
mkdir -p "$folder" && cd "$folder"

person() { # number
  local id; id=$(printf P%03d "$1")
  [ -f "scans/$id-ct.nii.gz" ] && return
  qct -q -j 1 phantom hip --seed "$1" --spacing 3,3,3 --truth-step 4 --format nifti --force --out "scans/$id.part"
  mv "scans/$id.part/ct.json" "scans/$id-ct.json"
  mv "scans/$id.part/labels.nii.gz" "scans/$id-labels.nii.gz"
  mv "scans/$id.part/ct.nii.gz" "scans/$id-ct.nii.gz" && rm -r "scans/$id.part"
}
export -f person
mkdir -p scans
seq "$people" | xargs -P 2 -I{} bash -c 'person {}'
{
  echo 'id,path,labels,age [y],sex,site,day [d]'
  for i in $(seq "$people"); do
    id=$(printf P%03d "$i")
    echo "$id,$id-ct.nii.gz,$id-labels.nii.gz,$((50 + i % 40)),$([ $((i % 2)) = 0 ] && echo F || echo M),$([ $((i % 3)) = 0 ] && echo south || echo north),$((3 * i))"
  done
} > scans/manifest.csv
cohort=(qct -j 2 cohort scans/manifest.csv --phantom mindways-model3-ct --analyses "$analyses")

# resident memory of a process once a second, until it ends [KiB]
watch_memory() { # pid file
  while kill -0 "$1" 2> /dev/null; do
    sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status" 2> /dev/null >> "$2" || true
    sleep 1
  done
}

# 1. without interruption
"${cohort[@]}" --out whole --resume > whole.txt 2> whole.log &
leader=$!
: > memory.txt
watch_memory $leader memory.txt
wait $leader
grep -E 'an hour' whole.log || true

# 2. killed and resumed
finished() { find killed/status -name '*.json' 2> /dev/null | wc -l; }
done_before=0
for kill in $(seq "$kills"); do
  [ -f killed.done ] && break
  "${cohort[@]}" --out killed --resume > /dev/null 2>> killed.log &
  leader=$!
  aim=$((people * kill / (kills + 1)))
  while kill -0 $leader 2> /dev/null && [ "$(finished)" -lt $aim ]; do sleep 0.1; done
  sleep "0.$((RANDOM % 1000))"
  kill -9 $leader 2> /dev/null || true
  wait $leader 2> /dev/null || true
  now=$(finished)
  echo "kill $kill of $kills: $now of $people scans had ended"
  [ "$now" -ge "$done_before" ] || { echo "scans were lost"; exit 1; }
  done_before=$now
done
"${cohort[@]}" --out killed --resume > killed.txt 2>> killed.log
touch killed.done

# 3. two shards
"${cohort[@]}" --out shards --shard 1/2 --resume > /dev/null 2> shards.log
"${cohort[@]}" --out shards --shard 2/2 --resume > /dev/null 2>> shards.log
"${cohort[@]}" --out shards --gather > /dev/null 2>> shards.log

for file in measurements.csv measurements.h5 record.csv failures.csv participants.tsv; do
  cmp "whole/$file" "killed/$file"
  cmp "whole/$file" "shards/$file"
done
echo "tables of $people people are the same: whole, killed $kills times, two shards ($(sha256sum < whole/measurements.csv | cut -c1-16))"
awk 'NR > 2 && (!n++ || $1 < low) { low = $1 } $1 > high { high = $1 } END { printf "leader: %d to %d KiB resident\n", low, high }' memory.txt
