"""Keras to ONNX, one piece of a sequence at a time: every state goes in and comes out.

Nothing is rebuilt. While the model is traced, each recurrent layer takes its first state from an extra input and
hands its last one to an extra output; a causal convolution does so with the steps that its next outputs still need.
A layer of one's own that treats a piece otherwise than a whole sequence says so in a method ``call_streaming``.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from pathlib import Path
from typing import Unpack

import keras

from rnnzoo import files
from rnnzoo.keras_models.loading import as_model
from rnnzoo_export.conversion import write_onnx
from rnnzoo_export.network.export_config import ExportConfig, ExportOptions, make_config
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.reports import ExportReport
from rnnzoo_export.streaming.streaming_exportable import StreamingExportable
from rnnzoo_export.streaming.streaming_parity import check_streaming


def export_streaming_onnx(
    model: keras.Model | str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    **options: Unpack[ExportOptions],
) -> ExportReport:
    """Exports a causal model as one ONNX file that takes a sequence piece by piece.

    Beside the model's own inputs and outputs the file has an input and an output for each state, such as
    ``lstm_1_h`` and ``lstm_1_h_out`` ``(batch, units)``. Start with zeros, give each output to its input at the next
    piece. Pieces may have any length; all together answer as one pass over the whole does. Where a model answers
    once for a sequence, each piece gives the answer to all that came so far. The key ``states`` of the file's
    metadata holds the table of states as JSON.

    Args:
        model: A functional, sequential or built subclassed model that reads forwards only and whose time axis is
            free, or the ``.keras`` file of one.
        path: The file to write, such as ``"streaming.onnx"``.
        opset: The ONNX operator set, 13 to 26; 18 by default.
        strict: Whether a recurrent layer without a counterpart in ONNX is refused: see ``export_onnx``.
        input_signature: What a subclassed model takes: see ``export_onnx``.
        input_names: Other names for the inputs: see ``export_onnx``.
        parity_inputs: Inputs by name on which pieces must agree with one pass, beside random ones.
        tolerance: How far a number may be from the model's, 1e-5 by default: see ``export_onnx``.
        overwrite: Whether an existing file is replaced.

    Returns:
        What was written and how it was proved: each step against Keras's step from the same states, and pieces of
        several lengths against one pass of the model.

    Raises:
        ArgumentError: If an argument is out of range, or the model has no state or a fixed number of steps.
        PathExistsError: If the file exists and ``overwrite`` is false.
        UnsupportedLayerError: If the model looks ahead, at a layer or anywhere else.
        ParityError: If the file does not answer as the model does; nothing is written then.

    Example:
        >>> import tempfile
        >>> from rnnzoo import build_tagger
        >>> model = build_tagger(num_classes=2, num_features=3, cell="gru", units=(4, 4), bidirectional=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     report = export_streaming_onnx(model, folder + "/streaming.onnx")
        >>> [state.input for state in report.states]
        ['gru_1_h', 'gru_2_h']
    """
    target = Path(path)
    config = make_config(ExportConfig, options, export_streaming_onnx)
    files.refuse_existing_file(target, overwrite=overwrite)
    network = Exportable(
        as_model(model), input_signature=config.input_signature, input_names=config.input_names
    )
    return write_streaming_onnx(StreamingExportable(network), target, config)


def write_streaming_onnx(step: StreamingExportable, target: Path, config: ExportConfig) -> ExportReport:
    """Converts, proves and writes; the work under ``export_streaming_onnx`` and ``save_bundle``."""
    report = write_onnx(
        step,
        target,
        config,
        check=functools.partial(
            check_streaming, step, inputs=config.parity_inputs, name=str(target), tolerance=config.tolerance
        ),
        properties={"states": json.dumps([state.to_config() for state in step.states])},
    )
    return dataclasses.replace(report, states=step.states)
