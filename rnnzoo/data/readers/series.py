"""A table of series to windows: split by time, scaled by the training part, nothing from the future."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np

from rnnzoo import checks
from rnnzoo.data.columns import Columns, check_table_columns
from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.data.readers.file_format import FileFormat, FileFormatOptions
from rnnzoo.data.readers.file_tables import FileTable, store_for, table_column, table_pieces
from rnnzoo.data.readers.mixed_series import refuse_mixed, refuse_mixed_dates, refuse_text_dates
from rnnzoo.data.readers.series_columns import (
    SeriesColumns,
    read_categories,
    read_numbers,
    treat_missing,
)
from rnnzoo.data.readers.series_features import scale_features, scale_targets
from rnnzoo.data.readers.table_frames import hashable, refuse_levels, refuse_nameless
from rnnzoo.data.readers.table_sources import open_table
from rnnzoo.data.readers.time_steps import Steps, find_steps, refuse_holes, refuse_uneven
from rnnzoo.data.readers.timestamps import Times, read_times
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Fractions
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.files import FilePath
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.features import fit_scale
from rnnzoo.preprocessing.windows import MISSING, Missing
from rnnzoo.value_objects import checked_fields

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.data.readers.file_tables import Table

Gaps = Literal["error", "break"]
GAPS = ("error", "break")
#: Columns that tables of one series do not have.
UNREAD = ("series", "static", "future")


@checked_fields
@dataclass(frozen=True)
class Windows:
    """What of a series a model reads, and what it forecasts.

    Attributes:
        window: Steps to look back on.
        horizon: Steps ahead.
        gaps: What a hole in the times means, a step that is not the common one. ``"error"``: the table is refused.
            ``"break"``: no window crosses it, in any part. Months, quarters and years are even, so are business days
            without weekends; a holiday is a hole. Needs the column of times.
        missing: What an empty cell, NA, NaN, null or ? means. ``"error"``: the table is refused. ``"ffill"``: the last
            value before it is taken, in features and targets alike and never from the future; rows before the first
            complete one are dropped. ``"drop"``: windows that touch one are left out.
        seasonality: Steps of a season, for the seasonal naive baseline; ``None`` for none.

    Raises:
        ArgumentError: If one is out of range.
    """

    window: int
    horizon: int
    gaps: Gaps = "error"
    missing: Missing = "error"
    seasonality: int | None = None

    def __post_init__(self) -> None:
        checks.integer("window", self.window, minimum=1)
        checks.integer("horizon", self.horizon, minimum=1)
        checks.choice("gaps", self.gaps, GAPS)
        checks.choice("missing", self.missing, MISSING)
        if self.seasonality is not None:
            checks.integer("seasonality", self.seasonality, minimum=1)


class SeriesOptions(FileFormatOptions, total=False):
    """What ``read_series`` takes as keywords: the fields of ``Columns``, ``Windows``, ``Fractions``, ``FileFormat``."""

    target: str | Sequence[str]
    time: str | None
    categorical: str | Sequence[str]
    ignore: str | Sequence[str]
    window: int
    horizon: int
    gaps: Gaps
    missing: Missing
    seasonality: int | None
    validation_fraction: float
    test_fraction: float


class SeriesSplitsOptions(SeriesOptions, total=False):
    """What ``series_splits`` takes as keywords."""

    columns: Columns | None
    windows: Windows | None
    fractions: Fractions | None
    time_format: str | None


def read_series(
    source: FilePath | pd.DataFrame,
    *,
    columns: Columns | None = None,
    windows: Windows | None = None,
    fractions: Fractions | None = None,
    file_format: FileFormat | None = None,
    time_format: str | None = None,
    description: Mapping[str, Any] | None = None,
    from_disk: bool = False,
    **options: Unpack[SeriesOptions],
) -> Splits:
    """Reads a table whose rows follow each other in time: a file, or a frame of pandas, polars or Arrow.

    It is split by time, without leakage: statistics and categories come from the training rows, a training window ends
    before validation starts, and the targets of validation and test windows lie wholly in their part, while what they
    look back on may lie before it. All windows of a part are used. Without a column of times, rows are taken to follow
    each other at even steps; a table whose dates say that it holds several series is refused all the same.

    With ``from_disk`` the file may be larger than memory, and the splits are the same. It is read some rows at a time;
    its numbers, and what models read of them, lie in a temporary folder (``TMPDIR`` says where), of about 12 bytes a
    cell, as long as the splits are there. In memory are a few columns at a time, of 8 bytes a row each.

    Args:
        source: The file: CSV or TSV, plain or gzipped, Parquet, Feather, Excel or JSON lines. Or a frame, whose index
            is what messages name as the line and gives the times where it holds dates.
        columns: Which columns are what, as one value.
        windows: What is read and what is forecast, as one value.
        fractions: Shares of rows for validation and test, as one value.
        file_format: How the file is written, as one value.
        time_format: How dates are written, such as ``"%d.%m.%Y %H:%M"`` (see ``datetime.strptime``); ``None`` to find
            the one format that reads all rows. Dates that can be read in two ways are refused.
        description: Facts to keep.
        from_disk: Whether numbers stay on disk; for files alone.
        **options: The fields of ``Columns``, ``Windows``, ``Fractions`` and ``FileFormat`` as they are: ``target``,
            ``time``, ``categorical``, ``ignore``; ``window``, ``horizon``, ``gaps``, ``missing``, ``seasonality``;
            ``validation_fraction`` (0.15), ``test_fraction`` (0.15); ``column_names``, ``separator``, ``decimal``,
            ``encoding``, ``sheet``.

    Returns:
        The splits; their task is ``"forecasting"``.

    Raises:
        ArgumentError: If the arguments do not go together, or a keyword is unknown; the nearest is suggested.
        UnknownNameError: If a column is missing; the nearest is suggested.
        DataError: If the table cannot be used; the message names line and column.
        PathNotFoundError: If there is no such file.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"load": np.arange(60.0), "heat": np.arange(60.0)})
        >>> splits = read_series(frame, target="load", window=4, horizon=2)
        >>> splits.model_arguments
        {'window': 4, 'num_features': 2, 'horizon': 2, 'num_targets': 1}
        >>> read_series(frame, columns=Columns(target="load", ignore="heat"), windows=Windows(4, 2)).model_arguments
        {'window': 4, 'num_features': 1, 'horizon': 2, 'num_targets': 1}
    """
    flat = FlatOptions("read_series", options)
    columns = flat.take(Columns, columns, "columns", unread=UNREAD)
    if windows is None and ("window" not in options or "horizon" not in options):
        raise ArgumentError(
            "target: received without window and horizon; expected both, e.g. window=72, horizon=24."
        )
    windows = flat.take(Windows, windows, "windows")
    fractions = flat.take(Fractions, fractions, "fractions")
    form = flat.take(FileFormat, file_format, "file_format")
    flat.refuse_rest(
        "columns", "windows", "fractions", "file_format", "time_format", "description", "from_disk"
    )
    columns.refuse(*UNREAD)
    frame, facts = open_table(source, form, from_disk=checks.flag("from_disk", from_disk))
    return _make_splits(frame, columns, windows, fractions, time_format, {**facts, **(description or {})})


def series_splits(
    frame: pd.DataFrame, *, source: Mapping[str, Any] | None = None, **options: Unpack[SeriesSplitsOptions]
) -> Splits:
    """Makes splits of a frame whose rows follow each other in time: the older name of ``read_series(frame)``.

    Args:
        frame: The table, one row per step.
        source: Facts to keep, the ``description`` of ``read_series``.
        **options: As for ``read_series``.
    """
    return read_series(frame, description=source, **options)


def _make_splits(
    table: Table,
    columns: Columns,
    windows: Windows,
    fractions: Fractions,
    time_format: str | None,
    facts: Mapping[str, Any],
) -> Splits:
    steps, pieces = _check_table(table, columns, windows, time_format)
    numeric = _numeric(table, columns)
    values = SeriesColumns.read(table, numeric, columns.categorical, store_for(table), told=columns)
    values, broken, first = treat_missing(values, windows.missing, table.index, pieces)
    pieces, lines = pieces[first:], table.index[first:]
    bounds = _bounds(len(broken), fractions)
    trained = ~broken & (np.arange(len(broken)) < bounds["train"][1])
    preprocessing = _fit(values, numeric, columns.categorical, trained, windows)
    starts = {name: _starts(name, part, broken, pieces, windows) for name, part in bounds.items()}
    decoding = _decoding(preprocessing, columns.target)
    features = scale_features(values, preprocessing, broken, lines)
    targets, scaled = scale_targets(values, decoding)
    parts = {
        name: WindowSplit(
            features, scaled, targets, values, rows, window=windows.window, horizon=windows.horizon
        )
        for name, rows in starts.items()
    }
    description = {
        "checksum": None,
        **facts,
        "targets": list(columns.target),
        "window": windows.window,
        "horizon": windows.horizon,
        "missing": windows.missing,
        "seasonality": windows.seasonality,
        "steps": len(broken),
        **({} if steps is None else {"gaps": windows.gaps, "pieces": int(steps.pieces[-1]) + 1}),
        "rows": {name: len(split) for name, split in parts.items()},
    }
    if description["checksum"] is None:
        description["checksum"] = _checksum(table)
    return Splits(
        train=parts["train"],
        validation=parts["validation"],
        test=parts.get("test"),
        preprocessing=preprocessing,
        decoding=decoding,
        task="forecasting",
        description=description,
    )


def _check_table(
    table: Table, columns: Columns, windows: Windows, time_format: str | None
) -> tuple[Steps | None, np.ndarray]:
    """Checks that the columns are there and rows follow each other; returns the steps, and the piece of each row."""
    if not columns.target:
        raise ArgumentError("target: received no column; expected at least one to forecast.")
    check_table_columns(table, columns.names)
    refuse_nameless(table, used=set(columns.names))
    steps = _checked_steps(table, columns.target, columns.time, time_format, windows.gaps)
    return steps, np.zeros(len(table), int) if steps is None else steps.pieces


def _numeric(table: Table, columns: Columns) -> list[str]:
    """Returns the columns of numbers: the targets' own past first, where models find it that normalise windows."""
    others = {*columns.categorical, *columns.ignore, columns.time}
    for name in columns.target:
        if name in others:
            raise ArgumentError(
                f"target: received {name!r}, which is categorical, ignored or the time; expected a number."
            )
    return [name for name in dict.fromkeys([*columns.target, *map(str, table.columns)]) if name not in others]


