#!/bin/bash
# usage: examples/receive.sh INCOMING RESULTS [PORT] [options of qct watch]
# A place to send CTs to: DCMTK's storescp receives on PORT (11112) as QCT and puts files below INCOMING, a folder a
# study; `qct watch` measures each series when it has settled and keeps RESULTS/cohort.html up to date. Ends with Ctrl-C.
# Needs storescp (package dcmtk) and qct on the PATH or a build in build/.
#
# Behind Orthanc (package orthanc) the same watch looks into its storage, which holds the received files as they are when
# StorageCompression is off; nothing there is changed:
#   Orthanc examples/orthanc.json &          the storage is ./orthanc
#   qct watch orthanc --out RESULTS [options]
set -euo pipefail
incoming=$1 results=$2 port=${3:-11112}
shift $(($# < 3 ? $# : 3))
command -v qct > /dev/null || PATH=$(dirname "$(dirname "$(realpath "$0")")")/build/bin:$PATH
mkdir -p "$incoming"
storescp --aetitle QCT --output-directory "$incoming" --sort-on-study-uid study --fork "$port" &
receiver=$!
trap 'kill $receiver 2> /dev/null' EXIT
qct watch "$incoming" --out "$results" "$@"
