"""Targets as users have them to the numbers a model is trained on, per task."""

from __future__ import annotations

import reprlib
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from rnnzoo.data.unlabelled import NO_CLASS, NO_TAG, mark_missing
from rnnzoo.decoding import Decoding
from rnnzoo.errors import DataError, RowError, listed
from rnnzoo.preprocessing.base import Rows
from rnnzoo.preprocessing.features import fit_scale
from rnnzoo.tasks import Task, get_task

_OF = "targets"
_RARE = " Where parts are split off, rare='train' does so (on the command line --rare train)."
_LEAVE_OUT = (
    " To leave such steps out of loss and scores, pass unlabelled='leave_out' (on the command line --unlabelled "
    "leave_out)."
)
_MISSING = ("None", "nan", "NaT", "<NA>")


def fit_decoding(task: str, targets: Rows, *, target_names: Sequence[str] | None = None) -> Decoding:
    """Fits label names, or mean and scale of values, on training targets.

    Args:
        task: A name in the task table.
        targets: The training targets; see ``encode_targets``.
        target_names: The names of the values, for regression.

    Raises:
        DataError: If the targets do not suit the task.
    """
    known = get_task(task)
    decoding = known.decoding or Decoding
    if known.targets == "values":
        values = _values(targets)
        mean, scale = fit_scale(values)
        names = target_names or (
            ["value"] if values.shape[1] == 1 else [f"value_{i}" for i in range(values.shape[1])]
        )
        return decoding(task, target_names=names, mean=mean.tolist(), scale=scale.tolist())
    if known.targets == "symbols":
        return decoding(task, labels=["", *_characters(targets)])
    labels = _label_names(known, targets)
    warn_of_like_labels(labels)
    if len(labels) < (1 if known.targets == "labels" else 2):
        raise DataError(
            f"targets: received the single class {labels}; expected at least two. Check the label column."
        )
    if known.two_classes and len(labels) != 2:
        raise DataError(
            f"targets: received {len(labels)} classes for task {task!r}; expected 2. "
            "Use task='classification'."
        )
    return decoding(task, labels=labels)


def encode_targets(decoding: Decoding, targets: Rows, *, part: str) -> Any:
    """Encodes targets for training.

    Classification: one label a row, to int32 ``(rows,)``; two classes to float32 ``(rows, 1)``, the second label
    (in sorted order) being 1. Several labels: lists of labels or an indicator matrix, to float32 ``(rows,
    labels)``. Regression: numbers, to float32 ``(rows, targets)``, scaled. Tagging: one label a step, to a list of
    int32 ``(time,)``, -1 for ``NO_TAG``. Transcription: texts, to a list of int32 ``(characters,)`` from 1.

    Args:
        decoding: From ``fit_decoding``.
        targets: The targets of one part.
        part: Its name, for messages.

    Raises:
        DataError: If a label was not in the training part, or a value is not finite.
    """
    task = get_task(decoding.task)
    if task.tags_steps:
        return _tags(decoding, targets, part)
    if task.two_classes:
        return _two_classes(decoding, targets, part)
    return _ENCODERS[task.targets](decoding, targets, part)


def _classes(decoding: Decoding, targets: Rows, part: str) -> np.ndarray:
    return _numbers(decoding, targets)


def _two_classes(decoding: Decoding, targets: Rows, part: str) -> np.ndarray:
    return _numbers(decoding, targets).astype(np.float32)[:, None]


def _several(decoding: Decoding, targets: Rows, part: str) -> np.ndarray:
    labels = decoding.labels or []
    if _is_indicator(targets):
        matrix = np.asarray(targets, np.float32)
        if matrix.shape[1] != len(labels):
            raise DataError(f"{part} targets: received {matrix.shape[1]} columns; expected {len(labels)}.")
        bad = np.argwhere((matrix != 0) & (matrix != 1))
        if len(bad):
            row, column = bad[0]
            raise RowError(
                int(row), f"received {matrix[row, column]:g} in column {column}; expected 0 or 1.", of=_OF
            )
        return matrix
    matrix = np.zeros((len(targets), len(labels)), np.float32)
    for row, names in enumerate(_nested(targets, "a list of labels, empty for none")):
        matrix[row, _row_numbers(decoding, row, names)] = 1.0
    return matrix


def _regression(decoding: Decoding, targets: Rows, part: str) -> np.ndarray:
    return ((_values(targets) - decoding.mean) / decoding.scale).astype(np.float32)


