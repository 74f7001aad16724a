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
  find "$QCT_EXAMPLE_CACHE" -mindepth 1 -maxdepth 1 -type d -mmin +240 ! -path "$kept" | while IFS= read -r old; do
    flock -n "${old%.part}.lock" rm -rf "$old" # not from under somebody who copies it
  done
  (
    flock 9
    [ -d "$kept" ] || {
      rm -rf "$kept.part" && mkdir "$kept.part" && cd "$kept.part" &&
        bash -c "$command" < /dev/null > "$log" 2>&1 9>&- && cp "$log" .log && cd "$OLDPWD" && mv "$kept.part" "$kept"
    } || exit 1
    cp "$kept/.log" "$log" && cp -a "$kept/." . && rm .log
  ) 9> "$kept.lock" && return
  bash -c "$command" < /dev/null > "$log" 2>&1 # it reads files of this folder, or fails
}
