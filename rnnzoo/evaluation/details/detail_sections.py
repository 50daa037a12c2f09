"""Details as sections of a report or of a terminal: of long tables the rows that matter most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo.report import Section

#: Above this many classes those of the lowest F1 are shown only.
_MANY_CLASSES = 30
#: Rows of other tables, and characters of a text.
_SHOWN, _LONGEST = 15, 160

#: The title of the section of each table.
TITLES = {
    "class_scores": "Scores of each class",
    "confused_pairs": "Most confused classes",
    "calibration": "Calibration",
    "errors_by_series": "Errors by series",
    "coverage": "Coverage of intervals",
    "errors_by_step": "Errors by step ahead",
    "worst_rows": "Worst rows",
}

_Rows = Sequence[Mapping[str, Any]]


def detail_sections(
    tables: Mapping[str, _Rows], calibration: Mapping[str, Any], *, shown: int = _SHOWN, files: bool = True
) -> dict[str, Section]:
    """Returns a section for each table, by its name, in the order of a report.

    Args:
        tables: Rows by the name of the table, as ``Details.tables``.
        calibration: ``ece`` and ``brier``, where a model answers probabilities of classes.
        shown: Rows of a table, at most.
        files: Whether the whole tables are files, which are then named.

    Example:
        >>> rows = [{"true": "cat", "predicted": "dog", "count": 3, "share": 0.5}] * 20
        >>> detail_sections({"confused_pairs": rows}, {})["confused_pairs"].text
        'The first 15 of 20; all of them: confused_pairs.csv.'
    """
    found = {}
    for name, title in TITLES.items():
        rows = tables.get(name, ())
        if name == "calibration" and calibration:
            found[name] = Section(title, text=_calibration(calibration))
        elif name == "calibration" or not rows:
            continue
        elif name == "class_scores":
            found[name] = _classes(title, rows, shown, files=files)
        else:
            chosen = _spread(rows, shown) if name == "errors_by_step" else rows[:shown]
            found[name] = Section(
                title, text=_text(name, len(chosen), len(rows), files=files), rows=_cut(chosen)
            )
    return found


def _classes(title: str, rows: _Rows, shown: int, *, files: bool) -> Section:
    if len(rows) <= max(_MANY_CLASSES, shown):
        return Section(title, rows=rows)
    lowest = sorted(rows, key=lambda row: float(row["f1"]))[:shown]
    text = f"The {shown} of the lowest F1, of {len(rows):,}{_where('class_scores', files=files)}."
    return Section(title, text=text, rows=lowest)


def _text(name: str, shown: int, rows: int, *, files: bool) -> str:
    if name == "worst_rows":
        text = "A wrong label or a broken row is often among them. Rows are counted from 0."
        return text + (f" The first {rows}: worst_rows.csv." if files and rows > shown else "")
    if rows <= shown:
        return ""
    which = f"{shown} of {rows:,} rows" if name == "errors_by_step" else f"The first {shown} of {rows:,}"
    return f"{which}{_where(name, files=files)}."


def _where(name: str, *, files: bool) -> str:
    return f"; all of them: {name}.csv" if files else ""


def _calibration(numbers: Mapping[str, Any]) -> str:
    return (
        f"Expected calibration error {numbers['ece']:.4f}: the mean distance of confidence and accuracy. "
        f"Brier score {numbers['brier']:.4f}: the mean squared distance of probabilities and truth. Of both, less is "
        "better."
    )


def _spread(rows: _Rows, shown: int) -> list[Mapping[str, Any]]:
    """Returns rows that are spread over a table, the first and the last among them."""
    numbers = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), shown)).round().astype(int))
    return [rows[number] for number in numbers]


def _cut(rows: _Rows) -> list[dict[str, Any]]:
    return [
        {name: _shortened(value) if name == "text" else value for name, value in row.items()} for row in rows
    ]


def _shortened(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
