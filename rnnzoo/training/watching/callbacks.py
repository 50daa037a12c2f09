"""The callbacks that a config asks for, in the order they must run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from rnnzoo.files import replacing
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.optimization.averaging import AveragedWeights
from rnnzoo.training.optimization.precision import stored_in_float32


def build_callbacks(
    config: TrainConfig, *, monitor: str, direction: str, directory: Path | None
) -> list[keras.callbacks.Callback]:
    """Builds the guard against NaN, averages, early stopping, the plateau rule, the best checkpoint and TensorBoard.

    Args:
        config: The training configuration.
        monitor: What to watch.
        direction: ``"max"`` or ``"min"``.
        directory: The run directory; ``None`` to write nothing.

    Returns:
        Keras callbacks; the guard first, so that the others see what it voids.
    """
    callbacks: list[keras.callbacks.Callback] = [
        StopOnNonFinite(),
        keras.callbacks.EarlyStopping(
            monitor=monitor,
            mode=direction,
            # Without a patience it still remembers and restores the best weights.
            patience=config.early_stopping or config.epochs + 1,
            restore_best_weights=True,
        ),
    ]
    if config.averaging is not None:
        # Before all that look at the weights of an epoch.
        callbacks.insert(
            1,
            AveragedWeights(
                config.averaging,
                decay=config.ema_decay,
                patience=config.averaging_patience,
                monitor=monitor,
                direction=direction,
                every=config.accumulation,
            ),
        )
    if config.reduce_on_plateau is not None:
        callbacks.append(
            keras.callbacks.ReduceLROnPlateau(
                monitor=monitor,
                mode=direction,
                factor=config.plateau_factor,
                patience=config.reduce_on_plateau,
                min_delta=0.0,  # as all others count improvement
            )
        )
    if directory is not None:
        callbacks.append(BestModel(directory / "model.keras", monitor=monitor, direction=direction))
        if config.tensorboard:
            callbacks.append(
                keras.callbacks.TensorBoard(
                    str(directory / "tensorboard"), write_graph=False, profile_batch=0
                )
            )
    return callbacks


class StopOnNonFinite(keras.callbacks.Callback):
    """Stops training when the loss becomes NaN or infinite, and remembers when.

    Keras's TerminateOnNaN only prints; the run has to say why it ended.

    Attributes:
        failed_epoch: The epoch, counted from 1, or ``None``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.failed_epoch: int | None = None
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Notes the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Looks at the running loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            self.failed_epoch = self._epoch + 1
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Voids the metrics of a broken epoch: an accuracy of NaN weights may look like a good one."""
        if self.failed_epoch is not None and logs is not None:
            logs.update(dict.fromkeys(logs, math.nan))


class BestModel(keras.callbacks.Callback):
    """Keeps the model of the best epoch so far in a file that is whole at every moment.

    Args:
        path: The ``.keras`` file.
        monitor: What to watch.
        direction: ``"max"`` or ``"min"``.
    """

    def __init__(self, path: Path, *, monitor: str, direction: str) -> None:
        super().__init__()
        self._path = path
        self._monitor = monitor
        self._sign = 1.0 if direction == "max" else -1.0
        self.best = -math.inf

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Saves the model if this epoch is the best."""
        value = self._sign * float((logs or {}).get(self._monitor, math.nan))
        if value > self.best:
            self.best = value
            with stored_in_float32(self.model), replacing(self._path) as temporary:
                self.model.save(temporary)


class Recorder(keras.callbacks.Callback):
    """Adds one row per epoch to a history and tells ``report`` of it.

    Args:
        history: The rows: the epoch counted from 1, its metrics, the learning rate and its seconds.
        report: Called with the row.
    """

    def __init__(self, history: list[dict[str, float]], report: Callable[[dict[str, float]], None]) -> None:
        super().__init__()
        self._history = history
        self._report = report
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Starts the clock."""
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Adds the row of the epoch."""
        row: dict[str, float] = {"epoch": epoch + 1}
        row |= {name: float(value) for name, value in (logs or {}).items() if name != "learning_rate"}
        row["learning_rate"] = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        row["seconds"] = round(time.perf_counter() - self._started, 3)
        self._history.append(row)
        self._report(row)


def epoch_counter() -> tuple[keras.callbacks.Callback, Callable[[], int]]:
    """Returns a callback that knows the current epoch, and a function that asks it.

    The order of the batches is a function of seed and epoch, so that a resumed run sees the same batches.
    """
    current: dict[str, int] = {"epoch": 0}

    def begin(epoch: int, logs: Any = None) -> None:
        current["epoch"] = epoch

    return keras.callbacks.LambdaCallback(on_epoch_begin=begin), lambda: current["epoch"]
