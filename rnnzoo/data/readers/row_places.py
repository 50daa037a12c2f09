"""What messages call the rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: The name of the index of a table that was read from a file.
LINE = "line"


def row_place(index: pd.Index[Any], row: int) -> str:
    """Returns what messages call a row: the line of a file, or the label of a frame's row.

    Args:
        index: The index of the table.
        row: The place of the row in it.

    Example:
        >>> import pandas as pd
        >>> row_place(pd.Index([2, 3], name="line"), 1), row_place(pd.RangeIndex(9), 4)
        ('line 3', 'row 4')
    """
    if index.name == LINE:
        return f"line {index[row]}"
    return f"row {index[row]}" if index.name is None else f"row of {index.name} {index[row]}"
