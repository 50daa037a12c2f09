"""A table of series to windows: split by time, scaled by the training part, nothing from the future."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rnnzoo import checks
from rnnzoo.data.readers.mixed_series import refuse_levels, refuse_mixed, refuse_mixed_dates, refuse_nameless
from rnnzoo.data.readers.time_steps import Steps, find_steps, refuse_holes, refuse_uneven
from rnnzoo.data.readers.timestamps import Times, read_times
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import check_fractions
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.features import fit_scale
from rnnzoo.preprocessing.windows import MISSING, Missing

if TYPE_CHECKING:
    import pandas as pd

Gaps = Literal["error", "break"]
GAPS = ("error", "break")

_ABSENT = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")


def series_splits(
    frame: pd.DataFrame,
    *,
    target: Sequence[str],
    window: int,
    horizon: int,
    categorical: Sequence[str] = (),
    ignore: Sequence[str] = (),
    time: str | None = None,
    time_format: str | None = None,
    gaps: Gaps = "error",
    missing: Missing = "error",
    seasonality: int | None = None,
    validation_fraction: float = 0.15,
    test_fraction: float = 0.15,
    source: dict[str, Any] | None = None,
) -> Splits:
    """Makes splits of a frame whose rows follow each other in time.

    The arguments are those of ``read_table``.

    Args:
        frame: The table, one row per step; its index is what messages name as the line.
        target: The columns to forecast.
        window: Steps to look back on.
        horizon: Steps ahead.
        categorical: Columns of categories.
        ignore: Columns to leave out.
        time: A column that must rise; ``None`` for the index, where that holds dates.
        time_format: How its dates are written.
        gaps: What a hole in the times means.
        missing: What to do about missing values.
        seasonality: Steps of a season.
        validation_fraction: Share of rows for validation.
        test_fraction: Share of rows for the test.
        source: Facts on where the table comes from.

    Returns:
        The splits; their task is ``"forecasting"``.

    Raises:
        ArgumentError: If the arguments do not go together.
        DataError: If the table cannot be used.
    """
    _check_arguments(frame, target, window, horizon, categorical, ignore, time, missing, seasonality)
    check_fractions(validation_fraction, test_fraction)
    refuse_nameless(frame, used={*target, *categorical, *ignore, time})
    steps = _checked_steps(frame, target, time, time_format, gaps)
    pieces = np.zeros(len(frame), int) if steps is None else steps.pieces
    # The targets' own past comes first, where models find it that normalise each window by itself.
    columns_in_order = dict.fromkeys([*target, *map(str, frame.columns)])
    numeric = [c for c in columns_in_order if c not in {*categorical, *ignore, time}]
    for name in target:
        if name not in numeric:
            raise ArgumentError(
                f"target: received {name!r}, which is categorical, ignored or the time; expected a number."
            )
    columns = {name: _numbers(frame[name], name) for name in numeric}
    columns |= {name: _categories(frame[name]) for name in categorical}
    columns, broken, pieces = _treat_missing(columns, missing, frame.index, pieces)
    rows = len(broken)
    first_test = rows - round(rows * test_fraction)
    first_validation = first_test - round(rows * validation_fraction)
    bounds = {
        "train": (0, first_validation),
        "validation": (first_validation, first_test),
        "test": (first_test, rows),
    }
    if first_test == rows:
        del bounds["test"]
    preprocessing = _fit(
        columns, numeric, categorical, ~broken & (np.arange(rows) < first_validation), window, missing
    )
    starts = {
        name: _starts(name, (first, end), broken, pieces, window, horizon)
        for name, (first, end) in bounds.items()
    }
    values = np.stack([columns[name] for name in target], axis=-1)
    decoding = _decoding(preprocessing, target)
    features = _features(preprocessing, columns, broken)
    scaled = ((values - decoding.mean) / decoding.scale).astype(np.float32)
    splits = {
        name: WindowSplit(features, scaled, values, columns, first, window=window, horizon=horizon)
        for name, first in starts.items()
    }
    description = {
        "checksum": None,
        **(source or {}),
        "targets": list(target),
        "window": window,
        "horizon": horizon,
        "missing": missing,
        "seasonality": seasonality,
        "steps": rows,
        **({} if steps is None else {"gaps": gaps, "pieces": int(steps.pieces[-1]) + 1}),
        "rows": {name: len(split) for name, split in splits.items()},
    }
    if description["checksum"] is None:
        description["checksum"] = _checksum(frame)
    return Splits(
        train=splits["train"],
        validation=splits["validation"],
        test=splits.get("test"),
        preprocessing=preprocessing,
        decoding=decoding,
        task="forecasting",
        description=description,
    )


def _checksum(frame: pd.DataFrame) -> str:
    from pandas.util import hash_pandas_object

    digest = hashlib.sha256(json.dumps([str(name) for name in frame.columns]).encode())
    digest.update(hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _check_arguments(
    frame: pd.DataFrame,
    target: Sequence[str],
    window: int,
    horizon: int,
    categorical: Sequence[str],
    ignore: Sequence[str],
    time: str | None,
    missing: str,
    seasonality: int | None,
) -> None:
    checks.integer("window", window, minimum=1)
    checks.integer("horizon", horizon, minimum=1)
    checks.choice("missing", missing, MISSING)
    if seasonality is not None:
        checks.integer("seasonality", seasonality, minimum=1)
    if not target:
        raise ArgumentError("target: received no column; expected at least one to forecast.")
    known = [str(column) for column in frame.columns]
    for name in (*target, *categorical, *ignore, *([time] if time else [])):
        if name not in known:
            raise UnknownNameError("column", name, known)


def _checked_steps(
    frame: pd.DataFrame, target: Sequence[str], time: str | None, time_format: str | None, gaps: str
) -> Steps | None:
    """Checks that rows follow each other in time; returns their steps where times are known."""
    checks.choice("gaps", gaps, GAPS)
    times = _times(frame, time, time_format)
    if times is None:
        if gaps != "error":
            raise ArgumentError(
                f"gaps: received {gaps!r} without time; expected the column of times. Pass time= too."
            )
        refuse_mixed_dates(frame, target=target)
        return None
    refuse_mixed(frame, times, target=target, named=True)
    steps = find_steps(times)
    refuse_uneven(times, steps)
    if gaps == "error":
        refuse_holes(times, steps, frame.index.to_numpy())
    return steps


def _times(frame: pd.DataFrame, time: str | None, time_format: str | None) -> Times | None:
    import pandas as pd

    if time is not None:
        return read_times(frame[time], time_format=time_format)
    if time_format is not None:
        raise ArgumentError(
            f"time_format: received {time_format!r} without time; expected the column of times. Pass time= too."
        )
    refuse_levels(frame)
    if isinstance(frame.index, pd.DatetimeIndex | pd.PeriodIndex):
        return dataclasses.replace(read_times(frame.index.to_series()), name=None)
    return None


def _numbers(column: pd.Series[Any], name: str) -> np.ndarray:
    import pandas as pd

    text = column.astype(str).str.strip()
    absent = column.isna().to_numpy() | text.isin(_ABSENT).to_numpy()
    values = pd.to_numeric(text.where(~absent), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    wrong = ~np.isfinite(values) & ~absent
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"line {column.index[row]}: {name!r} is {str(column.iloc[row])!r}; expected a finite number. "
            f"Mend it, or name {name!r} as categorical or ignored."
        )
    return values


def _categories(column: pd.Series[Any]) -> np.ndarray:
    text = column.astype(str).str.strip()
    return text.where(~(column.isna() | text.isin(_ABSENT)), None).to_numpy(object)


def _treat_missing(
    columns: dict[str, np.ndarray], missing: str, lines: pd.Index[Any], pieces: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Returns the columns, which rows may not be touched by a window, and the piece between holes of each row."""
    import pandas as pd

    table = pd.DataFrame(columns)
    broken = table.isna().any(axis=1).to_numpy()
    if not broken.any() or missing == "drop":
        return columns, broken, pieces
    if missing == "error":
        row = int(broken.argmax())
        name = next(name for name in columns if pd.isna(columns[name][row]))
        raise DataError(
            f"line {lines[row]}: {name!r} is missing, as are values in {int(broken.sum())} rows; expected none. "
            "Pass missing='ffill' to take the last value before, or missing='drop' to leave such windows out."
        )
    filled = table.groupby(pieces).ffill()  # never from the other side of a hole
    complete = ~filled.isna().any(axis=1).to_numpy()
    if not complete.any():
        raise DataError(
            "series: no row is complete even with earlier values filled in; expected one. Ignore a column."
        )
    first = int(complete.argmax())
    kept = filled.iloc[first:]
    return {name: kept[name].to_numpy() for name in columns}, ~complete[first:], pieces[first:]


