"""Does the model fit the data? Asked before the first step, answered in words."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rnnzoo.data.splits import Splits
from rnnzoo.data.transcript_split import TranscriptSplit
from rnnzoo.errors import ArgumentError, cause_of
from rnnzoo.keras_models.feeding import feed
from rnnzoo.keras_models.model_layers import all_layers, check_names
from rnnzoo.keras_models.model_outputs import output_quantiles
from rnnzoo.keras_models.output_activation import check_logits
from rnnzoo.preprocessing.text import TextPreprocessing
from rnnzoo.tasks import TASKS, Task, task_of_outputs, tasks_of_same_data
from rnnzoo.zoo import ZOO, get_spec, takes_argument

if TYPE_CHECKING:
    from rnnzoo.tensors import Tensor

#: The argument that says how many ids an embedding must know, where it is not ``vocabulary_size``.
_VOCABULARIES = {
    "character_embedding": "character_vocabulary_size",
    "source_embedding": "source_vocabulary_size",
    "target_embedding": "target_vocabulary_size",
}
_DNA_BUILDER = "build_dna_classifier"
#: Rows on which a model is tried, and by what their numbers are multiplied, to see whether it answers probabilities.
_TRIED_ROWS, _FACTORS = 32, (1.0, -10.0, 10.0)
_HINT = "Build it with create_model(name, **splits.model_arguments)."


def choose_task(model: keras.Model, splits: Splits, task: str | None = None) -> tuple[Task, Splits]:
    """Returns the task that a model is trained and judged for, and its data with the decoding for it.

    Args:
        model: A Keras model.
        splits: The data.
        task: A name in the task table; ``None`` for that of the data and the model's output. Data for tagging are for
            both kinds of tagger: a model whose output is ``potentials`` tags whole rows.

    Raises:
        UnknownNameError: If there is no such task.
    """
    own = TASKS.find(splits.task)
    outputs = list(getattr(model, "output_names", None) or ())
    if task in (None, own.name) and outputs == [own.output] and own.data != "windows" and not own.quantiles:
        return own, splits  # the data are what the model is for
    chosen = TASKS.find(task) if task is not None else task_of_outputs(own, outputs)
    splits = splits.for_model(model, task=chosen.name)
    if chosen.quantiles is not None:
        chosen = dataclasses.replace(chosen, quantiles=output_quantiles(model) or chosen.quantiles)
    return chosen, splits


def check_name_fits(name: str, splits: Splits) -> None:
    """Checks that a model of the zoo takes what the data say, before it is built.

    Raises:
        ArgumentError: If it is for data of another kind.
        UnknownNameError: If there is no such model.
    """
    spec = get_spec(name)
    if spec.builder == _DNA_BUILDER and getattr(splits.preprocessing, "takes", None) != "dna":
        raise _not_dna(name)
    refused = [argument for argument in splits.model_arguments if not takes_argument(spec, argument)]
    if refused:
        said = f"say {', '.join(refused)}, which it does not take. Choose a model for them (rnnzoo models)"
        if spec.task == splits.task:
            raise ArgumentError(f"model {name!r}: reads rows of another kind; the data {said}.")
        raise ArgumentError(
            f"model {name!r}: is for {spec.task.replace('_', ' ')}; the data are for {splits.task.replace('_', ' ')} "
            f"and {said}, or the task of the data (--task)."
        )


def check_model_fits(
    model: keras.Model, splits: Splits, task: Task, *, like: keras.Model | None = None
) -> None:
    """Runs one small batch through the model and compares the output with the targets.

    Args:
        model: The model.
        splits: The data.
        task: What the model is trained and judged for.
        like: A model that fits them; one with the same inputs and outputs is not run.

    Raises:
        ArgumentError: If shapes, numbers of classes or vocabulary do not fit, a model for DNA is given words, a name
            cannot stand in a graph, or the model ends in probabilities where the task expects logits.
    """
    check_names(model)
    if isinstance(splits.preprocessing, TextPreprocessing) and _is_for_dna(model):
        raise _not_dna(model.name)
    inputs, targets, _ = splits.train.example()
    if any(np.asarray(value).dtype.kind in "iu" for value in inputs.values()):  # ids
        _check_vocabulary(model, splits)
    _check_characters(model, inputs)
    if like is None or (ends := _ends(model)) is None or ends != _ends(like):
        _check_output(model, _run(model, inputs), targets, splits, task)
    check_logits(model, task.activation, f"task {task.name!r}", lambda: _answers(model, splits))
    if task.targets == "symbols":
        _check_frames(model, splits)


def _ends(model: keras.Model) -> list[Any] | None:
    """Returns what a model of Keras's functional interface takes and gives; ``None`` for another one."""
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        return None
    return [
        *((tensor.name, tensor.shape, tensor.dtype) for tensor in model.inputs),
        *zip(model.output_names, ((tensor.shape, tensor.dtype) for tensor in model.outputs), strict=True),
    ]


