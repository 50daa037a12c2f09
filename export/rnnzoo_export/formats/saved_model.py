"""Keras to SavedModel: portable, with a named signature, proved equal before the directory appears."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.models.functional import Functional

from rnnzoo import files
from rnnzoo.errors import ArgumentError
from rnnzoo.keras_models.loading import as_model
from rnnzoo.native_logs import quiet_native_logs
from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo_export.network.export_config import InputSignature, check_tolerance
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.network.input_names import PLAIN, InputNames, is_plain, names_for_inputs
from rnnzoo_export.parity.parity import check_saved_model
from rnnzoo_export.parity.runtimes import ARRAYS_KEY, DEFAULT_KEY, load_signature
from rnnzoo_export.raw.kinds import check_fit, find_raw_graph
from rnnzoo_export.raw.raw_parity import check_examples
from rnnzoo_export.raw.saved_text import TextTokens
from rnnzoo_export.raw.text_graph import TextGraph
from rnnzoo_export.reports import TOLERANCE, ParityReport

if TYPE_CHECKING:
    from rnnzoo.tensors import Layer


def export_saved_model(
    model: keras.Model | str | os.PathLike[str],
    directory: str | os.PathLike[str],
    *,
    input_signature: InputSignature | None = None,
    input_names: InputNames | None = None,
    text: TextPreprocessing | None = None,
    parity_inputs: Mapping[str, np.ndarray] | None = None,
    tolerance: float = TOLERANCE,
    overwrite: bool = False,
) -> ParityReport:
    """Exports a Keras model as a SavedModel that loads on machines without a GPU too.

    Its signature ``serving_default`` has the model's inputs and outputs by name, with batch and time free where
    the model leaves them free. It holds no cuDNN operation. With ``text``, ``serving_default`` takes strings ``text``
    ``(batch,)`` instead, and a second signature ``arrays`` takes the model's own inputs.

    TensorFlow Serving looks for a directory named by a version number, such as ``my_model/1``.

    Args:
        model: A functional, sequential or built subclassed model, or the ``.keras`` file of one.
        directory: The directory to make.
        input_signature: What a subclassed model takes: see ``export_onnx``.
        input_names: Other names for the inputs: see ``export_onnx``.
        text: The fitted preprocessing of texts or words, to be part of it.
        parity_inputs: Inputs by name on which it must agree with the model, beside random ones.
        tolerance: How far a number may be from the model's, 1e-5 by default: see ``export_onnx``.
        overwrite: Whether an existing directory is replaced.

    Returns:
        The measured agreement with the Keras model.

    Raises:
        PathExistsError: If the directory holds something and ``overwrite`` is false.
        UnsupportedLayerError: If a layer cannot be exported.
        ParityError: If it does not answer as the model does; nothing is written then.

    Reference:
        https://www.tensorflow.org/guide/saved_model
    """
    check_tolerance(tolerance)
    files.refuse_existing(directory, overwrite=overwrite)
    model, names = as_model(model), input_names
    if text is not None:
        if not isinstance(find_raw_graph(text), TextGraph):
            raise ArgumentError(
                f"text: received {type(text).__name__}; expected TextPreprocessing or TokenPreprocessing. "
                "Pass a fitted preprocessing."
            )
        if names is None:
            names = names_for_inputs(model, TextGraph.network_inputs)
    exportable = Exportable(model, input_signature=input_signature, input_names=names)
    refuse_names(exportable)
    with files.new_directory(directory, overwrite=overwrite) as temporary:
        return write_saved_model(
            exportable,
            temporary,
            text=text,
            parity_inputs=parity_inputs,
            name=str(directory),
            tolerance=tolerance,
        )


def refuse_names(exportable: Exportable) -> None:
    """Raises ``ArgumentError`` for an input that TensorFlow would call otherwise in a SavedModel."""
    for spec in exportable.signature.inputs:
        if not is_plain(spec.name):
            raise ArgumentError(
                f"input {spec.name!r}: received a name that a SavedModel cannot hold; expected {PLAIN}. Pass "
                f"input_names={{{spec.name!r}: 'features'}} or another new name."
            )


def write_saved_model(
    exportable: Exportable,
    directory: Path,
    *,
    text: TextPreprocessing | None = None,
    parity_inputs: Mapping[str, np.ndarray] | None,
    name: str,
    tolerance: float = TOLERANCE,
) -> ParityReport:
    """Writes and proves; the work under ``export_saved_model`` and ``save_bundle``."""
    graph = None if text is None else TextGraph(text)
    if graph is not None:
        check_fit(exportable.signature, graph)
    archive = keras.export.ExportArchive()
    for part in _tracked(exportable):
        archive.track(part)
    with exportable.portable(), exportable.tracing():
        key = DEFAULT_KEY if text is None else ARRAYS_KEY
        archive.add_endpoint(key, *_endpoint(exportable))
        if text is not None:
            tokens = TextTokens(text, dtype=exportable.signature.inputs[0].dtype)
            archive.track(tokens)
            specs = [tf.TensorSpec((None,), tf.string, name="text")]
            archive.add_endpoint(
                DEFAULT_KEY, lambda text: _answers_to_texts(exportable, tokens(text)), input_signature=specs
            )
        archive.write_out(str(directory), verbose=False)
    with (
        quiet_native_logs()
    ):  # the code that falls back from a faster one on some processors says so as an error
        report = check_saved_model(
            exportable, directory, inputs=parity_inputs, name=name, key=key, tolerance=tolerance
        )
        return (
            report
            if graph is None
            else report.merge(_check_texts(exportable, directory, graph, name, tolerance))
        )


def _endpoint(exportable: Exportable) -> tuple[Callable[..., dict[str, tf.Tensor]], list[Any]]:
    """Returns a function of one argument, as ``keras.layers.TFSMLayer`` calls it, and its signature.

    The argument is a list where there are several inputs.
    """
    specs = exportable.tensor_specs
    if len(specs) == 1:
        return exportable.within, specs
    return lambda inputs: exportable.within(*inputs), [specs]


def _tracked(exportable: Exportable) -> list[Layer]:
    """Returns what has all weights of a model, and all else that its graph takes from outside.

    Keras traces a model that it tracks, for whatever tables may turn up, but not a layer. So the layers are tracked,
    where the model has nothing beside them.
    """
    model, parts = exportable.model, _parts(exportable.model)
    weights = [weight for part in parts for weight in part.variables]
    all_of_them = {id(weight) for weight in weights} == {id(weight) for weight in model.variables}
    handles = {id(weight.value.handle) for weight in weights}
    return parts if all_of_them and exportable.takes_only(handles) else [model]


def _parts(model: keras.Model) -> list[Layer]:
    """Returns the layers of a model, with those of models among them."""
    if type(model) not in (Functional, keras.Sequential):
        return [model]
    found = {id(part): part for layer in model.layers for part in _parts(layer)}
    return list(found.values())


def _answers_to_texts(exportable: Exportable, ids: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns the answers to texts; a text without a word, which begins with padding, is answered NaN."""
    empty = tf.equal(ids[:, 0], 0)
    return {name: _nan_where(empty, answer) for name, answer in exportable.within(ids).items()}


def _nan_where(rows: tf.Tensor, answer: tf.Tensor) -> tf.Tensor:
    if not answer.dtype.is_floating:
        return answer
    shape = tf.concat([tf.shape(rows), tf.ones(tf.rank(answer) - 1, tf.int32)], axis=0)
    return tf.where(tf.reshape(rows, shape), tf.constant(np.nan, answer.dtype), answer)


def _check_texts(
    exportable: Exportable, directory: Path, graph: TextGraph, name: str, tolerance: float
) -> ParityReport:
    """Compares the answers to texts with those of preprocessing and model one after the other."""
    function = load_signature(directory)

    def answer(batch: list[str]) -> dict[str, np.ndarray]:
        return {key: value.numpy() for key, value in function(text=tf.constant(batch)).items()}

    return check_examples(exportable, graph, answer, name=name, tolerance=tolerance)
