#!/bin/bash
# usage: benchmarks/femur_pose.sh [BUILD-DIR] [PERSON] [SLICE] [FOLDER]
# One digital person (seed PERSON) in 20 poses, turned by up to 15 degrees each in flexion, abduction and rotation and painted
# anew on voxels of 0.7 x 0.7 x SLICE mm: spread of what the frame found from the CT alone says of it. Restarts where it was
# stopped; remove FOLDER/rows to measure anew. About 35 s of processor time a pose.
set -e
build=$(realpath "${1:-build}") person=${2:-1000} slice=${3:-1} folder=${4:-out/femur_pose}
[ -x "$build/bin/bench_femur" ] || cmake --build "$build" --target bench_femur qct > /dev/null
mkdir -p "$folder/rows"
cd "$folder"
for i in $(seq 20); do
  scan=p${person}_z${slice}_$i
  [ -f "rows/$scan.csv" ] && continue
  # an even sequence in the cube of the three angles
  pose=$(awk -v i="$i" 'function turn(x) { return 30 * (x * i % 1 - 0.5) }
    BEGIN { printf "%.2f,%.2f,%.2f,0,0,0", turn(0.8191725), turn(0.6710436), turn(0.5497005) }')
  "$build/bin/qct" -q phantom hip --seed "$person" --format nifti --spacing 0.7,0.7,"$slice" --pose "$pose" --truth-step 4 \
    --force --out "$scan"
  "$build/bin/bench_femur" "$scan" > "rows/$scan.part" && mv "rows/$scan.part" "rows/$scan.csv"
  rm -r "$scan"
done
cat rows/p"${person}_z${slice}"_*.csv | awk -F, '
  $2 == "refused" { print "REFUSED " $1 ": " $3; next }
  $2 ~ /^(head_radius|neck_shaft|offset|femoral_axis_length|lesser_trochanter|total_integral_vbmd)$/ {
    key = $2; unit[key] = $3
    if (!(key in n)) order[keys++] = key
    e = $4 - $5; n[key]++; f[key] += $4; ff[key] += $4 * $4; s[key] += e; ss[key] += e * e
  }
  function sd(n, sum, square, v) { v = (square - sum * sum / n) / (n - 1); return sqrt(v > 0 ? v : 0) }
  END {
    printf "%-22s %-7s %5s %9s %9s %11s %9s\n", "of the poses", "unit", "poses", "mean", "SD", "mean error", "SD"
    for (i = 0; i < keys; i++) {
      k = order[i]
      printf "%-22s %-7s %5d %9.3f %9.3f %+11.3f %9.3f%s\n", k, unit[k], n[k], f[k] / n[k], sd(n[k], f[k], ff[k]), s[k] / n[k],
        sd(n[k], s[k], ss[k]), k == "neck_shaft" ? (sd(n[k], f[k], ff[k]) < 0.5 ? "  below 0.5: held" : "  goal 0.5: MISSED") : ""
    }
  }'
