"""A model's inputs and outputs as a signature describes them: their names, types and axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from rnnzoo.errors import ArgumentError, RnnzooError, cause_of
from rnnzoo.keras_models.model_inputs import joined_keys
from rnnzoo_export.graph.unique_names import unique_names
from rnnzoo_export.network.model_call import EXAMPLES, ModelCall
from rnnzoo_export.signature import TensorSpec

#: Types that are computed in float32 in every file.
HALF = ("float16", "bfloat16")
#: The axes of inputs that forecasters of rnnzoo have beside their window.
_COVARIATES: dict[str, tuple[str, ...]] = {
    "future": ("batch", "horizon", "known"),
    "static": ("batch", "static"),
}


def input_specs(call: ModelCall, names: Sequence[str]) -> tuple[TensorSpec, ...]:
    """Describes the inputs of a model.

    Raises:
        ArgumentError: If a shape or type is not known.
    """
    specs = []
    for name, place in zip(names, call.places, strict=True):
        if place.dtype is None or place.shape is None:
            raise ArgumentError(
                f"input {name!r}: its shape or dtype is not known; expected both. State them."
            )
        specs.append(_announced(name, place.shape, place.dtype))
    return tuple(specs)


def output_specs(model: keras.Model, call: ModelCall, inputs: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    """Describes the outputs of a model as Keras announces them.

    Raises:
        ArgumentError: If the model cannot take the inputs.
    """
    symbolic = [keras.KerasTensor(spec.shape, dtype=spec.dtype, name=spec.name) for spec in inputs]
    try:
        outputs = model.compute_output_spec(*call.arranged(symbolic))
    except RnnzooError:
        raise
    except Exception as error:  # a layer may raise anything
        shapes = ", ".join(f"{spec.name} {spec.dtype} {spec.shape}" for spec in inputs)
        raise ArgumentError(
            f"model {model.name!r}: cannot take {shapes} ({cause_of(error)}); expected what it is called with. Pass "
            f"input_signature={EXAMPLES}; of a sequential model begin it with that."
        ) from error
    unique = unique_names(_output_names(model, outputs), taken=[spec.name for spec in inputs])
    return tuple(
        _announced(name, output.shape, "float32" if output.dtype in HALF else output.dtype)
        for name, output in zip(unique, keras.tree.flatten(outputs), strict=True)
    )


def _output_names(model: keras.Model, outputs: Any) -> list[str]:
    """Returns the keys of a dictionary, those of nested ones joined; else the names of the layers."""
    keys = [joined_keys(path) for path, _ in keras.tree.flatten_with_path(outputs)]
    layers = list(getattr(model, "output_names", None) or [])
    if len(layers) != len(keys):
        layers = [f"output_{i}" for i in range(len(keys))]
    return [layer if key is None else key for key, layer in zip(keys, layers, strict=True)]


def traced_specs(announced: Sequence[TensorSpec], traced: Mapping[str, tf.Tensor]) -> tuple[TensorSpec, ...]:
    """Corrects what Keras announces by the graph, where the graph knows better.

    Args:
        announced: The outputs as ``output_specs`` says.
        traced: The outputs of the graph by name.
    """
    return tuple(_traced(spec, traced[spec.name]) for spec in announced)


def _traced(spec: TensorSpec, tensor: tf.Tensor) -> TensorSpec:
    dtype = tensor.dtype.name
    if tensor.shape.rank is None:
        return replace(spec, dtype=dtype)
    sizes = tuple(tensor.shape)
    if len(sizes) == len(spec.shape):
        sizes = tuple(b if a is None else a for a, b in zip(sizes, spec.shape, strict=True))
    return TensorSpec(spec.name, dtype, sizes, _axes(spec.name, sizes))


def _announced(name: str, shape: Any, dtype: Any) -> TensorSpec:
    sizes = (None, *(None if size is None else int(size) for size in tuple(shape)[1:]))
    return TensorSpec(name, tf.as_dtype(dtype).name, sizes, _axes(name, sizes))


def _axes(name: str, sizes: Sequence[int | None]) -> tuple[str | None, ...]:
    """Names the axes by custom: a free first is the batch, a free second time, a last one of fixed size features."""
    covariate = _COVARIATES.get(name, ())
    if len(covariate) == len(sizes) and None not in sizes[1:]:
        return covariate
    names: list[str | None] = [None] * len(sizes)
    if len(sizes) > 2 or (len(sizes) == 2 and sizes[1] is None):
        names[1] = "time"
    if len(sizes) > 1 and sizes[-1] is not None:
        names[-1] = "features"
    if sizes and sizes[0] is None:
        names[0] = "batch"
    return tuple(names)
