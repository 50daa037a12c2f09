#!/usr/bin/env bash
# scikit-learn's histogram gradient boosting gets slower, not faster, with a second thread as soon as
# other processes want the cores: its OpenMP threads wait for each other at every histogram and every split
# by spinning. The model is the same to the last bit. The default takes all cores, so a fit of seconds takes
# minutes on a machine that is shared, and nothing says why.
# scikit-learn 1.9.1, threadpoolctl 3.8.0, numpy 2.4.6; 2026-11-29
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  scikit-learn==1.9.1 threadpoolctl==3.8.0 numpy==2.4.6
cat > "$folder/behaviour.py" <<'EOF'
import multiprocessing
import os
import statistics
import sys
import time

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits


def busy():
    while True:
        pass


def seconds(threads, x, y):
    with threadpool_limits(limits=threads, user_api="openmp"):
        started = time.perf_counter()
        model = HistGradientBoostingRegressor(max_iter=10, early_stopping=False, random_state=0).fit(x, y)
        return time.perf_counter() - started, model.predict(x[:100])


if __name__ == "__main__":
    print("scikit-learn", sklearn.__version__, "cores", os.cpu_count())
    if os.cpu_count() < 2:
        sys.exit("needs two cores")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5_000, 40))
    y = x[:, :5].sum(axis=1) + rng.normal(size=5_000)
    seconds(1, x, y)
    others = [multiprocessing.Process(target=busy, daemon=True) for _ in range(2 * os.cpu_count())]
    for other in others:
        other.start()
    one, every = [], []
    for _ in range(3):
        took, alone = seconds(1, x, y)
        one.append(took)
        took, together = seconds(os.cpu_count(), x, y)
        every.append(took)
        assert np.array_equal(alone, together)
    for other in others:
        other.terminate()
    print("beside", len(others), "busy processes: 1 thread", round(statistics.median(one), 1), "s,",
          os.cpu_count(), "threads", round(statistics.median(every), 1), "s; the same answers")
    sys.exit(0 if statistics.median(every) > 1.5 * statistics.median(one) else "all threads are as fast as one")
EOF
"$folder/venv/bin/python" "$folder/behaviour.py"
