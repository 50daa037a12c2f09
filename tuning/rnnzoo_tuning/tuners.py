"""The four search algorithms of Keras Tuner, each telling of its trials as they end."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras_tuner

from rnnzoo_tuning.hypermodel import ZooHyperModel

ALGORITHMS = ("random", "bayesian", "hyperband", "grid")

# One broken combination must not end a search; when all fail, the runner says so.
_NEVER = 10**9


def build_tuner(
    algorithm: str,
    hypermodel: ZooHyperModel,
    *,
    objective: tuple[str, str],
    max_trials: int,
    epochs: int,
    seed: int,
    directory: Path,
    on_trial: Callable[[Any], None],
) -> Any:
    """Builds a tuner; it takes up a search that it finds in ``directory``.

    Args:
        algorithm: ``"random"``, ``"bayesian"``, ``"hyperband"`` or ``"grid"``.
        hypermodel: What is tuned.
        objective: Metric and direction.
        max_trials: Trials at most (Hyperband counts its own).
        epochs: Epochs of a full trial.
        seed: Seed of the algorithm.
        directory: Where Keras Tuner keeps its files.
        on_trial: Called with each ended Keras Tuner trial.

    Returns:
        A Keras Tuner tuner.
    """
    kinds: dict[str, tuple[type, dict[str, Any]]] = {
        "random": (keras_tuner.RandomSearch, {"max_trials": max_trials}),
        "bayesian": (keras_tuner.BayesianOptimization, {"max_trials": max_trials}),
        "hyperband": (keras_tuner.Hyperband, {"max_epochs": epochs}),
        "grid": (keras_tuner.GridSearch, {"max_trials": max_trials}),
    }
    base, arguments = kinds[algorithm]

    class Reporting(base):  # type: ignore[misc, valid-type]
        def on_trial_end(self, trial: Any) -> None:
            super().on_trial_end(trial)
            on_trial(self.oracle.get_trial(trial.trial_id))

    with contextlib.redirect_stdout(io.StringIO()):  # it announces a reload on standard output
        return Reporting(
            hypermodel,
            objective=keras_tuner.Objective(*objective),
            seed=seed + 1,  # Keras Tuner takes 0 for none
            directory=str(directory.parent),
            project_name=directory.name,
            max_consecutive_failed_trials=_NEVER,
            **arguments,
        )


def planned_trials(algorithm: str, tuner: Any, max_trials: int) -> int:
    """Returns how many trials a search will run at most."""
    if algorithm != "hyperband":
        return max_trials
    oracle = tuner.oracle
    return sum(
        oracle._get_size(bracket, rung)
        for bracket in range(oracle._get_num_brackets())
        for rung in range(oracle._get_num_rounds(bracket))
    )
