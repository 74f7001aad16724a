#!/bin/bash
# usage: faults.sh      (qct is on the PATH)
# The world goes wrong around the program. Every fault must end in the documented exit status, with a
# message that names the thing, without a file under the name of a result that is not whole. Faults
# that this machine cannot make (no rights to mount, no locale files) are named as left out.
set -u
work=$(mktemp -d "${TMPDIR:-/tmp}/qct-faults-XXXXXX") || exit 1
cleanup() { umount "$work/full" 2> /dev/null; rm -rf "$work"; }
trap cleanup EXIT
cd "$work" || exit 1
export LC_ALL=C.UTF-8
failures=0
complain() { failures=$((failures + 1)); echo "FAILED: $*"; sed 's/^/    /' err 2> /dev/null | head -5; }
left_out() { echo "left out: $*"; }

# expect NAME STATUS REGEX ABSENT COMMAND...: exit status, message on standard error, no such path.
# A minute of processor time is far more than any of these needs: a hang ends there.
expect() {
  local name=$1 wanted=$2 regex=$3 absent=$4 status
  shift 4
  rm -rf a.nii a.json a.nii.gz a.nrrd
  (ulimit -t 60; "$@" > out 2> err)
  status=$?
  [ "$status" -eq "$wanted" ] || complain "$name: exit status $status, expected $wanted: $*"
  [ -z "$regex" ] || grep -qE -- "$regex" err || complain "$name: no message like '$regex'"
  for path in $absent; do
    [ ! -e "$path" ] || complain "$name: $path was left"
  done
  leftovers=$(find . -name '.part-*' | head -3)
  [ -z "$leftovers" ] || { complain "$name: left behind: $leftovers"; find . -name '.part-*' -delete; }
}

qct phantom rods --out rods --quiet || exit 1
qct convert rods/ct ct.nii.gz --quiet || exit 1
cp -r rods/ct damaged
slice=$(find damaged -type f | sort | head -1)

# ---- writing ----
limited() { (ulimit -f "$1"; shift; "$@"); } # blocks of 1024 bytes
expect 'file size limit' 1 'a\.nii' a.nii limited 100 qct convert rods/ct a.nii
expect 'file size limit, gzip' 1 'a\.nii\.gz' a.nii.gz limited 100 qct convert rods/ct a.nii.gz
expect 'file size limit, DICOM' 1 series series limited 100 qct convert rods/ct series
expect 'file size limit, NRRD' 1 'a\.nrrd' a.nrrd limited 100 qct convert rods/ct a.nrrd
mkdir full
if mount -t tmpfs -o size=256k none full 2> /dev/null; then
  expect 'disk full, NIfTI' 1 'full/a\.nii' full/a.nii qct convert rods/ct full/a.nii
  expect 'disk full, labels' 1 'full' full/l.nrrd qct convert rods/ct full/l.nrrd
  expect 'disk full, series' 1 'full' full/series qct convert rods/ct full/series
  expect 'disk full, phantom' 1 'full' full/p/ct qct phantom rods --out full/p
  mount -o remount,ro full
  expect 'read-only file system' 1 'full/a\.nii' full/a.nii qct convert rods/ct full/a.nii
  expect 'read-only file system, run' 1 'full' full/case qct run rods/ct --out full/case
  umount full
else
  left_out 'a full disk: file systems cannot be mounted here'
fi
expect 'full device' 1 'standard output' '' bash -c 'qct help --format json > /dev/full'
touch file
expect 'folder below a file' 1 'file/a\.nii' '' qct convert rods/ct file/a.nii
expect 'result below a file' 1 'file' '' qct run rods/ct --out file/case
expect 'folder that is not there' 1 'none/a\.nii' none qct convert rods/ct none/a.nii
expect 'proc' 1 '/proc' '' qct convert rods/ct /proc/a.nii

# ---- reading ----
expect 'input below a file' 1 'file/ct\.nii\.gz' a.nii qct convert file/ct.nii.gz a.nii
expect 'absent input' 1 'none\.csv' '' qct table describe none.csv
expect 'folder as a table' 1 'rods' '' qct table describe rods
expect 'unreadable input' 1 'mem' '' qct table describe /proc/self/mem
if [ "$(id -u)" -eq 0 ]; then
  cp ct.nii.gz secret.nii.gz && chmod 000 secret.nii.gz && chmod 777 . && chmod -R a+rX rods
  if command -v setpriv > /dev/null && setpriv --reuid 65534 --clear-groups true 2> /dev/null &&
    setpriv --reuid 65534 --clear-groups "$(command -v qct)" --version > /dev/null 2>&1; then
    other() { setpriv --reuid 65534 --clear-groups "$(command -v qct)" "$@"; }
    expect 'no right to read' 1 'secret\.nii\.gz' a.nii other convert secret.nii.gz a.nii
    mkdir locked && chmod 555 locked
    expect 'no right to write' 1 'locked' locked/a.nii other convert ct.nii.gz locked/a.nii
  else
    left_out 'files without rights: no other user to be here'
  fi
