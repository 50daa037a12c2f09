"""All that goes into a bundle, checked before anything is written."""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, TypeGuard

import keras
import numpy as np

from rnnzoo import files
from rnnzoo.decoding import Decoding, check_storable_decoding, save_decoding
from rnnzoo.errors import ArgumentError, DataError, ExportError, UnsupportedLayerError
from rnnzoo.keras_models.output_activation import check_logits
from rnnzoo.preprocessing import Preprocessing, TextPreprocessing, check_storable, save_preprocessing
from rnnzoo.tasks import get_task
from rnnzoo.version import __version__
from rnnzoo_export import bundle as layout
from rnnzoo_export.conversion import write_onnx
from rnnzoo_export.deployment.bundle_config import BundleConfig
from rnnzoo_export.deployment.made_inputs import check_inputs_made, example_inputs
from rnnzoo_export.formats.quantization import quantize_onnx
from rnnzoo_export.formats.saved_model import refuse_names, write_saved_model
from rnnzoo_export.formats.streaming import write_streaming_onnx
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.network.input_names import names_for_inputs
from rnnzoo_export.parity.decoding_check import check_distribution
from rnnzoo_export.parity.parity import check_onnx
from rnnzoo_export.raw.kinds import find_raw_graph
from rnnzoo_export.raw.raw_graph import RawGraph
from rnnzoo_export.raw.wrapping import write_raw_onnx
from rnnzoo_export.reports import ExportReport
from rnnzoo_export.streaming.streaming_exportable import StreamingExportable

#: Rows on which a model is tried whose layers do not tell whether it answers logits.
_TRIED_ROWS = 32
_PACKAGES = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "numpy")


@dataclass(frozen=True)
class BundlePlan:
    """What a bundle will hold.

    Attributes:
        network: The model.
        preprocessing: From raw examples to inputs, if there is one.
        decoding: From outputs to answers, if there is one.
        task: A name in the task table, if one was given.
        config: The rest of what was asked for.
        step: The model with its states, for ``streaming.onnx``.
        raw: The preprocessing as ONNX has it, for ``raw.onnx``.
        quantization: The method that makes ``quantized.onnx``.
    """

    network: Exportable
    preprocessing: Preprocessing | None
    decoding: Decoding | None
    task: str | None
    config: BundleConfig
    step: StreamingExportable | None
    raw: RawGraph | None
    quantization: str | None

    def write(self, folder: Path) -> None:
        """Writes all files but the manifest, each proved."""
        reports = {
            layout.SAVED_MODEL_DIRECTORY: self._write_saved_model(folder),
            layout.ONNX_FILE: self._write_onnx(folder),
        }
        if self.step is not None:
            reports[layout.STREAMING_FILE] = self._write_streaming(self.step, folder)
        if self.raw is not None:
            reports[layout.RAW_FILE] = self._write_raw(self.raw, folder)
        if self.quantization is not None:
            reports[layout.QUANTIZED_FILE] = self._write_quantized(self.quantization, folder)
        files.write_json(folder / layout.PARITY_FILE, reports)
        self._write_descriptions(folder)

    def _write_saved_model(self, folder: Path) -> dict[str, Any]:
        directory = folder / layout.SAVED_MODEL_DIRECTORY
        directory.parent.mkdir(parents=True)
        return write_saved_model(
            self.network,
            directory,
            text=self.preprocessing if _is_text(self.preprocessing) else None,
            parity_inputs=self.config.parity_inputs,
            name=layout.SAVED_MODEL_DIRECTORY,
            tolerance=self.config.tolerance,
        ).to_config()

    def _write_onnx(self, folder: Path) -> dict[str, Any]:
        inputs, name, tolerance = self.config.parity_inputs, layout.ONNX_FILE, self.config.tolerance
        check = functools.partial(check_onnx, self.network, inputs=inputs, name=name, tolerance=tolerance)
        return _facts(write_onnx(self.network, folder / name, self.config.export, check=check))

    def _write_streaming(self, step: StreamingExportable, folder: Path) -> dict[str, Any]:
        return _facts(write_streaming_onnx(step, folder / layout.STREAMING_FILE, self.config.export))

    def _write_raw(self, raw: RawGraph, folder: Path) -> dict[str, Any]:
        decoding = self.decoding
        if decoding is not None and decoding.target_names is None:
            decoding = None  # its answers are no values with units
        path = folder / layout.RAW_FILE
        return _facts(write_raw_onnx(self.network, path, raw, self.config.export, decoding=decoding))

    def _write_quantized(self, method: str, folder: Path) -> dict[str, Any]:
        try:
            report = quantize_onnx(
                folder / layout.ONNX_FILE,
                folder / layout.QUANTIZED_FILE,
                method=method,
                data=self.config.quantization_data or (),
                task=self.task or "",
                quantiles=self.decoding.quantiles if self.decoding is not None else None,
            )
        except (ExportError, DataError) as error:  # the folder has a temporary name, which says nothing
            raise type(error)(str(error).replace(f"{folder}{os.sep}", "")) from error
        facts = asdict(report)
        del facts["path"]
        return facts

    def _write_descriptions(self, folder: Path) -> None:
        if self.preprocessing is not None:
            save_preprocessing(self.preprocessing, folder / layout.PREPROCESSING_FILE)
        if self.decoding is not None:
            save_decoding(self.decoding, folder / layout.DECODING_FILE)
        signature = replace(
            self.network.signature,
            least_steps=self.network.least_steps or 1,
            request=None if self.preprocessing is None else self.preprocessing.request,
        )
        files.write_json(folder / layout.SIGNATURE_FILE, signature.to_config())
        model = self.network.model
        facts = {
            **(self.config.provenance or {}),
            "name": self.config.name or model.name,
            "version": self.config.version,
            "task": self.task,
            "metrics": self.config.metrics,
        }
        files.write_json(folder / layout.PROVENANCE_FILE, {**facts, **_made_with(model)})


