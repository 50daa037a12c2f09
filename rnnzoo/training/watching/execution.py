"""How many batches TensorFlow runs before Python sees the loss."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence

import keras

from rnnzoo.training.config import TrainConfig

#: The way to Python and back takes some milliseconds at most: of eight steps it is no longer felt.
_STEPS = 8
_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


def steps_per_execution(config: TrainConfig, callbacks: Sequence[keras.callbacks.Callback] = ()) -> int:
    """Returns how many batches to run at once.

    Args:
        config: The training configuration.
        callbacks: The callbacks of the user; one that looks at batches is to see every batch.

    Example:
        >>> steps_per_execution(TrainConfig()), steps_per_execution(TrainConfig(averaging="ema"))
        (8, 1)
    """
    if config.steps_per_execution is not None:
        return config.steps_per_execution
    return 1 if config.averaging is not None or any(map(_sees_batches, callbacks)) else _STEPS


@contextlib.contextmanager
def steps_at_once(model: keras.Model, steps: int) -> Iterator[None]:
    """Lets a compiled model run so many batches at once as long as the context lasts.

    What was traced is dropped with it, so that the model is trained as any other afterwards.
    """
    log = logging.getLogger("tensorflow")
    model.steps_per_execution = steps
    log.addFilter(_no_retracing)
    try:
        yield
    finally:
        log.removeFilter(_no_retracing)
        model.steps_per_execution = 1
        model.train_function = model.test_function = None


def _no_retracing(record: logging.LogRecord) -> bool:
    """Drops a false alarm: of many models that are called a few times each, TensorFlow thinks that one is retraced."""
    return "triggered tf.function retracing" not in str(record.msg)


def _sees_batches(callback: keras.callbacks.Callback) -> bool:
    of_all = keras.callbacks.Callback
    return any(
        getattr(getattr(callback, name), "__func__", None) is not getattr(of_all, name) for name in _HOOKS
    )
