"""Frames as tables: whether they are some, which columns they have, and what messages call their rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.arrow_frames import as_frame
from rnnzoo.data.columns import named_levels, refuse_repeated
from rnnzoo.data.readers.file_tables import map_column, table_column
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.files import is_path

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.data.readers.file_tables import Column, Table

#: What pandas calls an index without a name that it has made a column of.
_INDEX_NAMES = ("index", "level_0")
_STORED = "__index_level_0__"


def expect_table(source: Any, name: str = "source") -> Any:
    """Returns the path of a table, or a frame whose columns have names of their own.

    Args:
        source: A path, a pandas frame, or a table of another library, of which a frame is made.
        name: The argument, for messages.

    Raises:
        ArgumentError: If it is neither.
        DataError: If two columns of a frame have the same name.

    Example:
        >>> expect_table({"load": [1.0, 2.0]})
        Traceback (most recent call last):
        ...
        rnnzoo.errors.ArgumentError: source: received dict; expected the path of a table, such as a CSV file, or a
        pandas, polars or Arrow frame. Pass pandas.DataFrame(source).
    """
    import pandas as pd

    if is_path(source):
        return source
    frame = as_frame(source, name)
    if not isinstance(frame, pd.DataFrame):
        raise ArgumentError(
            f"{name}: received {type(source).__name__}; expected the path of a table, such as a CSV file, or a pandas, "
            f"polars or Arrow frame. Pass {_frame_of(source, name)}."
        )
    refuse_repeated(frame)
    return frame


def _frame_of(source: Any, name: str) -> str:
    """Returns code that may make a frame of what is none."""
    if hasattr(source, "collect"):  # a query that is not run yet
        return f"{name}.collect()"
    if isinstance(source, Mapping) and source and hasattr(next(iter(source.values())), "column_names"):
        return f"one part of it: {name}[{next(iter(source))!r}]"
    return f"pandas.DataFrame({name})"


def refuse_numbered(table: Table) -> None:
    """Raises ``DataError`` where a column of a frame has a number, or nothing, for a name."""
    other = [name for name in table.columns if not isinstance(name, str)]
    if other:
        raise DataError(
            f"the frame: has a column named {other[0]!r}; expected texts for names. Make texts of them: "
            "frame = frame.rename(columns=str)"
        )


def hashable(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns a frame in which lists and objects, which have no hash, are texts."""
    nested = [
        name
        for name in frame.columns
        if frame[name].dtype == object and frame[name].map(type).isin([list, dict, np.ndarray]).any()
    ]
    return frame.astype(dict.fromkeys(nested, str)) if nested else frame


def has_own_names(frame: pd.DataFrame) -> bool:
    """Whether the index of a frame has names that its columns do not have: it may say what a row is of."""
    names = named_levels(frame)
    return bool(names) and len(names) == frame.index.nlevels and not {*names} & {*frame.columns}


def refuse_levels(frame: Table) -> None:
    """Raises ``DataError`` for a frame whose index has levels: it holds several series."""
    import pandas as pd

    if not isinstance(frame.index, pd.MultiIndex):
        return
    names = list(frame.index.names)
    levels = [place for place in range(len(names)) if frame.index.levels[place].dtype.kind != "M"] or [0]
    level = names[levels[0]] if names[levels[0]] is not None else levels[0]
    value = frame.index.get_level_values(levels[0])[0]
    value = value.item() if isinstance(value, np.generic) else value
    raise DataError(
        f"frame: received an index of the levels {', '.join(map(repr, names))}; expected one series, a row for each "
        f"step. Keep the rows of one: frame.xs({value!r}, level={level!r})"
    )


def refuse_nameless(frame: Table, *, used: Collection[Any]) -> None:
    """Raises ``DataError`` where a column numbers the rows, as a stored index does: it would become a feature.

    Such a column has no name, or one that pandas gives to an index without one.

    Args:
        frame: The table.
        used: Columns that were named, as ignored or otherwise.
    """
    for place, name in enumerate(frame.columns):
        if name in used or not isinstance(name, str):
            continue
        nameless = place == 0 and re.fullmatch(r"\s*|Unnamed: \d+(\.\d+)?", name) is not None
        if not nameless and name not in (*_INDEX_NAMES, _STORED):
            continue
        numbers = _whole_numbers(table_column(frame, name))
        if numbers is None or not (nameless or name == _STORED or _counts(numbers)):
            continue
        beside = "" if name else """, with others --ignore '"",other'"""
        what = f"no name ({name!r})" if nameless else f"{name!r}, the name of a stored index,"
        raise DataError(
            f"column {place + 1}: received {what} and row numbers, from {numbers[0]:.0f} to "
            f"{numbers[-1]:.0f}; expected features with names. Write the table with index=False, or leave the "
            f"column out: ignore=[{name!r}] (on the command line --ignore {name!r}{beside})."
        )


def _whole_numbers(column: Column) -> np.ndarray | None:
    """Returns a column of whole numbers that are all different; ``None`` for another."""
    import pandas as pd

    numbers = map_column(column, lambda cells: pd.to_numeric(cells, errors="coerce"))
    if numbers.dtype.kind not in "iuf" or numbers.isna().any() or not numbers.is_unique:
        return None
    values = numbers.to_numpy(np.float64)
    return values if (values % 1 == 0).all() else None


def _counts(numbers: np.ndarray) -> bool:
    """Whether numbers count the rows, from 0 or 1 on."""
    return bool(numbers[0] in (0, 1) and (np.diff(numbers) == 1).all())
