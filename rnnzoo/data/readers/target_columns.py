"""The columns of a table that hold targets, and how much rows count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.columns import as_names
from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.series_columns import parse_numbers
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.tasks import get_task

if TYPE_CHECKING:
    import pandas as pd


def label_columns(label: str | Sequence[str], task: str) -> tuple[str, ...]:
    """Returns the names of the columns of targets: one, but for numbers, of which a row may have several.

    Raises:
        ArgumentError: If there is none, or there are several for another task.
    """
    names = as_names("label", label)
    if not names:
        raise ArgumentError("label: received no column; expected one. Name the column of labels.")
    if len(names) > 1 and (get_task(task).targets != "values" or get_task(task).data != "rows"):
        raise ArgumentError(
            f"label: received {len(names)} columns, {', '.join(names)}, for task {task!r}; expected one. Several "
            "numbers of a row are for task='regression' (on the command line --task regression)."
        )
    return names


def read_weights(column: pd.Series[Any]) -> np.ndarray:
    """Returns the weight of each row ``(rows,)``.

    Args:
        column: Cells of a file, which are texts, or numbers.

    Raises:
        DataError: If one is missing, no number, negative or not finite; the message names its line.

    Example:
        >>> import pandas as pd
        >>> read_weights(pd.Series(["1", "0.5"])).tolist()
        [1.0, 0.5]
    """
    values = parse_numbers(column)[0]
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{row_place(column.index, row)}: the weight {column.name!r} is {str(column.iloc[row])!r}; expected a "
            "finite number of at least 0. Correct it; the weight 0 leaves a row out of loss and scores."
        )
    return values
