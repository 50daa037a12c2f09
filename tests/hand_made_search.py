"""The directory of a search, written without one: settings, and a study whose trials are what a test says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from rnnzoo import TrainConfig
from rnnzoo.files import write_json
from rnnzoo_tuning.study_storage import storage_of

MODEL = "series-classifier-gru"
DISTRIBUTIONS: dict[str, BaseDistribution] = {
    "units": CategoricalDistribution(["[8]", "[16, 16]"]),
    "learning_rate": FloatDistribution(1e-3, 3e-2, log=True),
    "optimizer": CategoricalDistribution(['"adam"', '"sgd"']),
    "clip_bound": FloatDistribution(0.1, 1.0, log=True),
}
SETTINGS: dict[str, Any] = {
    "model": MODEL,
    "algorithm": "tpe",
    "pruner": None,
    "objective": "val_accuracy",
    "direction": "max",
    "model_space": {"units": {"kind": "choice", "values": [[8], [16, 16]]}},
    "training_space": {
        "learning_rate": {"kind": "real", "low": 1e-3, "high": 3e-2, "log": True, "step": None},
        "optimizer": {"kind": "choice", "values": ["adam", "sgd"]},
        "clip_bound": {"kind": "real", "low": 0.1, "high": 1.0, "log": True, "step": None},
    },
    "conditions": {"clip_bound": {"on": "optimizer", "values": ["sgd"]}},
    "arguments": {"dropout": 0.1},
    "train_config": TrainConfig(epochs=3, batch_size=128, tensorboard=False).to_dict(),
    "seed": 0,
    "data": {"source": "digits (scikit-learn)", "checksum": "0", "rows": {"train": 1257}},
}
ADAM: dict[str, Any] = {"units": "[8]", "learning_rate": 0.01, "optimizer": '"adam"'}
SGD: dict[str, Any] = {"units": "[16, 16]", "learning_rate": 0.02, "optimizer": '"sgd"', "clip_bound": 0.5}


def done(
    *scores: float, curve: Sequence[float] = (), measures: Any = None, **values: Any
) -> optuna.trial.FrozenTrial:
    """A trial that came to its last epoch."""
    kept = {"measures": measures} if measures else {}
    return trial(
        TrialState.COMPLETE, values, scores, curve, facts={"score": scores[0], "seconds": 1.5}, **kept
    )


def pruned(score: float, *, curve: Sequence[float] = (), **values: Any) -> optuna.trial.FrozenTrial:
    """A trial that was ended early."""
    return trial(TrialState.PRUNED, values, (), curve, facts={"score": score, "seconds": 0.5})


def refused(reason: str, **values: Any) -> optuna.trial.FrozenTrial:
    """A trial that a limit refused before it was trained."""
    return trial(TrialState.PRUNED, values, refused=reason, measures={"size_mb": 9.5})


def failed(reason: str, **values: Any) -> optuna.trial.FrozenTrial:
    """A trial that failed."""
    return trial(TrialState.FAIL, values, reason=reason)


def trial(
    state: TrialState,
    values: dict[str, Any],
    scores: Sequence[float] = (),
    curve: Sequence[float] = (),
    **attributes: Any,
) -> optuna.trial.FrozenTrial:
    return optuna.trial.create_trial(
        state=state,
        values=list(scores) or None,
        params=values,
        distributions={name: DISTRIBUTIONS[name] for name in values},
        intermediate_values=dict(enumerate(curve, 1)),
        user_attrs={"values": values, **attributes},
    )


def write_search(
    root: Path,
    *trials: optuna.trial.FrozenTrial,
    directions: Sequence[Any] = ("maximize",),
    finished: bool = False,
    **settings: Any,
) -> Path:
    """Writes the directory of a search."""
    root.mkdir()
    write_json(
        root / "search.json",
        {
            "format_version": 2,
            "settings": {**SETTINGS, **settings},
            "max_trials": 20,
            "finished": finished,
        },
    )
    study = optuna.create_study(
        storage=storage_of(root / "study.db"), study_name="search", directions=list(directions)
    )
    study.add_trials(trials)
    return root
