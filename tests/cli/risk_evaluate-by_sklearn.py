"""Compares figures of qct with scikit-learn. Arguments: predictions.csv, evaluation.csv. Fails above 1e-9."""
import csv
import sys

from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

rows = list(csv.DictReader(open(sys.argv[1])))
outcome = [int(float(r["outcome"])) for r in rows]
score = [float(r["score"]) for r in rows]
probability = [float(r["probability"]) for r in rows]
ours = {r["quantity"]: float(r["value"]) for r in csv.DictReader(open(sys.argv[2])) if r["value"]}
theirs = {"auc": roc_auc_score(outcome, score), "brier": brier_score_loss(outcome, probability),
          "log_loss": log_loss(outcome, probability)}
worst = max(abs(ours[k] - v) for k, v in theirs.items())
print("agree" if worst < 1e-9 else "differ", worst, theirs)
sys.exit(int(worst >= 1e-9))
