"""Any exported file against its Keras model, or the files of a bundle in another runtime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, overload

from rnnzoo import files
from rnnzoo.errors import ArgumentError
from rnnzoo_export.bundle import Bundle
from rnnzoo_export.parity.comparison import Arrays
from rnnzoo_export.parity.file_checks import RuntimeReport, check_files
from rnnzoo_export.parity.parity import check_onnx, check_saved_model
from rnnzoo_export.parity.runtimes import check_runtime
from rnnzoo_export.reports import ParityReport

if TYPE_CHECKING:
    import keras

    from rnnzoo_export.network.export_config import InputSignature
    from rnnzoo_export.network.input_names import InputNames


@overload
def check_parity(
    model: keras.Model | str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    inputs: Arrays | None = None,
    input_signature: InputSignature | None = None,
    input_names: InputNames | None = None,
    tolerance: float | None = None,
    runtime: str = "onnxruntime",
) -> ParityReport: ...


@overload
def check_parity(
    model: Bundle | str | os.PathLike[str], *, inputs: Arrays | None = None, runtime: str = "onnxruntime"
) -> RuntimeReport: ...


def check_parity(
    model: keras.Model | Bundle | str | os.PathLike[str],
    path: str | os.PathLike[str] | None = None,
    *,
    inputs: Arrays | None = None,
    input_signature: InputSignature | None = None,
    input_names: InputNames | None = None,
    tolerance: float | None = None,
    runtime: str = "onnxruntime",
) -> ParityReport | RuntimeReport:
    """Compares an exported file with a Keras model, or the files of a bundle in a runtime with those in onnxruntime.

    ``check_parity(model, path)`` proves a file anew. ``check_parity(bundle, runtime="openvino")`` needs no model: each
    ONNX file of the bundle answers batches that are made from its signature, and the truth is the same file in
    onnxruntime, in which it was proved when it was exported.

    Args:
        model: The model, or its ``.keras`` file; without ``path`` a bundle, the directory of one, or an ONNX file of
            rnnzoo.
        path: With a model, an ONNX file or a SavedModel directory; otherwise none.
        inputs: Arrays by input name to compare on, beside random ones.
        input_signature: What a subclassed model takes: see ``export_onnx``.
        input_names: The names that the file was given for its inputs: see ``export_onnx``.
        tolerance: What is allowed: see ``export_onnx``. ``None`` for what the file or its bundle was exported with.
        runtime: What runs ONNX files: ``"onnxruntime"``; ``"openvino"``, asked to compute in float32, in a process of
            its own; or ``"reference"``, onnx's reference evaluator.

    Returns:
        With a model, the largest difference and where it is. For a bundle or a file, whether each file is right,
        refused or wrong.

    Raises:
        PathNotFoundError: If there is no such file.
        ArgumentError: If the runtime is unknown or not installed, the tolerance is out of range, or arguments do not
            go together.
        ParityError: With a model: if names or shapes differ, or a value beyond ``|a - b| <= tolerance + tolerance *
            scale``, where the scale is the largest ``|b|`` of the same unit (the place on the last axis) in the batch.
        ExportError: If the runtime cannot load the file that is compared with a model.
        BundleError: If the bundle is damaged.

    Example:
        >>> report = check_parity("bundle", runtime="openvino")  # doctest: +SKIP
        >>> print(report)  # doctest: +SKIP
        OpenVINO 2026.4.1
        model.onnx: right, largest difference 1.8e-07
        quantized.onnx: refused (...)
    """
    from rnnzoo.keras_models.loading import as_model
    from rnnzoo_export.network.export_config import check_tolerance
    from rnnzoo_export.network.exportable import Exportable
    from rnnzoo_export.parity.runtimes import stated_tolerance

    runtime = check_runtime(runtime)
    if tolerance is not None:
        check_tolerance(tolerance)
    if isinstance(model, Bundle) or (path is None and isinstance(model, str | os.PathLike)):
        if any(value is not None for value in (path, input_signature, input_names, tolerance)):
            raise ArgumentError(
                f"model: received {model!r} with arguments that belong to a Keras model. Pass the bundle or file "
                "alone, or a keras.Model first."
            )
        return check_files(model if isinstance(model, Bundle) else Path(model), runtime, inputs)
    if path is None:
        raise ArgumentError(
            "path: received None; expected the ONNX file or SavedModel to compare the model with."
        )
    exportable = Exportable(as_model(model), input_signature=input_signature, input_names=input_names)
    target = Path(path)
    if not target.is_dir():
        files.existing_file(target, "an ONNX file or a SavedModel directory")
    allowed = stated_tolerance(target) if tolerance is None else tolerance
    if not target.is_dir():
        return check_onnx(
            exportable, target, inputs=inputs, name=str(target), tolerance=allowed, runtime=runtime
        )
    if runtime != "onnxruntime":
        raise ArgumentError(
            f"runtime: received {runtime!r} for {target}, a directory; expected an ONNX file, such as "
            f"{target / 'model.onnx'}."
        )
    return check_saved_model(exportable, target, inputs=inputs, name=str(target), tolerance=allowed)
