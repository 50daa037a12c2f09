"""Does an exported file answer as the Keras model does? Asked of every file before it appears.

Batches of several sizes and lengths, none of them seen in the conversion, with rows padded on the right, with holes
and without any valid step, and whatever real inputs are given.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo import files
from rnnzoo.errors import ArgumentError, ParityError
from rnnzoo_export.signature import Signature, TensorSpec
from rnnzoo_export.simple_rnn_nodes import SCAN_FROM

if TYPE_CHECKING:
    import keras

    from rnnzoo_export.exportable import Exportable

#: Largest difference allowed: ``|a - b| <= TOLERANCE + TOLERANCE * scale``, float32 sums in another order. The scale is
#: the largest ``|b|`` of the same unit in the batch: a sum is rounded as its terms are large, not as what is left of
#: them where they cancel (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1).
TOLERANCE = 1e-5
# Rows and steps of the random batches. The last has so many rows that every branch of a file that chooses by size runs.
_CASES = ((1, 1), (4, 7), (2, 19), (SCAN_FROM, 3))

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class ParityReport:
    """The agreement of an exported file with its model.

    Attributes:
        max_difference: The largest absolute difference found.
        where: The output, the place in it and the batch where it was found.
        cases: How many batches were compared.
        values: How many numbers were compared.
        tolerance: What was allowed: ``|a - b| <= tolerance + tolerance * scale``, where the scale is the largest
            ``|b|`` of the same unit in the batch.
    """

    max_difference: float
    where: str
    cases: int
    values: int
    tolerance: float = TOLERANCE

    def to_config(self) -> dict[str, Any]:
        """Returns the report as JSON has it."""
        return asdict(self)

    def joined(self, other: ParityReport) -> ParityReport:
        """Returns the report of two comparisons as one."""
        worse = max(self, other, key=lambda report: report.max_difference)
        return replace(worse, cases=self.cases + other.cases, values=self.values + other.values)


def check_parity(
    model: keras.Model,
    path: str | os.PathLike[str],
    *,
    inputs: Arrays | None = None,
    input_signature: Any = None,
) -> ParityReport:
    """Compares an exported file with a Keras model.

    Args:
        model: The model.
        path: An ONNX file, which is run in onnxruntime, or a SavedModel directory.
        inputs: Arrays by input name to compare on, beside random ones.
        input_signature: What a subclassed model takes: see ``Exportable``.

    Returns:
        The largest difference and where it is.

    Raises:
        PathNotFoundError: If there is no such file.
        ParityError: If names or shapes differ, or a value beyond ``|a - b| <= 1e-5 + 1e-5 * scale``, where the scale is
            the largest ``|b|`` of the same unit (the place on the last axis) in the batch.
    """
    from rnnzoo_export.exportable import Exportable

    exportable = Exportable(model, input_signature=input_signature)
    target = Path(path)
    if target.is_dir():
        return check_saved_model(exportable, target, inputs=inputs, name=str(target))
    files.existing_file(target, "an ONNX file or a SavedModel directory")
    return check_onnx(exportable, target, inputs=inputs, name=str(target))


def check_onnx(exportable: Exportable, path: Path, *, inputs: Arrays | None, name: str) -> ParityReport:
    """Compares an ONNX file; ``name`` is what messages call it."""
    from rnnzoo_export.onnx_session import open_session

    session = open_session(path, name=name, fix="Try another opset, or replace the operation it names.")
    _compare_names(name, "inputs", exportable.signature.inputs, [node.name for node in session.get_inputs()])
    _compare_names(
        name, "outputs", exportable.signature.outputs, [node.name for node in session.get_outputs()]
    )
    _compare_axes(name, exportable.signature.inputs, [node.shape for node in session.get_inputs()])
    _compare_axes(name, exportable.signature.outputs, [node.shape for node in session.get_outputs()])
    outputs = [spec.name for spec in exportable.signature.outputs]

    def run(arrays: Arrays) -> Arrays:
        return dict(zip(outputs, session.run(outputs, dict(arrays)), strict=True))

    return _compare(exportable, run, inputs, name)


def check_saved_model(
    exportable: Exportable, directory: Path, *, inputs: Arrays | None, name: str, key: str = "serving_default"
) -> ParityReport:
    """Compares a SavedModel through the signature ``key``; ``name`` is what messages call it."""
    import tensorflow as tf

    from rnnzoo_export.saved_model import load_signature

    function = load_signature(directory, key)
    given = list(function.structured_input_signature[1])
    _compare_names(name, "inputs", exportable.signature.inputs, given, ordered=False)
    _compare_names(
        name, "outputs", exportable.signature.outputs, list(function.structured_outputs), ordered=False
    )

    def run(arrays: Arrays) -> Arrays:
        outputs = function(**{key: tf.convert_to_tensor(value) for key, value in arrays.items()})
        return {key: value.numpy() for key, value in outputs.items()}

    return _compare(exportable, run, inputs, name)


def random_batches(signature: Signature, *, seed: int = 0) -> Iterator[dict[str, np.ndarray]]:
    """Makes batches that fit a signature: full, padded on the right, with holes, and with an empty row.

    Args:
        signature: What the model takes.
        seed: Seed of the values.

    Yields:
        Arrays by input name.
    """
    rng = np.random.default_rng(seed)
    for rows, steps in _CASES:
        full = np.ones((rows, steps), bool)
        # Lengths fall from all steps to none.
        right = np.arange(steps) < np.linspace(steps, 0, rows).round()[:, None]
        holes = rng.random((rows, steps)) < 0.6
        for valid in (full, right, holes) if rows > 1 else (full,):
            yield random_batch(signature, valid, rng)


def random_batch(signature: Signature, valid: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Makes a batch whose valid steps are ``valid`` ``(batch, time)``; the others are padding."""
    return {spec.name: _random(spec, valid, rng) for spec in signature.inputs}


