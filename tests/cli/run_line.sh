# shellcheck shell=bash
# Sourced: run_line COMMAND LOG runs one line of an example in the current folder.
#
# Many examples begin by making the same digital patient. What `qct phantom ...` makes depends on nothing but
# its command line and the program, so it is made once and kept in $QCT_EXAMPLE_CACHE.

run_line() {
  local command=$1 log=$2 key kept
  case $command in
  'qct phantom '*) ;;
  *) bash -c "$command" < /dev/null > "$log" 2>&1; return ;;
  esac
  if [ -z "${QCT_EXAMPLE_CACHE:-}" ]; then
    bash -c "$command" < /dev/null > "$log" 2>&1
    return
  fi
  key=$({ echo "$command"; cat "$(command -v qct)"; } | sha256sum | cut -c1-32)
  kept=$QCT_EXAMPLE_CACHE/$key
  mkdir -p "$QCT_EXAMPLE_CACHE"
  (
    flock 9
    [ -d "$kept" ] && exit 0
    find "$QCT_EXAMPLE_CACHE" -mindepth 1 -maxdepth 1 -type d -mmin +240 -exec rm -rf {} +
    rm -rf "$kept.part" && mkdir "$kept.part" && cd "$kept.part" &&
      bash -c "$command" < /dev/null > "$log" 2>&1 && cp "$log" "$kept.part/.log" && mv "$kept.part" "$kept"
  ) 9> "$kept.lock"
  if [ -d "$kept" ]; then
    cp "$kept/.log" "$log"
    cp -a "$kept/." . && rm -f .log
  else # it reads files of this folder, or fails
    bash -c "$command" < /dev/null > "$log" 2>&1
  fi
}
