#!/bin/bash
# Do the networks learn what they should from digital hips, and nothing from noise?
#
#   benchmarks/cnn_learning.sh people|segment|abmd|permuted|strength [WORK [SHUFFLES]]
#
# people    240 digital hips to learn from (seeds 1001-1240) and 100 unseen ones (1-100), cnn_people.sh: 20 min of one core
# segment   the femur by a 3-D U-Net. Aim: Dice >= 0.95 on unseen hips (11-20: what --largest is for was seen on 1-10); then the real hips beside the checkout
# abmd      total hip areal density from frontal projections of the whole CT. Aim: r > 0.95 on the unseen hips
# permuted  the same with the targets shuffled, many times, by a network of half the width. Aim: mean r within 0.15 of 0
# strength  is the failure load in a fall below the median of those to learn from? AUC on the unseen hips
#
# What was seen is in docs/screening.md. They prove that the loop works, not clinical value. WORK keeps what was made, and
# a training that was stopped goes on. Uses the `qct` on the PATH.
set -euo pipefail
task=${1:?people, segment, abmd, permuted or strength}
work=${2:-$(mktemp -d)}
here=$(cd "$(dirname "$0")" && pwd)
shared=${QCT_SHARED:-$here/../../shared}/data
mkdir -p "$work"
cd "$work"
export OMP_WAIT_POLICY=passive

rows() { # first and last seed -> manifest; weak: below the median load of those to learn from; every tenth validates
  local s median
  median=$(cat hips/1[0-9][0-9][0-9]/row.csv | cut -d, -f6 | sort -n | awk '{x[NR] = $1} END {print x[int((NR + 1) / 2)]}')
  echo 'id,image,labels,drr,abmd [g/cm2],load [N],weak,split'
  for s in $(seq "$1" "$2"); do
    [ ! -f "hips/$s/row.csv" ] || awk -F, -v OFS=, -v m="$median" -v s="$s" \
      '{print $0, ($6 < m), s % 10 ? "train" : "validation"}' "hips/$s/row.csv"
  done
}

segment() {
  local s pairs=''
  head -101 hips/learn.csv > hips/segment.csv
  time qct cnn train hips/segment.csv --out unet --resume --task segment --label-column labels --classes femur=76 \
    --split split --network unet --width 8 --stages 4 --shape 48,48,48 --spacing 3,3,3 --window -200,1200 \
    --epochs 8 --batch 2 --patches 2 --learning-rate 0.003 --augment-flip --augment-rotate 12 --augment-elastic 1 \
    --augment-value 60 --augment-noise 0.03 --augment-blur 0.8
  for s in $(seq 11 20); do
    qct -q cnn segment "hips/$s/ct.nii.gz" --model unet/model_0.h5 --largest --force --out "unet/$s.nii.gz" > /dev/null
    pairs="$pairs unet/$s.nii.gz hips/$s/labels.nii.gz"
  done
  # shellcheck disable=SC2086
  python3 "$here/dice.py" 76 $pairs
  [ -d "$shared" ] && real
}

# No claim is made for these. The reference is this program's outline by rule (sts044) and another network's labels, not a
# person's drawing. The network calls a femur of either side 76.
real() {
  qct -q anatomy femur "$shared/hip_right_sts044/dicom" --out unet/rule --force > /dev/null
  qct -q cnn segment "$shared/hip_right_sts044/dicom" --model unet/model_0.h5 --force --out unet/sts044.nii.gz
  qct -q cnn segment "$shared/abdopelvis_totalseg/example_ct.nii.gz" --model unet/model_0.h5 --force --out unet/abdopelvis.nii.gz
  python3 "$here/dice.py" 75,76 unet/sts044.nii.gz unet/rule/labels.nii.gz \
    unet/abdopelvis.nii.gz "$shared/abdopelvis_totalseg/example_seg_fast_force_split.nii.gz"
}

picture_network() { # manifest, result folder, what to learn; then what it is worth on the unseen hips
  local manifest=$1 out=$2
  shift 2
  qct -q cnn train "$manifest" --out "$out" --force --image drr --network small --width "${width:-8}" --shape 48,64,1 --spacing 3,3,3 \
    --window 0,4 --batch 16 --learning-rate 0.003 --augment-shift 2 --folds 5 "$@" > /dev/null
}