def _fit(
    columns: dict[str, np.ndarray],
    numeric: Sequence[str],
    categorical: Sequence[str],
    rows: np.ndarray,
    window: int,
    missing: Missing,
) -> WindowPreprocessing:
    if not rows.any():
        raise DataError(
            "series: no complete training row; expected at least one. Add rows or fill missing values."
        )
    mean, scale = fit_scale(np.stack([columns[name][rows] for name in numeric], axis=-1))
    return WindowPreprocessing(
        numeric=numeric,
        mean=mean.tolist(),
        scale=scale.tolist(),
        categories={name: sorted(set(columns[name][rows])) for name in categorical},
        window=window,
        missing=missing,
    )


def _starts(
    part: str, bounds: tuple[int, int], broken: np.ndarray, pieces: np.ndarray, window: int, horizon: int
) -> np.ndarray:
    """Returns the first rows of the windows whose targets lie within bounds and that lie in one piece."""
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


def _features(
    preprocessing: WindowPreprocessing, columns: dict[str, np.ndarray], broken: np.ndarray
) -> np.ndarray:
    features = np.zeros((len(broken), preprocessing.num_features), np.float32)
    whole = {name: values[~broken] for name, values in columns.items()}
    features[~broken] = preprocessing.matrix(whole)
    return features


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
                None if np.isnan(value) else float(value) for value in _numbers(frame[name], name)
            ]
    for name in preprocessing.categories:
        if name in frame.columns:
            columns[name] = _categories(frame[name]).tolist()
    return columns
