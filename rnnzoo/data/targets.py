"""Targets as users have them to the numbers a model is trained on, per task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from rnnzoo.decoding import Decoding
from rnnzoo.errors import DataError
from rnnzoo.preprocessing.base import Rows
from rnnzoo.preprocessing.features import fit_scale

_LISTED, _LONGEST = 20, 40


def fit_decoding(task: str, targets: Rows, *, target_names: Sequence[str] | None = None) -> Decoding:
    """Fits label names, or mean and scale of values, on training targets.

    Args:
        task: A name in the task table.
        targets: The training targets; see ``encode_targets``.
        target_names: The names of the values, for regression.

    Raises:
        DataError: If the targets do not suit the task.
    """
    if task == "regression":
        values = _values(targets, "training")
        mean, scale = fit_scale(values)
        names = target_names or (
            ["value"] if values.shape[1] == 1 else [f"value_{i}" for i in range(values.shape[1])]
        )
        return Decoding(task, target_names=names, mean=mean.tolist(), scale=scale.tolist())
    if task == "transcription":
        return Decoding(task, labels=["", *_characters(targets)])
    labels = _label_names(task, targets)
    if len(labels) < (1 if task == "multilabel_classification" else 2):
        raise DataError(
            f"targets: received the single class {labels}; expected at least two. Check the label column."
        )
    if task == "binary_classification" and len(labels) != 2:
        raise DataError(
            f"targets: received {len(labels)} classes for task 'binary_classification'; expected 2. "
            "Use task='classification'."
        )
    return Decoding(task, labels=labels)


def encode_targets(decoding: Decoding, targets: Rows, *, part: str) -> Any:
    """Encodes targets for training.

    Classification: one label a row, to int32 ``(rows,)``; two classes to float32 ``(rows, 1)``, the second label
    (in sorted order) being 1. Several labels: lists of labels or an indicator matrix, to float32 ``(rows,
    labels)``. Regression: numbers, to float32 ``(rows, targets)``, scaled. Tagging: one label a step, to a list of
    int32 ``(time,)``. Transcription: texts, to a list of int32 ``(characters,)`` from 1.

    Args:
        decoding: From ``fit_decoding``.
        targets: The targets of one part.
        part: Its name, for messages.

    Raises:
        DataError: If a label was not in the training part, or a value is not finite.
    """
    return _ENCODERS[decoding.task](decoding, targets, part)


def _classes(decoding: Decoding, targets: Rows, part: str) -> np.ndarray:
    return _numbers(decoding, targets, part)


def _two_classes(decoding: Decoding, targets: Rows, part: str) -> np.ndarray:
    return _numbers(decoding, targets, part).astype(np.float32)[:, None]


def _several(decoding: Decoding, targets: Rows, part: str) -> np.ndarray:
    labels = decoding.labels or []
    if _is_indicator(targets):
        matrix = np.asarray(targets, np.float32)
        if matrix.shape[1] != len(labels):
            raise DataError(f"{part} targets: received {matrix.shape[1]} columns; expected {len(labels)}.")
        return matrix
    matrix = np.zeros((len(targets), len(labels)), np.float32)
    for row, names in enumerate(targets):
        matrix[row, _numbers(decoding, names, part)] = 1.0
    return matrix


def _regression(decoding: Decoding, targets: Rows, part: str) -> np.ndarray:
    return ((_values(targets, part) - decoding.mean) / decoding.scale).astype(np.float32)


def _tags(decoding: Decoding, targets: Rows, part: str) -> list[np.ndarray]:
    return [_numbers(decoding, tags, part) for tags in targets]


def _transcripts(decoding: Decoding, targets: Rows, part: str) -> list[np.ndarray]:
    place = {character: number for number, character in enumerate(decoding.labels or [])}
    for row, text in enumerate(_texts(targets, part)):
        unknown = next((character for character in text if character not in place), None)
        if unknown is not None:
            raise DataError(
                f"{part} targets: row {row} has the character {unknown!r}, which no training transcript has; expected "
                f"{''.join(place)!r} only. Normalise the texts, or put such rows into the training part."
            )
    return [np.array([place[character] for character in text], np.int32) for text in targets]


_ENCODERS: dict[str, Callable[[Decoding, Rows, str], Any]] = {
    "classification": _classes,
    "binary_classification": _two_classes,
    "multilabel_classification": _several,
    "regression": _regression,
    "tagging": _tags,
    "transcription": _transcripts,
}


def _characters(targets: Rows) -> list[str]:
    characters = sorted({character for text in _texts(targets, "training") for character in text})
    if not characters:
        raise DataError("training targets: received empty transcripts only; expected characters.")
    return characters


def _texts(targets: Rows, part: str) -> Rows:
    for row, text in enumerate(targets):
        if not isinstance(text, str):
            raise DataError(
                f"{part} targets: row {row} is {type(text).__name__}; expected a text for transcription."
            )
    return targets


def _numbers(decoding: Decoding, labels: Iterable[Any], part: str) -> np.ndarray:
    place = {label: number for number, label in enumerate(decoding.labels or [])}
    names = [label_name(label) for label in labels]
    for row, name in enumerate(names):
        if name not in place:
            raise DataError(
                f"{part} targets: received the label {name!r} (row {row}), which no training row has; expected one of "
                f"{listed(place)}. Put rows of every class into the training part."
            )
    return np.array([place[name] for name in names], np.int32)


def _label_names(task: str, targets: Rows) -> list[str]:
    if task == "multilabel_classification" and _is_indicator(targets):
        return [f"label_{number}" for number in range(np.asarray(targets).shape[1])]
    nested = task in ("tagging", "multilabel_classification")
    flat = [label for row in targets for label in row] if nested else list(targets)
    distinct = {label_name(label): label for label in flat}
    numbers = all(isinstance(label, int | float | np.number) for label in distinct.values())
    return sorted(distinct, key=lambda name: distinct[name]) if numbers else sorted(distinct)


def listed(names: Iterable[str]) -> str:
    """Returns names for a message, the first twenty of very many."""
    shown = [name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…" for name in names]
    more = f" and {len(shown) - _LISTED:,} more" if len(shown) > _LISTED else ""
    return ", ".join(shown[:_LISTED]) + more


def label_name(label: Any) -> str:
    """Returns the name of a label: a whole number has none behind the point.

    Raises:
        DataError: If it is empty, or NaN.
    """
    if isinstance(label, np.generic):
        label = label.item()
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    name = str(label)
    if not name.strip() or name == "nan":
        raise DataError(
            f"targets: received the empty label {name!r}; expected a name. Drop rows without label."
        )
    return name


def _is_indicator(targets: Rows) -> bool:
    return isinstance(targets, np.ndarray) and targets.ndim == 2 and targets.dtype.kind in "biuf"


def _values(targets: Rows, part: str) -> np.ndarray:
    try:
        values = np.asarray(targets, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{part} targets: not all are numbers ({error}); expected numbers for regression."
        ) from error
    values = values.reshape(len(values), -1)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise DataError(
            f"{part} targets: row {bad[0][0]} is {values[tuple(bad[0])]}; expected finite numbers."
        )
    return values
