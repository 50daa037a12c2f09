"""Long tables: a line per step, columns that say which series it belongs to."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from rnnzoo import checks
from rnnzoo.data.columns import as_names, check_table_columns
from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.data.readers.file_format import FileFormat, FileFormatOptions
from rnnzoo.data.readers.missing_steps import FIX, treat_row
from rnnzoo.data.readers.row_files import FileRows, source_name, split_files
from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.series_columns import (
    MISSING_CELLS,
    count_missing,
    is_like_missing,
    parse_numbers,
    read_categories,
)
from rnnzoo.data.readers.table_frames import refuse_nameless, refuse_numbered
from rnnzoo.data.readers.table_sources import format_facts, read_table_source
from rnnzoo.data.readers.target_columns import label_columns, read_weights
from rnnzoo.data.readers.timestamps import Times, possible_formats, read_times
from rnnzoo.data.readers.wrong_columns import comma_advice, refuse_wrong_columns
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Parts, PartsOptions
from rnnzoo.data.task_readers import check_row_task
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.files import FilePath, is_path
from rnnzoo.preprocessing.windows import MISSING, Missing
from rnnzoo.tasks import get_task
from rnnzoo.value_objects import checked_fields

if TYPE_CHECKING:
    import pandas as pd

_HOUR = np.timedelta64(1, "h")
_ONE_VALUE = (
    "expected one {0} per series. Correct it, or pass task='tagging' (on the command line --task tagging) for a "
    "{0} of each step."
)


@checked_fields
@dataclass(frozen=True)
class SequenceColumns:
    """Which columns of a long table are what. All that are not named hold numbers, which are features.

    Attributes:
        series: The columns that say which series a line belongs to.
        label: The column of labels, of numbers (regression; there may be several such columns), or of a label for each
            step (tagging).
        time: The column that orders the lines of a series; ``None`` where they stand in order.
        ignore: Columns to leave out.
        time_format: How dates are written, such as ``"%d.%m.%Y %H:%M"``; ``None`` to find it.
        weight: The column of weights, numbers of at least 0 that say how much a series counts, or for tagging each
            step; ``None`` for all alike.

    Raises:
        ArgumentError: If a name is no text, or stands for two things.
    """

    series: Sequence[str]
    label: str | Sequence[str]
    time: str | None = None
    ignore: Sequence[str] = ()
    time_format: str | None = None
    weight: str | None = None

    def __post_init__(self) -> None:
        for name in ("series", "ignore"):
            object.__setattr__(self, name, as_names(name, getattr(self, name)))
        if not self.series:
            raise ArgumentError("series: received no column; expected those that say where a line belongs.")
        if not isinstance(self.label, str) and not (isinstance(self.label, Sequence) and self.labels):
            raise ArgumentError(f"label: received {self.label!r}; expected the name of a column.")
        for name, value in (("time", self.time), ("weight", self.weight)):
            if not isinstance(value, str | None):
                raise ArgumentError(f"{name}: received {value!r}; expected the name of a column.")
        if self.time_format is not None and self.time is None:
            raise ArgumentError(
                f"time_format: received {self.time_format!r} without time; expected the column of times. Pass time= "
                "(on the command line --time) too."
            )
        for name in self.names:
            if self.names.count(name) > 1:
                raise ArgumentError(
                    f"series: received {name!r} for two things; expected series, label, time, ignore and "
                    "weight to be different columns."
                )

    @property
    def names(self) -> tuple[str, ...]:
        """All columns that are named."""
        others = [name for name in (self.time, self.weight) if name]
        return (*self.series, *self.labels, *others, *self.ignore)

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns of labels."""
        return as_names("label", self.label)


class SequenceOptions(PartsOptions, FileFormatOptions, total=False):
    """What ``read_sequences`` takes as keywords: the fields of ``SequenceColumns``, ``Parts`` and ``FileFormat``."""

    series: str | Sequence[str]
    label: str | Sequence[str]
    time: str | None
    ignore: str | Sequence[str]
    time_format: str | None
    weight: str | None


