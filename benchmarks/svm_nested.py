"""The peer of benchmarks/svm_nested.sh: the same nested cross-validation by scikit-learn, on 2 processes."""
import csv
import sys
import time

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

rows = list(csv.reader(open(sys.argv[1])))
names = rows[0]
features = [i for i, n in enumerate(names) if n.startswith("f") and n[1].isdigit()]
x = np.array([[float(r[i]) for i in features] for r in rows[1:]])
y = np.array([int(float(r[names.index("fracture")])) for r in rows[1:]])
grid = {"svc__C": 2.0 ** np.arange(-5, 16, 2), "svc__gamma": 2.0 ** np.arange(-15, 4, 2)}
start = time.perf_counter()
score = np.zeros(len(y))
for train, test in StratifiedKFold(10, shuffle=True, random_state=1).split(x, y):
    search = GridSearchCV(make_pipeline(StandardScaler(), SVC(class_weight="balanced", cache_size=200)), grid,
                          scoring="roc_auc", cv=StratifiedKFold(5, shuffle=True, random_state=1), n_jobs=2)
    search.fit(x[train], y[train])
    score[test] = search.decision_function(x[test])
print("%.2f %.4f" % (time.perf_counter() - start, roc_auc_score(y, score)))