def _run(model: keras.Model, inputs: Any) -> Any:
    try:
        return model(feed(model, inputs), training=False)
    except ArgumentError:
        raise
    except Exception as error:
        shapes = {name: np.shape(value) for name, value in inputs.items()}
        raise ArgumentError(
            f"model {model.name!r}: cannot read inputs of shapes {shapes}: {_cause(error)}. {_HINT}"
        ) from error


def _is_for_dna(model: keras.Model) -> bool:
    """Whether a model has the name that the builder of models for DNA, or the zoo, gives."""
    return model.name == "dna_classifier" or (
        model.name in ZOO and get_spec(model.name).builder == _DNA_BUILDER
    )


def _not_dna(name: str) -> ArgumentError:
    return ArgumentError(
        f"model {name!r}: is for DNA; the data are not read as such. Pass "
        "preprocessing=rnnzoo.preprocessing.DNAPreprocessing() to Splits.from_arrays or read_texts; the command reads "
        "a table with --text and --label for this model so."
    )


def _answers(model: keras.Model, splits: Splits) -> list[np.ndarray]:
    """Returns what a model answers to rows of the data, and to the same with other numbers."""
    inputs, _, _ = splits.train.first(_TRIED_ROWS)
    arrays = {name: np.asarray(value) for name, value in inputs.items()}
    numbers = any(array.dtype.kind == "f" for array in arrays.values())
    batches = [
        {
            name: array * array.dtype.type(factor) if array.dtype.kind == "f" else array
            for name, array in arrays.items()
        }
        for factor in (_FACTORS if numbers else _FACTORS[:1])
    ]
    return [np.asarray(model(feed(model, batch), training=False)) for batch in batches]


def _check_vocabulary(model: keras.Model, splits: Splits) -> None:
    arguments = splits.model_arguments
    for layer in all_layers(model):
        if not isinstance(layer, keras.layers.Embedding):
            continue
        size = arguments.get(_VOCABULARIES.get(layer.name, "vocabulary_size"))
        if size is not None and layer.input_dim < size:
            raise ArgumentError(
                f"model {model.name!r}: its embedding {layer.name!r} knows {layer.input_dim} token ids, the data "
                f"have {size}; expected at least as many. {_HINT}"
            )


def _check_characters(model: keras.Model, inputs: Any) -> None:
    wanted = [tensor.name for tensor in getattr(model, "inputs", None) or []]
    if "characters" in wanted and "tokens" in inputs and "characters" not in inputs:
        raise ArgumentError(
            f"model {model.name!r}: reads the characters of words, which the data do not have; expected the input "
            "'characters'. Make the data with characters=True (of read_table or Splits.from_arrays; --characters)."
        )


def _check_output(
    model: keras.Model, output: Tensor, targets: np.ndarray, splits: Splits, task: Task
) -> None:
    if isinstance(output, dict | list | tuple):
        raise ArgumentError(
            f"model {model.name!r}: gives {len(output)} outputs; expected a single one, the {task.output}. "
            "Train a model with several outputs with Keras itself."
        )
    expected = task.output_shape(tuple(targets.shape), tuple(output.shape), classes=_classes(splits, output))
    if tuple(output.shape) != expected:
        _check_other_task(model, output, targets, task)
        raise ArgumentError(
            f"model {model.name!r}: gives output of shape {_free(output.shape)}; the data ask for "
            f"{_free(expected)} for task {task.name!r}. {_HINT}"
        )


def _classes(splits: Splits, output: Tensor) -> int:
    labels = splits.decoding.labels if splits.decoding is not None else None
    return len(labels) if labels else splits.model_arguments.get("target_vocabulary_size", output.shape[-1])


def _check_other_task(model: keras.Model, output: Tensor, targets: np.ndarray, task: Task) -> None:
    """Names what is wrong where the model is for another task of the same data: scores of tags for pairs of tags."""
    axes = len(output.shape) - np.ndim(targets)
    for other in tasks_of_same_data(task):
        if other is not task and other.scored and task.scored and len(other.output_axes) == axes:
            instead = f", or {task.model_hint}." if task.model_hint else ". Leave task out, which chooses it."
            raise ArgumentError(
                f"task: received {task.name!r} for model {model.name!r}, which scores {other.scored}; expected "
                f"{other.name!r}{instead}"
            )


def _check_frames(model: keras.Model, splits: Splits) -> None:
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


def _cause(error: Exception) -> str:
    return cause_of(error) or type(error).__name__
