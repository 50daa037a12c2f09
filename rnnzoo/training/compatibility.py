"""Does the model fit the data? Asked before the first step, answered in words."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from rnnzoo.data.transcripts import TranscriptSplit
from rnnzoo.errors import ArgumentError
from rnnzoo.tasks import Task
from rnnzoo.training.feeding import feed

_HINT = "Build it with create_model(name, **splits.model_arguments)."


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
    if task.name == "transcription":
        _check_frames(model, splits)


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
    if task.name == "transcription":
        symbols = len(splits.decoding.labels) if splits.decoding is not None else output.shape[-1]
        expected = (expected[0], *output.shape[1:2], symbols)
    if tuple(output.shape) != expected:
        raise ArgumentError(
            f"model {model.name!r}: gives output of shape {_free(output.shape)}; the data ask for "
            f"{_free(expected)} for task {task.name!r}. {_HINT}"
        )


def _check_frames(model: Any, splits: Any) -> None:
    """Checks that no transcript is longer than what the model makes of its row."""
    parts = [
        part for part in (splits.train, splits.validation, splits.test) if isinstance(part, TranscriptSplit)
    ]
    if not parts:
        return
    # The longest row tells best how many steps the model joins to one frame.
    inputs, _, _ = parts[0].gather([int(parts[0].lengths.argmax())])
    steps = next(iter(inputs.values())).shape[1]
    frames = model(feed(model, inputs), training=False).shape[1]
    subsampling = next(factor for factor in range(1, steps + 1) if -(-steps // factor) <= frames)
    for part in parts:
        part.check_frames(subsampling)


def _free(shape: Any) -> str:
    return str(("batch", *tuple(shape)[1:])).replace("'", "")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
