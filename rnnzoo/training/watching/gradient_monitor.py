"""Gradients watched while training: how large they are, how often they are clipped, how far back they reach."""

from __future__ import annotations

import contextlib
import csv
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from rnnzoo.files import write_csv
from rnnzoo.keras_models.model_layers import methods_replaced, recurrent_layers
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.watching.gradient_norms import GradientNorms, measure_gradient_norms, norms_of

#: Shares of clipped steps at which clipping hardly does anything, or is what sets the pace.
_OFTEN = 0.9


@dataclass(frozen=True)
class GradientSummary:
    """What gradients were like at the end of training.

    Attributes:
        norms: Norms by weight and by time step, measured on one batch; ``None`` for a model without recurrent layers.
        clipped: The share of steps of the last epoch whose gradients were clipped; ``None`` where none are.
        verdict: The same in words, and which switch answers it.
    """

    norms: GradientNorms | None
    clipped: float | None
    verdict: str


class GradientMonitor(keras.callbacks.Callback):
    """Adds to the history how large gradients are and how many steps are clipped, and keeps norms by layer and step.

    The logs of each epoch get ``gradient_norm``, the mean over its steps of the norm over all weights before clipping,
    and, where gradients are clipped, ``clipped_steps``, the share of steps whose gradients were. After each epoch the
    norms of each weight and, for each recurrent layer, of each time step are measured on one batch (with averaged
    weights, where validation scores those).

    Args:
        config: The training configuration.
        batch: Returns the batch to measure on: inputs, targets and weights or ``None``.
        loss: The loss.
        path: The CSV file that keeps the norms; ``None`` keeps none.
        resume: Whether to go on with what is in the file.
    """

    def __init__(
        self,
        config: TrainConfig,
        *,
        batch: Callable[[], Any],
        loss: Any,
        path: Path | None,
        resume: bool = False,
    ) -> None:
        super().__init__()
        self._clip, self._bound = config.clip, config.clip_bound
        self._batch, self._loss, self._path = batch, loss, path
        self._rows: list[dict[str, Any]] = _read(path) if resume and path is not None else []
        self._totals: Any = None
        self._norms = _latest(self._rows)
        self.clipped: float | None = None

    @contextlib.contextmanager
    def attached(self, optimizer: Any) -> Iterator[None]:
        """Sees the gradients of an optimizer as its clipping gets them, as long as the context lasts."""
        import tensorflow as tf

        inner = getattr(optimizer, "inner_optimizer", optimizer)
        clip = inner._clip_gradients
        # Steps, sum of their norms, clipped steps.
        self._totals = tf.Variable(tf.zeros(3), trainable=False)

        def see(gradients: Any) -> Any:
            dense = [tf.convert_to_tensor(g) for g in gradients if g is not None]
            norm = tf.linalg.global_norm(dense)
            self._totals.assign_add(tf.stack([1.0, norm, self._is_clipped(dense, norm)]))
            return clip(gradients)

        with methods_replaced([(inner, "_clip_gradients", see)]):
            yield

    def _is_clipped(self, gradients: list[Any], norm: Any) -> Any:
        import tensorflow as tf

        if self._clip == "global_norm":
            size = norm
        elif self._clip == "norm":
            size = tf.reduce_max([tf.norm(g) for g in gradients])
        else:
            size = tf.reduce_max([tf.reduce_max(tf.abs(g)) for g in gradients])
        return tf.cast(size > self._bound, tf.float32)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Starts to count."""
        self._totals.assign([0.0, 0.0, 0.0])

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Adds the epoch's columns to the logs and measures."""
        steps, norms, clipped = self._totals.numpy().tolist()
        found = {"gradient_norm": norms / steps if steps else math.nan}
        if self._clip is not None:
            self.clipped = found["clipped_steps"] = clipped / steps if steps else math.nan
        if logs is not None:
            logs.update(found)
        if not recurrent_layers(self.model):
            return
        inputs, targets, weights = self._batch()
        self._norms = measure_gradient_norms(self.model, inputs, targets, loss=self._loss, weights=weights)
        self._rows = [row for row in self._rows if int(row["epoch"]) <= epoch] + _rows(epoch + 1, self._norms)
        if self._path is not None:
            write_csv(self._path, self._rows)

    def summary(self) -> GradientSummary:
        """Says what the latest epoch's gradients are like, and which switch answers it."""
        return GradientSummary(self._norms, self.clipped, self._verdict())

    def _verdict(self) -> str:
        sentences = [self._norms.verdict()] if self._norms is not None else []
        if self.clipped is not None:
            sentences.append(f"{100 * self.clipped:.0f} % of the steps were clipped at {self._bound:g}")
        if self.clipped is not None and self.clipped > _OFTEN:
            sentences[-1] += (
                ", so that clip_bound sets the size of nearly all of them: raise it, or lower learning_rate if the "
                "loss jumps"
            )
        return "; ".join(sentences)


def read_summary(path: Path, kept: Mapping[str, Any]) -> GradientSummary:
    """Returns the summary of a finished run.

    Args:
        path: The CSV file of its norms, which a model without recurrent layers does not have.
        kept: What ``metrics.json`` has of it.
    """
    return GradientSummary(_latest(_read(path)), kept["clipped_steps"], kept["verdict"])


def _rows(epoch: int, norms: GradientNorms) -> list[dict[str, Any]]:
    found = [
        {"epoch": epoch, "of": "weight", "name": name, "step": "", "norm": norm}
        for name, norm in norms.weights.items()
    ]
    for name, values in norms.steps.items():
        found += [
            {"epoch": epoch, "of": "step", "name": name, "step": step, "norm": float(norm)}
            for step, norm in enumerate(values)
        ]
    return found


def _latest(rows: list[dict[str, Any]]) -> GradientNorms | None:
    """The norms of the last epoch that was kept."""
    last = [row for row in rows if str(row["epoch"]) == str(rows[-1]["epoch"])]
    steps: dict[str, list[float]] = {}
    for row in last:
        if row["of"] == "step":
            steps.setdefault(row["name"], []).append(float(row["norm"]))
    weights = {row["name"]: float(row["norm"]) for row in last if row["of"] == "weight"}
    return norms_of(weights, {name: np.array(values) for name, values in steps.items()}) if last else None


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