def _tags(decoding: Decoding, targets: Rows, part: str) -> list[np.ndarray]:
    return [
        _row_numbers(decoding, row, tags)
        for row, tags in enumerate(_nested(targets, "one tag for each step"))
    ]


def _transcripts(decoding: Decoding, targets: Rows, part: str) -> list[np.ndarray]:
    place = {character: number for number, character in enumerate(decoding.labels or [])}
    for row, text in enumerate(_texts(targets)):
        unknown = next((character for character in text if character not in place), None)
        if unknown is not None:
            raise RowError(
                row,
                f"received the character {unknown!r}, which no training transcript has; expected {''.join(place)!r} "
                "only. Normalise the texts, or put such rows into the training part." + _RARE,
                of=_OF,
            )
    return [np.array([place[character] for character in text], np.int32) for text in targets]


_ENCODERS: dict[str, Callable[[Decoding, Rows, str], Any]] = {
    "classes": _classes,
    "labels": _several,
    "values": _regression,
    "symbols": _transcripts,
}


def _characters(targets: Rows) -> list[str]:
    characters = sorted({character for text in _texts(targets) for character in text})
    if not characters:
        raise DataError("training targets: received empty transcripts only; expected characters.")
    return characters


def _texts(targets: Rows) -> Rows:
    for row, text in enumerate(targets):
        if not isinstance(text, str):
            raise RowError(row, f"received {type(text).__name__}; expected a text for transcription.", of=_OF)
    return targets


def _nested(targets: Rows, expected: str) -> Rows:
    """Checks that every row has a list of labels."""
    for row, labels in enumerate(targets):
        if isinstance(labels, str) or not isinstance(labels, Iterable):
            raise RowError(row, f"received {_shown(labels)}; expected {expected}. Pass lists.", of=_OF)
    return targets


def _numbers(decoding: Decoding, labels: Iterable[Any]) -> np.ndarray:
    place = {label: number for number, label in enumerate(decoding.labels or [])}
    names = label_names(labels)
    for row, name in enumerate(names):
        if name not in place:
            raise RowError(row, _unknown(name, place), of=_OF)
    return np.array([place[name] for name in names], np.int32)


def _row_numbers(decoding: Decoding, row: int, labels: Iterable[Any]) -> np.ndarray:
    """Returns the numbers of the labels of one row."""
    place = {label: number for number, label in enumerate(decoding.labels or [])}
    names = _row_names(row, labels, steps=get_task(decoding.task).tags_steps)
    unknown = next((name for name in names if name is not None and name not in place), None)
    if unknown is not None:
        raise RowError(row, _unknown(unknown, place), of=_OF)
    return np.array([NO_CLASS if name is None else place[name] for name in names], np.int32)


def _shown(value: Any) -> str:
    return reprlib.repr(value.item() if isinstance(value, np.generic) else value)


def _unknown(name: str, known: Iterable[str]) -> str:
    return (
        f"received the label {name!r}, which no training row has; expected one of {listed(known)}. Put rows of every "
        f"class into the training part.{_RARE}"
    )


def _label_names(task: Task, targets: Rows) -> list[str]:
    if task.targets == "labels" and _is_indicator(targets):
        return [f"label_{number}" for number in range(np.asarray(targets).shape[1])]
    if task.per_step or task.targets == "labels":
        distinct: dict[str, Any] = {}
        for row, labels in enumerate(_nested(targets, "a list of labels")):
            named = zip(_row_names(row, labels, steps=task.tags_steps), labels, strict=True)
            distinct |= {name: label for name, label in named if name is not None}
    else:
        distinct = dict(zip(label_names(targets), targets, strict=True))
    numbers = all(isinstance(label, int | float | np.number) for label in distinct.values())
    return sorted(distinct, key=lambda name: distinct[name]) if numbers else sorted(distinct)


def warn_of_like_labels(labels: Iterable[str]) -> None:
    """Warns of labels that differ in case, or in blanks, alone: they are classes of their own."""
    spellings: dict[str, list[str]] = {}
    for label in labels:
        spellings.setdefault(" ".join(label.split()).casefold(), []).append(label)
    like = [" and ".join(map(repr, names)) for names in spellings.values() if len(names) > 1]
    if like:
        warnings.warn(
            f"targets: {listed(like)} differ in case or blanks alone, and are classes of their own. If they are not, "
            "correct them first: labels = [str.lower(str.strip(label)) for label in labels]",
            stacklevel=2,
        )


