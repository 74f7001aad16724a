#!/bin/bash
# Every key after "Source:" in a header or source file stands in core/sources.def, which is sorted
# and free of doubles.
# usage: sources.sh SOURCE-FOLDER
cd "$1" || exit 1
bad=0
keys=$(sed -nE 's/^SOURCE\(([a-z0-9_]+),.*/\1/p' core/sources.def)
doubles=$(echo "$keys" | LC_ALL=C sort | uniq -d)
[ -z "$doubles" ] || { echo "keys twice in core/sources.def: $doubles"; bad=1; }
echo "$keys" | LC_ALL=C sort -c || { echo "core/sources.def is not sorted by key"; bad=1; }
while IFS= read -r hit; do
  place=${hit%%Source: *} key=${hit#*Source: }
  key=$(echo "$key" | grep -oE '^[a-z_]+(19|20)[0-9]{2}[a-z]?') || continue
  grep -qx "$key" <<< "$keys" || { echo "unknown source: $place$key"; bad=1; }
done < <(grep -noE 'Source: +[a-z][a-z0-9_]*.{0,20}' ./*/*.h ./*/*.c ./*/*.cc 2> /dev/null | grep -v '^./tests/')
exit $bad
