"""Whether what a caller gives are rows at all: a text, a mapping and a frame can be iterated too, but over no rows."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from rnnzoo.errors import ArgumentError

_SHOWN = 40
# What one row is called in messages, by what a preprocessing takes, and one as code.
_NAMES = {
    "text": ("text", '"a text"'),
    "words": ("sentence", '"two words"'),
    "dna": ("sequence", '"ACGT"'),
    "series": ("series", "[[0.1, 0.2], [0.3, 0.4]]"),
    "irregular": ("series", '{"times": [0, 1], "values": [[0.1], [0.2]]}'),
    "windows": ("window", '{"load": [20.1, 20.3]}'),
    "sound": ("recording", "samples"),
    "frames": ("video", "video"),
    "category": ("category", '"north"'),
    "numbers": ("row of numbers", "[0.1, 0.2]"),
}
_PLURALS = {"series": "series", "category": "categories", "row of numbers": "rows of numbers"}
_TEXTS = ("text", "words", "dna", "category")
# What a column of a table holds one of a row.
_CELLS = (*_TEXTS, "numbers")


def check_rows(raw: Any, takes: str = "other", *, call: str = "", each: str = "answer") -> None:
    """Raises ``ArgumentError`` for what is not a list of rows: each would be cut into letters, keys or columns.

    Args:
        raw: What was given.
        takes: What a row is: see ``Preprocessing``.
        call: The function that it was given to, for messages that say what to write.
        each: What there is one of for each row.

    Example:
        >>> check_rows("good", "text", call="predict")
        Traceback (most recent call last):
        ...
        rnnzoo.errors.ArgumentError: predict: received the text 'good'; expected a list of texts, one for each answer.
        Write predict(["good"]).
    """
    problem = _problem(raw, takes)
    if problem is None:
        return
    received, code = problem
    plural = _PLURALS.get(row_name(takes), f"{row_name(takes)}s")
    fix = f"{call}({code})" if call else code
    raise ArgumentError(
        f"{call or 'rows'}: received {received}; expected a list of {plural}, one for each {each}. Write {fix}."
    )


def check_training_rows(raw: Any, takes: str) -> None:
    """Does the same for rows to fit on, which may come one by one, as from a generator, and without an order."""
    one_by_one = hasattr(raw, "__iter__") and not hasattr(raw, "__len__")
    if not (one_by_one or isinstance(raw, Set)):
        check_rows(raw, takes, call="fit", each="example")


def row_name(takes: str) -> str:
    """Returns what one row is called, such as ``"text"``."""
    return _NAMES.get(takes, ("row", ""))[0]


def row_example(takes: str) -> str | None:
    """Returns a row as code, ``None`` where none is known."""
    return _NAMES.get(takes, ("", None))[1]


def is_frame(value: Any) -> bool:
    """Whether something is a table with named columns, of whatever library; none needs to be there."""
    return not isinstance(value, Mapping) and (hasattr(value, "columns") or hasattr(value, "column_names"))


def _problem(raw: Any, takes: str) -> tuple[str, str] | None:
    """Returns what was received, and what to write instead as code; ``None`` for rows."""
    if isinstance(raw, str):
        return _of_text(raw, takes)
    if isinstance(raw, bytes | bytearray):
        return "bytes", "[raw.decode()]"
    if isinstance(raw, Mapping):
        return _of_mapping(raw, takes)
    if is_frame(raw):
        return _of_frame(raw, takes)
    if isinstance(raw, Set):
        return f"{type(raw).__name__}, which has no order", "sorted(rows)"
    if isinstance(raw, np.ndarray) and raw.ndim == 0:
        return "an array without an axis", "[row]"
    if not (hasattr(raw, "__len__") and hasattr(raw, "__iter__")):
        return type(raw).__name__, "list(rows)" if hasattr(raw, "__iter__") else "[row]"
    return None


def _of_text(raw: str, takes: str) -> tuple[str, str]:
    cut = len(raw) > _SHOWN
    received = f"the text {raw[:_SHOWN] + '…' if cut else raw!r}"
    if takes in _TEXTS:
        return received, "[text]" if cut else f"[{_quoted(raw)}]"
    example = row_example(takes)
    return received, "[row]" if example is None else f"[{example}]"


def _of_mapping(raw: Mapping[Any, Any], takes: str) -> tuple[str, str]:
    received = f"one mapping with {_names(list(raw))}"
    if takes in _CELLS and raw:
        return received, f"list(rows[{_quoted(next(iter(raw)))}])"
    return received, "[mapping]"


def _of_frame(raw: Any, takes: str) -> tuple[str, str]:
    columns = list(raw.columns if hasattr(raw, "columns") else raw.column_names)
    received = f"a table with {_names(columns)}"
    known = {
        "windows": "[frame]",
        "series": "[frame.to_numpy()]",
        "irregular": f"[{row_example('irregular')}]",
        "numbers": "frame.to_numpy()",
        "joined": _records(raw),
    }
    column = "text" if "text" in columns or not columns else columns[0]
    return received, known.get(takes, f"list(frame[{_quoted(column)}])")


def _records(frame: Any) -> str:
    """Returns how a table becomes a list of one mapping a row, in the words of its library."""
    for method in ("to_dicts", "to_pylist"):  # polars, pyarrow
        if hasattr(frame, method):
            return f"frame.{method}()"
    return 'frame.to_dict("records")'


def _names(columns: list[Any]) -> str:
    word = "the column" if len(columns) == 1 else "the columns"
    shown = ", ".join(repr(name) for name in columns[:5])
    return f"{word} {shown}{', …' if len(columns) > 5 else ''}" if columns else "no column"


def _quoted(value: Any) -> str:
    """Returns a value as code, texts in double quotes."""
    if not isinstance(value, str):
        return repr(value)
    return repr(value) if '"' in value or "\\" in repr(value) else f'"{value}"'
