"""A checkpoint after every epoch, from which a killed run ends as an uninterrupted one would have.

Keras's own backup keeps weights and optimizer but forgets what the callbacks counted (patience, best value,
plateau), the dropout generators and the history. Here all of it is in one file, replaced atomically.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from rnnzoo.errors import RunError
from rnnzoo.files import replacing

# Counters, flags and best values; names and paths belong to the new process.
_SIMPLE = (bool, int, float)


class Checkpoint(keras.callbacks.Callback):
    """Saves and restores the whole state of training. It must be the last of the callbacks.

    Args:
        path: The checkpoint file.
        stateful: The callbacks whose counters belong to the state.
        history: One dictionary per epoch; extended after each epoch and restored on resume.
        resume: Whether to start from ``path`` (it must exist).
    """

    def __init__(
        self,
        path: Path,
        stateful: Sequence[keras.callbacks.Callback],
        history: list[dict[str, float]],
        *,
        resume: bool,
    ) -> None:
        super().__init__()
        self.path = path
        self._stateful = list(stateful)
        self._history = history
        self._resume = resume

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Restores the state, or saves that of epoch 0 so that a run killed early keeps its first weights."""
        if self._resume:
            self._restore(_read(self.path))
        else:
            self._save(stopped=False)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Saves the state of a finished epoch."""
        self._save(stopped=bool(self.model.stop_training))

    def _save(self, *, stopped: bool) -> None:
        arrays = {f"variable_{i}": np.asarray(v) for i, v in enumerate(_variables(self.model))}
        callbacks = []
        for number, callback in enumerate(self._stateful):
            counters, weights = _callback_state(callback)
            callbacks.append({"type": type(callback).__name__, "counters": counters})
            arrays |= {f"callback_{number}_{i}": w for i, w in enumerate(weights)}
            arrays |= {f"own_{number}_{i}": np.asarray(v) for i, v in enumerate(_own_variables(callback))}
        state = {"history": self._history, "stopped": stopped, "callbacks": callbacks}
        arrays["state"] = np.frombuffer(json.dumps(state).encode(), np.uint8)
        with replacing(self.path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    def _restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        state = _state(arrays)
        variables = _variables(self.model)
        saved = [arrays[f"variable_{i}"] for i in range(sum(n.startswith("variable_") for n in arrays))]
        _check_same(self.path, [v.shape for v in variables], [a.shape for a in saved])
        for variable, array in zip(variables, saved, strict=True):
            variable.assign(array)
        _check_callbacks(self.path, self._stateful, state["callbacks"])
        for number, (callback, entry) in enumerate(zip(self._stateful, state["callbacks"], strict=True)):
            vars(callback).update(entry["counters"])
            prefix = f"callback_{number}_"
            count = sum(name.startswith(prefix) for name in arrays)
            if count:
                vars(callback)["best_weights"] = [arrays[f"{prefix}{i}"] for i in range(count)]
            for i, variable in enumerate(_own_variables(callback)):
                variable.assign(arrays[f"own_{number}_{i}"])
        self._history[:] = state["history"]


def finished_epochs(path: Path) -> tuple[int, bool]:
    """Returns how many epochs a checkpoint holds, and whether training had already stopped by itself."""
    state = _state(_read(path))
    return len(state["history"]), bool(state["stopped"])


def kept_history(path: Path) -> list[dict[str, float]]:
    """Returns one dictionary for each epoch that a checkpoint holds."""
    history: list[dict[str, float]] = _state(_read(path))["history"]
    return history


def _variables(model: keras.Model) -> list[Any]:
    # `model.variables` holds the dropout generators too; metrics start afresh with every epoch.
    metrics = {id(variable) for metric in model.metrics for variable in metric.variables}
    own = [variable for variable in model.variables if id(variable) not in metrics]
    return own + list(model.optimizer.variables)


def _callback_state(callback: keras.callbacks.Callback) -> tuple[dict[str, Any], list[np.ndarray]]:
    counters = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in vars(callback).items()
        if not name.startswith("_") and (value is None or isinstance(value, (*_SIMPLE, np.generic)))
    }
    weights = vars(callback).get("best_weights")
    if weights is not None:
        counters.pop("best_weights", None)
        return counters, [np.asarray(weight) for weight in weights]
    return counters, []


def _own_variables(callback: keras.callbacks.Callback) -> list[Any]:
    return list(getattr(callback, "variables", []))


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        # Opened here, for NumPy leaves a damaged file open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = dict(file)
        _state(arrays)
        return arrays
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RunError(
            f"{path}: not a readable checkpoint ({error}); expected one written by a training run. "
            "Start the run again with overwrite."
        ) from error


def _state(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(arrays["state"].tobytes())
    return state


def _check_same(path: Path, expected: list[Any], received: list[Any]) -> None:
    if [tuple(shape) for shape in expected] != [tuple(shape) for shape in received]:
        raise RunError(
            f"{path}: received a checkpoint of another model or optimizer (its {len(received)} arrays do not "
            f"have the shapes of the model's {len(expected)}); expected the same model and config. Build the "
            "model with the same arguments, or start again with overwrite."
        )


def _check_callbacks(path: Path, callbacks: Sequence[Any], saved: Sequence[Mapping[str, Any]]) -> None:
    received = [type(callback).__name__ for callback in callbacks]
    expected = [entry["type"] for entry in saved]
    if received != expected:
        raise RunError(
            f"{path}: cannot resume: received the callbacks {', '.join(received) or 'none'}; expected those the "
            f"run was started with: {', '.join(expected) or 'none'}. Pass the same ones in the same order."
        )
