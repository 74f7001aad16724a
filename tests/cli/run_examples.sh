#!/bin/bash
# usage: run_examples.sh COMMAND     the examples of a command's declaration, in order, in one empty
# folder; each must end with exit status 0. Exit status 77 when an example needs what is not built in.
set -u
. "$(dirname "$(realpath "$0")")/run_line.sh"
folder=$(mktemp -d "${TMPDIR:-/tmp}/qct-example-XXXXXX") || exit 1
log=$(mktemp "${TMPDIR:-/tmp}/qct-log-XXXXXX") || exit 1
trap 'rm -rf "$folder" "$log"' EXIT
examples=$(qct help "$1" --format examples) || exit 1
[ -n "$examples" ] || { echo "qct help $1 --format examples is empty"; exit 1; }
cd "$folder" || exit 1
while IFS= read -r command; do
  echo "\$ $command"
  run_line "$command" "$log"
  status=$?
  head -c 20000 "$log"
  if [ "$status" -eq 4 ]; then
    echo "skipped: not built in"
    exit 77
  elif [ "$status" -ne 0 ]; then
    echo "exit status $status"
    exit 1
  fi
done <<< "$examples"
