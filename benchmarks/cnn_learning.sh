#!/bin/bash
# Do the networks learn what they should from digital people, and nothing from noise?
#
#   benchmarks/cnn_learning.sh abmd|permuted|bodies|segment|strength [WORK] [PEOPLE]
#
# abmd      areal density of simple femur bodies from frontal projections; 100 unseen seeds. Aim: r > 0.95; seen 0.9988
# permuted  the same with shuffled targets. Aim: |r| < 0.15; seen -0.13
# bodies    femur of the simple bodies by a 3-D U-Net; 10 unseen seeds. Aim: Dice >= 0.95
# segment   femur of the digital hip by a 3-D U-Net; unseen seeds, then the real hips of ../shared when they are there.
#           Not run to the end yet
# strength  is a digital hip's failure load in a fall below the median? From the frontal areal density of the bone
#           alone; out-of-fold AUC. Not run to the end yet
#
# They prove that the loop works, not clinical value. Uses the `qct` on the PATH.
set -euo pipefail
task=${1:?abmd, permuted, bodies, segment or strength}
work=${2:-$(mktemp -d)}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work"
cd "$work"
export OMP_WAIT_POLICY=passive

project() { # folder with manifest.csv -> projections/ and drr.csv
  local folder=$1 image id
  mkdir -p "$folder/drr"
  tail -n +2 "$folder/manifest.csv" | cut -d, -f1,2 | while IFS=, read -r id image; do
    [ -f "$folder/drr/$id.nii.gz" ] || qct -q drr "$folder/$image" --pixel 2 --out "$folder/drr/$id.nii.gz" > /dev/null
  done
  awk -F, -v OFS=, 'NR>1 {$2="drr/" $1 ".nii.gz"} {print}' "$folder/manifest.csv" > "$folder/drr.csv"
}

bodies() {
  local people=${1:-400}
  [ -f train/manifest.csv ] || qct -q phantom femurs --people "$people" --seed 1 --out train
  [ -f test/manifest.csv ] || qct -q phantom femurs --people 100 --seed 500001 --out test
  project train
  project test
}

train_abmd() { # manifest, result folder
  qct -q -j 1 cnn train "$1" --out "$2" --force --task regress --target abmd --unit g/cm2 --network small --width 8 \
    --shape 48,48,1 --spacing 2,2,2 --window 0,4 --epochs 40 --batch 16 --learning-rate 0.003 \
    --augment-shift 2 --folds 5 --members 1 --seed 1
}

case $task in
abmd)
  bodies "${3:-400}"
  time train_abmd train/drr.csv abmd
  qct cnn predict test/drr.csv --model abmd/model_0.h5 --target abmd --out abmd/test.csv
  grep ,agreement, abmd/test.csv
  ;;
permuted)
  bodies "${3:-400}"
  # the target column in another order, fixed by awk's seed
  awk -F, -v OFS=, 'NR==1 {head=$0; next} {n++; row[n]=$0; y[n]=$6}
    END {srand(7); for (i=n;i>1;i--) {j=int(rand()*i)+1; t=y[i]; y[i]=y[j]; y[j]=t}
         print head; for (i=1;i<=n;i++) {$0=row[i]; $6=y[i]; print}}' train/drr.csv > train/permuted.csv
  time train_abmd train/permuted.csv permuted
  qct cnn predict test/drr.csv --model permuted/model_0.h5 --target abmd --out permuted/test.csv
  grep ,agreement, permuted/test.csv
  ;;
bodies)
  bodies "${3:-400}"
  head -81 train/manifest.csv > train/segment.csv
  time qct -q -j 1 cnn train train/segment.csv --out unet_bodies --force --task segment --label-column labels \
    --classes femur=76 --folds 5 --members 1 --network unet --width 8 --stages 3 --shape 24,24,24 --spacing 2,2,2 \
    --window -200,1000 --epochs 10 --batch 8 --learning-rate 0.01
  pairs=''
  for i in $(seq 500001 500010); do
    qct -q cnn segment "test/ct_$i.nii.gz" --model unet_bodies/model_0.h5 --out "unet_bodies/$i.nii.gz" --force > /dev/null
    pairs="$pairs unet_bodies/$i.nii.gz test/labels_$i.nii.gz"
  done
  # shellcheck disable=SC2086
  python3 "$here/dice.py" 76 $pairs
  ;;
segment) "$here/cnn_learning_segment.sh" "${3:-40}" ;;
strength) "$here/cnn_learning_strength.sh" "${3:-120}" ;;
*) echo "abmd, permuted, bodies, segment or strength"; exit 2 ;;
esac
