#!/bin/bash
# usage: benchmarks/cohort_kill.sh [PEOPLE] [KILLS] [FOLDER] [OPTIONS of qct cohort...]
# A cohort of digital patients in up to four ways: in one go; killed (SIGKILL) KILLS times at random and resumed; one job
# a scan by Snakemake (left out where it is not installed); as two shards that are gathered. The tables must be the same
# to the last byte and no unfinished file may be left. Prints the throughput and the resident memory of the program that
# leads and of its workers, by tenths of the first way.
# OPTIONS: else --analyses fall --size 4 --no-interval: outlines, frames and strength with coarse elements, to be quick.
# 200 people take about 30 minutes of processor time; a stopped run goes on where it was, when called again in the same way. Needs qct on the PATH or a build in build/.
set -euo pipefail
top=$(dirname "$(dirname "$(realpath "$0")")")
people=${1:-200} kills=${2:-10} folder=${3:-out/cohort_kill}
shift $(($# < 3 ? $# : 3))
options=("$@")
[ $# -gt 0 ] || options=(--analyses fall --size 4 --no-interval)
command -v qct > /dev/null || PATH=$top/build/bin:$PATH
export OMP_WAIT_POLICY=passive PERSON=hip
[[ "${options[*]}" == '--analyses calibrate' ]] && PERSON=rods
mkdir -p "$folder/scans" && cd "$folder"

# ---- the people ----

person() { # number
  local id; id=$(printf P%03d "$1")
  [ -f "scans/$id-ct.nii.gz" ] && return
  if [ "$PERSON" = rods ]; then # enough for a calibration, and ten times as quick
    qct -q -j 1 phantom rods --scan-seed "$1" --spacing 1.5,1.5,3 --format nifti --force --out "scans/$id.part"
  else
    qct -q -j 1 phantom hip --seed "$1" --spacing 3,3,3 --truth-step 4 --format nifti --force --out "scans/$id.part"
  fi
  mv "scans/$id.part/ct.json" "scans/$id-ct.json"
  mv "scans/$id.part/labels.nii.gz" "scans/$id-labels.nii.gz"
  mv "scans/$id.part/ct.nii.gz" "scans/$id-ct.nii.gz" && rm -r "scans/$id.part"
}
export -f person
seq "$people" | xargs -P 2 -I{} bash -c 'person {}'
{
  echo 'id,path,labels,age [y],sex,site,day [d]'
  for i in $(seq "$people"); do
    id=$(printf P%03d "$i")
    echo "$id,$id-ct.nii.gz,$id-labels.nii.gz,$((50 + i % 40)),$([ $((i % 2)) = 0 ] && echo F || echo M),$([ $((i % 3)) = 0 ] && echo south || echo north),$((3 * i))"
  done
} > manifest.new
cmp -s manifest.new scans/manifest.csv && rm manifest.new || mv manifest.new scans/manifest.csv
cohort=(qct -j 2 cohort scans/manifest.csv --phantom mindways-model3-ct "${options[@]}")

# Scans of a way whose last attempt has ended.
ended() { { find "$1/status" -name '*.json' 2> /dev/null || true; } | wc -l; }

# A line a second: scans that have ended, KiB of the leader, KiB of its largest worker.
watch_memory() { # pid way file
  while kill -0 "$1" 2> /dev/null; do
    local leader worker
    leader=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status" 2> /dev/null || true)
    worker=$(ps --ppid "$1" -o rss= | sort -n | tail -1 || true)
    [ -n "$leader" ] && echo "$(ended "$2") $leader ${worker:-0}" >> "$3"
    sleep 1
  done
}

# A way ends with 0, or with 5 when a scan was refused: that is in its tables.
accept() { [ "$1" = 0 ] || [ "$1" = 5 ] || { echo "the cohort ended with status $1"; exit 1; }; }

# ---- 1. in one go ----

if [ ! -f whole.done ]; then
  touch memory.txt
  "${cohort[@]}" --out whole --resume > whole.txt 2>> whole.log &
  leader=$!
  watch_memory $leader whole memory.txt
  code=0 && wait $leader || code=$?
  accept $code
  touch whole.done
fi
grep -h -o '[0-9]* scans in .*' whole.log || true
cat whole.txt

# ---- 2. killed and resumed ----

# After a random number of scans and a random time. Numbers are drawn once, so that a stopped script goes on.
[ -f aims.txt ] || { for _ in $(seq "$kills"); do echo $((RANDOM % people)); done | sort -n > aims.txt; : > kills.txt; }
while [ "$(wc -l < kills.txt)" -lt "$kills" ]; do
  number=$(($(wc -l < kills.txt) + 1)) before=$(ended killed)
  aim=$(sed -n "${number}p" aims.txt)
  "${cohort[@]}" --out killed --resume > /dev/null 2>> killed.log &
  leader=$!
  while kill -0 $leader 2> /dev/null && [ "$(ended killed)" -lt "$aim" ]; do sleep 0.1; done
  sleep "$((RANDOM % 3)).$((RANDOM % 1000))"
  doing=$(ps --ppid $leader -o pid= | wc -l || true)
  kill -9 $leader 2> /dev/null || true
  wait $leader 2> /dev/null || true
  now=$(ended killed)
  echo "kill $number of $kills: $now of $people scans had ended, $doing were in work" | tee -a kills.txt
  [ "$now" -ge "$before" ] || { echo "scans were lost"; exit 1; }
done
if [ ! -f killed.done ]; then
  code=0 && "${cohort[@]}" --out killed --resume > killed.txt 2>> killed.log || code=$?
  accept $code
  touch killed.done
fi

# ---- 3. Snakemake, 4. two shards ----

same() { # way
  for file in measurements.csv measurements.h5 record.csv failures.csv participants.tsv; do cmp "whole/$file" "$1/$file"; done
  [ "$(grep -c . "$1/measurements.csv")" = $((people + 1)) ] || { echo "$1: not a row a person"; exit 1; }
  [ -z "$(find "$1" -name '*.part*')" ] || { echo "$1: unfinished files are left"; find "$1" -name '*.part*' | head; exit 1; }
}
same killed
ways="whole, killed $kills times"
[ -s kills.txt ] || ways=whole

if [ ! -f shards.done ]; then
  for shard in 1/2 2/2; do
    code=0 && "${cohort[@]}" --out shards --shard $shard --resume > /dev/null 2>> shards.log || code=$?
    accept $code
  done
  code=0 && "${cohort[@]}" --out shards --gather > /dev/null 2>> shards.log || code=$?
  accept $code
  touch shards.done
fi
same shards
ways="$ways, two shards"
echo "tables of $people people are the same: $ways ($(sha256sum < whole/measurements.csv | cut -c1-16))"

if command -v snakemake > /dev/null && [ "${WITHOUT_SNAKEMAKE:-}" = "" ]; then
  if [ ! -f snake.done ]; then
    snakemake -q all -s "$top/examples/snakemake/Snakefile" --cores 2 --rerun-incomplete --nolock \
      --config scans=scans/manifest.csv out=snake options="--phantom mindways-model3-ct ${options[*]}" 2> snake.log
    touch snake.done
  fi
  same snake
  echo "and by Snakemake"
fi

# ---- memory: by tenths of the scans ----

awk -v people="$people" '
  { t = int(10 * $1 / (people + 1)); n[t]++; leader[t] = $2 > leader[t] ? $2 : leader[t]; worker[t] = $3 > worker[t] ? $3 : worker[t] }
  END {
    print "tenth,seconds,leader [MiB],largest worker [MiB]"
    for (t = 0; t < 10; t++) if (n[t]) printf "%d,%d,%.1f,%.0f\n", t + 1, n[t], leader[t] / 1024, worker[t] / 1024
  }' memory.txt
