"""Does an exported file have the names, axes and answers of its Keras model? Asked of every file before it appears."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rnnzoo.errors import ParityError, RnnzooError, one_line
from rnnzoo_export.parity.comparison import Arrays
from rnnzoo_export.parity.other_runtimes import Run
from rnnzoo_export.parity.proof import prove
from rnnzoo_export.parity.runtimes import open_run
from rnnzoo_export.reports import TOLERANCE, ParityReport
from rnnzoo_export.signature import TensorSpec, describe_arrays

if TYPE_CHECKING:
    from rnnzoo_export.network.exportable import Exportable


def check_onnx(
    exportable: Exportable,
    path: Path,
    *,
    inputs: Arrays | None,
    name: str,
    tolerance: float = TOLERANCE,
    runtime: str = "onnxruntime",
) -> ParityReport:
    """Compares an ONNX file; ``name`` is what messages call it."""
    from rnnzoo_export.parity.runtimes import open_session

    session = open_session(path, name=name, fix="Try another opset, or replace the operation it names.")
    _compare_names(name, "inputs", exportable.signature.inputs, [node.name for node in session.get_inputs()])
    _compare_names(
        name, "outputs", exportable.signature.outputs, [node.name for node in session.get_outputs()]
    )
    _compare_axes(name, exportable.signature.inputs, [node.shape for node in session.get_inputs()])
    _compare_axes(name, exportable.signature.outputs, [node.shape for node in session.get_outputs()])
    outputs = [spec.name for spec in exportable.signature.outputs]
    if runtime == "onnxruntime":
        run_file: Run = functools.partial(session.run, outputs)
    else:
        run_file = open_run(path, runtime, name=name, fix="Use onnxruntime for this file.")

    def run(arrays: Arrays) -> Arrays:
        return dict(zip(outputs, run_file(dict(arrays)), strict=True))

    return prove(exportable, functools.partial(_answered, run, name), inputs, name, tolerance=tolerance)


def check_saved_model(
    exportable: Exportable,
    directory: Path,
    *,
    inputs: Arrays | None,
    name: str,
    key: str = "serving_default",
    tolerance: float = TOLERANCE,
) -> ParityReport:
    """Compares a SavedModel through the signature ``key``; ``name`` is what messages call it."""
    import tensorflow as tf

    from rnnzoo_export.parity.runtimes import load_signature

    function = load_signature(directory, key)
    given = list(function.structured_input_signature[1])
    _compare_names(name, "inputs", exportable.signature.inputs, given, ordered=False)
    _compare_names(
        name, "outputs", exportable.signature.outputs, list(function.structured_outputs), ordered=False
    )

    def run(arrays: Arrays) -> Arrays:
        with tf.device("/CPU:0"):  # where the model answers too: see Exportable
            outputs = function(**{key: tf.convert_to_tensor(value) for key, value in arrays.items()})
        return {key: value.numpy() for key, value in outputs.items()}

    return prove(exportable, functools.partial(_answered, run, name), inputs, name, tolerance=tolerance)


def _answered(run: Callable[[Arrays], Arrays], name: str, arrays: Arrays) -> Arrays:
    """Returns what a file answers, or raises ``ParityError``: the model has answered."""
    try:
        return run(arrays)
    except RnnzooError:
        raise
    except Exception as error:  # onnxruntime's and TensorFlow's errors have no common base but this
        raise ParityError(
            f"{name}: the file cannot answer {describe_arrays(arrays)}, which the model can: "
            f"{one_line(error, 300)} The conversion is wrong; please report it with the model."
        ) from error


def _compare_names(
    name: str, kind: str, specs: tuple[TensorSpec, ...], found: list[str], *, ordered: bool = True
) -> None:
    expected = [spec.name for spec in specs]
    if (found if ordered else sorted(found)) != (expected if ordered else sorted(expected)):
        raise ParityError(
            f"{name}: has the {kind} {found}; the model has {expected}. Export the model again."
        )


def _compare_axes(name: str, specs: tuple[TensorSpec, ...], found: list[list[int | str | None]]) -> None:
    """Compares the axes: of the same number, free where the model's are, and else of the same size."""
    for spec, shape in zip(specs, found, strict=True):
        sizes = tuple(size if isinstance(size, int) else None for size in shape)
        if sizes != spec.shape:
            raise ParityError(
                f"{name}: {spec.name} has the axes {shape}; the model has {list(spec.shape)}, where None is any size. "
                "Export the model again."
            )
