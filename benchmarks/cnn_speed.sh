#!/bin/bash
# Training step and inference of the 3-D ResNet-10, batch of 4 images of 64^3, against the same network in Python's
# torch on the same threads, in one run, turn by turn: the least of two turns of five, in processor time of all threads,
# which other work on the machine disturbs least. Aim: within 10 %.
# usage: cnn_speed.sh [THREADS]     after cmake --build build --target cnn_selftest
set -euo pipefail
threads=${1:-2}
here=$(cd "$(dirname "$0")" && pwd)
selftest=$here/../build/bin/cnn_selftest
[ -x "$selftest" ] || { echo "cmake --build build --target cnn_selftest"; exit 1; }
py=python3
$py -c 'import torch' 2> /dev/null || py=/usr/bin/python3
export OMP_NUM_THREADS="$threads" OMP_WAIT_POLICY=passive QCT_MODULE_PATH=$here/../build/bin
times() { # what was printed -> least step and inference
  sed -n 's/.*training step .*(processor \([0-9.]*\)).*(processor \([0-9.]*\)).*/\1 \2/p' "$1" |
    awk 'NR == 1 || $1 < s {s = $1} NR == 1 || $2 < i {i = $2} END {if (NR) printf "%.3f %.3f\n", s, i}'
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for turn in 1 2; do
  "$selftest" --bench | grep ResNet | tee -a "$work/ours"
  $py "$here/cnn_speed.py" "$threads" | tee -a "$work/theirs" || echo "python3-torch is not installed"
done
read -r step infer < <(times "$work/ours")
read -r their_step their_infer < <(times "$work/theirs") || true
echo "= 3-D ResNet-10, 4 images of 64^3, training step, processor time of $threads threads | $step s | Python's torch ${their_step:--} s"
echo "= the same, inference | $infer s | Python's torch ${their_infer:--} s"