# permuted/K.csv: r, concordance and R2 on the unseen hips of a network that learnt from shuffled densities. R2 is
# against the mean of those to learn from: what someone who saw no image would say.
shuffled() {
  local k=$1
  awk -F, -v OFS=, -v k="$k" 'NR == 1 {head = $0; next} {row[++n] = $0; y[n] = $5}
    END {srand(k); for (i = n; i > 1; i--) {j = int(rand() * i) + 1; t = y[i]; y[i] = y[j]; y[j] = t}
         print head; for (i = 1; i <= n; i++) {$0 = row[i]; $5 = y[i]; print}}' hips/learn.csv > hips/shuffled.csv
  width=4 picture_network hips/shuffled.csv shuffled --epochs 10 --task regress --target abmd --unit g/cm2 --members 1 --seed "$k"
  qct -q cnn predict hips/unseen.csv --image drr --model "$(models shuffled)" --target abmd --case-column id --force \
    --out shuffled/unseen.csv > /dev/null
  r2=$(awk -F, 'FILENAME == "hips/learn.csv" {if (FNR > 1) {m += $5; n++} next}
    FILENAME == "hips/unseen.csv" {if (FNR > 1) y[$1] = $5; next}
    $3 == "abmd" && $1 in y {e += (y[$1] - $4) ^ 2; t += (y[$1] - m / n) ^ 2} END {print 1 - e / t}' \
    hips/learn.csv hips/unseen.csv shuffled/unseen.csv)
  awk -F, -v k="$k" -v r2="$r2" '$3 == "r" {r = $4} $3 == "ccc" {c = $4} END {print k "," r "," c "," r2}' \
    shuffled/unseen.csv > "permuted/$k.csv"
}

# One shuffle proves nothing by r: see docs/screening.md. The mean over shuffles, and how often one reaches the true r.
judge_shuffles() {
  local true_r=''
  [ ! -f abmd/unseen.csv ] || true_r=$(awk -F, '$3 == "r" {print $4}' abmd/unseen.csv)
  awk -F, -v t="$true_r" '{n++; r += $2; rr += $2 * $2; c += $3; e += $4; if (NR == 1 || $4 > top) top = $4
      a = $2 < 0 ? -$2 : $2; if (a > most) most = a; small += a < 0.15; if (t != "" && a >= t) above++}
    END {m = r / n; sd = sqrt((rr - n * m * m) / (n - 1)); h = 1.96 * sd / sqrt(n)
      printf "%d shuffles: mean r %.3f (95 %% %.3f to %.3f), SD %.3f, largest |r| %.2f, below 0.15 in %d\n", n, m, m - h, m + h, sd, most, small
      printf "mean concordance %.3f, mean R2 %.3f, largest R2 %.3f\n", c / n, e / n, top
      if (t != "") printf "true r %.3f: p = %.4f\n", t, (1 + above) / (n + 1)}'
}

models() {
  ls "$1"/model_*.h5 | paste -sd,
}

if [ "$task" = people ]; then
  "$here/cnn_people.sh" hips 1001 1240
  "$here/cnn_people.sh" hips 1 100
  exit
fi
rows 1001 1240 > hips/learn.csv
rows 1 100 > hips/unseen.csv
wc -l hips/learn.csv hips/unseen.csv
case $task in
segment) segment ;;
abmd)
  time picture_network hips/learn.csv abmd --epochs 30 --task regress --target abmd --unit g/cm2 --members 1
  qct cnn predict hips/unseen.csv --image drr --model "$(models abmd)" --target abmd --force --out abmd/unseen.csv
  grep ,agreement, abmd/unseen.csv
  ;;
permuted)
  mkdir -p permuted
  for k in $(seq "${3:-49}"); do [ -f "permuted/$k.csv" ] || shuffled "$k"; done
  cat permuted/*.csv | judge_shuffles
  ;;
strength)
  time picture_network hips/learn.csv weak --epochs 30 --task classify --target weak --members 1
  qct cnn predict hips/unseen.csv --image drr --model "$(models weak)" --case-column id --force --out weak/unseen.csv
  { echo score,outcome
    awk -F, 'FNR == NR {if ($3 == "probability_weak") p[$1] = $4; next} FNR > 1 && $1 in p {print p[$1] "," $7}' \
      weak/unseen.csv hips/unseen.csv; } > weak/scores.csv
  qct risk evaluate weak/scores.csv --probability score
  ;;
*) echo "people, segment, abmd, permuted or strength"; exit 2 ;;
esac
