#!/bin/bash
# usage: library.sh SOURCE BUILD: libqct as another project sees it. Installs into an empty prefix,
# builds examples/library there with pkg-config (shared and static) and with find_package, and runs
# it on a DICOM scan, for which the library must find its module by itself.
set -euo pipefail
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
cmake --install "$build" --prefix "$work/prefix" > "$work/log" 2>&1 || { tail "$work/log"; exit 1; }
export PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
unset QCT_MODULE_PATH
cd "$work"
qct=$work/prefix/bin/qct
"$qct" phantom rods --out rods --fov 340,360,9 > /dev/null

version=$("$qct" --version | sed -n '1s/qct //p')
[ "$(pkg-config --modversion qct)" = "$version" ] || fail "pkg-config names another version than $version"
# What is searched is read whole first: under pipefail a grep that leaves at its first match may end
# the program before it by SIGPIPE, and the pipe with it.
readelf -d prefix/lib/libqct.so > dynamic
grep -q 'SONAME.*libqct\.so\.[0-9]' dynamic || fail "libqct.so has no versioned soname"
grep -rIl -e "$build" -e "$source" prefix/include prefix/lib/pkgconfig prefix/lib/cmake &&
  fail "installed files name the build machine's folders"

# every installed header, in C11 and in C++17, with no include path but the installed one
(cd prefix/include/qct && find . -name '*.h') | sed 's|^\./\(.*\)|#include "\1"|' | sort > all.c
[ "$(wc -l < all.c)" -gt 100 ] || fail "only $(wc -l < all.c) headers installed"
cp all.c all.cc
# shellcheck disable=SC2046
cc -std=c11 -Werror -fsyntax-only all.c $(pkg-config --cflags qct)
# shellcheck disable=SC2046
c++ -std=c++17 -Werror -fsyntax-only all.cc $(pkg-config --cflags qct)

example=$source/examples/library
# shellcheck disable=SC2046
cc -std=c11 "$example/mean_hu.c" -o shared $(pkg-config --cflags --libs qct) "-Wl,-rpath,$work/prefix/lib"
# shellcheck disable=SC2046
cc -std=c11 "$example/mean_hu.c" -o static $(pkg-config --cflags --libs qct-static)
cmake -S "$example" -B made "-DCMAKE_PREFIX_PATH=$work/prefix" > "$work/log" && cmake --build made >> "$work/log"

ldd shared > shared.needs
ldd static > static.needs
grep -q "$work/prefix/lib/libqct" shared.needs || fail "the shared program does not use the installed library"
grep -q libqct static.needs && fail "the static program needs the shared library"
./shared rods/ct rods/labels.nii.gz > shared.csv
./made/mean_hu rods/ct rods/labels.nii.gz > made.csv
QCT_MODULE_PATH=$work/prefix/lib/qct ./static rods/ct rods/labels.nii.gz > static.csv
cmp shared.csv made.csv
cmp shared.csv static.csv
cmake -S "$example" -B made "-DCMAKE_PREFIX_PATH=$work/prefix" -DQCT_TARGET=qct::static > "$work/log" && cmake --build made >> "$work/log"
QCT_MODULE_PATH=$work/prefix/lib/qct ./made/mean_hu rods/ct rods/labels.nii.gz | cmp shared.csv -
[ "$(wc -l < shared.csv)" -gt 5 ] || { cat shared.csv; fail "the example measured no labels"; }
./shared rods/ct absent.nii.gz 2> message && fail "the example did not fail on an absent file"
grep -q 'absent.nii.gz' message || fail "the example's message does not name the file"
