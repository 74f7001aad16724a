#!/bin/bash
# usage: tests/coverage.sh [ctest options...]      e.g. -L 'unit|cli'; without options all tests, about an hour
# Share of the lines that the tests run, by folder; every file in build-coverage/coverage.csv. Needs gcovr.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."
command -v gcovr > /dev/null || { echo "gcovr is not installed: apt-get install gcovr" >&2; exit 77; }
[ -f build-coverage/build.ninja ] || cmake --preset coverage > /dev/null
cmake --build build-coverage > /dev/null
find build-coverage -name '*.gcda' -delete
OMP_WAIT_POLICY=passive ctest --test-dir build-coverage -j "$(nproc)" "$@" > build-coverage/coverage.log || tail -20 build-coverage/coverage.log >&2
gcovr --root . --object-directory build-coverage --gcov-ignore-parse-errors --exclude 'tests/|benchmarks/|build' \
  --csv build-coverage/coverage.csv
awk -F, 'NR > 1 { split($1, part, "/"); all[part[1]] += $2; run[part[1]] += $3; a += $2; r += $3 }
  END { print "folder,lines,run,share"; for (f in all) printf "%s,%d,%d,%.1f %%\n", f, all[f], run[f], 100 * run[f] / all[f] | "sort"
        close("sort"); printf "all,%d,%d,%.1f %%\n", a, r, 100 * r / a }' build-coverage/coverage.csv
