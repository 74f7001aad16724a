#!/bin/bash
# Start-up of qct against its limit of 30 ms, beside an empty program: best of 20, in milliseconds.
# usage: benchmarks/start_up.sh      (build/bin/qct, or the qct on the PATH)
PATH=$(dirname "$(realpath "$0")")/../build/bin:$PATH
best() { # command...
  local least=1000000000 start end
  for _ in {1..20}; do
    start=$(date +%s%N)
    "$@" > /dev/null
    end=$(date +%s%N)
    [ $((end - start)) -lt $least ] && least=$((end - start))
  done
  echo $least
}
empty=$(best /bin/true)
printf '%-24s %8s %8s\n' command ms 'limit ms'
awk -v t="$empty" 'BEGIN { printf "%-24s %8.1f\n", "/bin/true", t / 1e6 }'
for arguments in --version --help 'help run'; do
  # shellcheck disable=SC2086
  time_ns=$(best qct $arguments)
  awk -v what="qct $arguments" -v t="$time_ns" 'BEGIN { printf "%-24s %8.1f %8d  %s\n", what, t / 1e6, 30, t < 30e6 ? "ok" : "TOO SLOW" }'
  awk -v what="qct $arguments" -v t="$time_ns" -v e="$empty" \
    'BEGIN { printf "= start of `%s` | %.1f ms | at most 30 ms; an empty program %.1f ms\n", what, t / 1e6, e / 1e6 }'
done
