"""Does an exported file answer in another runtime as it does in onnxruntime, in which it was proved?

Needs no Keras: batches are made from what the file says of its inputs.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnx

from rnnzoo import files
from rnnzoo.errors import ExportError, ParityError, one_line
from rnnzoo_export.bundle import Bundle, load_bundle
from rnnzoo_export.parity.comparison import compare, given_batch
from rnnzoo_export.parity.other_runtimes import Run
from rnnzoo_export.parity.runtimes import open_run, runtime_version
from rnnzoo_export.signature import Signature, TensorSpec

Status = Literal["right", "refused", "wrong"]
Arrays = Mapping[str, np.ndarray]

_FORMS = ("onnx", "streaming", "raw", "quantized")
_WORDS = ("the", "a", "blue", "Rain,", "train's", "was", "zzz", "2", "not")
# Rows and additional steps: one step, an odd number, more than what is unrolled.
_SIZES = ((1, 0), (5, 6), (6, 20))


@dataclass(frozen=True)
class FileCheck:
    """How one file fares in a runtime.

    Attributes:
        file: The file's name, such as ``"streaming.onnx"``.
        status: ``"right"``; ``"refused"`` where the runtime cannot load or run the file, or its process ends;
            ``"wrong"`` where it answers otherwise than onnxruntime.
        max_difference: The largest absolute difference from onnxruntime's answers; ``None`` where nothing was answered.
        detail: What the runtime said, or where the answers differ; empty for a right file.
    """

    file: str
    status: Status
    max_difference: float | None
    detail: str = ""


@dataclass(frozen=True)
class RuntimeReport:
    """How the files of a bundle, or one file, fare in a runtime.

    Attributes:
        runtime: Its name and version.
        files: A check for each file.
    """

    runtime: str
    files: tuple[FileCheck, ...]

    @property
    def right(self) -> bool:
        """Whether every file is right."""
        return all(check.status == "right" for check in self.files)

    def __str__(self) -> str:
        lines = [self.runtime]
        for check in self.files:
            difference = (
                "" if check.max_difference is None else f", largest difference {check.max_difference:.2g}"
            )
            lines.append(
                f"{check.file}: {check.status}{difference}" + (f" ({check.detail})" if check.detail else "")
            )
        return "\n".join(lines)


def check_files(bundle: Bundle | Path, runtime: str, inputs: Arrays | None = None) -> RuntimeReport:
    """Compares each ONNX file of a bundle, or one file, in a runtime with the same file in onnxruntime.

    Args:
        bundle: A bundle, the directory of one, or an ONNX file of rnnzoo.
        runtime: The runtime.
        inputs: Arrays by input name to compare on too, in the files that take these inputs.
    """
    if isinstance(bundle, Path) and not bundle.is_dir():
        files.existing_file(bundle, "an ONNX file or a bundle")
        paths = [bundle]
    else:
        loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
        every = [getattr(loaded, f"{form}_path") for form in _FORMS]
        paths = [path for path in every if path.is_file()]

    def opened(path: Path) -> Run:
        return open_run(path, runtime, name=path.name, fix="Use onnxruntime for this file.")

    checks = tuple(check_file(path, opened, inputs) for path in paths)
    return RuntimeReport(runtime_version(runtime), checks)


def check_file(path: Path, opened: Callable[[Path], Run], inputs: Arrays | None = None) -> FileCheck:
    """Compares a file in a runtime with the same file in onnxruntime.

    Args:
        path: The file.
        opened: Opens it in the runtime. What the runtime refuses, it and the run raise as ``ExportError``.
        inputs: See ``check_files``.
    """
    signature = _signature(path)
    truth = open_run(path, "onnxruntime", name=path.name, fix="Export the model again.")
    batches = list(_answered(truth, _batches(signature)))
    if inputs is not None and set(inputs) == {spec.name for spec in signature.inputs}:
        given = given_batch(signature, inputs)
        batches.append((given, truth(given)))
    if not batches:
        raise ExportError(
            f"{path}: onnxruntime answers none of the batches that its signature describes. Pass inputs, such as rows "
            "of your data by input name."
        )
    names = [spec.name for spec in signature.outputs]
    try:
        run = opened(path)
        found = [(batch, run(batch)) for batch, _ in batches]
    except ExportError as error:
        return FileCheck(path.name, "refused", None, str(error))
    largest, detail = 0.0, ""
    for (batch, answer), (_, expected) in zip(found, batches, strict=True):
        named = dict(zip(names, answer, strict=True))
        truths = dict(zip(names, expected, strict=True))
        largest = max(largest, _difference(named, truths))
        try:
            compare(path.name, named, truths, batch)
        except ParityError as error:
            detail = detail or _what(error)
    return FileCheck(path.name, "wrong" if detail else "right", largest, detail)


def _what(error: ParityError) -> str:
    """Says where answers differ; what a message of the proof says of the file and the model is meant for an export."""
    return one_line(error, 300).replace("the model", "onnxruntime").removesuffix(" The file was not written.")


def _difference(found: Arrays, expected: Arrays) -> float:
    largest = 0.0
    for name, truth in expected.items():
        if truth.dtype.kind in "fiu" and truth.size and found[name].shape == truth.shape:
            largest = max(largest, float(np.abs(found[name].astype(np.float64) - truth).max()))
    return largest


def _signature(path: Path) -> Signature:
    proto = onnx.load(path, load_external_data=False)
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    if "signature" not in metadata:
        raise ExportError(
            f"{path}: does not say what its inputs mean; expected a file of rnnzoo_export. Pass the model too: "
            "check_parity(model, path, runtime=...)."
        )
    return Signature.from_config(json.loads(metadata["signature"]))


def _answered(
    run: Run, batches: Iterator[dict[str, np.ndarray]]
) -> Iterator[tuple[Arrays, list[np.ndarray]]]:
    """Yields the batches that onnxruntime answers, with its answers."""
    for batch in batches:
        try:
            answer = run(batch)
        except ExportError:  # a model may need what a signature does not say
            continue
        yield batch, answer


def _batches(signature: Signature) -> Iterator[dict[str, np.ndarray]]:
    """Yields batches of several sizes, without masked steps and with every shape of mask among their rows."""
    for (rows, more), masked in itertools.product(_SIZES, (False, True)):
        rng = np.random.default_rng(rows + masked)
        steps = signature.least_steps + more
        batch = {}
        for spec in signature.inputs:
            shape = [_size(spec, axis, rows, steps) for axis in range(len(spec.shape))]
            batch[spec.name] = _values(spec, shape, rng, masked=masked)
        yield batch


def _size(spec: TensorSpec, axis: int, rows: int, steps: int) -> int:
    fixed = spec.shape[axis]
    return fixed if fixed is not None else rows if axis == 0 else steps


def _values(spec: TensorSpec, shape: list[int], rng: np.random.Generator, *, masked: bool) -> np.ndarray:
    kind = spec.kind
    if kind == "O":
        words = rng.choice(_WORDS, size=(int(np.prod(shape)), 5))
        return np.array([" ".join(row) for row in words], object).reshape(shape)
    valid = _valid(shape, rng) if masked and len(shape) > 1 else np.ones(shape[:2], bool)
    valid = valid.reshape(*shape[:2], *[1] * (len(shape) - 2))
    if kind == "b":
        return np.broadcast_to(valid, shape).copy()
    numbers = (
        rng.integers(1, max(2, spec.categories or 10), shape) if kind in "iu" else rng.normal(size=shape)
    )
    if spec.axes[1:2] == ("time",):
        numbers = np.where(valid, numbers, 0)
    return numbers.astype(spec.dtype)


def _valid(shape: list[int], rng: np.random.Generator) -> np.ndarray:
    """Returns which steps are valid: rows with padding on the right, on the left, holes, and without a valid step."""
    rows, steps = shape[:2]
    valid = np.ones((rows, steps), bool)
    for row in range(rows):
        length = int(rng.integers(1, steps + 1))
        shapes = (
            np.arange(steps) < length,
            np.arange(steps) >= steps - length,
            rng.random(steps) < 0.5,
            np.zeros(steps, bool),
            np.ones(steps, bool),
        )
        valid[row] = shapes[row % len(shapes)]
    return valid
