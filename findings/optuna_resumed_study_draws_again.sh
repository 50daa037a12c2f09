#!/usr/bin/env bash
# A study of Optuna in a database is meant to be gone on with. Its samplers' state is not in it: a search with a seed
# that is stopped after three trials and taken up by the same program draws the first three trials anew, and nothing says
# so, neither of random search nor of TPE before its startup trials are over. Half of the budget buys nothing. A seed that
# depends on the number of the trial as well, set before each one, gives the trials of the uninterrupted search.
# optuna 5.0.0, SQLite, Python 3.11; 2026-11-30.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check optuna==5.0.0
cat > "$folder/behaviour.py" <<'PY'
import pathlib
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
folder = pathlib.Path(sys.argv[1])
samplers = {"random": optuna.samplers.RandomSampler, "TPE": optuna.samplers.TPESampler}


def objective(trial):
    return trial.suggest_float("rate", 1e-4, 1e-1, log=True)


def searched(name, sampler, parts, by_number):
    """Runs a search in parts, each as a program of its own would."""
    for trials in parts:
        study = optuna.create_study(
            storage=f"sqlite:///{folder / name}.db", study_name="s", load_if_exists=True, sampler=sampler(seed=7)
        )
        for _ in range(trials):
            if by_number:
                study.sampler = sampler(seed=7 + len(study.get_trials()))
            study.optimize(objective, n_trials=1)
    return [round(trial.params["rate"], 6) for trial in study.get_trials()]


for name, sampler in samplers.items():
    whole = searched(f"{name}-whole", sampler, [6], by_number=False)
    stopped = searched(f"{name}-stopped", sampler, [3, 3], by_number=False)
    print(name, "in one piece:", whole, "taken up after three:", stopped)
    assert stopped[:3] == whole[:3], "behaviour changed"
    assert stopped[3:] == stopped[:3] != whole[3:], "behaviour changed"
    numbered = [searched(f"{name}-{parts}", sampler, parts, by_number=True) for parts in ([6], [3, 3])]
    print(name, "with a seed for each trial:", numbered[0], numbered[1])
    assert numbered[0] == numbered[1]
    assert len(set(numbered[0])) == 6
PY
"$folder/venv/bin/python" "$folder/behaviour.py" "$folder"