def _bounds(rows: int, fractions: Fractions) -> dict[str, tuple[int, int]]:
    """Returns the first row of each part and the one behind its last."""
    first_test = rows - round(rows * fractions.test_fraction)
    first_validation = first_test - round(rows * fractions.validation_fraction)
    bounds = {"train": (0, first_validation), "validation": (first_validation, first_test)}
    return bounds if first_test == rows else {**bounds, "test": (first_test, rows)}


def _checksum(table: Table) -> str:
    from pandas.util import hash_pandas_object

    digest = hashlib.sha256(json.dumps([str(name) for name in table.columns]).encode())
    for piece in table_pieces(table, list(table.columns)):
        digest.update(hash_pandas_object(hashable(piece), index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _checked_steps(
    table: Table, target: Sequence[str], time: str | None, time_format: str | None, gaps: str
) -> Steps | None:
    """Checks that rows follow each other in time; returns their steps where times are known."""
    times = _times(table, time, time_format)
    if times is None:
        if gaps != "error":
            raise ArgumentError(
                f"gaps: received {gaps!r} without time; expected the column of times. Pass time= (on the "
                "command line --time) too."
            )
        refuse_mixed_dates(table, target=target)
        return None
    refuse_mixed(table, times, target=target, named=True)
    steps = find_steps(times)
    refuse_uneven(times, steps)
    if gaps == "error":
        refuse_holes(times, steps, table.index)
    return steps


def _times(table: Table, time: str | None, time_format: str | None) -> Times | None:
    import pandas as pd

    if time is not None:
        return read_times(table_column(table, time), time_format=time_format)
    if time_format is not None:
        raise ArgumentError(
            f"time_format: received {time_format!r} without time; expected the column of times. Pass time= (on the "
            "command line --time) too."
        )
    if isinstance(table, FileTable):
        return None
    refuse_levels(table)
    if isinstance(table.index, pd.DatetimeIndex | pd.PeriodIndex):
        return dataclasses.replace(read_times(table.index.to_series()), name=None)
    refuse_text_dates(table)
    return None


def _fit(
    columns: SeriesColumns,
    numeric: Sequence[str],
    categorical: Sequence[str],
    rows: np.ndarray,
    windows: Windows,
) -> WindowPreprocessing:
    if not rows.any():
        raise DataError(
            "series: no complete training row; expected at least one. Add rows or fill missing values."
        )
    # Column by column, so that one is in memory where they lie on disk.
    fitted = [fit_scale(columns[name][rows][:, None]) for name in numeric]
    return WindowPreprocessing(
        numeric=numeric,
        mean=[float(mean[0]) for mean, _ in fitted],
        scale=[float(scale[0]) for _, scale in fitted],
        categories={name: columns[name].known(rows) for name in categorical},
        window=windows.window,
        missing=windows.missing,
    )


def _starts(
    part: str, bounds: tuple[int, int], broken: np.ndarray, pieces: np.ndarray, windows: Windows
) -> np.ndarray:
    """Returns the first rows of the windows whose targets lie within bounds and that lie in one piece."""
    window, horizon = windows.window, windows.horizon
    first, end = bounds
    targets = np.arange(max(first, window), end - horizon + 1)
    counts = np.concatenate([[0], np.cumsum(broken)])
    starts = targets - window
    whole = counts[starts + window + horizon] == counts[starts]
    starts = starts[whole & (pieces[starts] == pieces[starts + window + horizon - 1])]
    if len(starts) == 0:
        raise DataError(
            f"series: the {part} part has {end - first} rows and no whole window; expected at least "
            f"{horizon + (window if part == 'train' else 0)} rows without gaps "
            f"(window {window}, horizon {horizon}). Add rows, or shorten window or horizon."
        )
    return starts


def _decoding(preprocessing: WindowPreprocessing, target: Sequence[str]) -> Decoding:
    places = [preprocessing.numeric.index(name) for name in target]
    return Decoding(
        "forecasting",
        target_names=target,
        mean=preprocessing.mean[places].tolist(),
        scale=preprocessing.scale[places].tolist(),
    )


def read_columns(frame: pd.DataFrame, preprocessing: WindowPreprocessing) -> dict[str, list[Any]]:
    """Returns the columns that a fitted preprocessing reads, from a table of text cells as training reads them.

    Args:
        frame: The table; each of its cells is a text.
        preprocessing: What will encode the columns.

    Returns:
        Numbers or categories by column name, ``None`` where one is missing.

    Raises:
        DataError: If a cell of a numeric column is no number; the message names the line.
    """
    columns: dict[str, list[Any]] = {}
    for name in preprocessing.numeric:
        if name in frame.columns:
            columns[name] = [
                None if np.isnan(value) else float(value)
                for value in read_numbers(frame[name], name, training=False)
            ]
    for name in preprocessing.categories:
        if name in frame.columns:
            columns[name] = read_categories(frame[name]).tolist()
    return columns