def read_sequences(
    source: FilePath | pd.DataFrame,
    *,
    columns: SequenceColumns | None = None,
    task: str = "classification",
    irregular: bool = False,
    missing: Missing = "error",
    file_format: FileFormat | None = None,
    parts: Parts | None = None,
    **options: Unpack[SequenceOptions],
) -> Splits:
    """Reads a long table of series, a line per step: a file, or a frame of pandas, polars or Arrow.

    Each series is a row of the data: it is in one part alone. Its label is the same in all its lines; for tagging, each
    line has its own. With ``time`` the lines of a series are put in order; without, they must stand together in order.

    Args:
        source: The file: CSV or TSV, plain or gzipped, Parquet, Feather, Excel or JSON lines. Or a frame, whose index
            is what messages name as the line.
        columns: Which columns are what, as one value.
        task: A name in the task table, but for those of forecasting, running text and translation.
        irregular: Whether to keep the times, and empty cells as missing values, for models of irregular series. Dates
            become hours since the first line of a series.
        missing: What an empty cell, NA, NaN, null or ? among the features of evenly spaced series means. ``"error"``:
            the table is refused. ``"ffill"``: the last value of the series before it is taken; steps before the first
            complete one are dropped. ``"drop"``: such series are left out.
        file_format: How the file is written, as one value.
        parts: How series are split, as one value; a validation or test part that is given is a file or frame too.
        **options: The fields of ``SequenceColumns``, ``Parts`` and ``FileFormat`` as they are: ``series``, ``label``,
            ``time``, ``ignore``, ``time_format``, ``weight``; ``validation``, ``test``, ``validation_fraction`` (0.15),
            ``test_fraction`` (0.15), ``stratify``, ``seed``, ``rare``, ``unlabelled``, ``groups`` (the name of a
            column, such as that of patients of whom there are several series), ``fold``; ``column_names``,
            ``separator``, ``decimal``, ``encoding``, ``sheet``.

    Returns:
        The splits.

    Raises:
        ArgumentError: If the arguments do not go together, or a keyword is unknown; the nearest is suggested.
        UnknownNameError: If a column is missing; the nearest is suggested.
        DataError: If the table cannot be used; the message names line and column.
        PathNotFoundError: If there is no such file.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"id": np.repeat(np.arange(40), 5), "heat": np.arange(200.0), "wind": 1.0})
        >>> frame["kind"] = np.where(frame["id"] % 2, "a", "b")
        >>> read_sequences(frame, series="id", label="kind").model_arguments
        {'num_features': 2, 'variable_length': False, 'num_classes': 2}
    """
    flat = FlatOptions("read_sequences", options)
    settings = flat.take(Parts, parts, "parts")
    columns = flat.take(SequenceColumns, columns, "columns")
    form = flat.take(FileFormat, file_format, "file_format")
    flat.refuse_rest("columns", "task", "irregular", "missing", "file_format", "parts")
    check_row_task(task, "series of a long table")
    checks.choice("missing", missing, MISSING)
    if checks.flag("irregular", irregular):
        if columns.time is None:
            raise ArgumentError(
                "irregular: received True without time; expected the column of times. Pass time= (--time) too."
            )
        if missing != "error":
            raise ArgumentError(
                f"missing: received {missing!r} with irregular, whose models read missing values; expected 'error'. "
                "Leave it out."
            )
    labels = label_columns(columns.labels, task)
    group = settings.groups if isinstance(settings.groups, str) else None
    tables = _LongTables(columns, task, irregular, missing, form, group)
    splits = split_files(
        source,
        tables.read,
        settings,
        task=task,
        description={
            "series": list(columns.series),
            "label": labels[0] if len(labels) == 1 else list(labels),
            "features": tables.features_of(source),
            **tables.facts_of(source),
            "irregular": irregular,
            "missing": missing,
            **({} if columns.weight is None else {"weight": columns.weight}),
        },
    )
    return splits if len(labels) == 1 else splits.with_target_names(labels)


