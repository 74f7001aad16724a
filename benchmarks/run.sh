#!/bin/bash
# usage: benchmarks/run.sh [NAME...]      e.g. start_up fea_solve; without names all that take a few minutes
# Runs the benchmarks one after the other (leave the machine alone meanwhile), shows what each prints, and collects
# the lines that begin with "= " (what | qct | beside it) into the table of benchmarks/results.md. What is not
# installed or not there (a peer program, real scans) is left out of the table with its reason.
# Not among them, because they take an hour: the studies of accuracy (README.md).
set -uo pipefail
cd "$(dirname "$(realpath "$0")")/.."
export PATH=$PWD/build/bin:$PATH OMP_WAIT_POLICY=passive
chest=../shared/data/thorax_lung1_001/dicom
commands=(
  "start_up"
  "dicom_read"
  "fea_solve"
  "fea_tet_ccx 3"
  "radiomics"
  "microstructure"
  "hip_time"
  "bodycomp_time $chest"
  "svm_nested qct"
  "cnn_speed"
  "main_job"
)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for command in "${commands[@]}"; do
  name=${command%% *}
  [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
  printf '\n== %s\n' "$name"
  # shellcheck disable=SC2086
  benchmarks/$name.sh ${command#"$name"} 2>&1 | tee -a "$log"
  status=${PIPESTATUS[0]}
  [ "$status" -eq 0 ] || echo "= $name | not run (status $status) |" | tee -a "$log"
done
{
  echo "# Measured by benchmarks/run.sh"
  echo
  echo "$(nproc) cores of $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(date -u +%F), $(qct --version | head -1)."
  echo
  echo "| what | qct | beside it |"
  echo "| --- | --- | --- |"
  sed -n 's/^= \(.*\)$/| \1 |/p' "$log"
} > benchmarks/results.md.new && mv benchmarks/results.md.new benchmarks/results.md
printf '\nbenchmarks/results.md\n'
