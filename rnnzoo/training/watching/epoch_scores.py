"""The scores of a task after each epoch, for those that watch one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import keras

from rnnzoo.errors import DataError


class EpochScores(keras.callbacks.Callback):
    """Adds all scores of a task on the validation part to the logs of each epoch, each with ``val_`` before its name.

    A metric of Keras's that has the name of a score stays as it is. An epoch whose weights answer NaN or infinity has
    NaN for scores: it is never the best one.

    Args:
        evaluate: Returns the scores of the model as it is.
        name: What is watched, such as ``"val_macro_f1"``.
    """

    def __init__(self, evaluate: Callable[[], Mapping[str, float]], name: str) -> None:
        super().__init__()
        self._evaluate, self._name = evaluate, name

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Scores the epoch; with averaged weights, where validation has put them in."""
        if logs is None:
            return
        logs[self._name] = math.nan
        if not math.isfinite(logs.get("loss", math.nan)):
            return
        try:
            found = self._evaluate()
        except DataError:  # the model answers NaN or infinity
            return
        scores = {f"val_{score}": value for score, value in found.items()}
        # A score may be undefined in some epoch, and is not better than any other then.
        logs[self._name] = scores.pop(self._name, math.nan)
        logs.update({name: value for name, value in scores.items() if name not in logs})
