"""Frames as tables: whether they are some, which columns they have, and what messages call their rows."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.columns import named_levels, refuse_repeated
from rnnzoo.data.readers.file_tables import map_column, table_column
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.files import is_path

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.data.readers.file_tables import Table


def expect_table(source: object, name: str = "source") -> None:
    """Checks that a source is the path of a table, or a frame whose columns have names of their own.

    Args:
        source: What was passed.
        name: The argument, for messages.

    Raises:
        ArgumentError: If it is neither.
        DataError: If two columns of a frame have the same name.

    Example:
        >>> expect_table({"load": [1.0, 2.0]})
        Traceback (most recent call last):
        ...
        rnnzoo.errors.ArgumentError: source: received dict; expected the path of a CSV or TSV file, or a pandas frame.
        Pass pandas.DataFrame(source).
    """
    import pandas as pd

    if is_path(source):
        return
    if not isinstance(source, pd.DataFrame):
        to_pandas = hasattr(source, "to_pandas")
        fix = f"{name}.to_pandas()" if to_pandas else f"pandas.DataFrame({name})"
        raise ArgumentError(
            f"{name}: received {type(source).__name__}; expected the path of a CSV or TSV file, or a pandas frame. "
            f"Pass {fix}."
        )
    refuse_repeated(source)


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
    """Raises ``DataError`` where the first column has no name and numbers the rows: it would become a feature.

    Args:
        frame: The table.
        used: Columns that were named, as ignored or otherwise.
    """
    import pandas as pd

    name = frame.columns[0] if len(frame.columns) else None
    if name in used or not (isinstance(name, str) and re.fullmatch(r"\s*|Unnamed: \d+(\.\d+)?", name)):
        return
    numbers = map_column(table_column(frame, name), lambda cells: pd.to_numeric(cells, errors="coerce"))
    if not numbers.isna().any() and (numbers % 1 == 0).all() and numbers.is_unique:
        raise DataError(
            f"column 1: received no name ({name!r}) and row numbers, from {numbers.iloc[0]:.0f} to "
            f"{numbers.iloc[-1]:.0f}; expected features with names. Write the table with index=False, or leave the "
            f"column out: ignore=[{name!r}] (on the command line --ignore {name!r})."
        )
