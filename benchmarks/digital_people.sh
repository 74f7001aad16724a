# shellcheck shell=bash
# Sourced by the studies of digital hips. measure_people PROGRAM FIRST LAST SLICE...: in the current folder, a row file
# rows/z<slice>_p<person>.csv of each person (odd seeds left, even ones right, voxels of 0.7 x 0.7 mm) by PROGRAM, which is given
# the folder of the scan. Scans stay; what has its rows is left alone, so a study may be stopped and started again.
measure_people() {
  local program=$1 first=$2 last=$3 slice person scan side
  shift 3
  mkdir -p rows
  for slice; do
    for person in $(seq "$first" "$last"); do
      scan=z${slice}_p$person side=left
      [ $((person % 2)) = 0 ] && side=right
      [ -f "rows/$scan.csv" ] && continue
      [ -f "$scan/truth.json" ] || "$(dirname "$program")/qct" -q phantom hip --seed "$person" --side $side --format nifti \
        --spacing 0.7,0.7,"$slice" --force --out "$scan"
      "$program" "$scan" > "rows/$scan.part" && mv "rows/$scan.part" "rows/$scan.csv"
    done
  done
}
