#!/bin/bash
# usage: tests/run.sh [ctest options...]
# Set-up, release build with warnings as errors, every test. Closes with the summary of ctest.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."
. cmake/setup.sh

setup_packages
setup_build all

say "testing"
export OMP_WAIT_POLICY=passive # as many tests as cores run at once; their threads must not spin
exec ctest --test-dir build --output-on-failure -j "$(nproc)" "$@"