def given_batch(signature: Signature, inputs: Arrays) -> dict[str, np.ndarray]:
    """Returns given arrays in the types of the signature, or raises ``ArgumentError``."""
    names = [spec.name for spec in signature.inputs]
    if set(inputs) != set(names):
        raise ArgumentError(f"inputs: received {sorted(inputs)}; expected {names}, the model's inputs.")
    return {spec.name: np.asarray(inputs[spec.name]).astype(spec.dtype) for spec in signature.inputs}


def _random(spec: TensorSpec, valid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    free = [*valid.shape, *[3] * len(spec.shape)]
    shape = tuple(free[i] if size is None else size for i, size in enumerate(spec.shape))
    dtype = np.dtype(spec.dtype)
    follows = len(shape) > 1 and spec.shape[1] is None
    mask = valid.reshape(*valid.shape, *[1] * (len(shape) - 2)) if follows else np.True_
    if dtype.kind == "b":
        return np.broadcast_to(mask, shape).copy() if follows else rng.random(shape) < 0.5
    if dtype.kind in "iu":
        ids = rng.integers(1, max(2, spec.categories or 2), shape)
        return np.where(mask, np.minimum(ids, (spec.categories or 2) - 1), 0).astype(dtype)
    return np.where(mask, rng.normal(size=shape), 0.0).astype(dtype)


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


def _compare(
    exportable: Exportable, run: Callable[[Arrays], Arrays], inputs: Arrays | None, name: str
) -> ParityReport:
    reports = [
        compare(name, run(batch), exportable.predict(batch), batch)
        for batch in _batches(exportable.signature, inputs)
    ]
    return functools.reduce(ParityReport.joined, reports)


def compare(name: str, found: Arrays, expected: Arrays, batch: Arrays) -> ParityReport:
    """Compares what a file and the model answer to one batch.

    Args:
        name: What messages call the file.
        found: What the file answers, by output name.
        expected: What the model answers.
        batch: What both were asked.

    Raises:
        ParityError: If a shape, a type or a value differs.
    """
    largest, where, values = 0.0, "nowhere: the answers are identical", 0
    shapes = ", ".join(f"{key} {array.shape}" for key, array in batch.items())
    for output, truth in expected.items():
        difference = _difference(name, output, np.asarray(found[output]), truth, shapes)
        values += truth.size
        place = np.unravel_index(int(difference.argmax()), difference.shape) if difference.size else ()
        if difference.size and difference[place] > largest:
            largest = float(difference[place])
            where = f"{output} at {tuple(int(i) for i in place)} for {shapes}"
    return ParityReport(largest, where, 1, values)


def _batches(signature: Signature, inputs: Arrays | None) -> Iterator[dict[str, np.ndarray]]:
    yield from random_batches(signature)
    if inputs is not None:
        yield given_batch(signature, inputs)


def _difference(name: str, output: str, found: np.ndarray, truth: np.ndarray, shapes: str) -> np.ndarray:
    """Returns absolute differences, or raises where they are too large."""
    if found.shape != truth.shape or found.dtype != truth.dtype:
        raise ParityError(
            f"{name}: {output} is {found.dtype} {found.shape} for {shapes}; the model answers {truth.dtype} "
            f"{truth.shape}. The conversion is wrong; please report it with the model."
        )
    tolerance = TOLERANCE if truth.dtype.kind == "f" else 0.0
    found, truth = found.astype(np.float64), truth.astype(np.float64)
    # Some models answer NaN to a row without a valid step, as attention does; so must their files.
    same = (found == truth) | (np.isnan(found) & np.isnan(truth))
    if truth.size and np.isnan(truth).all():
        raise ParityError(
            f"{name}: the model answers {output} with NaN alone for {shapes}, which proves nothing. Mend the model."
        )
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(found - truth))
    scale = _scale(truth)
    # NaN or infinity on one side alone fails, and any difference of whole numbers.
    agrees = same | (np.isfinite(difference) & (difference <= tolerance + tolerance * scale))
    if not agrees.all():
        place = tuple(int(i) for i in np.argwhere(~agrees)[0])
        bound = f"{tolerance:g} + {tolerance:g} x {scale[place]:.3g}, the largest value of its unit"
        raise ParityError(
            f"{name}: {output} at {place} for {shapes}: the file answers {found[place]:.8g}, the model "
            f"{truth[place]:.8g}; expected a difference of at most {bound if tolerance else 0}. The file was not "
            "written."
        )
    return difference


def _scale(truth: np.ndarray) -> np.ndarray:
    """Returns, at each place, the largest finite value of the same unit: see ``TOLERANCE``."""
    sizes = np.abs(np.where(np.isfinite(truth), truth, 0.0))
    largest = np.max(sizes, axis=tuple(range(truth.ndim - 1)), keepdims=True, initial=0.0)
    return np.broadcast_to(largest, truth.shape)
