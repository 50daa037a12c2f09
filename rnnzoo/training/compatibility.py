"""Does the model fit the data? Asked before the first step, answered in words."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np

from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError
from rnnzoo.model_outputs import output_quantiles
from rnnzoo.tasks import Task, get_task
from rnnzoo.training.feeding import feed

_HINT = "Build it with create_model(name, **splits.model_arguments)."


def suited(model: Any, splits: Splits, task: str | None) -> tuple[Task, Splits]:
    """Returns the task that a model is trained and judged for, and its data with the decoding for it.

    Args:
        model: A Keras model.
        splits: The data.
        task: A name in the task table; ``None`` for that of the data and the model's output.

    Raises:
        UnknownNameError: If there is no such task.
    """
    if task is not None:
        get_task(task)
    splits = splits.for_model(model, task=task)
    kind = get_task(task or splits.task)
    if kind.quantiles is not None:
        kind = dataclasses.replace(kind, quantiles=output_quantiles(model) or kind.quantiles)
    return kind, splits


def check_model_fits(model: Any, splits: Any, task: Task) -> None:
    """Runs one small batch through the model and compares the output with the targets.

    Raises:
        ArgumentError: If shapes, numbers of classes or vocabulary do not fit.
    """
    inputs, targets, _ = next(iter(splits.train.batches(2)))
    _check_vocabulary(model, splits)
    try:
        output = model(feed(model, inputs), training=False)
    except ArgumentError:
        raise
    except Exception as error:
        shapes = {name: np.shape(value) for name, value in inputs.items()}
        raise ArgumentError(
            f"model {model.name!r}: cannot read inputs of shapes {shapes}: {_first_line(error)}. {_HINT}"
        ) from error
    _check_output(model, output, targets, splits, task)


def _check_vocabulary(model: Any, splits: Any) -> None:
    size = splits.model_arguments.get("vocabulary_size")
    if size is None:
        return
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.Embedding) and layer.input_dim < size:
            raise ArgumentError(
                f"model {model.name!r}: its embedding {layer.name!r} knows {layer.input_dim} token ids, the data "
                f"have {size}; expected at least as many. {_HINT}"
            )


def _check_output(model: Any, output: Any, targets: np.ndarray, splits: Any, task: Task) -> None:
    if isinstance(output, dict | list | tuple):
        raise ArgumentError(
            f"model {model.name!r}: gives {len(output)} outputs; expected a single one, the {task.output}. "
            "Train a model with several outputs with Keras itself."
        )
    expected = tuple(targets.shape)
    if task.name in ("classification", "tagging"):
        expected += (len(splits.decoding.labels),) if splits.decoding.labels else (output.shape[-1],)
    elif task.name == "quantile_forecasting":
        expected += (len(task.quantiles or ()),)
    elif task.name == "gaussian_forecasting":
        expected += (2,)
    if tuple(output.shape) != expected:
        raise ArgumentError(
            f"model {model.name!r}: gives output of shape {_free(output.shape)}; the data ask for "
            f"{_free(expected)} for task {task.name!r}. {_HINT}"
        )


def _free(shape: Any) -> str:
    return str(("batch", *tuple(shape)[1:])).replace("'", "")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
