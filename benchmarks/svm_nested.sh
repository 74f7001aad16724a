#!/bin/sh
# Nested cross-validation of an RBF support vector machine: 500 people x 200 features, 10 outer and 5 inner folds,
# 110 grid points, two threads; against scikit-learn doing the same with two processes, in one run.
# usage: svm_nested.sh [path of qct]      needs python3-sklearn for the peer
set -e
qct=${1:-qct}
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
"$qct" risk simulate --people 500 --feature-count 200 --effects 10 --effect 0.4 --out "$dir/people.csv"
start=$(date +%s.%N)
"$qct" -q risk train "$dir/people.csv" --out "$dir/out" --learner svm-rbf --repeats 1 --group 'all=f*' --threads 2 > /dev/null
end=$(date +%s.%N)
ours=$(echo "$end - $start" | bc)
"$qct" -q risk evaluate "$dir/out/predictions.csv" | grep ',auc,' | cut -d, -f4 > "$dir/auc"
echo "qct           $ours s (final model, intervals and importance included), AUC $(cat "$dir/auc")"
if python3 -c 'import sklearn' 2> /dev/null; then py=python3; elif /usr/bin/python3 -c 'import sklearn' 2> /dev/null; then py=/usr/bin/python3; else
  echo "scikit-learn  not installed (package python3-sklearn)"
  exit 0
fi
peer=$("$py" "$here/svm_nested.py" "$dir/people.csv")
echo "scikit-learn  ${peer% *} s, AUC ${peer#* }"
echo "= nested validation of a support vector machine, 500 x 200 | $(printf %.1f "$ours") s | scikit-learn $(printf %.1f "${peer% *}") s"
echo "ratio         $(echo "${peer% *} / $ours" | bc -l | cut -c1-5)"
