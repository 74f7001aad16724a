# shellcheck shell=bash
# Sourced by examples/quickstart.sh and tests/run.sh, from the root of the source tree: packages,
# configuration, build. Each step is quick when its work is already done.

say() { printf '\n== %s\n' "$*" >&2; }

# The packages of packages.txt: installed as root, named for the administrator otherwise.
setup_packages() {
  command -v dpkg-query > /dev/null || { say "no Debian packages here; going on without"; return 0; }
  local wanted missing='' package
  wanted=$(sed 's/#.*//' packages.txt)
  for package in $wanted; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2> /dev/null) == *'ok installed'* ]] ||
      missing="$missing $package"
  done
  [ -z "$missing" ] && return 0
  local install="apt-get install -y --no-install-recommends$missing"
  if [ "$(id -u)" -ne 0 ]; then
    echo "These packages are missing; ask your administrator for" >&2
    echo "    $install" >&2
    return 1
  fi
  say "installing$missing"
  apt-get update -q >&2
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $install >&2
}

# One release build in build/, shared by both scripts; warnings are errors with the compiler of
# Debian 12, which the source is kept free of warnings for.
setup_build() { # [targets...]
  local werror=OFF
  grep -qs '^VERSION_ID="12"' /etc/os-release && werror=ON
  say "building"
  [ -f build/build.ninja ] && grep -q "QCT_WERROR:BOOL=$werror" build/CMakeCache.txt ||
    cmake --preset release -DQCT_WERROR=$werror > build.log 2>&1 || { cat build.log; return 1; }
  rm -f build.log
  cmake --build build --target "${@:-all}" >&2
}
