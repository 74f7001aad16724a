#!/bin/bash
# Part of cnn_learning.sh, run in its work folder: the femur of the digital hip by a 3-D U-Net.
# usage: cnn_learning_segment.sh PEOPLE. Pieces for a shared machine: QCT_STEP=data, QCT_STEP=train with
# QCT_PAUSE=N (epochs until the pause; run again to go on), QCT_STEP=test; without it all of them.
set -euo pipefail
people=${1:-40} unseen=10 step=${QCT_STEP:-all}
mkdir -p hips
hip() { # seed: a person's right hip, 3 mm voxels; a network that meets left hips would need to be told the side
  [ -f "hips/$1/labels.nii.gz" ] && return
  qct -q phantom hip --seed "$1" --scan-seed "$1" --side R --spacing 3,3,3 --truth-step 4 --phantom none \
    --format nifti --force --out "hips/$1"
}
unseen_seeds() { seq 900001 $((900000 + unseen)); }

if [ "$step" = all ] || [ "$step" = data ]; then
  for s in $(seq 1 "$people") $(unseen_seeds); do hip "$s"; done
  { echo id,image,labels,split
    for s in $(seq 1 "$people"); do
      split=train
      [ $((s % 8)) = 0 ] && split=validation
      echo "p$s,$s/ct.nii.gz,$s/labels.nii.gz,$split"
    done; } > hips/manifest.csv
fi
if [ "$step" = all ] || [ "$step" = train ]; then
  time qct cnn train hips/manifest.csv --out unet --force --task segment --label-column labels \
    --classes femur_right=76 --split split --network unet --width 8 --stages 4 \
    --shape 48,48,48 --spacing 3,3,3 --window -200,1000 --epochs 40 --batch 2 --learning-rate 0.003 \
    --augment-rotate 12 --augment-elastic 1 --augment-value 60 --augment-noise 0.03 --augment-blur 0.8 \
    --pause "${QCT_PAUSE:-0}" --resume
fi
[ "$step" = all ] || [ "$step" = test ] || exit 0
for s in $(unseen_seeds); do
  qct -q cnn segment "hips/$s/ct.nii.gz" --model unet/model_0.h5 --force --out "hips/$s/found.nii.gz" \
    --table "hips/$s/found.csv"
done
python3 "$(dirname "$0")/dice.py" 76 $(for s in $(unseen_seeds); do echo "hips/$s/found.nii.gz hips/$s/labels.nii.gz"; done)

# the real hips beside the checkout, if any: no claim is made for these. The reference is our own outline by rule
# (sts044) and TotalSegmentator's automatic labels, not a human's drawing.
shared=${QCT_SHARED:-$(dirname "$0")/../../shared}/data
[ -d "$shared" ] || exit 0
mkdir -p real
qct -q anatomy femur "$shared/hip_right_sts044/dicom" --out real/sts044_truth.nii.gz --force > /dev/null 2>&1 || echo "no outline of sts044"
qct -q cnn segment "$shared/hip_right_sts044/dicom" --model unet/model_0.h5 --out real/sts044.nii.gz --table real/sts044.csv --force
qct -q cnn segment "$shared/abdopelvis_totalseg/example_ct.nii.gz" --model unet/model_0.h5 --out real/abdopelvis.nii.gz --table real/abdopelvis.csv --force
python3 "$(dirname "$0")/dice.py" 76 real/sts044.nii.gz real/sts044_truth.nii.gz \
  real/abdopelvis.nii.gz "$shared/abdopelvis_totalseg/example_seg_fast_force_split.nii.gz"
