#!/bin/bash
# usage: accumulate.sh FOLDER [HOURS [SLICE]]     from the root of the source tree
#        accumulate.sh FOLDER distil              seeds worth keeping, into tests/fuzz/corpus
# The long run before a release, in pieces: the target with the least processor time so far is fuzzed for
# SLICE seconds (300), until every target has HOURS (1). The corpus grows in FOLDER/corpus, outside the
# tree; FOLDER/seconds.csv counts processor seconds and inputs per target and is all the state there is:
# stop it at any moment and start it again. A target with a file in FOLDER/findings rests until that file
# is moved away. The program is FOLDER/bin/qct_fuzz where there is one (a copy that a rebuild does not
# disturb), otherwise build-fuzz/bin/qct_fuzz.
set -u
folder=${1:?folder for corpus, findings and table}
goal=${2:-1}
slice=${3:-300}
table=$folder/seconds.csv
program=$folder/bin/qct_fuzz
[ -x "$program" ] || program=build-fuzz/bin/qct_fuzz
[ -x "$program" ] || { echo "no qct_fuzz: cmake --preset fuzz && cmake --build build-fuzz --target qct_fuzz"; exit 1; }
mkdir -p "$folder/findings" "$folder/corpus"
[ -f "$table" ] || echo "target,processor_s,inputs" > "$table"
export OMP_NUM_THREADS=1 ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1
export LSAN_OPTIONS=suppressions=$PWD/tests/leaks.supp:print_suppressions=0
TIMEFORMAT="%U %S"

# libFuzzer's own limit of one input is wall time: wide, as others may stop the run for a while; the
# program ends at 20 s of processor time by itself
fuzz() { # TARGET OPTION... FOLDER...
  local unwind=1
  # what ITK leaks is left out by its frames (tests/leaks.supp), which the fast unwinder loses
  case $1 in meta | nifti | nrrd | scan) unwind=0 ;; esac
  ASAN_OPTIONS=$ASAN_OPTIONS:fast_unwind_on_malloc=$unwind QCT_FUZZ_TARGET=$1 "$program" -max_len=65536 -timeout=3600 -report_slow_units=3600 -rss_limit_mb=2048 -malloc_limit_mb=1500 \
    "-artifact_prefix=$folder/findings/$1-" "${@:2}"
}

# adds to the row of a target; the table is replaced in one step
count() { # TARGET SECONDS INPUTS
  awk -F, -v OFS=, -v t="$1" -v s="$2" -v n="$3" \
    '$1 == t { $2 += s; $3 += n; seen = 1 } { print } END { if (!seen) print t, s, n }' "$table" > "$table.new"
  mv "$table.new" "$table"
}

shrink() { # TARGET: the same coverage from fewer files
  local corpus=$folder/corpus/$1
  rm -rf "$corpus.min"
  mkdir "$corpus.min"
  fuzz "$1" -merge=1 "$corpus.min" "$corpus" > /dev/null 2>&1 || { rm -rf "$corpus.min"; return; }
  mv "$corpus" "$corpus.old" && mv "$corpus.min" "$corpus" && rm -rf "$corpus.old"
}

turn() { # TARGET
  local corpus=$folder/corpus/$1 log=$folder/$1.log
  [ -d "$corpus.old" ] && { cp -n "$corpus.old"/* "$corpus"; rm -rf "$corpus.old"; }
  mkdir -p "$corpus"
  { time fuzz "$1" "-max_total_time=$slice" "$corpus" "tests/fuzz/corpus/$1" > "$log" 2>&1; } 2> "$log.time"
  count "$1" "$(awk '{ printf "%.0f", $1 + $2 }' "$log.time")" "$(awk '/^Done/ { print $2 } ' "$log" | tail -1)"
  rm -f "$log.time"
  compgen -G "$folder/findings/$1-*" > /dev/null && echo "$1: finding, see $log" && cp "$log" "$folder/findings/$1.log"
  [ "$(find "$corpus" -type f | wc -l)" -lt 200 ] || shrink "$1"
}

next() { # the target with the least time that has neither its hours nor a finding
  for t in $(ls tests/fuzz/corpus); do
    compgen -G "$folder/findings/$t-*" > /dev/null && continue
    awk -F, -v t="$t" -v h="$goal" '$1 == t { s = $2 } END { if (s < 3600 * h) print s + 0, t }' "$table"
  done | sort -n | awk 'NR == 1 { print $2 }'
}

distil() { # TARGET: one small file for each edge of the program, beside the seeds
  local seeds=tests/fuzz/corpus/$1 kept
  kept=$(mktemp -d)
  cp "$seeds"/* "$kept"
  fuzz "$1" -merge=1 -use_counters=0 -max_len=8192 "$kept" "$folder/corpus/$1" > /dev/null 2>&1
  cp -n "$kept"/* "$seeds"
  rm -r "$kept"
}

if [ "$goal" = distil ]; then
  for t in $(ls tests/fuzz/corpus); do [ -d "$folder/corpus/$t" ] && distil "$t"; done
  exit
fi
while target=$(next) && [ -n "$target" ]; do turn "$target"; done
compgen -G "$folder/findings/*-*" > /dev/null && exit 1
exit 0
