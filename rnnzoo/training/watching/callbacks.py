"""The callbacks of a training, and the order in which they must run."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras

from rnnzoo.errors import ArgumentError
from rnnzoo.files import replacing
from rnnzoo.keras_models.carried_states import ResetStates
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.optimization.averaging import AveragedWeights
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo.training.optimization.precision import stored_in_float32
from rnnzoo.training.watching.epoch_scores import EpochScores
from rnnzoo.training.watching.gradient_monitor import GradientMonitor
from rnnzoo.training.watching.progress import BatchBar


@dataclass(frozen=True, kw_only=True)
class TrainingCallbacks:
    """The callbacks of a training; Keras calls them in the order in which the fields stand here.

    Attributes:
        reset_states: Lets an epoch of running text start from zero states, before all that may run the model.
        epoch: Knows the epoch.
        guard: Ends training at a loss that is not finite, so that all others see what it voids.
        scores: Scores the validation part, where a score is watched; what it adds to the logs is recorded.
        gradients: Watches gradients; what it adds to the logs is recorded.
        recorder: Keeps the row of an epoch.
        averages: Shows averaged weights to all that look at the weights of an epoch.
        early_stopping: Ends training, and brings back the best weights.
        plateau: Lowers the learning rate.
        best_model: Keeps the model of the best epoch in a file.
        start: Makes the first weights a candidate for the best.
        tensorboard: Writes TensorBoard logs.
        own: Those of the user, in their order.
        bar: Shows the batches.
        checkpoint: Keeps the state of all of them.
        history: Writes the history.
    """

    reset_states: ResetStates | None = None
    epoch: EpochCounter
    guard: StopOnNonFinite
    scores: EpochScores | None = None
    gradients: GradientMonitor | None = None
    recorder: Recorder
    averages: AveragedWeights | None = None
    early_stopping: keras.callbacks.EarlyStopping
    plateau: keras.callbacks.ReduceLROnPlateau | None = None
    best_model: BestModel | None = None
    start: keras.callbacks.Callback | None = None
    tensorboard: keras.callbacks.TensorBoard | None = None
    own: Sequence[keras.callbacks.Callback] = ()
    bar: BatchBar | None = None
    checkpoint: keras.callbacks.Callback | None = None
    history: keras.callbacks.Callback | None = None

    def in_order(self) -> list[keras.callbacks.Callback]:
        """Returns those that are there, in the order in which Keras must call them."""
        found: list[keras.callbacks.Callback] = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            found += value if field.name == "own" else [] if value is None else [value]
        return found

    def with_state(self) -> list[keras.callbacks.Callback]:
        """Returns those whose counters a checkpoint keeps, in the order in which it numbers them.

        A callback with a true attribute ``stateless`` has none.
        """
        kept = (self.guard, self.averages, self.early_stopping, self.plateau, self.best_model, *self.own)
        silent = keras.callbacks.TensorBoard
        there = [c for c in (*kept, self.gradients) if c is not None and not isinstance(c, silent)]
        return [c for c in there if not getattr(c, "stateless", False)]


def check_callbacks(callbacks: object) -> None:
    """Checks the callbacks of a user.

    Raises:
        ArgumentError: If they are no list of Keras callbacks.
    """
    hint = "Pass callbacks=[own], where own is an object of a class derived from keras.callbacks.Callback."
    if isinstance(callbacks, keras.callbacks.Callback) or not isinstance(callbacks, Sequence):
        raise ArgumentError(
            f"callbacks: received {_callback_name(callbacks)}; expected a list of Keras callbacks. {hint}"
        )
    for number, callback in enumerate(callbacks):
        if not isinstance(callback, keras.callbacks.Callback):
            raise ArgumentError(
                f"callbacks: received {_callback_name(callback)} at place {number}; expected a Keras callback. {hint}"
            )
        if any(callback is other for other in callbacks[:number]):
            raise ArgumentError(
                f"callbacks: received the same {_callback_name(callback)} twice; expected each once, for it would be "
                "called twice. Leave one out."
            )


def _callback_name(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def build_callbacks(
    config: TrainConfig,
    monitor: Monitor,
    *,
    history: list[dict[str, float]],
    report: Callable[[dict[str, float]], None] | None,
    directory: Path | None,
    once: bool = False,
    own: Sequence[keras.callbacks.Callback] = (),
) -> TrainingCallbacks:
    """Builds what a config asks for: the guard, averages, early stopping, the plateau rule and files of the best epoch.

    Args:
        config: The training configuration.
        monitor: What to watch.
        history: What gets a row for each epoch.
        report: Called with the row; ``None`` for nothing.
        directory: The run directory; ``None`` to write nothing.
        once: Whether the model is written at the end alone.
        own: The callbacks of the user.

    Returns:
        The callbacks; those of running text, gradients, bar and checkpoint are for the loop to add.
    """
    watched = {"monitor": monitor.name, "mode": monitor.direction}
    averages = plateau = best_model = tensorboard = None
    if config.averaging is not None:
        averages = AveragedWeights(
            config.averaging,
            decay=config.ema_decay,
            patience=config.averaging_patience,
            monitor=monitor,
            every=config.accumulation,
        )
    if config.reduce_on_plateau is not None:
        plateau = keras.callbacks.ReduceLROnPlateau(
            **watched,
            factor=config.plateau_factor,
            patience=config.reduce_on_plateau,
            min_delta=0.0,  # as all others count improvement
        )
    if directory is not None:
        best_model = BestModel(directory / "model.keras", monitor, every=not config.restore_best, once=once)
        if config.tensorboard:
            logs = str(directory / "tensorboard")
            tensorboard = keras.callbacks.TensorBoard(logs, write_graph=False, profile_batch=0)
    return TrainingCallbacks(
        epoch=EpochCounter(),
        guard=StopOnNonFinite(),
        recorder=Recorder(history, report),
        averages=averages,
        early_stopping=keras.callbacks.EarlyStopping(
            **watched,
            # Without a patience it still remembers and restores the best weights.
            patience=config.early_stopping or config.epochs + 1,
            restore_best_weights=config.restore_best,
        ),
        plateau=plateau,
        best_model=best_model,
        tensorboard=tensorboard,
        own=own,
    )


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
        every: Whether it is that of the last epoch instead.
        once: Whether it is written at the end alone, with the weights that training ends with.
    """

    def __init__(self, path: Path, monitor: Monitor, *, every: bool = False, once: bool = False) -> None:
        super().__init__()
        self._every, self._once = every, once
        self._path = path
        self._monitor = monitor
        self.best = -math.inf

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Saves the model if this epoch is the best."""
        value = self._monitor.sign * float((logs or {}).get(self._monitor.name, math.nan))
        if value > self.best or (self._every and math.isfinite(value)):
            self.best = max(value, self.best)
            if not self._once:
                self._save()

    def begin(self, value: float) -> None:
        """Takes the weights before the first epoch for the best so far, whose score this is."""
        self.best = self._monitor.sign * value
        if not self._once:
            self._save()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Saves the model where that was not done before; it has its best weights back."""
        if self._once:
            self._save()

    def _save(self) -> None:
        with stored_in_float32(self.model), replacing(self._path) as temporary:
            self.model.save(temporary)


class Recorder(keras.callbacks.Callback):
    """Adds one row per epoch to a history.

    Args:
        history: The rows: the epoch counted from 1, its metrics, the learning rate and its seconds.
        report: Called with the row, such as what prints it; ``None`` for nothing.
    """

    def __init__(
        self, history: list[dict[str, float]], report: Callable[[dict[str, float]], None] | None = None
    ) -> None:
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
        if self._report is not None:
            self._report(row)


class EpochCounter(keras.callbacks.Callback):
    """Knows the epoch: the order of the batches is a function of seed and epoch, so that a resumed run sees the same.

    Attributes:
        current: The epoch, counted from 0.
    """

    def __init__(self) -> None:
        super().__init__()
        self.current = 0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Notes the epoch."""
        self.current = epoch
