# shellcheck shell=bash
# Sourced: on_free_port COMMAND... starts a DICOM server that listens on $port and returns when it answers; $server is its
# process. Ports lie below those that the kernel gives to clients. A server that ends at once met another program on its
# port: the next one is tried.
on_free_port() {
  for _ in $(seq 20); do
    export port=$((20000 + RANDOM % 12000))
    "$@" &
    server=$!
    while kill -0 $server 2> /dev/null; do
      echoscu 127.0.0.1 "$port" 2> /dev/null && return
      sleep 0.1
    done
  done
  echo "no server: $*" >&2
  return 1
}
