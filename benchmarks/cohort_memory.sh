#!/bin/bash
# Is the memory that qct cohort expects of a scan, from its header, enough? Peak resident set of qct run beside it,
# for each scan given; the exit status is 1 when one took more. About 15 s of processor time a scan.
# usage: cohort_memory.sh SCAN...     Uses the `qct` on the PATH.
set -uo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_WAIT_POLICY=passive
worst=0
printf '%-50s %9s %9s\n' scan 'expected' 'peak MiB'
for scan; do
  printf 'id,path\nx,%s\n' "$(realpath "$scan")" > "$work/scan.csv"
  expected=$(qct -q cohort "$work/scan.csv" --plan | awk -F, 'END {print $NF}')
  /usr/bin/time -o "$work/time" -f %M qct -q run "$scan" --out "$work/run" --force > /dev/null || continue
  peak=$(awk 'END {printf "%.0f", $1 / 1024}' "$work/time")
  printf '%-50s %9s %9s\n' "${scan: -50}" "$expected" "$peak"
  [ "$peak" -le "$expected" ] || worst=1
done
exit $worst
