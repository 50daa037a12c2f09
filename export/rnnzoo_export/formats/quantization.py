"""Smaller ONNX files, written only if they still answer well on given data."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict, Unpack

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from rnnzoo import checks, files
from rnnzoo.errors import AccuracyError, ArgumentError, DataError, ExportError, one_line
from rnnzoo.evaluation.joining import join_rows
from rnnzoo.evaluation.scores import score
from rnnzoo.tasks import get_task
from rnnzoo_export.formats.answer_changes import Row, RowSample, answer_of, measure_changes
from rnnzoo_export.formats.dynamic_quantization import quantize_dynamically
from rnnzoo_export.formats.held_out_rows import Batches, check_targets, held_out_rows
from rnnzoo_export.formats.probability_files import as_logits, find_ending
from rnnzoo_export.formats.weight_compression import Compression, compress_weights
from rnnzoo_export.network.export_config import make_config
from rnnzoo_export.parity.runtimes import open_session

if TYPE_CHECKING:
    from rnnzoo.data.split import Split

METHODS = ("weights_int8", "dynamic_int8", "float16")
#: What two files are compared by, the first of which a task has as a score.
_COMPARED = ("accuracy", "micro_f1", "pinball", "mae", "cer")


class LimitOptions(TypedDict, total=False):
    """The fields of ``QuantizationLimits`` as keywords."""

    max_drop: float
    max_change: float


@dataclass(frozen=True, kw_only=True)
class QuantizationLimits:
    """How much worse a smaller file may be; the attributes are arguments of ``quantize_onnx``."""

    max_drop: float = 0.3
    max_change: float = 0.01

    def __post_init__(self) -> None:
        if not 0 <= self.max_drop < math.inf:
            raise ArgumentError(f"max_drop: received {self.max_drop!r}; expected 0 or more points.")
        checks.number("max_change", self.max_change, minimum=0)


@dataclass(frozen=True)
class QuantizationReport:
    """What a quantization gave.

    Attributes:
        path: The file.
        method: How it was made.
        size: Bytes of the file.
        original_size: Bytes of the file it was made from.
        metric: What the two were compared by.
        score: The file's score on the data.
        original_score: The score of the file it was made from.
        drop: How much worse the file is, in points (see ``quantize_onnx``); negative if it is better.
        max_difference: The largest absolute difference of any output on the data.
        max_change: For ``"dynamic_int8"``, how much the answer to a row changed at most with its neighbours and its
            padding: the largest of ``changes``. ``None`` for the others, whose rows cannot change one another.
        changes: The largest change of a probability, or of a value in standard deviations, against the row alone:
            ``"beside"`` 31 other rows, and ``"padded"`` to twice its length (absent where the model takes no padding).
        quantized: The weights, or for ``"dynamic_int8"`` the operators, in fewer bits.
        kept: What stayed float32, and why.
    """

    path: Path
    method: str
    size: int
    original_size: int
    metric: str
    score: float
    original_score: float
    drop: float
    max_difference: float
    max_change: float | None
    changes: Mapping[str, float]
    quantized: tuple[str, ...]
    kept: Mapping[str, str]


def quantize_onnx(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    method: str = "weights_int8",
    data: Split | Batches,
    task: str,
    quantiles: Sequence[float] | None = None,
    overwrite: bool = False,
    **limits: Unpack[LimitOptions],
) -> QuantizationReport:
    """Makes a smaller file of an exported one, if it answers nearly as well on held-out data.

    ``"weights_int8"`` keeps the weights of LSTM, GRU, SimpleRNN, Dense and Embedding in 8 bits, one scale per column
    (about a quarter of the size), and computes in float32. ``"float16"`` keeps them in 16 bits, likewise. With
    ``"dynamic_int8"`` onnxruntime also computes LSTM and dense layers in 8 bits, all but the last dense layer, whose
    rounding would show in every answer; it has no 8-bit GRU and SimpleRNN, which stay float32. The weights of
    ``"dynamic_int8"`` use 7 of their 8 bits, so that processors with and without VNNI answer alike.

    In 8 bits the answer to a row depends on what else is in the batch: onnxruntime scales the input of a layer by the
    largest number in the whole batch, so that a loud neighbour, a later step or padding leaves fewer of the 256 levels
    for a row. So ``"dynamic_int8"`` asks up to 1024 of the held-out rows each alone, beside 31 others, and alone but
    padded to twice its length, and writes nothing if a probability changes by more than ``max_change``. The other two
    methods compute each row by itself.

    Args:
        path: A float32 file of ``export_onnx`` with one output.
        out: The file to write.
        method: One of the three.
        data: Held-out rows: a split such as ``splits.validation``, or batches ``(inputs by name, targets)`` or
            ``(inputs by name, targets, weights)`` where steps of weight 0 do not count. One such tuple is one batch.
        task: A name in the task table: says how answers are scored.
        quantiles: For ``"quantile_forecasting"``, the levels that the model answers; ``None`` for 0.1, 0.5 and 0.9.
        overwrite: Whether an existing file is replaced.
        max_drop: How much worse the file may be, 0.3 by default: in percentage points of accuracy, micro-averaged F1 or
            character error rate, or in percent of the mean absolute error or the pinball loss.
        max_change: How much the answer of a ``"dynamic_int8"`` file to a row may change with what else is in the batch,
            0.01 by default: a probability, or a value in standard deviations of the float32 file's answers to the data.

    Returns:
        Sizes, scores, changes, what became smaller and what did not.

    Raises:
        ArgumentError: If an argument is out of range.
        PathNotFoundError: If there is no file at ``path``.
        PathExistsError: If ``out`` exists and ``overwrite`` is false.
        ExportError: If nothing in the file can be made smaller, it would become larger, it is a streaming file and the
            method ``"dynamic_int8"``, or onnxruntime cannot load it; nothing is written then.
        AccuracyError: If the drop is larger than ``max_drop`` or a change than ``max_change``; nothing is written
            then.
    """
    checks.choice("method", method, METHODS)
    if get_task(task).targets == "tokens":
        raise ArgumentError(
            f"task: received {task!r}, whose answers are not kept all at once; expected another "
            "task. Serve the float32 file."
        )
    most = make_config(QuantizationLimits, limits, quantize_onnx)
    source, target = files.existing_file(path, "an ONNX file"), Path(out)
    files.refuse_existing_file(target, overwrite=overwrite)
    with files.replacing(target) as temporary:
        done = _write(source, temporary, method)
        size, original_size = temporary.stat().st_size, source.stat().st_size
        if size >= original_size:
            reason = (
                "its recurrent layers share weights, of which a quantized file holds a copy for each"
                if done.copies
                else "its weights are too few"
            )
            raise ExportError(
                f"{target}: {method} would make a file of {size} bytes from one of {original_size}; expected a smaller "
                f"one. Keep the float32 file: {reason}. Nothing was written."
            )
        before, after = _session(source), _session(temporary)
        found = _answers(before, after, data, task)
        ending = find_ending(source, task)
        scores = _compare(task, found, quantiles, ending)
        _refuse_drop(f"{target}: {method}", scores, most.max_drop)
        changes: dict[str, float] = {}
        if method == "dynamic_int8":
            answer = answer_of(task, found.outputs) if ending is None else np.asarray
            changes = measure_changes(before, after, found.sample, answer)
            _refuse_changes(target, task, changes, most.max_change)
    return QuantizationReport(
        path=target,
        method=method,
        size=size,
        original_size=original_size,
        **scores._asdict(),
        max_difference=float(np.abs(found.outputs.astype(np.float64) - found.changed).max()),
        max_change=max(changes.values()) if changes else None,
        changes=changes,
        quantized=done.compressed,
        kept=done.kept,
    )


def _refuse_drop(what: str, scores: _Scores, most: float) -> None:
    """Raises ``AccuracyError`` where the smaller file scores too much worse."""
    if scores.drop > most:
        raise AccuracyError(
            f"{what} lowers {scores.metric} from {scores.original_score:.4f} to {scores.score:.4f}, {scores.drop:.2f} "
            f"points; expected at most {most:g}. Try another method, or a larger max_drop of quantize_onnx. The file "
            "was not written."
        )


def _refuse_changes(target: Path, task: str, changes: Mapping[str, float], most: float) -> None:
    """Raises ``AccuracyError`` where neighbours or padding change an answer too much."""
    where, change = max(changes.items(), key=lambda item: item[1])
    if change <= most:
        return
    presented = {"beside": "beside other rows", "padded": "with padding behind it"}[where]
    values = get_task(task).activation == "linear"
    raise AccuracyError(
        f"{target}: dynamic_int8 answers a row {presented} otherwise than alone: a "
        f"{'value changes by' if values else 'probability changes by'} {change:.3g}"
        f"{' standard deviations' if values else ''}; expected at most {most:g}. Use the method weights_int8, which "
        "computes each row by itself, or a larger max_change of quantize_onnx. The file was not written."
    )


def _write(source: Path, target: Path, method: str) -> Compression:
    """Writes the smaller file and says what was done."""
    try:
        model = onnx.load(source)
        onnx.checker.check_model(model)
    except Exception as error:  # DecodeError and ValidationError have no common base but this
        raise ExportError(
            f"{source}: not a readable ONNX file ({one_line(error, 200)}); expected one of export_onnx."
        ) from error
    if method == "dynamic_int8":
        _refuse_streaming(source, model)
        done = quantize_dynamically(model, target)
        model = onnx.load(target)
    else:
        done = compress_weights(model, int8=method == "weights_int8")
    if not done.compressed:
        raise ExportError(
            f"{source}: holds nothing that {method} makes smaller; expected float32 weights of recurrent layers, dense "
            "layers or embeddings. Keep the file as it is."
        )
    properties = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, {**properties, "quantization": method})
    onnx.checker.check_model(model)
    onnx.save(model, target)
    return done


def _refuse_streaming(source: Path, model: onnx.ModelProto) -> None:
    if any(entry.key == "states" for entry in model.metadata_props):
        raise ExportError(
            f"{source}: takes sequences piece by piece; expected a file of export_onnx for dynamic_int8, which scales "
            "its input by the largest number of a whole piece, so that an answer would depend on where a sequence is "
            "cut. Stream with the float32 file."
        )


@dataclass(frozen=True)
class _Answers:
    """What two files answer: outputs of both and the truth, row by row, and some of the rows themselves."""

    outputs: np.ndarray
    changed: np.ndarray
    truth: np.ndarray
    sample: list[Row]


def _answers(
    original: onnxruntime.InferenceSession,
    smaller: onnxruntime.InferenceSession,
    data: Split | Batches,
    task: str,
) -> _Answers:
    outputs, truths, changed, sample = [], [], [], RowSample()
    for batch in held_out_rows(original, data):
        outputs.append(original.run(None, batch.inputs)[0][batch.counted])
        changed.append(smaller.run(None, batch.inputs)[0][batch.counted])
        truths.append(batch.targets[batch.counted])
        sample.add(batch.inputs, batch.weights)
    if not sample.rows:
        raise DataError("data: received no rows; expected held-out ones to compare on.")
    found = _Answers(join_rows(outputs), join_rows(changed), join_rows(truths), sample.rows)
    check_targets(task, found.outputs, found.truth)
    return found


def _session(path: Path) -> onnxruntime.InferenceSession:
    session = open_session(path, name=str(path), fix="Try another method.")
    if len(session.get_outputs()) != 1:
        names = [node.name for node in session.get_outputs()]
        raise ExportError(f"{path}: has the outputs {names}; expected one, which the data can score.")
    return session


class _Scores(NamedTuple):
    """What two files were compared by, and how both do; the drop in points."""

    metric: str
    score: float
    original_score: float
    drop: float


def _compare(task: str, found: _Answers, quantiles: Sequence[float] | None, ending: str | None) -> _Scores:
    """Scores both files on the data; scores are of logits."""
    before, after = (
        score(task, as_logits(outputs, ending), found.truth, quantiles=quantiles)
        for outputs in (found.outputs, found.changed)
    )
    # A distribution is judged as a whole, not by its median alone.
    metric = next((name for name in _COMPARED if name in before), None)
    if metric is None:
        raise ArgumentError(
            f"task: received {task!r}, whose scores are {', '.join(before)}; expected one of {', '.join(_COMPARED)} "
            "among them, to compare two files by. Serve the float32 file."
        )
    error = metric in ("mae", "pinball", "cer")
    worse = after[metric] - before[metric] if error else before[metric] - after[metric]
    scale = before[metric] if metric in ("mae", "pinball") else 1.0
    drop = 100 * worse / scale if scale else math.inf * max(worse, 0)
    return _Scores(metric, after[metric], before[metric], drop)
