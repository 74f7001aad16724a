#!/bin/bash
# usage: run.sh SECONDS [TARGET...]     from the root of the source tree
# Every reader (or those named) under libFuzzer with address and undefined-behaviour sanitizers for
# SECONDS each, from the seeds in tests/fuzz/corpus. A finding is left in build-fuzz/findings with the
# report beside it, and the exit status is 1. 3600 is the run before a release.
set -u
seconds=${1:?seconds for each target}
shift
command -v clang > /dev/null || { echo "clang is not installed (Debian: clang libclang-rt-14-dev libomp-14-dev)"; exit 77; }
if [ ! -f build-fuzz/build.ninja ]; then
  cmake --preset fuzz > build-fuzz.log 2>&1 || { cat build-fuzz.log; exit 1; }
  rm -f build-fuzz.log
fi
cmake --build build-fuzz --target qct_fuzz || exit 1
[ $# -gt 0 ] || set -- $(ls tests/fuzz/corpus)
mkdir -p build-fuzz/findings build-fuzz/corpus
failed=0
for target; do
  mkdir -p "build-fuzz/corpus/$target"
  log=build-fuzz/findings/$target.log
  unwind=1
  # what ITK leaks is left out by its frames (tests/leaks.supp), which the fast unwinder loses
  case $target in meta | nifti | nrrd | scan) unwind=0 ;; esac
  QCT_FUZZ_TARGET=$target OMP_NUM_THREADS=1 \
    ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1:fast_unwind_on_malloc=$unwind \
    LSAN_OPTIONS=suppressions=tests/leaks.supp build-fuzz/bin/qct_fuzz "-max_total_time=$seconds" -max_len=65536 \
    -timeout=20 -rss_limit_mb=4096 -malloc_limit_mb=3000 "-artifact_prefix=build-fuzz/findings/$target-" \
    "build-fuzz/corpus/$target" "tests/fuzz/corpus/$target" > "$log" 2>&1
  if [ $? -ne 0 ]; then
    failed=1
    echo "$target: FINDING"
    grep -E 'ERROR|SUMMARY|runtime error|^ *#[0-9] ' "$log" | head -8
  else
    echo "$target: $(grep -E '^Done' "$log")"
  fi
done
exit $failed
