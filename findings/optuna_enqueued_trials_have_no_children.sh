#!/usr/bin/env bash
# optuna 5.0.0: a trial that is put in line with all its values (enqueue_trial), as one does with a known good setting or
# with a trial whose worker has died, is expected to be a parent of later trials of NSGA-II like any other. It gets no
# generation, which only sampling gives, and the population is made of trials that have one: even the best trial of the
# study is never crossed, and what is put in line adds to no generation's size. With 4 enqueued trials and a population of 4,
# the first generation is begun anew after them. Seen on 2026-11-30 with Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "optuna==5.0.0"
cat > "$folder/enqueue.py" <<'PYTHON'
import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
GENERATION = "NSGAIISampler:generation"


def objective(trial):
    """Three choices, the sum of which is to be large."""
    return sum(trial.suggest_categorical(name, list(range(100))) for name in "abc")


study = optuna.create_study(
    direction="maximize",
    sampler=optuna.samplers.NSGAIISampler(population_size=4, mutation_prob=0.0, seed=0),
)
for number in range(4):
    study.enqueue_trial({name: 99 - number for name in "abc"})
study.optimize(objective, n_trials=12)
generations = [trial.system_attrs.get(GENERATION) for trial in study.trials]
print("generation of each trial:", generations)
enqueued, drawn = study.trials[:4], study.trials[8:]
assert generations[:4] == [None] * 4, "the behaviour has changed"
assert generations[4:8] == [0] * 4 and generations[8:] == [1] * 4, "the behaviour has changed"
best = {trial.params[name] for trial in enqueued for name in "abc"}
children = {trial.params[name] for trial in drawn for name in "abc"}
parents = {trial.params[name] for trial in study.trials[4:8] for name in "abc"}
print("values of the enqueued trials, the best four:", sorted(best), "of the next generation:", sorted(children))
assert children <= parents, "the behaviour has changed"
assert min(trial.value for trial in enqueued) > max(trial.value for trial in study.trials[4:])
PYTHON
"$folder/venv/bin/python" "$folder/enqueue.py"
