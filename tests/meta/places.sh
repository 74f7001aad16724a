#!/bin/bash
# No tracked file names a folder of somebody's machine.
# usage: places.sh SOURCE-FOLDER
cd "$1" || exit 1
git rev-parse --git-dir > /dev/null 2>&1 || { echo "skipped: no git here"; exit 77; }
found=$(git grep -nIE '(^|[^a-zA-Z0-9_.$}])/(work|farm|home|root|Users)/[A-Za-z0-9]' -- ':!tests/meta/places.sh')
[ -z "$found" ] && exit 0
echo "$found"
exit 1
