"""The weights that a training begins with, as one more candidate for the best."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from rnnzoo.training.watching.callbacks import BestModel


class StartCandidate(keras.callbacks.Callback):
    """Lets the first weights be the result where no epoch is better. It must come before the checkpoint.

    Args:
        value: What validation says of them.
        early_stopping: What keeps the best weights.
        best_model: What keeps the model in a file, or ``None``.
    """

    def __init__(
        self, value: float, early_stopping: keras.callbacks.EarlyStopping, best_model: BestModel | None
    ) -> None:
        super().__init__()
        self._value, self._early_stopping, self._best_model = value, early_stopping, best_model

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Makes them the best so far."""
        self._early_stopping.best = self._value
        self._early_stopping.best_weights = self.model.get_weights()
        if self._best_model is not None:
            self._best_model.begin(self._value)
