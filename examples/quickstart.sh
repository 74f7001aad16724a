#!/bin/bash
# usage: examples/quickstart.sh [DICOM-FOLDER]
# From a fresh clone on Debian 12 to a report: installs the packages (as root), builds, and runs the
# main job on the scan given, or on a digital patient that it makes. The results are in out/.
set -euo pipefail
scan=${1:+$(realpath "$1")}
phantom=()
cd "$(dirname "$(realpath "$0")")/.."
. cmake/setup.sh

setup_packages
setup_build all

PATH=$PWD/build/bin:$PATH
mkdir -p out
if [ -z "$scan" ]; then
  scan=out/patient/ct
  phantom=(--phantom mindways-model3-ct) # the rods that lie under this patient
  if [ ! -d "$scan" ]; then
    say "making a digital patient as a DICOM series"
    qct phantom hip --out out/patient
  fi
fi
say "qct run"
qct run "$scan" --out out/case "${phantom[@]}"
say "done. Open the report in a browser: $PWD/out/case/report.html"
