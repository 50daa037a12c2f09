"""Writing a bundle: export in every form, prove each, seal the whole."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np

from rnnzoo import files
from rnnzoo.decoding import Decoding, save_decoding
from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing import Preprocessing, save_preprocessing
from rnnzoo.tasks import get_task
from rnnzoo.version import __version__
from rnnzoo_export import bundle as layout
from rnnzoo_export.bundle import Bundle, load_bundle, write_manifest
from rnnzoo_export.exportable import Exportable
from rnnzoo_export.onnx_model import write_onnx
from rnnzoo_export.parity import check_onnx
from rnnzoo_export.saved_model import write_saved_model

_PACKAGES = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "numpy")


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
    strict: bool = False,
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
        strict: Whether recurrent layers that ONNX would run as loops are refused.
        overwrite: Whether an existing directory is replaced.

    Returns:
        The bundle, loaded and verified.

    Raises:
        PathExistsError: If the directory holds something and ``overwrite`` is false.
        ArgumentError: If preprocessing and model do not go together.
        UnsupportedLayerError: If a layer cannot be exported.
        ParityError: If a file does not answer as the model does.
    """
    files.refuse_existing(directory, overwrite=overwrite)
    if task is not None:
        get_task(task)
    names = _input_names(model, preprocessing, parity_inputs)
    exportable = Exportable(model, input_signature=input_signature, input_names=names)
    _check_preprocessing(exportable, preprocessing, provenance)
    with files.new_directory(directory, overwrite=overwrite) as temporary:
        saved_model = temporary / layout.SAVED_MODEL_DIRECTORY
        saved_model.parent.mkdir(parents=True)
        tensorflow_parity = write_saved_model(
            exportable, saved_model, parity_inputs=parity_inputs, name=layout.SAVED_MODEL_DIRECTORY
        )
        onnx_report = write_onnx(
            exportable,
            temporary / layout.ONNX_FILE,
            strict=strict,
            check=functools.partial(check_onnx, exportable, inputs=parity_inputs, name=layout.ONNX_FILE),
        )
        if preprocessing is not None:
            save_preprocessing(preprocessing, temporary / layout.PREPROCESSING_FILE)
        if decoding is not None:
            save_decoding(decoding, temporary / layout.DECODING_FILE)
        files.write_json(temporary / layout.SIGNATURE_FILE, exportable.signature.to_config())
        files.write_json(
            temporary / layout.PARITY_FILE,
            {
                layout.ONNX_FILE: {
                    **onnx_report.parity.to_config(),
                    "opset": onnx_report.opset,
                    "operators": dict(onnx_report.operators),
                    "fused": list(onnx_report.fused),
                    "loops": list(onnx_report.loops),
                },
                layout.SAVED_MODEL_DIRECTORY: tensorflow_parity.to_config(),
            },
        )
        facts = {**(provenance or {}), "name": name or model.name, "task": task, "metrics": metrics}
        files.write_json(temporary / layout.PROVENANCE_FILE, {**facts, **_made_with(model)})
        write_manifest(temporary)
    return load_bundle(Path(directory))


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
