#!/bin/bash
# Digital hips to learn from. usage: cnn_people.sh FOLDER FIRST LAST
# One folder a seed: ct and labels (right hip, 3 mm voxels, kernel and noise of one of six scans), drr.nii.gz, the frontal
# projection of the CT with all that is in it, and row.csv: total hip areal density that is really there (quadrature of
# the solids, K2HPO4 equivalent) and the failure load in a fall by finite elements of 4 mm on the density without blur and
# noise. About 3.5 s of processor time a person; what is there is left, so it may be stopped and started again.
set -euo pipefail
folder=${1:?folder} first=${2:?first seed} last=${3:?last seed}
mkdir -p "$folder"
cd "$folder"
kernels=(smooth standard sharp)

person() {
  local s=$1 d=tmp_$1 abmd load
  rm -rf "$d"
  qct -q -j 1 phantom hip --seed "$s" --scan-seed "$s" --side right --spacing 3,3,3 --phantom none --format nifti --ideal \
    --kernel "${kernels[$((s % 3))]}" --noise $((s % 2 ? 10 : 20)) --truth-step 4 --out "$d"
  qct -q -j 1 drr "$d/ct.nii.gz" --labels "$d/labels.nii.gz" --frame "$d/frame.json" --pixel 3 --out "$d/drr.nii.gz" > /dev/null
  qct -q -j 1 fea fall "$d/density.nii.gz" "$d/labels.nii.gz" "$d/frame.json" --size 4 --no-interval --out "$d/fall.csv"
  load=$(awk -F, '$3 == "fall_failure_load" {print $4}' "$d/fall.csv")
  abmd=$(awk '/"projected":/ {p=1} p && /"total":/ {t=1} t && /"k2hpo4_eq":/ {k=1}
    k && /"abmd":/ {gsub(/[^0-9.]/, "", $2); print $2; exit}' "$d/truth.json")
  [ -n "$load" ] && [ -n "$abmd" ] || return 1
  echo "p$s,$s/ct.nii.gz,$s/labels.nii.gz,$s/drr.nii.gz,$abmd,$load" > "$d/row.csv"
  (cd "$d" && rm -f ideal.* density.* coverage.* params.json truth.json fall.csv)
  mv "$d" "$s"
}
for s in $(seq "$first" "$last"); do
  [ -f "$s/row.csv" ] || person "$s" || { echo "seed $s: left out"; rm -rf "tmp_$s"; }
done