def label_name(label: Any) -> str:
    """Returns the name of a label: a whole number has none behind the point.

    Raises:
        DataError: If it is empty, or NaN.
    """
    name, problem = _name(label)
    if problem:
        raise DataError(f"{_OF}: {problem} Drop rows without label.")
    return name


def shown_name(label: Any) -> str:
    """Returns the name of a label, whatever it is."""
    return _name(label)[0]


def label_names(labels: Iterable[Any]) -> list[str]:
    """Returns the name of the label of each row.

    Raises:
        RowError: If a row has several, or none: an empty label, ``None``, NaN or ``pandas.NA``.
    """
    labels = [*labels]
    for row, label in enumerate(labels):
        if _is_several(label):
            values = np.asarray(label).ravel().tolist() if isinstance(label, np.ndarray) else [*label]
            raise RowError(
                row,
                f"received {len(values)} values ({_shown(values)}); expected one label for "
                "each row. Of one-hot rows pass y.argmax(axis=1); for several labels in a row pass "
                "task='multilabel_classification'.",
                of=_OF,
            )
    named = [_name(label) for label in labels]
    for row, (_, problem) in enumerate(named):
        if problem:
            raise RowError(row, f"{problem} Drop rows without label.", of=_OF)
    return [name for name, _ in named]


def _is_several(label: Any) -> bool:
    if isinstance(label, set | frozenset):
        return True
    return isinstance(label, np.ndarray | list | tuple) and np.shape(label) != (1,)


def _row_names(row: int, labels: Iterable[Any], *, steps: bool) -> list[str | None]:
    """Returns the names of the labels of one row, or of its ``steps``; ``None`` for a step that may have none."""
    named = [(None, "") if label is NO_TAG else _name(label) for label in labels]
    for step, (_, problem) in enumerate(named):
        if problem:
            raise RowError(
                row,
                f"step {step}: {problem} Drop the row, or give such steps a label of their own.{_LEAVE_OUT * steps}",
                of=_OF,
            )
    return [name for name, _ in named]


def mark_unlabelled(targets: Rows) -> Rows:
    """Returns the tags of rows with ``NO_TAG`` in place of those that are missing: ``None``, NaN, empty.

    Example:
        >>> mark_unlabelled([["a", None], ["b"]])
        [['a', <NoTag.NO_TAG: 'no tag'>], ['b']]
    """
    return mark_missing(targets, lambda tag: bool(_name(tag)[1]))


def _name(label: Any) -> tuple[str, str]:
    """Returns the name of a label, and what is wrong with it, empty if nothing is."""
    if isinstance(label, np.ndarray | list | tuple) and np.shape(label) == (1,):
        label = label[0]  # a column of labels
    if isinstance(label, np.generic):
        label = label.item()
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    name = str(label)
    # NaN and pandas.NaT differ from themselves, and pandas.NA does not say.
    if label is None or (name in _MISSING and not isinstance(label, str)):
        return name, f"received no label ({name}); expected a name."
    if not name.strip() or name == "nan":
        return name, f"received the empty label {name!r}; expected a name."
    return name, ""


def _is_indicator(targets: Rows) -> bool:
    return isinstance(targets, np.ndarray) and targets.ndim == 2 and targets.dtype.kind in "biuf"


def _values(targets: Rows) -> np.ndarray:
    try:
        values = np.asarray(targets, np.float64)
    except (TypeError, ValueError) as error:
        raise _no_numbers(targets) from error
    values = values.reshape(len(values), -1)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        received = targets[row] if np.ndim(targets[row]) == 0 else values[row, column]
        raise RowError(
            int(row), f"received {_shown(received)}; expected finite numbers. Drop rows without one.", of=_OF
        )
    return values


def _no_numbers(targets: Rows) -> DataError:
    """Returns the error that names the first row that is no number, or other numbers than the first."""
    shape: Any = None
    for row, target in enumerate(targets):
        try:
            own = np.asarray(target, np.float64).shape
        except (TypeError, ValueError):
            return RowError(
                row,
                f"received {_shown(target)}; expected numbers for regression. Drop rows without one.",
                of=_OF,
            )
        if shape is not None and own != shape:
            return RowError(row, f"received numbers of shape {own}; expected {shape} in every row.", of=_OF)
        shape = own
    return DataError("targets: not all are numbers; expected numbers for regression.")