else
  cp ct.nii.gz secret.nii.gz && chmod 000 secret.nii.gz
  expect 'no right to read' 1 'secret\.nii\.gz' a.nii qct convert secret.nii.gz a.nii
  mkdir locked && chmod 555 locked
  expect 'no right to write' 1 'locked' locked/a.nii qct convert ct.nii.gz locked/a.nii
fi
mkdir -p loop/a && ln -s ../.. loop/a/up && ln -s self loop/self
expect 'only loops of links' 3 'loop' a.nii qct convert loop a.nii
ln -s round1 round2 && ln -s round2 round1
expect 'link to itself' 1 'round1' a.nii qct convert round1 a.nii
cp -r rods/ct looped && ln -s . looped/again && ln -s ../looped looped/other
expect 'scan with loops of links' 0 '' '' qct convert looped through.nii --quiet

# ---- headers that lie ----
head -c 1000 "$slice" > cut && cp cut damaged/"$(basename "$slice")"
expect 'first slice cut within its header is told' 0 '1 damaged DICOM file left out' '' qct convert damaged a.nii
rm -rf damaged && cp -r rods/ct damaged && head -c 1500 rods/ct/"$(basename "$slice")" > "$slice"
expect 'slice cut within its pixels' 3 'cut short' a.nii qct convert damaged a.nii
patch_bytes() { printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
length_of() { # file tag: offset of the 4-byte length of an OW/OB element (explicit little endian)
  LC_ALL=C grep -obUaP "$2" "$1" | tail -1 | cut -d: -f1
}
for length in '\x00\x00\x00\x00' '\x01\x00\x00\x00'; do
  rm -rf damaged && cp -r rods/ct damaged
  at=$(length_of "$slice" '\xe0\x7f\x10\x00O[WB]\x00\x00')
  [ -n "$at" ] || { complain 'the pixel data were not found'; break; }
  patch_bytes "$slice" $((at + 8)) "$length"
  expect "pixel data of length $length" 3 'cut short' a.nii qct convert damaged a.nii
done
rm -rf damaged && cp -r rods/ct damaged
at=$(length_of "$slice" '\x28\x00\x10\x00US\x02\x00')
patch_bytes "$slice" $((at + 8)) '\xff\xff'
expect '65535 rows' 3 'rows|cut short|size' a.nii qct convert damaged a.nii
# one element put in before the patient's name: its length is beyond the file, or it holds sequences without end
put_in() { # printf format of the bytes, how often
  local name
  name=$(LC_ALL=C grep -obUaP '\x10\x00\x10\x00PN' "$slice" | head -1 | cut -d: -f1)
  { head -c "$name" "$slice"
    for ((n = 0; n < $2; n++)); do printf "$1"; done
    tail -c +$((name + 1)) "$slice"; } > put && mv put "$slice"
}
for length in '\xf0\xff\xff\xff' '\xff\xff\xff\x7f' '\x00\x00\x00\x01'; do
  rm -rf damaged && cp -r rods/ct damaged && put_in '\x09\x00\x10\x10OB\x00\x00'"$length" 1
  expect "a header element of length $length" 0 'damaged DICOM file left out' '' qct convert damaged a.nii
done
rm -rf damaged && cp -r rods/ct damaged && put_in '\x09\x00\x10\x10SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff' 20000
expect 'twenty thousand sequences in one another' 0 'damaged DICOM file left out' '' qct convert damaged a.nii
nrrd() { # sizes of the header; 60 voxels of data
  printf 'NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: %s\nspace directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\nendian: little\nencoding: raw\n\n' "$1"
  head -c 120 /dev/zero
}
nrrd '5 4 3' > right.nrrd
expect 'the right size' 0 '' '' qct convert right.nrrd right.nii --quantity HU --quiet
for sizes in '5 4 4' '2000 2000 2000' '4294967296 4294967296 4' '-5 4 3' '0 4 3' '9223372036854775807 2 2' '99999999999999999999 1 1'; do
  nrrd "$sizes" > lie.nrrd
  expect "NRRD of $sizes" 3 'lie\.nrrd' a.nii qct convert lie.nrrd a.nii --quantity HU
done
printf 'ObjectType = Image\nNDims = 34444444444444444\nDimSize = 5 4 3\nElementType = MET_FLOAT\nElementDataFile = LOCAL\n' > lie.mha
expect 'MetaImage of too many axes' 3 'lie\.mha: its header states' a.nii qct convert lie.mha a.nii --quantity HU
gzip -dc ct.nii.gz > whole.nii
for sizes in '\xff\x7f\xff\x7f\xff\x7f' '\x00\x00\x01\x00\x01\x00' '\xff\xff\x01\x00\x01\x00'; do
  cp whole.nii lie.nii && patch_bytes lie.nii 42 "$sizes"
  expect "NIfTI of $sizes" 3 'lie\.nii' a.nii qct convert lie.nii a.nii --quantity HU
done
cp whole.nii lie.nii && patch_bytes lie.nii 108 '\xff\xff\xff\x7f' # vox_offset is NaN
expect 'NIfTI with data at NaN' 3 'lie\.nii' a.nii qct convert lie.nii a.nii --quantity HU
head -c 3000 ct.nii.gz > cut.nii.gz
expect 'gzip cut in two' 3 'cut\.nii\.gz' a.nii qct convert cut.nii.gz a.nii --quantity HU
head -c 100000 whole.nii > cut.nii
expect 'NIfTI cut in two' 3 'cut\.nii' a.nii qct convert cut.nii a.nii --quantity HU

# ---- memory ----
truncate -s 432000000 huge.raw
printf 'ObjectType = Image\nNDims = 3\nDimSize = 600 600 600\nElementType = MET_SHORT\nElementSpacing = 1 1 1\nElementDataFile = huge.raw\n' > huge.mhd
small() { (ulimit -v "$1"; shift; "$@"); }
expect 'no memory for a volume' 1 '[Mm]emory|MB|alloc|GB' a.nii small 700000 qct convert huge.mhd a.nii --quantity HU
rm -f huge.raw

# ---- killed ----
for delay in 0.02 0.05 0.1 0.2; do
  rm -f killed.nii.gz killed.json
  qct convert rods/ct killed.nii.gz --quiet 2> err &
  sleep "$delay"
  kill -9 $! 2> /dev/null
  wait $! 2> /dev/null
  if [ -e killed.nii.gz ]; then cmp -s killed.nii.gz ct.nii.gz || complain "killed after $delay s: half a file under its final name"; fi
  find . -name '.part-*' -delete
done
rm -f killed.nii.gz killed.json

# ---- many files ----
mkdir many
for i in $(seq 1 10000); do echo "no image $i" > "many/$i"; done
expect 'ten thousand files that are no DICOM' 3 'many' a.nii qct convert many a.nii
rm -rf many
nrrd '2 2 10000' > tall.nrrd && head -c 80000 /dev/zero >> tall.nrrd
expect 'a series of ten thousand slices' 0 '' '' qct convert tall.nrrd many --quantity HU --quiet
expect 'ten thousand slices' 0 '' '' qct info many --json
grep -q '"size": \[2, 2, 10000\]' out || complain 'ten thousand slices: another size'
rm -rf many tall.nrrd && mkdir many
nrrd '5 4 20' > small.nrrd && seq 1 1000 | head -c 680 >> small.nrrd
expect 'a small series' 0 '' '' qct convert small.nrrd small --quantity HU --quiet
for i in $(seq 1 500); do cp -lr small "many/$i"; done
expect 'ten thousand slices, each one many times' 0 '' '' qct convert many a.nii --quiet
qct convert small b.nii --quiet && cmp -s a.nii b.nii || complain 'ten thousand slices, each one many times: another volume'
rm -rf many

# ---- a locale with a decimal comma ----
mkdir locales
if command -v localedef > /dev/null && localedef -i de_DE -f UTF-8 locales/de_DE.UTF-8 2> err; then
  printf 'id,x\na,1.5\nb,2.25\n' > t.csv
  qct table describe t.csv > plain.txt 2> err || complain 'table describe'
  LOCPATH=$work/locales LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 qct table describe t.csv > german.txt 2> err || complain 'in German'
  cmp -s plain.txt german.txt || complain 'numbers differ in a German locale'
  SOURCE_DATE_EPOCH=0 qct convert rods/ct plain.nrrd --quiet 2> err
  SOURCE_DATE_EPOCH=0 LOCPATH=$work/locales LC_ALL=de_DE.UTF-8 qct convert rods/ct german.nrrd --quiet 2> err
  cmp -s plain.nrrd german.nrrd || complain 'an image differs in a German locale'
else
  left_out 'a German locale: localedef or its files are not here'
fi

[ "$failures" -eq 0 ] && echo 'every fault ended as documented'
exit $((failures > 0))
