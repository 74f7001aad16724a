#!/bin/bash
# usage: tests/package.sh [QCT.deb [BARE]]      from the root of the source tree, as root, with network
# The package on a bare Debian 12: installed by apt with nothing but what it asks for, then used by somebody without
# rights, from a digital patient to a report with a strength. QCT.deb: else one is built here (build-package/).
# BARE: a folder with a bare Debian 12 as debootstrap makes it, or its archive (.tar); it is copied, not changed; else
# debootstrap makes one. Exit status 77 when this cannot be done here.
set -euo pipefail
skip() { echo "skipped: $*"; exit 77; }
[ "$(id -u)" -eq 0 ] || skip 'only root can change the root folder'
deb=${1:-} bare=${2:-}
if [ -z "$deb" ]; then
  command -v dpkg-shlibdeps > /dev/null || skip 'dpkg-shlibdeps (package dpkg-dev) is not installed'
  cmake --preset package > /dev/null && cmake --build build-package > /dev/null
  (cd build-package && cpack > /dev/null)
  deb=$(ls build-package/qct_*.deb)
fi
deb=$(realpath "$deb")

work=$(mktemp -d "${TMPDIR:-/tmp}/qct-package-XXXXXX")
root=$work/root
clean() { umount "$root/proc" 2> /dev/null || true; rm -rf --one-file-system "$work"; }
trap clean EXIT
mkdir "$root"
case $bare in
'')
  command -v debootstrap > /dev/null || skip 'debootstrap is not installed'
  debootstrap --variant=minbase bookworm "$root" > "$work/log" 2>&1 || { tail -3 "$work/log"; skip 'debootstrap failed: no network?'; }
  ;;
*.tar) tar -C "$root" --strip-components=1 -xf "$bare" ;;
*) cp -a "$bare/." "$root" ;;
esac
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc" || skip '/proc cannot be mounted'
cp "$deb" "$root/tmp/qct.deb"
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
before=$(inside dpkg-query -W -f '.\n' | wc -l)
inside apt-get update -q > "$work/log" 2>&1 || { tail -3 "$work/log"; skip 'no packages can be had: no network?'; }
inside apt-get install -q -y --no-install-recommends /tmp/qct.deb > "$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
echo "installed with $(($(inside dpkg-query -W -f '.\n' | wc -l) - before - 1)) other packages, $(du -sm --one-file-system "$root" | cut -f1) MB in all"

cat > "$root/tmp/smoke" << 'END'
set -euo pipefail
cd "$(mktemp -d)"
qct --version
[ -z "$(ldd "$(command -v qct)" /usr/lib/qct/*.so | grep 'not found')" ]
qct phantom hip --seed 1 --spacing 3,3,3 --truth-step 4 --out patient > /dev/null
qct run patient/ct --labels patient/labels.nii.gz --out result --phantom mindways-model3-ct --analyses bmd,fall --size 4
grep -E '^[^,]*,femur_left,fall_failure_load,[0-9]' result/record.csv
grep -q '</html>' result/report.html
qct dicom report result/record.csv report.dcm
qct convert patient/ct back.nii.gz
qct fea verify | tail -3
printf 'id,path,labels\nA,patient/ct,patient/labels.nii.gz\n' > scans.csv
qct cohort scans.csv --out cohort --phantom mindways-model3-ct --analyses calibrate
ls /usr/share/man/man1/qct-run.1* /usr/share/doc/qct > /dev/null
END
inside chown -R nobody /tmp/smoke
chroot --userspec=nobody:nogroup "$root" env -i PATH=/usr/bin:/bin HOME=/tmp LC_ALL=C.UTF-8 bash /tmp/smoke || { echo 'the installed program fails'; exit 1; }
inside apt-get remove -q -y qct > "$work/log" 2>&1 || { tail "$work/log"; exit 1; }
[ ! -e "$root/usr/bin/qct" ] && [ ! -e "$root/usr/lib/qct" ] || { echo 'files stay after the package is removed'; exit 1; }
echo 'installed, used and removed on a bare Debian 12'
