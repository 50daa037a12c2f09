"""Compares two answers to one batch, number by number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rnnzoo.errors import ArgumentError, ParityError
from rnnzoo_export.inference.given_arrays import check_given
from rnnzoo_export.reports import TOLERANCE, ParityReport
from rnnzoo_export.signature import Signature, describe_arrays

Arrays = Mapping[str, np.ndarray]


class ValueDifferenceError(ParityError):
    """A number of a file is further from the model's than is allowed.

    Attributes:
        output: The output.
        place: The place in it.
        batch: What both were asked.
        difference: The absolute difference there.
        needed: The tolerance that would have accepted the answers to the batch.
    """

    def __init__(self, message: str, output: str, place: tuple[int, ...], sizes: tuple[float, float]) -> None:
        super().__init__(message)
        self.output, self.place = output, place
        self.difference, self.needed = sizes
        self.batch: Arrays = {}


def given_batch(signature: Signature, inputs: Arrays) -> dict[str, np.ndarray]:
    """Returns given arrays in the types of the signature, or raises ``ArgumentError``."""
    names = [spec.name for spec in signature.inputs]
    if set(inputs) != set(names):
        raise ArgumentError(f"inputs: received {sorted(inputs)}; expected {names}, the model's inputs.")
    return check_given(signature, inputs, "inputs")


def compare(
    name: str, found: Arrays, expected: Arrays, batch: Arrays, *, tolerance: float = TOLERANCE
) -> ParityReport:
    """Compares what a file and the model answer to one batch.

    Args:
        name: What messages call the file.
        found: What the file answers, by output name.
        expected: What the model answers.
        batch: What both were asked.
        tolerance: What is allowed: see ``TOLERANCE``.

    Raises:
        ParityError: If a shape, a type or a value differs.
    """
    largest, where, values = 0.0, "nowhere: the answers are identical", 0
    shapes = describe_arrays(batch)
    for output, truth in expected.items():
        allowed = tolerance if truth.dtype.kind == "f" else 0.0
        try:
            difference = _difference(name, output, np.asarray(found[output]), truth, shapes, allowed)
        except ValueDifferenceError as error:
            error.batch = batch
            raise
        values += truth.size
        place = np.unravel_index(int(difference.argmax()), difference.shape) if difference.size else ()
        if difference.size and difference[place] > largest:
            largest = float(difference[place])
            where = f"{output} at {tuple(int(i) for i in place)} for {shapes}"
    return ParityReport(largest, where, 1, values, tolerance)


def _difference(
    name: str, output: str, found: np.ndarray, truth: np.ndarray, shapes: str, tolerance: float
) -> np.ndarray:
    """Returns absolute differences, or raises where they are too large."""
    if found.shape != truth.shape or found.dtype != truth.dtype:
        raise ParityError(
            f"{name}: {output} is {found.dtype} {found.shape} for {shapes}; the model answers {truth.dtype} "
            f"{truth.shape}. The conversion is wrong; please report it with the model."
        )
    found, truth = found.astype(np.float64), truth.astype(np.float64)
    # Some models answer NaN to a row without a valid step, as attention does; so must their files.
    same = (found == truth) | (np.isnan(found) & np.isnan(truth))
    if truth.size and np.isnan(truth).all():
        raise ParityError(
            f"{name}: the model answers {output} with NaN alone for {shapes}, which proves nothing. Correct the model."
        )
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(found - truth))
    scale = largest_of_unit(truth)
    # NaN or infinity on one side alone fails, and any difference of whole numbers.
    agrees = same | (np.isfinite(difference) & (difference <= tolerance + tolerance * scale))
    if not agrees.all():
        place = tuple(int(i) for i in np.argwhere(~agrees)[0])
        bound = f"{tolerance:g} + {tolerance:g} x {scale[place]:.3g}, the largest value of its unit"
        needed = difference / (1 + scale)
        sizes = difference[place], np.nanmax(np.where(np.isfinite(needed), needed, np.inf))
        message = (
            f"{name}: {output} at {place} for {shapes}: the file answers {found[place]:.8g}, the model "
            f"{truth[place]:.8g}; expected a difference of at most {bound if tolerance else 0}. The file was not "
            "written."
        )
        if tolerance and np.isfinite(sizes[0]):
            raise ValueDifferenceError(message, output, place, (float(sizes[0]), float(sizes[1])))
        raise ParityError(message)
    return difference


def largest_of_unit(truth: np.ndarray) -> np.ndarray:
    """Returns, at each place, the largest finite value of the same unit: see ``TOLERANCE``."""
    sizes = np.abs(np.where(np.isfinite(truth), truth, 0.0))
    largest = np.max(sizes, axis=tuple(range(truth.ndim - 1)), keepdims=True, initial=0.0)
    return np.broadcast_to(largest, truth.shape)
