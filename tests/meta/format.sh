#!/bin/bash
# Every tracked C and C++ file is as clang-format 14 writes it.
# usage: format.sh SOURCE-FOLDER
cd "$1" || exit 1
formatter=$(command -v clang-format-14) || { echo "skipped: clang-format-14 is not installed"; exit 77; }
bad=0
while IFS= read -r file; do
  [ -f "$file" ] || continue
  "$formatter" --dry-run --Werror "$file" 2> /dev/null || { echo "not formatted: $file"; bad=1; }
done < <(git ls-files '*.c' '*.h' '*.cc' '*.hh' 2> /dev/null || ls ./*/*.[ch] ./*/*.cc)
[ $bad -eq 0 ] || echo "run: clang-format-14 -i FILE"
exit $bad
