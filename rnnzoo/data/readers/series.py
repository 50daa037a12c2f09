"""A table of series to windows: split by time, scaled by the training part, nothing from the future."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from rnnzoo import checks
from rnnzoo.data.columns import Columns, check_table_columns
from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.data.readers.file_format import FileFormat, FileFormatOptions
from rnnzoo.data.readers.file_tables import store_for, table_pieces
from rnnzoo.data.readers.raw_times import read_raw_times
from rnnzoo.data.readers.series_columns import SeriesColumns, read_categories, read_numbers, treat_missing
from rnnzoo.data.readers.series_features import scale_features
from rnnzoo.data.readers.series_fit import choose_columns, fit_windows
from rnnzoo.data.readers.series_rows import SeriesRows, TimeReading, arrange_rows
from rnnzoo.data.readers.static_columns import read_static
from rnnzoo.data.readers.table_frames import hashable, refuse_nameless
from rnnzoo.data.readers.table_sources import open_table
from rnnzoo.data.readers.weight_column import check_part_weights, read_weight_column
from rnnzoo.data.readers.window_config import Gaps as Gaps
from rnnzoo.data.readers.window_config import Windows as Windows
from rnnzoo.data.readers.window_parts import PARTS, checked_parts, cut_parts, find_starts, trained_until
from rnnzoo.data.readers.window_split import WindowSplit, WindowTable
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Fractions
from rnnzoo.errors import ArgumentError
from rnnzoo.files import FilePath
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.series_levels import Scaling
from rnnzoo.preprocessing.windows import Missing

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.data.readers.file_tables import Table


class SeriesOptions(FileFormatOptions, total=False):
    """What ``read_series`` takes as keywords: the fields of ``Columns``, ``Windows``, ``Fractions``, ``FileFormat``."""

    target: str | Sequence[str]
    time: str | Sequence[str] | None
    zone: str | None
    series: str | Sequence[str]
    categorical: str | Sequence[str]
    static: str | Sequence[str]
    future: str | Sequence[str]
    ignore: str | Sequence[str]
    weight: str | None
    window: int
    horizon: int
    gaps: Gaps
    missing: Missing
    seasonality: int | None
    calendar: str | Sequence[str]
    scaling: Scaling
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

    With ``weight`` the loss weighs each step of a horizon ``(windows, horizon)`` by the weight of its row, for all
    targets and quantiles of the step alike, and so do scores, of baselines and backtests too. A row of weight 2 counts
    like the same row twice. One of weight 0 is read as past by windows that look back on it, and counts nowhere else:
    neither in loss and scores nor in what numbers are scaled by. Weights are divided by their mean over the horizons of
    the part. Each row needs one; rows that ``gaps="fill"`` puts in, which the table does not have, weigh 0.

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
            ``time``, ``zone``, ``series``, ``categorical``, ``static``, ``future``, ``ignore``, ``weight``; ``window``,
            ``horizon``, ``gaps``, ``missing``, ``seasonality``, ``calendar``, ``scaling``; ``validation_fraction``
            (0.15), ``test_fraction`` (0.15); ``column_names``, ``separator``, ``decimal``, ``encoding``, ``sheet``.

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
    columns = flat.take(Columns, columns, "columns")
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
    frame, facts = open_table(source, form, from_disk=checks.flag("from_disk", from_disk))
    reading = TimeReading(windows.gaps, time_format, columns.zone)
    return _make_splits(frame, columns, windows, reading, fractions, {**facts, **(description or {})})


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
    reading: TimeReading,
    fractions: Fractions,
    facts: Mapping[str, Any],
) -> Splits:
    _check_columns(table, columns, windows)
    rows = arrange_rows(table, columns, reading)
    chosen = choose_columns(table, columns)
    values = SeriesColumns.read(table, chosen.numeric, chosen.categorical, store_for(table), told=columns)
    static = read_static(table, columns, rows)
    if rows.source is not None:
        values = values.take(rows.source)
    values, broken, first = treat_missing(values, windows.missing, rows.lines, rows.pieces)
    rows = rows.behind(first)
    weights = read_weight_column(table, columns.weight, rows, values.store)
    parts = cut_parts(rows, fractions)
    broken |= parts >= len(PARTS)  # in no part
    fitted = fit_windows(values, static, rows, chosen, windows, ~broken & (parts == 0), weights)
    broken |= ~fitted.readable(rows)
    names = PARTS if fractions.test_fraction else PARTS[:2]
    starts = {name: find_starts(name, parts, broken, rows.pieces, windows) for name in names}
    until = trained_until(rows, parts)
    del parts
    description = {
        **facts,
        "checksum": facts.get("checksum") or _checksum(table),
        "targets": list(columns.target),
        "window": windows.window,
        "horizon": windows.horizon,
        "missing": windows.missing,
        "seasonality": windows.seasonality,
        "steps": len(broken),
        **_time_facts(rows, windows),
        "trained_until": until,
        **fitted.facts,
        "rows": {name: len(found) for name, found in starts.items()},
        **_weight_facts(columns, names),
    }
    made = fitted.preprocessing
    times = read_raw_times(table, made.time, rows) if made.time else None
    # What is not read any more is let go, for the features take as much memory as the table.
    rows = rows.without_steps(times=bool(made.time))
    features = scale_features(values, made, broken, rows)
    windowed = fitted.window_table(features, values, rows, times, weights)
    splits = _cut_windows(windowed, starts, windows)
    check_part_weights(splits, checked_parts(names, fractions), columns.weight, table)
    return Splits(
        train=splits["train"],
        validation=splits["validation"],
        test=splits.get("test"),
        preprocessing=made,
        decoding=fitted.decoding,
        task="forecasting",
        description=description,
    )


def _cut_windows(
    table: WindowTable, starts: Mapping[str, np.ndarray], windows: Windows
) -> dict[str, WindowSplit]:
    return {
        name: WindowSplit(table, found, window=windows.window, horizon=windows.horizon)
        for name, found in starts.items()
    }


def _weight_facts(columns: Columns, parts: Sequence[str]) -> dict[str, Any]:
    return {} if columns.weight is None else {"weight": columns.weight, "weighted": sorted(parts)}


def _time_facts(rows: SeriesRows, windows: Windows) -> dict[str, Any]:
    if rows.steps is None:
        return {}
    return {"step": rows.steps.common, "gaps": windows.gaps, "pieces": int(rows.pieces[-1]) + 1}


def _check_columns(table: Table, columns: Columns, windows: Windows) -> None:
    """Checks that the columns are there and go together."""
    if not columns.target:
        raise ArgumentError("target: received no column; expected at least one to forecast.")
    check_table_columns(table, columns.names)
    refuse_nameless(table, used=set(columns.names))
    if columns.static and not columns.series:
        raise ArgumentError(
            f"static: received {', '.join(map(repr, columns.static))} without series; expected the column that names "
            "the series, in each of which they stay the same. Pass series= (on the command line --series) too, or "
            "leave static out."
        )
    if windows.scaling == "series" and not columns.series:
        raise ArgumentError(
            "scaling: received 'series' without series; expected the column that names the series. Pass series= (on "
            "the command line --series) too, or scaling='all'."
        )


def _checksum(table: Table) -> str:
    from pandas.util import hash_pandas_object

    digest = hashlib.sha256(json.dumps([str(name) for name in table.columns]).encode())
    for piece in table_pieces(table, list(table.columns)):
        digest.update(hash_pandas_object(hashable(piece), index=False).to_numpy().tobytes())
    return digest.hexdigest()


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
    read = preprocessing.scaled_columns
    for name in read.numeric:
        if name in frame.columns:
            columns[name] = [
                None if np.isnan(value) else float(value)
                for value in read_numbers(frame[name], name, training=False)
            ]
    for name in read.categories:
        if name in frame.columns:
            columns[name] = read_categories(frame[name]).tolist()
    return columns
