"""Does an exported file answer as the Keras model does? Asked of every file before it appears.

Batches of several sizes and lengths that the conversion did not use, with every shape of mask, with large numbers,
and whatever real inputs are given.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np

from rnnzoo import files
from rnnzoo.errors import ArgumentError, ExportError, ParityError, RnnzooError, one_line
from rnnzoo_export.bundle import Bundle
from rnnzoo_export.network.proof_batches import (
    LARGE,
    LONG,
    MANY,
    ONE,
    SOME,
    Batch,
    masked_batches,
    multiplied,
    nudged,
)
from rnnzoo_export.network.step_search import nearby_steps
from rnnzoo_export.parity.comparison import (
    Arrays,
    ValueDifferenceError,
    compare,
    given_batch,
    largest_of_unit,
)
from rnnzoo_export.parity.file_checks import RuntimeReport, check_files
from rnnzoo_export.parity.rounding import explained
from rnnzoo_export.parity.runtimes import Run, check_runtime, open_run
from rnnzoo_export.reports import TOLERANCE, ParityReport
from rnnzoo_export.signature import TensorSpec, describe_arrays

if TYPE_CHECKING:
    import keras

    from rnnzoo_export.network.export_config import InputSignature
    from rnnzoo_export.network.exportable import Exportable
    from rnnzoo_export.network.input_names import InputNames

# Which of the random batches the model answers step by step too: its graph may differ from what it does in Python.
_ALSO_EAGERLY = 2
# By how much other sums may move an answer more than numbers do that move to their neighbours.
_MARGIN = 8


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
        runtime: What runs ONNX files: ``"onnxruntime"``; ``"openvino"``, asked to compute in float32; or
            ``"reference"``, onnx's reference evaluator.

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


def prove(
    exportable: Exportable,
    run: Callable[[Arrays], Arrays],
    inputs: Arrays | None,
    name: str,
    *,
    tolerance: float = TOLERANCE,
) -> ParityReport:
    """Compares what a file answers with what the model does.

    On random batches of several sizes: full, with every shape of mask on every axis that can be masked, filled with
    each value that masks a step, and with large numbers; then on what is given.

    Args:
        exportable: The model.
        run: Answers a batch by the file.
        inputs: A batch to compare on, beside random ones.
        name: What messages call the file.
        tolerance: What is allowed: see ``TOLERANCE``.

    Raises:
        ParityError: If they differ; the message says whether it is rounding.
        ExportError: If the model answers nothing.
    """
    proof = functools.partial(_prove, exportable, run, inputs, name)
    try:
        return proof(tolerance)
    except ValueDifferenceError as error:
        raise explained(error, exportable, proof) from error


def _prove(
    exportable: Exportable,
    run: Callable[[Arrays], Arrays],
    inputs: Arrays | None,
    name: str,
    tolerance: float,
) -> ParityReport:
    exportable.seen_masks.update({layer: set() for layer in exportable.seen_masks})
    reports = [*_random_reports(exportable, run, name, tolerance)]
    for report in _large_reports(exportable, run, name, tolerance):
        # Beside large numbers an absolute difference says nothing of the others.
        reports.append(replace(report, max_difference=0.0))
    if inputs is not None:
        batch = given_batch(exportable.signature, inputs)
        reports.append(compare(name, run(batch), exportable.predict(batch), batch, tolerance=tolerance))
    report = functools.reduce(ParityReport.merge, reports)
    seen = {layer: tuple(sorted(shapes)) for layer, shapes in exportable.seen_masks.items()}
    return replace(report, least_steps=exportable.least_steps, masks=seen)


def _random_reports(
    exportable: Exportable, run: Callable[[Arrays], Arrays], name: str, tolerance: float
) -> Iterator[ParityReport]:
    least, inner = exportable.steps
    extra = {size: (least or 1) + size[1] for size in (ONE, SOME, LONG, MANY)}
    if least is not None:
        extra = {size: nearby_steps(exportable.answers, steps, least, inner) for size, steps in extra.items()}
    refused: dict[str, str] = {}
    for number, batch in enumerate(masked_batches(exportable.batches(), extra)):
        if batch.kind in refused:
            continue
        try:
            truth = exportable.predict(batch.arrays)
        except ExportError as error:
            if batch.kind in ("full", "mixed"):  # a mix has what was refused alone
                if batch.kind == "mixed" and refused:
                    continue
                raise
            refused[batch.kind] = str(error)
            continue
        if number == _ALSO_EAGERLY and not _same(truth, exportable.predict_eagerly(batch.arrays), tolerance):
            exportable.distrust_graph()
            truth = exportable.predict(batch.arrays)
        report = compare(name, run(batch.arrays), truth, batch.arrays, tolerance=tolerance)
        yield replace(report, refused_masks=tuple(refused))


def _same(graph: Arrays, eager: Arrays, tolerance: float) -> bool:
    try:
        compare("graph", graph, eager, {}, tolerance=tolerance)
    except ParityError:
        return False
    return True


def _large_reports(
    exportable: Exportable, run: Callable[[Arrays], Arrays], name: str, tolerance: float
) -> Iterator[ParityReport]:
    """Compares on large numbers, one size a row.

    Each size is halved until the model's own answer is finite, and then until both agree within the tolerance: behind
    large numbers a saturated function may leave few digits. A file that is not finite where the model is, or a
    hundredth off, fails at any size. A place where the model's answer itself moves as numbers move to their neighbours
    must be finite, and is not compared: its float32 value is a matter of the order of sums.
    """
    least, inner = exportable.steps
    steps = 1 if least is None else nearby_steps(exportable.answers, least + 4, least, inner)
    normal, numbers = exportable.batches().large(steps)
    sizes = LARGE.copy()
    while numbers:
        found = _finite_truth(exportable, normal, numbers, sizes)
        if found is None:
            return
        batch, truth = found
        rng = np.random.default_rng(0)
        moved = [exportable.predict(nudged(batch, numbers, rng)) for _ in range(2)]
        # Once more in many rows, for the branches that a file has for them.
        many = {key: np.concatenate([value] * -(-MANY[0] // len(value))) for key, value in batch.items()}
        reports, apart = [], set()
        for answer in (run(batch), run(many)):
            for row, size in enumerate(sizes):
                try:
                    reports.append(_compare_large_row(name, row, (answer, truth, moved), batch, tolerance))
                except ParityError:
                    if size <= 1 or _is_far(row, (answer, truth, moved), tolerance):
                        raise
                    apart.add(row)
        if not apart:
            yield replace(functools.reduce(ParityReport.merge, reports), cases=2)
            return
        sizes[list(apart)] /= 2


Answers = tuple[Arrays, Arrays, list[dict[str, np.ndarray]]]


def _is_far(row: int, answers: Answers, tolerance: float) -> bool:
    """Whether a row of a file's answer is not finite, of another shape, or a hundredth off at a steady place."""
    answer, truth, moved = answers
    for key, value in truth.items():
        if answer[key].shape[1:] != value.shape[1:] or answer[key].dtype != value.dtype:
            return True
        found, expected = answer[key][row].astype(np.float64), value[row : row + 1].astype(np.float64)
        near = np.abs(found - expected[0]) <= max(1e-2, tolerance) * np.maximum(
            1, largest_of_unit(expected)[0]
        )
        steady = _steady(value[row : row + 1], [answer[key][row] for answer in moved], tolerance)
        if not (near | (np.isfinite(found) & ~steady)).all():
            return True
    return False