class _LongTables:
    """Long tables of the same columns."""

    def __init__(
        self,
        columns: SequenceColumns,
        task: str,
        irregular: bool,
        missing: Missing,
        form: FileFormat,
        group: str | None,
    ) -> None:
        # A column that is a series, a label or a time, too, may say what belongs together.
        self._group = group
        self._named = (*columns.names, *([group] if group is not None and group not in columns.names else []))
        self._columns, self._task, self._irregular = columns, get_task(task), irregular
        self._missing, self._form = missing, form
        self._features: list[str] | None = None
        self._read: dict[Any, pd.DataFrame] = {}

    def features_of(self, source: Any) -> list[str]:
        """Returns the columns of features, which are those of the first table in all others too."""
        if self._features is None:
            frame = self._frame(source)
            check_table_columns(frame, self._named, of=source_name(source))
            refuse_nameless(frame, used=set(self._named))
            self._features = [str(name) for name in frame.columns if name not in self._named]
            if not self._features:
                raise ArgumentError(
                    f"ignore: received {', '.join(self._columns.ignore) or 'none'}, beside which "
                    f"{source_name(source)} has no column that is not named; expected columns of features."
                )
        return self._features

    def read(self, source: Any) -> dict[str, FileRows]:
        """Returns the series of a table."""
        frame, features = self._frame(source), self.features_of(source)
        check_table_columns(frame, (*self._named, *features), of=source_name(source))
        try:
            return {"train": self._rows(frame, features)}
        except DataError as error:
            raise DataError(f"{source_name(source)}: {error}") from error

    def facts_of(self, source: Any) -> dict[str, Any]:
        """Returns how a file is written, where that is not as usual."""
        return format_facts(self._frame(source))

    def _frame(self, source: Any) -> pd.DataFrame:
        key = str(source) if is_path(source) else id(source)
        if key not in self._read:
            self._read[key] = read_table_source(source, self._form)
            refuse_numbered(self._read[key])
        return self._read[key]

    def _rows(self, frame: pd.DataFrame, features: Sequence[str]) -> FileRows:
        series = _number_series(frame, self._columns.series)
        times = None
        if self._columns.time is not None:
            times = read_times(frame[self._columns.time], time_format=self._columns.time_format)
        order, bounds = _order(frame, series, times, allow_copies=self._irregular)
        values = self._values(frame, features)[order]
        lines = frame.index[order]
        if self._missing == "error" and not self._irregular:
            _refuse_missing(values, lines, features)
        for place in counters(values, bounds):
            _warn_of_counter(features[place], values[0, place], timed=times is not None)
        labels, weights = self._labels_and_weights(frame, order, bounds)
        groups = self._groups(frame, order, bounds)
        clock = None if times is None else times.values[order]
        rows: list[Any] = []
        targets: list[Any] = []
        kept: list[int] = []
        places: list[slice | int] = []
        for first, end in itertools.pairwise(bounds):
            made = self._row(
                values[first:end], None if clock is None else clock[first:end], row_place(lines, first)
            )
            if made is None:
                continue
            row, begin = made
            rows.append(row)
            targets.append(self._target(labels[first + begin : end], labels[first]))
            kept.append(first)
            places.append(slice(first + begin, end) if self._task.per_step else first)
        if not rows:
            raise DataError(
                "every series has missing values, and missing='drop' leaves those out; expected a complete one. Pass "
                "missing='ffill' (on the command line --missing ffill)."
            )
        names = _names_of(frame, self._columns.series, order)
        return FileRows(
            rows,
            targets,
            lambda row: f"series {names(kept[row])} ({row_place(lines, kept[row])})",
            left_out=len(bounds) - 1 - len(rows),
            weights=None if weights is None else [weights[place] for place in places],
            groups=None if groups is None else groups[kept].tolist(),
        )

    def _labels_and_weights(
        self, frame: pd.DataFrame, order: np.ndarray, bounds: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Returns label (or labels) and weight of each line, in the order of series and steps."""
        names, weight = self._columns.labels, self._columns.weight
        cells = [np.asarray(frame[name].tolist(), object)[order] for name in names]
        weights = None if weight is None else read_weights(frame[weight])[order]
        if not self._task.per_step:
            lines = frame.index[order]
            for name, column in zip(names, cells, strict=True):
                _check_constant(column, bounds, lines, name, _ONE_VALUE.format("label"))
            if weight is not None:
                own = np.asarray(frame[weight].tolist(), object)[order]
                _check_constant(own, bounds, lines, weight, _ONE_VALUE.format("weight"))
        return cells[0] if len(cells) == 1 else np.stack(cells, axis=1), weights

    def _groups(self, frame: pd.DataFrame, order: np.ndarray, bounds: Sequence[int]) -> np.ndarray | None:
        """Returns the group of each line, in the order of series and steps."""
        if self._group is None:
            return None
        groups = np.asarray(frame[self._group].tolist(), object)[order]
        fix = "expected one group per series. Correct it."
        _check_constant(groups, bounds, frame.index[order], self._group, fix)
        return groups

    def _values(self, frame: pd.DataFrame, features: Sequence[str]) -> np.ndarray:
        """Returns the features ``(lines, features)``, NaN where a value is missing."""
        values = np.zeros((len(frame), len(features)))
        errors: dict[str, DataError] = {}
        for place, name in enumerate(features):
            try:
                values[:, place] = _numbers(frame[name])
            except DataError as error:
                errors[name] = error
        missing = np.isnan(values)
        empty = [
            name for place, name in enumerate(features) if missing[:, place].all() and not self._irregular
        ]
        refuse_wrong_columns(frame, errors, empty, told=self._columns, parse=parse_numbers)
        return values

    def _row(self, values: np.ndarray, clock: np.ndarray | None, place: str) -> tuple[Any, int] | None:
        """Returns a series and the step that it begins at; ``None`` if it is to be left out."""
        if self._irregular:
            assert clock is not None, "irregular series have times"
            times = (clock - clock[0]) / _HOUR if clock.dtype.kind == "M" else clock.astype(np.float64)
            return {"times": times, "values": values}, 0
        treated = treat_row(values, self._missing)
        if treated is not None and not len(treated[0]):
            raise DataError(
                f"{place}: the series that begins here has a feature without any value; expected one at least to "
                "fill in. Drop the series, or pass missing='drop' (on the command line --missing drop)."
            )
        return treated

    def _target(self, labels: np.ndarray, first: Any) -> Any:
        if self._task.per_step:
            return labels.tolist()
        if labels.ndim > 1:
            return first.tolist()
        if self._task.targets == "labels" and isinstance(first, str):
            return [part.strip() for part in first.split(",") if part.strip()]
        return first


def _number_series(frame: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Returns the number of the series of each line, in the order in which they come."""
    import pandas as pd

    for name in names:
        absent = pd.isna(read_categories(frame[name]))
        if absent.any():
            raise DataError(
                f"{row_place(frame.index, int(absent.argmax()))}: {name!r} is empty; expected what series the "
                "line belongs to. Correct or drop the line."
            )
    return frame.groupby([frame[name] for name in names], sort=False).ngroup().to_numpy()


def _names_of(frame: pd.DataFrame, names: Sequence[str], order: np.ndarray) -> Callable[[int], str]:
    return lambda step: ", ".join(repr(str(frame[name].iloc[order[step]])) for name in names)


def _order(
    frame: pd.DataFrame, series: np.ndarray, times: Times | None, *, allow_copies: bool
) -> tuple[np.ndarray, list[int]]:
    """Returns the lines in the order of series and steps, and where each series begins, and the last ends."""
    if times is None:
        order = np.arange(len(series))
        starts = np.flatnonzero(np.diff(series, prepend=-1))
        again = starts[np.diff(np.maximum.accumulate(series[starts]), prepend=-1) < 1]
        if len(again):
            row = int(again[0])
            raise DataError(
                f"{row_place(frame.index, row)}: goes on with the series of "
                f"{row_place(frame.index, int((series == series[row]).argmax()))} after rows of another; expected the "
                "rows of a series together, in order. Name the column that orders them: time= (on the command "
                "line --time)."
            )
        return order, [*map(int, starts), len(series)]
    order = np.lexsort((times.values, series))
    own, clock = series[order], times.values[order]
    same = np.flatnonzero((own[1:] == own[:-1]) & (clock[1:] == clock[:-1]))
    if len(same) and not allow_copies:
        first, second = (row_place(frame.index, order[step]) for step in (same[0], same[0] + 1))
        raise DataError(
            f"{second}: has the time of {first}, {times.shown(int(order[same[0]]))}, in the same series; "
            "expected each time once. Drop one, or name all columns that tell series apart: series=[...] (on the "
            "command line --series a,b)."
        )
    return order, [*map(int, np.flatnonzero(np.diff(own, prepend=-1))), len(own)]


def _numbers(column: pd.Series[Any]) -> np.ndarray:
    """Returns a column of features, NaN where a value is missing."""
    values, absent = parse_numbers(column)
    wrong = ~np.isfinite(values) & ~absent
    if not wrong.any():
        return values
    row, name = int(wrong.argmax()), column.name
    where = (
        f"{row_place(column.index, row)}: {name!r} is {str(column.iloc[row])!r}; expected a finite number."
    )
    where += f" {comma_advice(column, str(name), str(column.iloc[row]).strip())}".rstrip()
    if not np.isfinite(values).any():
        if possible_formats(str(column.iloc[row]).strip()):
            raise DataError(
                f"{where} If it is the time that orders the lines of a series, name it: time={name!r} (on the command "
                f"line --time {name}); else leave it out: ignore=[{name!r}] (--ignore {name})."
            )
        raise DataError(
            f"{where} The column holds texts: make columns of 0 and 1 of it, frame = pandas.get_dummies(frame, "
            f"columns=[{name!r}], dtype=float), or leave it out: ignore=[{name!r}] (on the command line --ignore "
            f"{name})."
        )
    if is_like_missing(str(column.iloc[row]).strip()):
        raise DataError(
            f"{where} If the value is missing, empty the cell: what counts as missing is {MISSING_CELLS}."
        )
    raise DataError(
        f"{where} Correct it, or leave the column out: ignore=[{name!r}] (on the command line --ignore {name})."
    )


def _refuse_missing(values: np.ndarray, lines: pd.Index[Any], features: Sequence[str]) -> None:
    missing = np.isnan(values)
    if missing.any():
        step, feature = (int(place) for place in np.argwhere(missing)[0])
        raise DataError(
            f"{row_place(lines, step)}: {features[feature]!r} is missing"
            f"{count_missing(int(missing.any(axis=1).sum()))}; expected none. {FIX} Models of irregular series read "
            "missing values: irregular=True."
        )


def counters(values: np.ndarray, bounds: Sequence[int]) -> list[int]:
    """Returns the places of features that rise by one step from one start in every series: they count the lines.

    Args:
        values: The features of all series ``(lines, features)``.
        bounds: Where each series begins, and the last ends.

    Example:
        >>> counters(np.array([[0, 7], [1, 5], [2, 6], [0, 8], [1, 4]], float), [0, 3, 5])
        [0]
    """
    starts = np.asarray(bounds[:-1])
    inner = np.ones(max(0, len(values) - 1), bool)
    inner[starts[1:] - 1] = False
    steps = np.diff(values, axis=0)[inner]
    if len(starts) < 2 or not len(steps):
        return []
    with np.errstate(invalid="ignore"):
        one_start = (values[starts] == values[starts[0]]).all(axis=0)
        even = np.isclose(steps, steps[0], rtol=1e-6, atol=0).all(axis=0) & (steps[0] > 0)
    return [int(place) for place in np.flatnonzero(one_start & even)]


def _warn_of_counter(name: str, start: float, *, timed: bool) -> None:
    option = f" (on the command line --ignore {name})"
    fix = f"leave it out: ignore=[{name!r}]{option}"
    if not timed:
        fix = f"name it as the time, time={name!r} (--time {name}), or {fix}"
    warnings.warn(
        f"{name!r} rises by equal steps from {start:g} in every series, and is read as a feature; expected a measured "
        f"value. If it counts the lines, {fix}.",
        stacklevel=2,
    )


def _check_constant(
    labels: np.ndarray, bounds: Sequence[int], lines: pd.Index[Any], name: str, fix: str
) -> None:
    """Raises ``DataError`` where what is one for all lines of a series changes."""
    import pandas as pd

    codes = pd.factorize(labels, use_na_sentinel=False)[0]
    firsts = np.repeat(codes[bounds[:-1]], np.diff(bounds))
    other = codes != firsts
    if other.any():
        step = int(other.argmax())
        first = max(bound for bound in bounds if bound <= step)
        raise DataError(
            f"{row_place(lines, step)}: {name!r} is {labels[step]!r}, but {labels[first]!r} in "
            f"{row_place(lines, first)} of the same series; {fix}"
        )
