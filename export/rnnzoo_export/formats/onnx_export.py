"""Keras to one ONNX file: a network alone, or from raw texts, series and sound to answers."""

from __future__ import annotations

import functools
import os
from typing import Unpack

import keras

from rnnzoo import files
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError
from rnnzoo.keras_models.loading import as_model
from rnnzoo.preprocessing import (
    FeaturePreprocessing,
    LogMelPreprocessing,
    TextPreprocessing,
    WindowPreprocessing,
)
from rnnzoo_export.conversion import write_onnx
from rnnzoo_export.network.export_config import ExportConfig, ExportOptions, make_config
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.network.input_names import names_for_inputs
from rnnzoo_export.parity.parity import check_onnx
from rnnzoo_export.raw.audio_graph import LogMelGraph
from rnnzoo_export.raw.kinds import find_raw_graph
from rnnzoo_export.raw.raw_graph import RawGraph
from rnnzoo_export.raw.series_graph import FeatureGraph
from rnnzoo_export.raw.text_graph import TextGraph
from rnnzoo_export.raw.window_graph import WindowGraph
from rnnzoo_export.raw.wrapping import write_raw_onnx
from rnnzoo_export.reports import ExportReport


def export_onnx(
    model: keras.Model | str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    text: TextPreprocessing | None = None,
    series: FeaturePreprocessing | WindowPreprocessing | None = None,
    audio: LogMelPreprocessing | None = None,
    decoding: Decoding | None = None,
    overwrite: bool = False,
    **options: Unpack[ExportOptions],
) -> ExportReport:
    """Exports a Keras model to one ONNX file, after proving that onnxruntime answers as Keras does.

    Each ``LSTM``, ``GRU`` and ``SimpleRNN`` layer (also in ``RNN`` and ``Bidirectional``) becomes one ONNX operator,
    exact under every mask. Batch and time stay free where the model leaves them free.

    Layers of mixed precision compute in float32 in the file, from their float32 weights, and are compared with the same
    in Keras.

    With ``text``, ``series`` or ``audio`` the file takes raw examples. A row that the preprocessing would refuse is
    answered NaN, for a file has no errors of its own.

    Args:
        model: A functional, sequential or built subclassed model, or the ``.keras`` file of one.
        path: The file to write, such as ``"model.onnx"``.
        text: The fitted preprocessing of texts or words, to be part of the file: it then takes strings ``text``
            ``(batch,)``, the words of a ``TokenPreprocessing`` with blanks between them.
        series: The fitted preprocessing of series, likewise: the file takes ``series`` ``(batch, time, features)``
            with ``mask`` where lengths vary; or one input ``(batch, time)`` for each column, float64 or strings.
        audio: The fitted preprocessing of sound, likewise: the file takes ``waveform`` ``(batch, samples)`` and
            ``lengths`` ``(batch,)`` in samples.
        decoding: Whose units values leave in, as float64; for regression and forecasting.
        overwrite: Whether an existing file is replaced.
        opset: The ONNX operator set, 13 to 26; 18 by default, 20 with ``text``, which needs it.
        strict: Whether a recurrent layer without a counterpart in ONNX, which would run as a slow loop, is refused
            (the default); ``False`` accepts the loop, and the report lists it. ConvLSTM, which ONNX knows as a loop
            only, is always accepted.
        input_signature: What a subclassed model takes, which it does not say itself: one tensor description
            (``keras.Input``, ``keras.InputSpec`` or ``tf.TensorSpec``), a list of them, a dictionary of them for a
            model that is called with a dictionary, or a tuple with one entry for each argument of the call. ``None``
            sizes are free.
        input_names: Other names for the inputs: a list with all of them in order, or a dictionary of new names by the
            old. By default an input has the key of a dictionary, its own name, or, where Keras numbered it, ``input``
            (``input_1``, ``input_2`` where there are several).
        parity_inputs: Inputs of the model by name on which the file must agree with the model, beside random ones.
        tolerance: How far a number may be from the model's: ``|a - b| <= tolerance + tolerance * scale``, where the
            scale is the largest ``|b|`` of its unit; 1e-5 by default. A larger one, for a network in which float32
            rounding grows, is recorded in the file, and ``check_parity`` reads it there.

    Returns:
        What was written and how it was proved.

    Raises:
        ArgumentError: If an argument is out of range, or there is none of its name.
        PathExistsError: If the file exists and ``overwrite`` is false.
        UnsupportedLayerError: If a layer has no exact counterpart.
        ParityError: If the file does not answer as the model does; nothing is written then.

    Example:
        >>> import tempfile
        >>> from rnnzoo import build_classifier
        >>> model = build_classifier(num_classes=2, num_features=3, cell="gru", units=(4, 4))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     report = export_onnx(model, folder + "/model.onnx")
        >>> report.operators["GRU"], report.fused
        (2, ('gru_1', 'gru_2'))
    """
    target = files.output_path("path", path, "model.onnx")
    raw = _raw_graph(text=text, series=series, audio=audio)
    config = make_config(ExportConfig, options, export_onnx)
    files.refuse_existing_file(target, overwrite=overwrite)
    model = as_model(model)
    if raw is None:
        if decoding is not None:
            raise ArgumentError(
                "decoding: received one without text, series or audio; expected one of them too."
            )
        exportable = Exportable(model, input_signature=config.input_signature, input_names=config.input_names)
        check = functools.partial(
            check_onnx,
            exportable,
            inputs=config.parity_inputs,
            name=str(target),
            tolerance=config.tolerance,
        )
        return write_onnx(exportable, target, config, check=check)
    names = config.input_names
    if names is None:
        names = names_for_inputs(model, raw.network_inputs)
    exportable = Exportable(model, input_signature=config.input_signature, input_names=names)
    return write_raw_onnx(exportable, target, raw, config, decoding=decoding)


def _raw_graph(**preprocessings: object) -> RawGraph | None:
    given = {name: value for name, value in preprocessings.items() if value is not None}
    if not given:
        return None
    if len(given) > 1:
        raise ArgumentError(f"{' and '.join(given)}: received both; expected one of them.")
    ((name, preprocessing),) = given.items()
    graph = find_raw_graph(preprocessing)
    if graph is None or not isinstance(graph, _GRAPHS[name]):
        expected = {"text": "TextPreprocessing or TokenPreprocessing", "audio": "LogMelPreprocessing"}
        raise ArgumentError(
            f"{name}: received {type(preprocessing).__name__}; expected "
            f"{expected.get(name, 'FeaturePreprocessing or WindowPreprocessing')}. Pass a fitted preprocessing."
        )
    return graph


_GRAPHS: dict[str, type[RawGraph] | tuple[type[RawGraph], ...]] = {
    "text": TextGraph,
    "series": (FeatureGraph, WindowGraph),
    "audio": LogMelGraph,
}