def plan_bundle(
    model: keras.Model,
    preprocessing: Preprocessing | None,
    decoding: Decoding | None,
    task: str | None,
    config: BundleConfig,
) -> BundlePlan:
    """Checks that all belongs together; the arguments are those of ``save_bundle``.

    Raises:
        ArgumentError: If it does not.
        UnsupportedLayerError: If a layer cannot be exported.
    """
    if task is not None and get_task(task).data == "pairs":
        raise ArgumentError(
            f"task: received {task!r}, whose models are an encoder and a decoder file; expected another. Use "
            "export_seq2seq_onnx, whose files Translator and rnnzoo predict run."
        )
    if preprocessing is not None:
        check_storable(preprocessing)
    if decoding is not None:
        check_storable_decoding(decoding)
    made = example_inputs(preprocessing, config.example)
    given = config.parity_inputs if preprocessing is not None else None
    names = config.input_names
    if names is None:
        names = names_for_inputs(model, given or made)
    network = Exportable(model, input_signature=config.input_signature, input_names=names)
    refuse_names(network)
    _refuse_texts(network)
    check_distribution(network.signature.outputs, decoding, task)
    _check_logits(network, decoding)
    check_inputs_made(network, preprocessing, made)
    if preprocessing is not None:
        _check_rows(network)
    method = config.quantization_method(task)
    raw = _raw_graph(preprocessing) if "raw" in config.also else None
    step = StreamingExportable(network) if "streaming" in config.also else None
    return BundlePlan(network, preprocessing, decoding, task, config, step, raw, method)


def _check_logits(network: Exportable, decoding: Decoding | None) -> None:
    """Checks that the model ends in logits where a decoding of rnnzoo's makes probabilities of them.

    A decoding class of a user may read what it likes.
    """
    if decoding is None or type(decoding).__module__ != Decoding.__module__:
        return

    def answers() -> list[np.ndarray]:
        steps = (network.least_steps or 1) + 2
        batch = network.batches().batch("full", _TRIED_ROWS, steps).arrays
        return [network.predict(batch)[network.signature.outputs[0].name]]

    # Of a task of a user's, the configuration says as which of rnnzoo's it answers.
    kind = str(decoding.to_config().get("kind", decoding.task))
    check_logits(network.model, get_task(kind).activation, f"the decoding of task {decoding.task!r}", answers)


def _refuse_texts(network: Exportable) -> None:
    for spec in network.signature.inputs:
        if spec.kind == "O":
            raise UnsupportedLayerError(
                f"input {spec.name!r}: takes texts, and arrays of a bundle hold numbers; expected a model behind its "
                "StringLookup. Pass that, or export this one alone with export_onnx, whose file takes words."
            )


def _check_rows(network: Exportable) -> None:
    """Checks that there is an answer for each raw row."""
    for spec in network.signature.outputs:
        if spec.shape[:1] != (None,):
            raise ArgumentError(
                f"preprocessing: received one, and the output {spec.name!r} {spec.shape}, which is the same for all "
                "rows together; expected an answer for each row. Leave that output out of the model, or leave out the "
                "preprocessing: the bundle then takes arrays."
            )


def _raw_graph(preprocessing: Preprocessing | None) -> RawGraph:
    graph = find_raw_graph(preprocessing)
    if graph is None:
        raise ArgumentError(
            f"also: received raw, and {type(preprocessing).__name__} as preprocessing; expected one of "
            "rnnzoo's for texts, series or sound alone. Leave raw out, and do the preprocessing before the model."
        )
    return graph


def _is_text(preprocessing: Preprocessing | None) -> TypeGuard[TextPreprocessing]:
    """Whether it can be part of a file that takes texts."""
    return isinstance(preprocessing, TextPreprocessing) and find_raw_graph(preprocessing) is not None


def _facts(report: ExportReport) -> dict[str, Any]:
    """Returns a report as the bundle keeps it."""
    return {
        **report.parity.to_config(),
        "opset": report.opset,
        "operators": dict(report.operators),
        "fused": list(report.fused),
        "loops": list(report.loops),
        **({"states": [state.to_config() for state in report.states]} if report.states else {}),
    }


def _made_with(model: keras.Model) -> dict[str, Any]:
    versions = {package: metadata.version(package) for package in _PACKAGES}
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"rnnzoo": __version__, "python": sys.version.split()[0], **versions},
        "parameters": int(model.count_params()),
    }
