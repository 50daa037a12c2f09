"""Tables of either kind: texts with labels, or a series to be forecast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from rnnzoo.data.columns import Columns
from rnnzoo.data.readers.series import SeriesOptions, Windows, read_series
from rnnzoo.data.readers.texts import TextOptions, read_texts
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Fractions, Parts
from rnnzoo.errors import ArgumentError
from rnnzoo.files import FilePath
from rnnzoo.preprocessing.base import Preprocessing
from rnnzoo.preprocessing.choosing import WordOptions

if TYPE_CHECKING:
    import pandas as pd


class TableOptions(TextOptions, SeriesOptions, total=False):
    """What ``read_table`` takes as keywords."""

    text: str | None
    label: str | None
    task: str | None
    from_disk: bool
    preprocessing: Preprocessing | None
    parts: Parts | None
    words: WordOptions | None
    columns: Columns | None
    windows: Windows | None
    fractions: Fractions | None
    time_format: str | None
    description: Mapping[str, Any] | None


def read_table(path: FilePath | pd.DataFrame, **options: Unpack[TableOptions]) -> Splits:
    """Reads a table as ``read_texts`` does, or as ``read_series`` where ``target`` or ``columns`` is given.

    Args:
        path: A file, or a frame of pandas, polars or Arrow.
        **options: The arguments of the one or the other, ``from_disk`` among them. Those that are ``None`` or empty are
            left out.

    Returns:
        The splits.

    Raises:
        ArgumentError: If the arguments do not go together, or one is unknown; the nearest is suggested.
        DataError: If the table cannot be used; the message names line and column.
        PathNotFoundError: If there is no such file.

    Example:
        >>> import numpy as np, pandas as pd
        >>> read_table(pd.DataFrame({"load": np.arange(60.0)}), target="load", window=4, horizon=2).task
        'forecasting'
        >>> reviews = pd.DataFrame({"review": ["good", "bad"] * 20, "stars": ["5", "1"] * 20})
        >>> read_table(reviews, text="review", label="stars").task
        'classification'
    """
    given: dict[str, Any] = {name: value for name, value in options.items() if not _is_nothing(value)}
    if "target" in given or "columns" in given:
        return read_series(path, **given)
    if "text" not in given or "label" not in given:
        raise ArgumentError(
            "read_table: expected text and label for texts, or target, window and horizon for a series."
        )
    return read_texts(path, **given)


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, list | tuple) and not value)
