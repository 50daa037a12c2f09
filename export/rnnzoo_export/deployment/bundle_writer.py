"""Writing a bundle: export in every form, prove each, seal the whole."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, TypeGuard

import keras
import numpy as np

from rnnzoo import checks, files
from rnnzoo.data.split import Split
from rnnzoo.decoding import Decoding, save_decoding
from rnnzoo.errors import ArgumentError, BundleError, DataError, ExportError
from rnnzoo.preprocessing import Preprocessing, TextPreprocessing, check_storable, save_preprocessing
from rnnzoo.tasks import get_task
from rnnzoo.version import __version__
from rnnzoo_export import bundle as layout
from rnnzoo_export.bundle import Bundle, load_bundle, write_manifest
from rnnzoo_export.conversion import DEFAULT_OPSET, write_onnx
from rnnzoo_export.formats.quantization import METHODS, Batches, quantize_onnx
from rnnzoo_export.formats.saved_model import write_saved_model
from rnnzoo_export.formats.streaming import write_streaming_onnx
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.parity.decoding_check import check_distribution
from rnnzoo_export.parity.parity import check_onnx
from rnnzoo_export.raw.kinds import find_raw_graph
from rnnzoo_export.raw.raw_graph import RawGraph
from rnnzoo_export.raw.text_graph import TextGraph
from rnnzoo_export.raw.wrapping import write_raw_onnx
from rnnzoo_export.reports import ExportReport
from rnnzoo_export.streaming.streaming_exportable import StreamingExportable

_PACKAGES = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "numpy")

#: The files that a bundle may hold beside those that every bundle does.
ALSO = ("streaming", "raw", *METHODS)


def save_bundle(
    model: keras.Model,
    directory: str | os.PathLike[str],
    *,
    preprocessing: Preprocessing | None = None,
    decoding: Decoding | None = None,
    task: str | None = None,
    name: str | None = None,
    provenance: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
    parity_inputs: Mapping[str, np.ndarray] | None = None,
    input_signature: Any = None,
    strict: bool = True,
    also: Collection[str] = (),
    quantization_data: Split | Batches | None = None,
    overwrite: bool = False,
) -> Bundle:
    """Exports a model as SavedModel and ONNX, proves both and writes them with all that is needed to serve them.

    The directory appears whole and proved, or not at all.

    Args:
        model: A trained Keras model, of the zoo or any other.
        directory: Where to write.
        preprocessing: From raw examples to the model's inputs; without it the bundle takes arrays only.
        decoding: From outputs to answers; without it the bundle answers arrays.
        task: A name in the task table.
        name: What servers call the model; the model's own name by default.
        provenance: JSON-able facts on how the model was made: data, config, seed, an ``example`` of raw input.
        metrics: Its scores.
        parity_inputs: Held-out inputs by name on which the files must agree with the model.
        input_signature: What a subclassed model takes: see ``Exportable``.
        strict: Whether recurrent layers that ONNX would run as loops are refused: see ``export_onnx``.
        also: Further files: ``"streaming"`` for ``streaming.onnx`` (see ``export_streaming_onnx``), ``"raw"`` for
            ``raw.onnx``, which takes raw examples (see ``export_onnx``), and one method of ``quantize_onnx``, such as
            ``"weights_int8"``, for ``quantized.onnx``.
        quantization_data: The held-out rows on which ``quantized.onnx`` must answer nearly as well.
        overwrite: Whether an existing directory is replaced.

    Returns:
        The bundle, loaded and verified.

    Raises:
        PathExistsError: If the directory holds something and ``overwrite`` is false.
        ArgumentError: If preprocessing and model do not go together, or the preprocessing is not registered.
        UnsupportedLayerError: If a layer cannot be exported.
        ParityError: If a file does not answer as the model does.
        AccuracyError: If the quantized file answers worse, or changes more, than ``quantize_onnx`` allows.
        BundleError: If the bundle could not be loaded again.
    """
    files.refuse_existing(directory, overwrite=overwrite)
    if task is not None:
        get_task(task)
    if task == "translation":
        raise ArgumentError(
            "task: received 'translation', whose models are an encoder and a decoder file; expected another. Use "
            "export_seq2seq_onnx, whose files Translator and rnnzoo predict run."
        )
    if preprocessing is not None:
        check_storable(preprocessing)
    names = _input_names(model, preprocessing, parity_inputs)
    exportable = Exportable(model, input_signature=input_signature, input_names=names)
    check_distribution(exportable.signature.outputs, decoding, task)
    _check_preprocessing(exportable, preprocessing, provenance)
    method = _quantization_method(also, quantization_data, task)
    graph = _raw_graph(preprocessing) if "raw" in also else None
    step = None
    if "streaming" in also:
        step = StreamingExportable(model, input_signature=input_signature, input_names=names)
    with files.new_directory(directory, overwrite=overwrite) as temporary:
        reports = _write_networks(exportable, temporary, preprocessing, parity_inputs, strict=strict)
        if step is not None:
            written = write_streaming_onnx(
                step,
                temporary / layout.STREAMING_FILE,
                opset=DEFAULT_OPSET,
                strict=strict,
                parity_inputs=parity_inputs,
            )
            reports[layout.STREAMING_FILE] = _described(written)
        if graph is not None:
            written = write_raw_onnx(
                exportable,
                temporary / layout.RAW_FILE,
                graph,
                decoding=decoding if decoding is not None and decoding.target_names is not None else None,
                opset=None,
                strict=strict,
                parity_inputs=parity_inputs,
            )
            reports[layout.RAW_FILE] = _described(written)
        if method is not None and quantization_data is not None and task is not None:
            levels = decoding.quantiles if decoding is not None else None
            reports[layout.QUANTIZED_FILE] = _quantized(temporary, method, quantization_data, task, levels)
        if preprocessing is not None:
            save_preprocessing(preprocessing, temporary / layout.PREPROCESSING_FILE)
        if decoding is not None:
            save_decoding(decoding, temporary / layout.DECODING_FILE)
        signature = replace(exportable.signature, least_steps=exportable.least_steps or 1)
        files.write_json(temporary / layout.SIGNATURE_FILE, signature.to_config())
        files.write_json(temporary / layout.PARITY_FILE, reports)
        facts = {**(provenance or {}), "name": name or model.name, "task": task, "metrics": metrics}
        files.write_json(temporary / layout.PROVENANCE_FILE, {**facts, **_made_with(model)})
        write_manifest(temporary)
        _try_loading(temporary, Path(directory))
    return load_bundle(Path(directory))


def _try_loading(folder: Path, target: Path) -> None:
    try:
        load_bundle(folder)
    except BundleError as error:
        reason = str(error.__cause__ or error).replace(str(folder), str(target))
        raise BundleError(f"{target}: could not be loaded again, so nothing was written. {reason}") from error


def _write_networks(
    exportable: Exportable,
    folder: Path,
    preprocessing: Preprocessing | None,
    parity_inputs: Mapping[str, np.ndarray] | None,
    *,
    strict: bool,
) -> dict[str, dict[str, Any]]:
    """Writes the two files that every bundle holds; reports by file."""
    saved_model = folder / layout.SAVED_MODEL_DIRECTORY
    saved_model.parent.mkdir(parents=True)
    parity = write_saved_model(
        exportable,
        saved_model,
        text=preprocessing if _is_text(preprocessing) else None,
        parity_inputs=parity_inputs,
        name=layout.SAVED_MODEL_DIRECTORY,
    )
    report = write_onnx(
        exportable,
        folder / layout.ONNX_FILE,
        strict=strict,
        check=functools.partial(check_onnx, exportable, inputs=parity_inputs, name=layout.ONNX_FILE),
    )
    return {layout.ONNX_FILE: _described(report), layout.SAVED_MODEL_DIRECTORY: parity.to_config()}


def _is_text(preprocessing: Preprocessing | None) -> TypeGuard[TextPreprocessing]:
    """Whether it can be part of a file that takes texts."""
    return isinstance(find_raw_graph(preprocessing), TextGraph)


def _described(report: ExportReport) -> dict[str, Any]:
    return {
        **report.parity.to_config(),
        "opset": report.opset,
        "operators": dict(report.operators),
        "fused": list(report.fused),
        "loops": list(report.loops),
        **({"states": [state.to_config() for state in report.states]} if report.states else {}),
    }


def _quantization_method(also: Collection[str], data: Split | Batches | None, task: str | None) -> str | None:
    """Returns the method of quantization that is asked for, if one is; checks all that is."""
    for name in also:
        checks.choice("file in also", name, ALSO)
    methods = [name for name in also if name in METHODS]
    if len(methods) > 1:
        raise ArgumentError(f"also: received {' and '.join(methods)}; expected one method of quantization.")
    if methods and (data is None or task is None):
        raise ArgumentError(
            f"also: received {methods[0]} alone; expected quantization_data and task with it, to score the file."
        )
    return methods[0] if methods else None


def _quantized(
    folder: Path, method: str, data: Split | Batches, task: str, quantiles: Sequence[float] | None
) -> dict[str, Any]:
    try:
        report = quantize_onnx(
            folder / layout.ONNX_FILE,
            folder / layout.QUANTIZED_FILE,
            method=method,
            data=data,
            task=task,
            quantiles=quantiles,
        )
    except (ExportError, DataError) as error:  # the folder has a temporary name, which says nothing
        raise type(error)(str(error).replace(f"{folder}{os.sep}", "")) from error
    facts = asdict(report)
    del facts["path"]
    return facts


def _raw_graph(preprocessing: Preprocessing | None) -> RawGraph:
    graph = find_raw_graph(preprocessing)
    if graph is None:
        raise ArgumentError(
            f"also: received raw, and {type(preprocessing).__name__} as preprocessing; expected one of "
            "rnnzoo's for texts, series or sound. Leave raw out, and do the preprocessing before the model."
        )
    return graph


def _made_with(model: keras.Model) -> dict[str, Any]:
    versions = {package: metadata.version(package) for package in _PACKAGES}
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"rnnzoo": __version__, "python": sys.version.split()[0], **versions},
        "parameters": int(model.count_params()),
    }


def _input_names(
    model: Any, preprocessing: Preprocessing | None, parity_inputs: Mapping[str, np.ndarray] | None
) -> Sequence[str] | None:
    """A model of one input is given the name that its data have, whatever it calls it itself."""
    inputs = getattr(model, "inputs", None) or []
    if preprocessing is not None and parity_inputs is not None and len(inputs) == len(parity_inputs) == 1:
        return list(parity_inputs)
    return None


def _check_preprocessing(
    exportable: Exportable, preprocessing: Preprocessing | None, provenance: Mapping[str, Any] | None
) -> None:
    """Tries the preprocessing on the example, if there is one: its inputs must be the model's."""
    example = (provenance or {}).get("example")
    if preprocessing is None or example is None:
        return
    made = set(preprocessing.apply([example]))
    taken = {spec.name for spec in exportable.signature.inputs}
    if made != taken:
        raise ArgumentError(
            f"preprocessing: makes the inputs {sorted(made)}; the model takes {sorted(taken)}. "
            "Pass the preprocessing that the model was trained with."
        )