def _steady(truth: np.ndarray, moved: list[np.ndarray], tolerance: float) -> np.ndarray:
    """Returns where a row ``(1, ...)`` of the model's answer stays as numbers move to their neighbours."""
    tolerance = tolerance if truth.dtype.kind == "f" else 0.0
    expected = truth.astype(np.float64)
    moves = np.max([np.abs(answer - expected[0]) for answer in moved], axis=0)
    return np.asarray(moves * _MARGIN <= tolerance + tolerance * largest_of_unit(expected)[0])


def _finite_truth(
    exportable: Exportable, normal: Batch, numbers: list[str], sizes: np.ndarray
) -> tuple[Batch, Arrays] | None:
    """Halves sizes until the model answers with finite numbers alone; ``None`` if it does not for normal ones."""
    while True:
        batch = multiplied(normal, numbers, sizes)
        truth = exportable.predict(batch)
        if any(value.shape[:1] != sizes.shape for value in truth.values()):
            return None  # it does not answer by rows
        finite = np.all(
            [
                np.isfinite(value.astype(np.float64)).reshape(len(sizes), -1).all(1)
                for value in truth.values()
            ],
            axis=0,
        )
        if finite.all():
            return batch, truth
        if (sizes[~finite] <= 1).any():
            return None
        sizes[~finite] /= 2


def _compare_large_row(name: str, row: int, answers: Answers, batch: Batch, tolerance: float) -> ParityReport:
    answer, truth, moved = answers
    found, expected = {}, {}
    for key, value in truth.items():
        expected[key], found[key] = value[row : row + 1], answer[key][row : row + 1]
        if found[key].shape == expected[key].shape:
            unsteady = ~_steady(expected[key], [answer[key][row] for answer in moved], tolerance)
            unsteady = unsteady[None] & np.isfinite(found[key].astype(np.float64))
            found[key] = np.where(unsteady, expected[key], found[key])
    given = {key: value[row : row + 1] for key, value in batch.items()}
    return compare(name, found, expected, given, tolerance=tolerance)
