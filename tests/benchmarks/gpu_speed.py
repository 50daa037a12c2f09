"""How fast a GPU trains: rnnzoo beside Keras, and half precision beside float32."""

from __future__ import annotations

import functools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from gpu_rows import Clock, Row, not_measured

from rnnzoo import (
    Splits,
    TrainConfig,
    build_classifier,
    train,
)
from rnnzoo.keras_models.model_layers import recurrent_layers
from rnnzoo.training.optimization.optimizers import build_optimizer


@dataclass(frozen=True)
class Sizes:
    """How large the measured problems are."""

    units: int = 256
    features: int = 64
    steps: int = 128
    rows: int = 128
    batches: int = 32
    epochs: int = 4
    repeats: int = 3


TINY = Sizes(units=4, features=3, steps=5, rows=8, batches=4, epochs=2, repeats=1)


class Problem:
    """Random series of two classes that can be told apart, and models that learn to."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        rng = np.random.default_rng(0)
        count = sizes.rows * sizes.batches
        self.y = rng.integers(0, 2, count)
        self.x = rng.normal(size=(count, sizes.steps, sizes.features)).astype(np.float32)
        self.x[:, :, 0] += self.y[:, None]
        held_out = self.x[: sizes.rows], self.y[: sizes.rows]
        self.splits = Splits.from_arrays(self.x, self.y, validation=held_out, test=held_out)

    def model(self, cell: str) -> Any:
        keras.utils.set_random_seed(0)
        return build_classifier(
            num_classes=2, num_features=self.sizes.features, cell=cell, units=self.sizes.units
        )

    def config(self, **given: Any) -> TrainConfig:
        fixed = TrainConfig(
            epochs=self.sizes.epochs, batch_size=self.sizes.rows, early_stopping=None, tensorboard=False
        )
        return replace(fixed, **given)

    def rnnzoo_rate(self, cell: str, **given: Any) -> float:
        """Steps a second of ``rnnzoo.train``."""
        watch = EpochTimes()
        train(self.model(cell), self.splits, config=self.config(**given), callbacks=[watch], progress=False)
        return self.sizes.batches / watch.median

    def keras_rate(self, cell: str, *, use_cudnn: Any = "auto") -> float:
        """Steps a second of Keras's ``fit`` with the same optimizer, loss and batches."""
        model = self.model(cell)
        for layer in recurrent_layers(model):
            layer.use_cudnn = use_cudnn
        model.compile(
            build_optimizer(self.config(), steps_per_epoch=self.sizes.batches),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )
        data = tf.data.Dataset.from_tensor_slices((self.x, self.y)).shuffle(len(self.x))
        watch = EpochTimes()
        held_out = self.x[: self.sizes.rows], self.y[: self.sizes.rows]
        model.fit(
            data.batch(self.sizes.rows).prefetch(2),
            shuffle=False,
            epochs=self.sizes.epochs,
            validation_data=held_out,
            callbacks=[watch],
            verbose=0,
        )
        return self.sizes.batches / watch.median


class EpochTimes(keras.callbacks.Callback):
    """Seconds of the training part of each epoch but the first, in which graphs are traced."""

    def __init__(self) -> None:
        super().__init__()
        self._seconds: list[float] = []
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._started = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:
        self._seconds.append(time.perf_counter() - self._started)

    @property
    def median(self) -> float:
        return statistics.median(self._seconds[1:])


def check_speed(problem: Problem, clock: Clock) -> Iterator[Row]:
    """Steps a second, sides in turn; Keras without cuDNN, many times slower, once."""
    for cell in ("lstm", "gru"):
        sides: dict[str, Callable[[], float]] = {
            "rnnzoo": functools.partial(problem.rnnzoo_rate, cell),
            "Keras": functools.partial(problem.keras_rate, cell),
        }
        slow = {"Keras without cuDNN": functools.partial(problem.keras_rate, cell, use_cudnn=False)}
        found = take_turns(sides, problem.sizes.repeats, clock) | take_turns(slow, 1, clock)
        for side, rate in found.items():
            what = f"{cell.upper()} of {problem.sizes.units} units, steps/s of {side}"
            if rate is None:
                yield not_measured("training", what)
                continue
            ratio = rate / (found["Keras"] or rate)
            # That rnnzoo is not slower than Keras is what is promised, for problems of a real size; the rest is told.
            promised = side == "rnnzoo" and problem.sizes is not TINY
            holds = not promised or ratio > 0.9
            wanted = "at least 0.9 of Keras" if promised else "-"
            yield Row("training", what, wanted, f"{rate:.1f} ({ratio:.2f} of Keras)", holds)


def take_turns(
    sides: Mapping[str, Callable[[], float]], repeats: int, clock: Clock
) -> dict[str, float | None]:
    """The median of each side, in an order drawn anew each time, for as many rounds as there is time for."""
    found: dict[str, list[float]] = {side: [] for side in sides}
    rng = np.random.default_rng(0)
    longest = 30.0
    for _ in range(repeats):
        for side in rng.permutation(list(sides)):
            if clock.allows(longest):
                started = time.monotonic()
                found[side].append(sides[side]())
                longest = max(longest, time.monotonic() - started)
    return {side: statistics.median(rates) if rates else None for side, rates in found.items()}


def check_precision(problem: Problem, clock: Clock) -> Iterator[Row]:
    """Half precision beside float32, in turn."""
    cell = "lstm"
    halves: tuple[Literal["bfloat16", "float16"], ...] = ("bfloat16", "float16")
    sides: dict[str, Callable[[], float]] = {"float32": functools.partial(problem.rnnzoo_rate, cell)}
    for half in halves:
        sides[half] = functools.partial(problem.rnnzoo_rate, cell, mixed_precision=half)
    found = take_turns(sides, problem.sizes.repeats, clock)
    for precision, rate in found.items():
        what = f"{cell.upper()}, steps/s in {precision}"
        if rate is None:
            yield not_measured("mixed precision", what)
            continue
        ratio = rate / (found["float32"] or rate)
        yield Row("mixed precision", what, "-", f"{rate:.1f} ({ratio:.2f} of float32)", True)
    for half in halves:
        if clock.allows(40):
            yield _half_row(problem, cell, half)
        else:
            yield not_measured("mixed precision", f"{half}: learns, is exported")


def _half_row(problem: Problem, cell: str, precision: Literal["bfloat16", "float16"]) -> Row:
    from rnnzoo_export import export_onnx

    model = problem.model(cell)
    result = train(model, problem.splits, config=problem.config(mixed_precision=precision), progress=False)
    first, last = result.history[0]["loss"], result.history[-1]["loss"]
    kept = {str(weight.dtype) for weight in model.weights}
    with tempfile.TemporaryDirectory() as folder:
        report = export_onnx(model, Path(folder) / "model.onnx")
    holds = bool(np.isfinite(last)) and last < first and kept == {"float32"}
    found = f"loss {first:.3g} to {last:.3g}, weights {', '.join(sorted(kept))}, "
    found += f"exported, {report.parity.max_difference:.1g} off"
    return Row("mixed precision", f"{precision}: learns, is exported", "yes", found, holds)
