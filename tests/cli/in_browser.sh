#!/bin/bash
# usage: in_browser.sh FILE.html...       opens pages in headless Chromium at the width of a desktop and of a phone, light
# and dark, and fails on a console message, a request that leaves the file, or a page wider than its window. With
# QCT_PICTURES=FOLDER the screenshots are left there.
set -u
folder=$(mktemp -d "${TMPDIR:-/tmp}/qct-browser-XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0
open_page() { # page width height scheme(0 dark, 1 light) screenshot
  chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$folder/profile" --hide-scrollbars --window-size="$2,$3" \
    --blink-settings=preferredColorScheme="$4" --enable-logging=stderr --log-net-log="$folder/net.json" \
    --screenshot="$5" "file://$(realpath "$1")" > "$folder/log" 2>&1 < /dev/null
}
for page in "$@"; do
  for size in 1280,900 390,844; do
    for scheme in 0 1; do
      name=$(basename "$page" .html)-${size%,*}-$([ $scheme = 0 ] && echo dark || echo light).png
      open_page "$page" "${size%,*}" "${size#*,}" $scheme "$folder/$name" || { echo "$page: Chromium failed"; tail -5 "$folder/log"; exit 1; }
      if grep 'CONSOLE' "$folder/log"; then echo "$page at $size: messages on the console"; failed=1; fi
      # requests of the browser itself have no page behind them: "not an origin"
      if grep -E '"url": ?"(https?|wss?|ftp):' "$folder/net.json" | grep '"initiator"' | grep -v '"initiator":"not an origin"' |
        grep -o -E '"url": ?"[^"]*"' | sort -u | grep .; then
        echo "$page at $size: requests"; failed=1
      fi
      [ -n "${QCT_PICTURES:-}" ] && cp "$folder/$name" "$QCT_PICTURES"
    done
  done
  echo "$(basename "$page"): opened four times"
done
# a phone must not need to scroll the page sideways: tables and figures do that in their own boxes
for page in "$@"; do
  # a copy without the policy that forbids scripts, with one that measures
  { sed 's/<meta http-equiv="Content-Security-Policy"[^>]*>//; s/style-src .unsafe-inline.">//' "$page"
    echo '<script>document.title="width "+Math.max(0,document.documentElement.scrollWidth-innerWidth)</script>'; } > "$folder/width.html"
  chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$folder/profile" --hide-scrollbars --window-size=390,844 \
    --dump-dom "file://$folder/width.html" 2> /dev/null < /dev/null | grep -o '<title>width [0-9]*' | tail -1 > "$folder/width"
  width=$(sed 's/.*width //' "$folder/width")
  [ "$width" = 0 ] || { echo "$page: ${width:-unknown} px wider than a narrow window"; failed=1; }
done
exit $failed
