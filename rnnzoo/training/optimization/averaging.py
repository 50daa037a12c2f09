"""Weights that are the mean of many steps: better answers than those of the last step, at no cost in serving."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras

from rnnzoo.training.optimization.monitor import Monitor


class AveragedWeights(keras.callbacks.Callback):
    """Keeps an average of the weights beside those that are trained, and shows it to validation and checkpoints.

    Validation scores the averages, and all callbacks behind this one see them at the end of an epoch; with the next
    epoch the trained weights are back. Where there is nothing to average yet, the averages are the weights.

    Args:
        kind: ``"ema"``: an exponential moving average. ``"nt_asgd"``: the plain mean of all steps since validation
            did not improve for ``patience`` epochs.
        decay: Share of the average that stays at a step, for ``"ema"``; smaller in the first steps.
        patience: For ``"nt_asgd"``.
        monitor: What validation is judged by.
        every: Batches to an update of the weights.

    Attributes:
        swapped: Whether the model has the averages now.
        updates: Updates that are in the averages.
        started: Whether averaging has begun.

    Reference:
        Polyak & Juditsky 1992, Acceleration of Stochastic Approximation by Averaging; Merity 2018, Regularizing and
        Optimizing LSTM Language Models, arXiv:1708.02182 (NT-ASGD).
    """

    def __init__(self, kind: str, *, decay: float, patience: int, monitor: Monitor, every: int = 1) -> None:
        super().__init__()
        self._kind, self._decay, self._patience, self._every = kind, decay, patience, every
        self._monitor = monitor
        self.swapped = False
        self.started = kind == "ema"
        self.updates = 0
        self.batches = 0
        # The best value of all epochs but the last few, and those: plain numbers survive a resume, lists do not.
        self.best = -math.inf
        self.variables: list[Any] = []

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Starts with the weights as they are; a checkpoint may replace them after this."""
        import tensorflow as tf

        self._trained = self.model.trainable_variables
        recent = tf.Variable(tf.fill((self._patience,), -math.inf), trainable=False)
        self.variables = [tf.Variable(v.value, trainable=False) for v in self._trained] + [recent]
        self._update = tf.function(self._move)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Goes on with the trained weights."""
        if self.swapped:
            self._swap()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Takes the weights into the averages."""
        import tensorflow as tf

        self.batches += 1
        if self.batches % self._every:
            return
        keep = 0.0
        if self.started:
            self.updates += 1
            keep = 1.0 - 1.0 / self.updates
            if self._kind == "ema":
                # Few steps have no long past: without this the first weights would stay in the average.
                keep = min(self._decay, (self.updates - 1.0) / (9.0 + self.updates))
        self._update(tf.constant(keep, tf.float32))

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Lets the averages be validated."""
        if not self.swapped:
            self._swap()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Begins to average when validation stands still."""
        if not self.started:
            self._judge(self._monitor.sign * float((logs or {}).get(self._monitor.name, math.nan)))

    def _judge(self, value: float) -> None:
        recent = self.variables[-1]
        values = recent.numpy()
        self.started = bool(value < self.best)
        self.best = max(self.best, float(values[0]))
        recent.assign([*values[1:], value])

    def _move(self, keep: Any) -> None:
        for variable, average in zip(self._trained, self.variables, strict=False):
            average.assign(keep * average + (1.0 - keep) * variable)

    def _swap(self) -> None:
        for variable, average in zip(self._trained, self.variables, strict=False):
            trained = variable.numpy()
            variable.assign(average)
            average.assign(trained)
        self.swapped = not self.swapped
