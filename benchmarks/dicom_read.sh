#!/bin/bash
# usage: benchmarks/dicom_read.sh [QCT]      a 400-slice DICOM series, read by qct and by dcm2niix in turn
# Prints the ratio of the best times of five and the peak memory against the volume (float, 512 x 512 x 400).
# qct reads, checks and looks at every voxel (`qct info`); dcm2niix reads and writes an uncompressed NIfTI file.
# Targets: ratio at most 1.5, memory below 1.5 volumes. The second row takes the series compressed (lossless JPEG).
set -eu
qct=$(realpath "${1:-build/bin/qct}")
for program in dcm2niix gdcmconv; do
  command -v "$program" > /dev/null || { echo "$program is not installed"; exit 77; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

{
  printf 'NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 64 64 50\n'
  printf 'space directions: (5.6,0,0) (0,5.6,0) (0,0,5.6)\nspace origin: (0,0,0)\nencoding: ascii\n\n'
  seq 204800 | awk '{ print ($1 * 7919) % 1400 - 1000 }'
} > small.nrrd
"$qct" -q resample small.nrrd large.nrrd --size 0.7
"$qct" -q convert large.nrrd plain --quantity HU
rm large.nrrd
mkdir packed
for f in plain/*.dcm; do gdcmconv --jpeg "$f" "packed/${f##*/}"; done

seconds() { # command...: wall time
  local from to
  from=$(date +%s%N)
  "$@" > /dev/null 2>&1
  to=$(date +%s%N)
  echo $(((to - from) / 1000000))
}

volume_kb=$((512 * 512 * 400 * 4 / 1024))
echo "series,qct [ms],dcm2niix [ms],ratio,qct peak / volume"
for series in plain packed; do
  ours=999999 theirs=999999
  for _ in 1 2 3 4 5; do
    t=$(seconds "$qct" -q info "$series")
    [ "$t" -lt "$ours" ] && ours=$t
    t=$(seconds dcm2niix -f out -z n -b n -w 1 -o . "$series")
    [ "$t" -lt "$theirs" ] && theirs=$t
  done
  peak=$(python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$qct" -q info "$series")
  [ -s out.nii ] || { echo "dcm2niix did not read the $series series"; exit 1; }
  rm out.nii
  awk -v s="$series" -v a="$ours" -v b="$theirs" -v p="$peak" -v v="$volume_kb" \
    'BEGIN { printf "%s,%d,%d,%.2f,%.2f\n", s, a, b, a / b, p / v
              printf "= reading and checking 400 DICOM slices, %s | %.2f s, %.2f times the volume in memory | dcm2niix %.2f s\n", s, a / 1e3, p / v, b / 1e3 }'
done
