#!/bin/bash
# Part of cnn_learning.sh, run in its work folder: is a digital hip's failure load in a fall below the median?
# usage: cnn_learning_strength.sh PEOPLE. QCT_STEP=data makes what is missing, for at most QCT_MOST people a call.
set -euo pipefail
people=${1:-120} most=${QCT_MOST:-100000} step=${QCT_STEP:-all}
mkdir -p strength
person() { # seed -> strength/<seed>.csv with the load, strength/<seed>.nii.gz with the picture
  local d=strength/tmp_$1
  qct -q phantom hip --seed "$1" --side R --spacing 3,3,3 --truth-step 4 --format nifti --force --out "$d"
  qct -q calibrate phantom "$d/ct.nii.gz" --phantom mindways-model3-ct --out "$d/calibration.json" --force > /dev/null
  qct -q calibrate apply "$d/ct.nii.gz" "$d/calibration.json" --out "$d/density.nii.gz" --force
  qct -q drr "$d/density.nii.gz" --value abmd --labels "$d/labels.nii.gz" --frame "$d/frame.json" --only-mask \
    --pixel 3 --out "strength/$1.nii.gz" --force > /dev/null
  qct -q fea fall "$d/density.nii.gz" "$d/labels.nii.gz" "$d/frame.json" --size 3 --no-interval --out "$d/fall.csv" --force
  mv "$d/fall.csv" "strength/$1.csv"
  rm -r "$d"
}
if [ "$step" != train ]; then
  made=0
  for s in $(seq 1 "$people"); do
    [ -f "strength/$s.csv" ] && continue
    [ $made -lt "$most" ] || exit 0
    person "$s" || echo "seed $s: left out"
    made=$((made + 1))
  done
fi
[ "$step" = data ] && exit 0
for s in $(seq 1 "$people"); do
  [ -f "strength/$s.csv" ] && awk -F, -v s="$s" '$3=="fall_failure_load" && $4!="" {print "p" s "," s ".nii.gz," $4}' "strength/$s.csv"
done > strength/loads.txt
median=$(cut -d, -f3 strength/loads.txt | sort -n | awk '{x[NR]=$1} END {print x[int((NR+1)/2)]}')
awk -F, -v m="$median" 'BEGIN {print "id,image,load [N],weak"} {print $0 "," ($3 < m)}' strength/loads.txt > strength/manifest.csv
echo "$(wc -l < strength/loads.txt) people, median load $median N"
time qct cnn train strength/manifest.csv --out weak --force --task classify --target weak --network small --width 8 \
  --shape 48,64,1 --spacing 3,3,3 --window 0,2 --epochs 30 --batch 16 --learning-rate 0.003 --augment-shift 2 \
  --folds 5 --members 5 --seed 1 | grep out_of_fold
