"""Does the model fit the data? Asked before the first step, answered in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

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


def _check_vocabulary(model: Any, splits: Any) -> None:
    arguments = splits.model_arguments
    if "source_vocabulary_size" in arguments:
        _check_both_vocabularies(model, arguments)
    size = arguments.get("vocabulary_size")
    if size is None:
        return
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.Embedding) and layer.input_dim < size:
            raise ArgumentError(
                f"model {model.name!r}: its embedding {layer.name!r} knows {layer.input_dim} token ids, the data "
                f"have {size}; expected at least as many. {_HINT}"
            )


def _check_both_vocabularies(model: Any, arguments: Mapping[str, int]) -> None:
    for layer in model._flatten_layers(include_self=False):
        side = layer.name.removesuffix("_embedding")
        size = arguments.get(f"{side}_vocabulary_size", 0)
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
    if task.name == "translation":
        expected += (splits.model_arguments.get("target_vocabulary_size", output.shape[-1]),)
    if tuple(output.shape) != expected:
        raise ArgumentError(
            f"model {model.name!r}: gives output of shape {_free(output.shape)}; the data ask for "
            f"{_free(expected)} for task {task.name!r}. {_HINT}"
        )


def _free(shape: Any) -> str:
    return str(("batch", *tuple(shape)[1:])).replace("'", "")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
