#!/usr/bin/env bash
# A grid search of Keras Tuner that is taken up again in a new process ends at once: of 12 combinations 5 are tried, no
# error, exit 0. GridSearchOracle saves which trials were run, but neither the list of combinations that it walks nor
# its queue, so that the reloaded oracle finds nothing to go on from. A random search goes on as one would expect.
# keras-tuner 1.4.8, keras 3.15.1 (JAX backend), Python 3.11; 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check keras-tuner==1.4.8 keras==3.15.1 jax==0.10.2 \
  numpy==2.4.6 scipy==1.17.1 scikit-learn==1.8.0 six==1.17.0
cd "$folder"
cat > search.py <<'PY'
import contextlib, io, sys

import keras_tuner

kind, stop = sys.argv[1], int(sys.argv[2])


class Tuner(keras_tuner.engine.base_tuner.BaseTuner):
    tried = 0

    def run_trial(self, trial):
        x = trial.hyperparameters.Int("x", 0, 11)
        return (x - 7) ** 2

    def on_trial_end(self, trial):
        super().on_trial_end(trial)
        Tuner.tried += 1
        if Tuner.tried == stop:
            raise KeyboardInterrupt


def build(parameters):
    parameters.Int("x", 0, 11)


oracles = {"grid": keras_tuner.oracles.GridSearchOracle, "random": keras_tuner.oracles.RandomSearchOracle}
oracle = oracles[kind](objective=keras_tuner.Objective("default_objective", "min"), max_trials=12, seed=1)
with contextlib.redirect_stdout(io.StringIO()):
    tuner = Tuner(oracle, build, directory="kept", project_name=kind)
    with contextlib.suppress(KeyboardInterrupt):
        oracle.verbose = 0
        tuner.search()
print(f"{keras_tuner.__version__} {kind}: {Tuner.tried} trials in this process, {len(oracle.trials)} in all")
PY
export KERAS_BACKEND=jax
for kind in random grid; do
  "$folder/venv/bin/python" search.py $kind 5
  "$folder/venv/bin/python" search.py $kind 0 | tee "$kind.txt"
done
grep -q "grid: 0 trials in this process, 5 in all" grid.txt
! grep -q "random: 0 trials" random.txt
echo "as found: the grid search was not gone on with, and nothing said so"
