"""The rows that a model is most wrong about: where a wrong label or a broken row is found first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnzoo.data.split import Batches, Rows
from rnnzoo.evaluation.details.class_facts import ClassFacts, LabelFacts
from rnnzoo.evaluation.details.shown_rows import AnsweredRows, described_rows
from rnnzoo.evaluation.details.table_rows import TableRows
from rnnzoo.preprocessing.base import Preprocessing

#: How many rows are kept.
KEPT = 50


@dataclass(frozen=True)
class WorstRows:
    """The worst rows of a part, without those of weight 0; none where answers are not one for each row.

    Attributes:
        table: A row for each, the worst first.
        numbers: Their numbers within the part.
    """

    table: TableRows = field(default_factory=list)
    numbers: Sequence[int] = ()


@dataclass(frozen=True)
class Steps:
    """The tags of all steps of a part, row after row.

    Attributes:
        truth: The true class numbers ``(steps,)``.
        predicted: Those that were predicted.
        facts: What logits say of them; ``None`` where a tagger answers whole paths.
        lengths: The steps of each row that count ``(rows,)``.
        places: The number of each step within its row ``(steps,)``; ``None`` where all steps of a row count.
    """

    truth: np.ndarray
    predicted: np.ndarray
    facts: ClassFacts | None
    lengths: np.ndarray
    places: np.ndarray | None = None


def of_classes(part: AnsweredRows, facts: ClassFacts, labels: Sequence[str]) -> WorstRows:
    """Returns the rows of the largest negative log-likelihood.

    Columns: ``row``, ``loss``, ``true``, ``predicted``, ``probability`` (of what was predicted), ``true_probability``,
    and ``text``.
    """
    if not part.aligned:
        return WorstRows()
    losses = facts.losses
    numbers = _largest(losses)
    rows = [
        {
            "loss": float(losses[row]),
            "true": labels[facts.truth[row]],
            "predicted": labels[facts.predicted[row]],
            "probability": float(facts.confidence[row]),
            "true_probability": float(facts.of_truth[row]),
        }
        for row in numbers
    ]
    return _joined(part, numbers, rows)


def of_labels(part: AnsweredRows, facts: LabelFacts, labels: Sequence[str]) -> WorstRows:
    """Returns the rows of the largest mean cross-entropy over their labels.

    Columns: ``row``, ``loss``, ``true`` and ``predicted`` (labels, with commas between), ``text``.
    """
    if not part.aligned:
        return WorstRows()
    losses = facts.losses
    numbers = _largest(losses)
    rows = [
        {
            "loss": float(losses[row]),
            "true": ", ".join(labels[label] for label in np.flatnonzero(facts.truth[row]).tolist()),
            "predicted": ", ".join(labels[label] for label in np.flatnonzero(facts.predicted[row]).tolist()),
        }
        for row in numbers
    ]
    return _joined(part, numbers, rows)


def of_tags(
    part: AnsweredRows, preprocessing: Preprocessing | None, steps: Steps, labels: Sequence[str]
) -> WorstRows:
    """Returns the rows of the largest mean loss of a step: negative log-likelihood, or the share of wrong tags.

    Columns: ``row``, ``loss``, ``steps`` and ``wrong`` (how many), then of the worst step ``step`` (from 0), ``word``,
    ``true``, ``predicted`` and ``probability``, and ``text``.
    """
    if not part.aligned:
        return WorstRows()
    wrong = steps.truth != steps.predicted
    losses = wrong.astype(float) if steps.facts is None else steps.facts.losses
    row_of_step = np.repeat(np.arange(len(steps.lengths)), steps.lengths)
    sums = np.bincount(row_of_step, weights=losses, minlength=len(steps.lengths))
    # A row without a step that counts is not wrong about anything.
    filled = np.flatnonzero(steps.lengths)
    numbers = filled[_largest(sums[filled] / steps.lengths[filled])]
    starts = np.cumsum(steps.lengths) - steps.lengths
    rows = []
    for row in numbers:
        first, after = int(starts[row]), int(starts[row] + steps.lengths[row])
        step = first + int(losses[first:after].argmax())
        place = step - first if steps.places is None else int(steps.places[step])
        found: dict[str, Any] = {
            "loss": float(losses[first:after].mean()),
            "steps": after - first,
            "wrong": int(wrong[first:after].sum()),
            "step": place,
        }
        word = _word(part.split, preprocessing, int(row), place, _steps_of(part.split, steps, int(row)))
        found |= {} if word is None else {"word": word}
        found |= {"true": labels[steps.truth[step]], "predicted": labels[steps.predicted[step]]}
        if steps.facts is not None:
            found["probability"] = float(steps.facts.confidence[step])
        rows.append(found)
    return _joined(part, numbers, rows)


def _steps_of(split: Batches, steps: Steps, row: int) -> int:
    """Returns how many steps a row has, those that do not count among them."""
    lengths = split.lengths if steps.places is not None and isinstance(split, Rows) else steps.lengths
    return int(lengths[row])


def _word(split: Batches, preprocessing: Preprocessing | None, row: int, step: int, steps: int) -> str | None:
    """Returns the word of a step, where each word that is read has a tag."""
    words = None if preprocessing is None or split.raw is None else preprocessing.placed_words(split.raw[row])
    limit = preprocessing.max_length if preprocessing is not None else None
    if words is None or len(words if limit is None else words[:limit]) != steps:
        return None
    return words[step].word


def of_values(
    part: AnsweredRows,
    predicted: np.ndarray,
    truth: np.ndarray,
    names: Sequence[str],
    scale: np.ndarray | None,
) -> WorstRows:
    """Returns the rows of the largest mean absolute error, each target in deviations of the training part.

    Columns: ``row``, ``error``; for single values ``true`` and ``predicted``, with the name of the target behind where
    there are several; for forecasts ``mae`` likewise; ``series`` and ``text``, where there are some.

    Args:
        part: The rows.
        predicted: Values ``(rows, targets)``, or ``(rows, horizon, targets)``, in original units.
        truth: Likewise.
        names: The names of the targets.
        scale: The deviation of each target in the training part; ``None`` for 1.
    """
    if not part.aligned:
        return WorstRows()
    errors = np.abs(np.asarray(predicted, np.float64) - truth)
    scaled = errors / (1.0 if scale is None else np.where(scale > 0, scale, 1.0))
    means = scaled.reshape(len(scaled), -1).mean(axis=1)
    numbers = _largest(means)
    rows = []
    for row in numbers:
        found: dict[str, Any] = {"error": float(means[row])}
        for place, name in enumerate(names):
            end = f" {name}" if len(names) > 1 else ""
            if errors.ndim > 2:
                found[f"mae{end}"] = float(errors[row, :, place].mean())
            else:
                found[f"true{end}"] = float(truth[row, place])
                found[f"predicted{end}"] = float(predicted[row, place])
        rows.append(found)
    return _joined(part, numbers, rows)


def _largest(losses: np.ndarray) -> np.ndarray:
    """Returns the numbers of the rows of the largest losses, the largest first; of equal ones the first."""
    if len(losses) <= KEPT:
        return np.argsort(-losses, kind="stable")
    bound = np.partition(losses, -KEPT)[-KEPT]
    among = np.flatnonzero(losses >= bound)
    return among[np.argsort(-losses[among], kind="stable")][:KEPT]


def _joined(
    part: AnsweredRows, places: Sequence[int] | np.ndarray, rows: Sequence[Mapping[str, Any]]
) -> WorstRows:
    """Puts the numbers of rows before what is wrong, and their text after it."""
    numbers, table = part.numbers[places], []
    for known, facts in zip(described_rows(part.split, numbers), rows, strict=True):
        text = known.pop("text", None)
        table.append({**known, **facts, **({} if text is None else {"text": text})})
    return WorstRows(table, [int(number) for number in numbers])
