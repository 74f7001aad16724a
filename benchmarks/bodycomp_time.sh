#!/bin/bash
# usage: benchmarks/bodycomp_time.sh CHEST [QCT]     a chest CT (DICOM folder or image file)
# Processor seconds of heart fat, calcium and trunk compartments beside reading alone. Target for 512 x 512 x 118
# voxels: all together below 5 s of computing on two cores after reading. Limit by the bytes moved: growing a label
# writes and reads the squared distances to two sheets, 4 bytes each, along three axes, 48 bytes a voxel; the trunk
# grows eight times within the body (about 19 million voxels): 7.3 GB, 0.7 s at 10 GB/s. Other passes move 2 to 8
# bytes a voxel, about thirty of them: 4 GB. The heart works on 2 mm voxels, a third as many.
set -eu
chest=$(realpath "$1")
qct=$(realpath "${2:-build/bin/qct}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
spent() { # command...: user + system seconds
  python3 - "$@" << 'P'
import resource, subprocess, sys, time
start = time.time()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
use = resource.getrusage(resource.RUSAGE_CHILDREN)
print("%.2f,%.2f,%d" % (use.ru_utime + use.ru_stime, time.time() - start, done.returncode))
P
}
{
  echo "stage,processor [s],wall [s],exit status"
  echo "reading,$(spent "$qct" -q info "$chest")"
  echo "reading + heart fat,$(spent "$qct" -q pericardium "$chest" --sac sac.nii.gz)"
  echo "reading + calcium in the sac,$(spent "$qct" -q calcium "$chest" --region sac.nii.gz --label 1 --name pericardial)"
  echo "reading + trunk,$(spent "$qct" -q bodycomp trunk "$chest" parts.nii.gz)"
} | tee stages.csv
awk -F, 'NR == 2 { p = $2; w = $3 } NR > 2 { processor += $2 - p; wall += $3 - w }
  END { printf "= heart fat, calcium and trunk of a 512 x 512 x 118 chest, above reading | %.1f s (%.1f s of processor time) | aim 5 s on two cores\n", wall, processor }' stages.csv
