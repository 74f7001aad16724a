#!/bin/sh
# Training step and inference of the 3-D ResNet-10, batch of 4 images of 64^3, against the same network in Python's
# torch on the same threads, in one run. Aim: within 10 %; compare processor times on a shared machine.
# Seen on two shared cores, least of two turns of five, this program / Python's torch 1.13, wall (processor) in s:
#   one thread:  step 0.708 (0.683) / 0.759 (0.720), inference 0.243 (0.240) / 0.301 (0.248)
#   two threads: step 0.832 (0.721) / 0.914 (0.738), inference 0.280 (0.229) / 0.256 (0.245)
# usage: cnn_speed.sh SELFTEST [THREADS]   SELFTEST: cnn_selftest of this build; QCT_MODULE_PATH its module
set -e
selftest=${1:?path of cnn_selftest} threads=${2:-2}
here=$(cd "$(dirname "$0")" && pwd)
py=python3
$py -c 'import torch' 2> /dev/null || py=/usr/bin/python3
export OMP_NUM_THREADS="$threads" OMP_WAIT_POLICY=passive
for turn in 1 2; do
  "$selftest" --bench | grep ResNet
  $py "$here/cnn_speed.py" "$threads" || echo "python3-torch is not installed"
done
