"""What splits show of themselves: rows of each part, classes, task, preprocessing and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.dataset_split import DatasetSplit
from rnnzoo.data.split import Batches, Rows
from rnnzoo.data.unlabelled import labelled
from rnnzoo.summary import Summary, Table
from rnnzoo.tasks import get_task

if TYPE_CHECKING:
    from rnnzoo.data.splits import Splits

_PARTS = ("train", "validation", "test")
#: What rows are, by what a preprocessing takes.
_KINDS = {
    "text": "texts",
    "words": "lists of words",
    "dna": "sequences of bases",
    "series": "series",
    "irregular": "series at irregular times",
    "windows": "windows of a series",
    "sound": "recordings",
    "frames": "videos",
}
#: Names of the description that say where data come from.
_SOURCES = ("source", "file", "path", "name")


def overview(splits: Splits) -> Summary:
    """Returns what splits show of themselves; nothing is read or encoded for it."""
    facts = {
        "task": splits.task,
        "rows": _kind(splits),
        "preprocessing": _preprocessing(splits),
        **_series(splits.description),
        "answers": _answers(splits),
        "source": next((splits.description[n] for n in _SOURCES if splits.description.get(n)), None),
        "written": _written(splits.description.get("format")),
        "checksum": str(splits.description.get("checksum") or "")[:12],
    }
    counted = "Steps" if get_task(splits.task).per_step else "Rows"
    return Summary(
        "Splits",
        {name: value for name, value in facts.items() if value},
        [
            Table("Rows of each part", _row_table(splits)),
            Table(f"{counted} of each class", _class_table(splits)),
        ],
    )


def _written(form: Mapping[str, str] | None) -> str:
    """Returns how a file is written, where that is not as usual."""
    return ", ".join(f"{name} {value!r}" for name, value in (form or {}).items())


def _parts(splits: Splits) -> dict[str, Batches]:
    parts = {name: getattr(splits, name) for name in _PARTS}
    return {name: part for name, part in parts.items() if part is not None}


def _kind(splits: Splits) -> str:
    if splits.preprocessing is None:
        return "ready batches"
    kind = _KINDS.get(splits.preprocessing.takes, "of a kind of your own")
    features = splits.model_arguments.get("num_features")
    return f"{kind} of {features} feature{'s' * (features != 1)}" if features else kind


def _series(facts: Mapping[str, Any]) -> dict[str, str]:
    """Returns what is known of a table of series: how many, their step, and what is read beside the past."""
    found = {name: ", ".join(facts[name]) for name in ("future", "calendar", "static") if facts.get(name)}
    if facts.get("step"):
        found = {"step": str(facts["step"]), **found}
    if "num_series" not in facts:
        return found
    left_out = facts.get("series_left_out")
    count = f"{facts['num_series']:,}" + (f", of which {left_out:,} are left out" if left_out else "")
    return {"series": count, **found}


def _preprocessing(splits: Splits) -> str:
    if splits.preprocessing is None:
        return ""
    arguments = [f"{k}={v}" for k, v in splits.preprocessing.model_arguments.items() if v is not None]
    return f"{type(splits.preprocessing).__name__}: {', '.join(arguments)}".removesuffix(": ")


def _answers(splits: Splits) -> str:
    decoding = splits.decoding
    if decoding is None:
        return ""
    if decoding.labels:
        count = f"{len(decoding.labels):,}"
        return f"{count} {'symbols' if get_task(splits.task).targets == 'symbols' else 'classes'}"
    return ", ".join(decoding.target_names or ())


def _row_table(splits: Splits) -> list[dict[str, object]]:
    table = []
    for name, part in _parts(splits).items():
        row: dict[str, object] = {"part": name}
        if isinstance(part, DatasetSplit):
            # Its rows are known only once all of it was read.
            row["batches"] = part.num_batches(1) or "not known"
        else:
            row["rows"] = f"{len(part):,}"
        if isinstance(part, Rows) and len(part):
            shortest, longest = int(part.lengths.min()), int(part.lengths.max())
            row["steps of a row"] = str(longest) if shortest == longest else f"{shortest} to {longest}"
        table.append(row)
    return table


def _class_table(splits: Splits) -> list[dict[str, object]]:
    """Counts the classes of each part, the most frequent first."""
    labels = splits.decoding.labels if splits.decoding is not None else None
    counts = {name: _counts(splits, part) for name, part in _parts(splits).items()}
    known: Mapping[str, Any] = {name: count for name, count in counts.items() if count is not None}
    if not labels or not known:
        return []
    every = np.sum(list(known.values()), axis=0)
    known = {**known, "all": every} if len(known) > 1 else known
    return [
        {"class": labels[place], **{name: f"{count[place]:,}" for name, count in known.items()}}
        for place in np.argsort(-every, kind="stable")
    ]


def _counts(splits: Splits, part: Batches) -> np.ndarray | None:
    """Counts how often each class is in a part; ``None`` where there are none, or they are not at hand."""
    task, targets = get_task(splits.task), part.targets
    if targets is None or splits.decoding is None or task.targets not in ("classes", "labels"):
        return None
    if task.targets == "labels":
        return np.asarray(targets).sum(axis=0).astype(int)
    numbers = np.concatenate([np.ravel(row) for row in targets]) if task.per_step else np.ravel(targets)
    numbers = numbers[labelled(numbers)]
    return np.bincount(numbers.astype(int), minlength=len(splits.decoding.labels or ()))
