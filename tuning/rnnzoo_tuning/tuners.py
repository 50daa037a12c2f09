"""The four search algorithms of Keras Tuner, each telling of its trials as they end."""

from __future__ import annotations

import contextlib
import io
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np

from rnnzoo.errors import RnnzooError, RunError
from rnnzoo_tuning.hypermodel import SequenceHyperModel

# One broken combination must not end a search; when all fail, the runner says so.
_NEVER = 10**9


def build_tuner(
    algorithm: str,
    hypermodel: SequenceHyperModel,
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

    started = (directory / "oracle.json").is_file()
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it announces a reload on standard output
            tuner = _reporting(base, seed=seed, on_trial=on_trial)(
                hypermodel,
                objective=keras_tuner.Objective(*objective),
                seed=seed + 1,  # Keras Tuner takes 0 for none
                directory=str(directory.parent),
                project_name=directory.name,
                max_consecutive_failed_trials=_NEVER,
                **arguments,
            )
        _order(tuner.oracle)
    except RnnzooError:
        raise
    except Exception as error:  # Keras Tuner raises whatever comes: RuntimeError, KeyError, JSONDecodeError
        if not started:
            raise
        cause = error.__cause__ or error  # its own advice is for users of Keras Tuner
        raise RunError(
            f"{directory}: cannot be read as the trials of a search ({type(cause).__name__}: "
            f"{' '.join(str(cause).split())[:200]}); expected the files of a search that was stopped. Start a new "
            "search in another directory."
        ) from error
    tuner.oracle.verbose = 0
    return tuner


def _reporting(base: type, *, seed: int, on_trial: Callable[[Any], None]) -> Any:
    """Returns a class of tuners that tell of each trial when it ends."""

    class Reporting(base):
        def pre_create_trial(self) -> None:
            if hasattr(self.oracle, "_random_state"):
                # Keras Tuner does not keep it: without this a resumed Bayesian search would propose other trials.
                self.oracle._random_state = np.random.RandomState([seed, len(self.oracle.trials)])

        def _try_run_and_update_trial(self, trial: Any, *arguments: Any, **options: Any) -> None:
            # As the original, which prints the whole traceback before our one line.
            try:
                self._run_and_update_trial(trial, *arguments, **options)
                trial.status = "COMPLETED"
            except keras_tuner.errors.FatalError:
                raise
            except Exception:  # noqa: BLE001 - whatever a combination of values leads to
                trial.status, trial.message = "INVALID", traceback.format_exc()

        def on_trial_end(self, trial: Any) -> None:
            super().on_trial_end(trial)
            on_trial(self.oracle.get_trial(trial.trial_id))

    return Reporting


def ended_trials(oracle: Any) -> list[Any]:
    """Returns the trials that have ended, in the order they did."""
    return [oracle.trials[name] for name in oracle.end_order]


def _order(oracle: Any) -> None:
    """Puts right what Keras Tuner gets wrong in taking up a search.

    It reads trials in the order of a directory listing, with those whose start was never noted, starts ended ones
    again, and does not keep how far a grid was walked.
    """
    oracle.trials = {name: oracle.trials[name] for name in oracle.start_order}
    oracle._retry_queue = [name for name in oracle._retry_queue if name not in oracle.end_order]
    if isinstance(oracle, keras_tuner.oracles.GridSearchOracle):
        # One trial at a time: each is the next combination after the one before.
        for before, name in zip([None, *oracle.start_order], oracle.start_order, strict=False):
            oracle._ordered_ids.insert(name, before)
        oracle._populate_next = oracle.end_order[-1:]


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
