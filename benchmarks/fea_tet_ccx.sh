#!/bin/bash
# A 10-node femur solved by qct and by CalculiX (ccx) in one run: unknowns, processor and wall time of
# each, and the force on the head. The job's moduli are the means of 1000 bins. Debian's ccx factors
# with SPOOLES; with ITERATIVE=1 it iterates (incomplete Cholesky), which is what fits into memory at
# 300 k nodes.
# usage: [SOLVERS="corners gamg mumps"] [ITERATIVE=1] benchmarks/fea_tet_ccx.sh [EDGE_MM]
#   1.57 mm gives about 300 k nodes, 1.9 mm (the default) about 177 k
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
bin=${BIN:-$here/build/bin}
export PATH=$bin:$PATH OMP_WAIT_POLICY=passive OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}
edge=${1:-1.9}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
readlink -f /usr/lib/x86_64-linux-gnu/libblas.so.3 || true
qct phantom hip --out hip --format nifti --spacing 1.5,1.5,1.5 -q
qct calibrate phantom hip/ct.nii.gz --phantom mindways-model3-ct --out calibration.json -q 2> /dev/null
qct calibrate apply hip/ct.nii.gz calibration.json --out density.nii.gz -q
for solver in ${SOLVERS:-corners}; do
  echo "qct, $solver"
  from=$(date +%s%N)
  time qct fea fall density.nii.gz hip/labels.nii.gz hip/frame.json --elements tet10 --size $edge --neck-size $edge \
    --solver $solver --no-interval --out row.csv --mesh job.inp --inp-bins 1000 --force -v 2>&1 |
    grep -E '^mesh solve|out of memory' || true
  ours=$((($(date +%s%N) - from) / 1000000))
done
awk -F, '$3 == "fall_load" { print "force on the head [N]: " $4 } $3 == "fall_nodes" { print "nodes: " $4 }' row.csv
[ -z "${ITERATIVE:-}" ] || sed -i 's/^\*STATIC.*/*STATIC, SOLVER=ITERATIVE CHOLESKY/I' job.inp
grep -i -m1 '^\*STATIC' job.inp
echo "ccx"
from=$(date +%s%N)
time ccx job > ccx.out 2>&1 || { tail -3 ccx.out; exit 1; }
theirs=$((($(date +%s%N) - from) / 1000000))
grep -A2 'set FIX_Y_0 ' job.dat | tail -1
awk -F, -v o=$ours -v t=$theirs '$3 == "fall_nodes" { printf "= femur of 10-node tetrahedra, %d nodes, whole command | %.1f s | ccx %.1f s\n", $4, o / 1e3, t / 1e3 }' row.csv
