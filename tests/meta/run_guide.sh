#!/bin/bash
# The commands of a page of the guide: every line of its ```sh blocks, in order, in one empty folder; each must
# end with exit status 0. Exit status 77 when a command needs what is not built in.
# usage: run_guide.sh PAGE.md      (qct on the PATH)
set -u
page=$(realpath "$1")
. "$(dirname "$(realpath "$0")")/../cli/run_line.sh"
folder=$(mktemp -d "${TMPDIR:-/tmp}/qct-guide-XXXXXX") || exit 1
log=$(mktemp "${TMPDIR:-/tmp}/qct-log-XXXXXX") || exit 1
trap 'rm -rf "$folder" "$log"' EXIT
cd "$folder" || exit 1

awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$page" |
  sed -e ':join' -e '/\\$/N; s/\\\n//; tjoin' > commands.txt
count=0
while IFS= read -r command; do
  case $command in '' | '#'*) continue ;; esac
  count=$((count + 1))
  echo "\$ $command"
  run_line "$command" "$log"
  status=$?
  head -c 4000 "$log"
  if [ $status -eq 4 ]; then
    echo "skipped: not built in"
    exit 77
  elif [ $status -ne 0 ]; then
    tail -c 2000 "$log"
    echo "exit status $status"
    exit 1
  fi
done < commands.txt
[ $count -gt 0 ] || { echo "skipped: no command on this page"; exit 77; }
