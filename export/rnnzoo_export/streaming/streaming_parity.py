"""Does a streaming file, fed piece by piece, answer as the Keras model does in one pass?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rnnzoo.errors import ParityError
from rnnzoo_export.network.proof_batches import given_valid
from rnnzoo_export.parity.comparison import compare, given_batch
from rnnzoo_export.parity.parity import check_onnx
from rnnzoo_export.parity.runtimes import open_session
from rnnzoo_export.reports import TOLERANCE, ParityReport
from rnnzoo_export.signature import TensorSpec

if TYPE_CHECKING:
    import onnxruntime

    from rnnzoo_export.streaming.streaming_exportable import StreamingExportable

_ROWS, _STEPS = 3, 17
_PIECES = (1, 5, _STEPS)


def check_streaming(
    step: StreamingExportable,
    path: Path,
    *,
    inputs: Mapping[str, np.ndarray] | None,
    name: str,
    tolerance: float = TOLERANCE,
) -> ParityReport:
    """Compares each step with Keras's from the same states, then pieces of 1, 5 and 17 steps with one pass.

    Args:
        step: The model with its states.
        path: The file.
        inputs: Whole sequences by input name, beside random ones; without the states.
        name: What messages call the file.
        tolerance: What is allowed: see ``TOLERANCE``.

    Raises:
        ParityError: If they differ.
    """
    report = check_onnx(step, path, inputs=None, name=name, tolerance=tolerance)
    session = open_session(path, name=name, fix="The file was not written.")
    for batch in _sequences(step, inputs):
        whole = step.predict_whole(batch)
        for piece in _PIECES:
            found = _stream(step, session, batch, piece)
            try:
                part = compare(f"{name} in pieces of {piece}", found, whole, batch, tolerance=tolerance)
                report = report.merge(part)
            except ParityError as error:
                raise ParityError(
                    f"{error} If the step itself is right, an operation of the model looks ahead or counts steps; "
                    "then export whole sequences with export_onnx."
                ) from error
    return report


def _sequences(
    step: StreamingExportable, inputs: Mapping[str, np.ndarray] | None
) -> Iterator[dict[str, np.ndarray]]:
    """Makes whole sequences: full, with holes, masked at the start and at the end, none of them empty."""
    rng = np.random.default_rng(0)
    holes = rng.random((_ROWS, _STEPS)) < 0.5
    holes[:, 2] = True
    right = np.arange(_STEPS) < np.array([_STEPS, 9, 1])[:, None]
    maker = dataclasses.replace(step.batches(), signature=step.whole)
    for valid in (np.ones_like(holes), holes, right, right[:, ::-1]):
        for pad in range(maker.pads):
            yield maker.masked(given_valid(valid, rng), *valid.shape, pad=pad)
    if inputs is not None:
        yield given_batch(step.whole, inputs)


def _stream(
    step: StreamingExportable,
    session: onnxruntime.InferenceSession,
    batch: Mapping[str, np.ndarray],
    piece: int,
) -> dict[str, np.ndarray]:
    """Feeds the batch in pieces; answers at every step are joined, of other answers the last is kept."""
    rows = len(next(iter(batch.values())))
    steps = max(batch[spec.name].shape[1] for spec in step.whole.inputs if has_time(spec))
    states = {state.input: np.zeros((rows, *state.shape), np.float32) for state in step.states}
    answers: list[dict[str, np.ndarray]] = []
    names = [spec.name for spec in step.signature.outputs]
    for first in range(0, steps, piece):
        part = {
            spec.name: batch[spec.name][:, first : first + piece] if has_time(spec) else batch[spec.name]
            for spec in step.whole.inputs
        }
        found = dict(zip(names, session.run(names, part | states), strict=True))
        states = {state.input: found[state.output] for state in step.states}
        answers.append(found)
    return {
        spec.name: np.concatenate([answer[spec.name] for answer in answers], axis=1)
        if has_time(spec)
        else answers[-1][spec.name]
        for spec in step.whole.outputs
    }


def has_time(spec: TensorSpec) -> bool:
    """Whether a tensor has one entry per step."""
    return len(spec.shape) > 1 and spec.shape[1] is None
