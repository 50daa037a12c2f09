"""The columns of a series: numbers, and categories by their number, in memory or on disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.columns import Columns
from rnnzoo.data.readers.array_store import ArrayStore
from rnnzoo.data.readers.file_tables import table_pieces
from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.timestamps import possible_formats
from rnnzoo.data.readers.wrong_columns import comma_advice, refuse_wrong_columns
from rnnzoo.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.data.readers.file_tables import Table

_ABSENT = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
#: What messages say of missing cells.
MISSING_CELLS = f"an empty cell, {', '.join(_ABSENT[1:-1])} or {_ABSENT[-1]}"
#: What others write for a missing value, in small letters.
_LIKE_ABSENT = (
    "n/a",
    "na",
    "#n/a",
    "<na>",
    "n.a.",
    "nan",
    "null",
    "none",
    "nil",
    "-",
    "--",
    "missing",
    "unknown",
)
#: Numbers that are worked on at a time.
NUMBERS_AT_A_TIME = 500_000


class CategoryColumn:
    """A column of categories, which answers slices and masks with texts, ``None`` where one is missing.

    Args:
        codes: The number of each row's category ``(rows,)``; -1 for none.
        names: The categories by number.

    Example:
        >>> CategoryColumn(np.array([0, 1, -1]), ["a", "b"])[1:].tolist()
        ['b', None]
    """

    def __init__(self, codes: np.ndarray, names: Sequence[str]) -> None:
        self.codes, self.names = codes, list(names)
        # The last is what -1 finds.
        self._texts = np.array([*names, None], object)

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return np.asarray(self._texts[self.codes[rows]])

    def known(self, rows: np.ndarray) -> list[str]:
        """Returns the categories of some rows, none of them missing, in order."""
        return sorted(self.names[code] for code in np.unique(self.codes[rows]))


class SeriesColumns(Mapping[str, Any]):
    """The columns of a series by name, each ``(rows,)``: arrays of numbers, or ``CategoryColumn``.

    Numbers are float64, or float32 where the table holds no wider ones.

    Args:
        columns: The columns.
        store: Where their arrays lie; it is kept as long as they are.
    """

    def __init__(self, columns: Mapping[str, np.ndarray | CategoryColumn], store: ArrayStore) -> None:
        self._columns, self.store = dict(columns), store

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self._columns.values())))

    def missing(self, name: str) -> np.ndarray:
        """Returns which values of a column are missing ``(rows,)``."""
        column = self._columns[name]
        return column.codes < 0 if isinstance(column, CategoryColumn) else np.isnan(column)

    def behind(self, first: int) -> SeriesColumns:
        """Returns the columns from a row on."""
        return SeriesColumns(
            {
                name: CategoryColumn(column.codes[first:], column.names)
                if isinstance(column, CategoryColumn)
                else column[first:]
                for name, column in self._columns.items()
            },
            self.store,
        )

    def take(self, rows: np.ndarray) -> SeriesColumns:
        """Returns the columns at some rows, in their order; -1 stands for a row whose values are all missing.

        Where there are as many rows as before, the arrays are changed in place, one column after the other.
        """
        absent = rows < 0
        found: dict[str, np.ndarray | CategoryColumn] = {}
        for name, column in self._columns.items():
            values = column.codes if isinstance(column, CategoryColumn) else column
            taken = values[rows]
            taken[absent] = -1 if isinstance(column, CategoryColumn) else np.nan
            if len(rows) == len(values):
                values[:] = taken
                taken = values
            else:
                kept = self.store.empty(taken.shape, taken.dtype.type)
                kept[:] = taken
                taken = kept
            found[name] = CategoryColumn(taken, column.names) if isinstance(column, CategoryColumn) else taken
        return SeriesColumns(found, self.store)

    def spans(self) -> Iterator[slice]:
        """Yields the rows that are worked on at a time."""
        size = max(1, NUMBERS_AT_A_TIME // len(self))
        for first in range(0, self.num_rows, size):
            yield slice(first, min(first + size, self.num_rows))

    @classmethod
    def read(
        cls,
        table: Table,
        numeric: Sequence[str],
        categorical: Sequence[str],
        store: ArrayStore,
        *,
        told: Columns,
    ) -> SeriesColumns:
        """Reads the columns of a table.

        Args:
            table: The table.
            numeric: Its columns of numbers.
            categorical: Those of categories.
            store: Where arrays are to lie.
            told: What the columns are told to be, for messages.

        Raises:
            DataError: If a cell of a numeric column is no number, or a column has no value; the message names line and
                column, or all such columns.
        """
        numbers = store.empty((len(numeric), len(table.index)), _number_type(table, numeric))
        codes = store.empty((len(categorical), len(table.index)), np.int32) if categorical else np.empty(0)
        known: list[dict[str, int]] = [{} for _ in categorical]
        errors: dict[str, DataError] = {}
        first = 0
        for piece in table_pieces(table, [*numeric, *categorical]):
            rows = slice(first, first + len(piece))
            for place, name in enumerate(numeric):
                # The message begins with the first column that has a wrong cell, not with the first line.
                if name not in errors:
                    try:
                        numbers[place, rows] = read_numbers(piece[name], name)
                    except DataError as error:
                        errors[name] = error
            for place, name in enumerate(categorical):
                codes[place, rows] = _read_codes(piece[name], known[place])
            first = rows.stop
        empty = [
            name
            for name, row in zip(numeric, numbers, strict=True)
            if name not in errors and np.isnan(row).all()
        ]
        empty += [name for name, row in zip(categorical, codes, strict=True) if (row < 0).all()]
        refuse_wrong_columns(
            table,
            {name: errors[name] for name in numeric if name in errors},
            empty,
            told=told,
            parse=parse_numbers,
        )
        columns: dict[str, np.ndarray | CategoryColumn] = dict(zip(numeric, numbers, strict=True))
        for place, name in enumerate(categorical):
            columns[name] = CategoryColumn(codes[place], list(known[place]))
        return cls(columns, store)


def read_numbers(column: pd.Series[Any], name: str, *, training: bool = True) -> np.ndarray:
    """Returns the numbers of a column of cells, NaN where one is missing.

    Args:
        column: The cells.
        name: The name of the column, for messages.
        training: Whether the caller says what the columns are, as in training; else the model does.

    Raises:
        DataError: If a cell is no finite number; the message names the line.
    """
    values, absent = parse_numbers(column)
    wrong = ~np.isfinite(values) & ~absent
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{row_place(column.index, row)}: {name!r} is {str(column.iloc[row])!r}; expected a finite number. "
            + comma_advice(column, name, str(column.iloc[row]).strip())
            + _fix(str(column.iloc[row]).strip(), name, training=training)
        )
    return values


def _number_type(table: Table, names: Sequence[str]) -> type[Any]:
    """Returns the type that holds the numbers of all columns."""
    if not names:
        return np.float64
    first = next(table_pieces(table, names))
    narrow = (
        isinstance(kind, np.dtype) and kind.kind in "fiu" and np.can_cast(kind, np.float32)
        for kind in (first[name].dtype for name in names)
    )
    return np.float32 if all(narrow) else np.float64


def is_missing(cell: str) -> bool:
    """Whether a cell is a missing value."""
    return cell in _ABSENT


def is_like_missing(cell: str) -> bool:
    """Whether a cell that is no missing value for us may be one for who wrote it, such as ``"n/a"``."""
    return cell.lower() in _LIKE_ABSENT


def _fix(cell: str, name: str, *, training: bool) -> str:
    """Returns what to do about a cell that is no number."""
    if is_like_missing(cell):
        return f"If the value is missing, empty the cell: what counts as missing is {MISSING_CELLS}."
    if not training:
        return f"Correct it; a missing value is {MISSING_CELLS}."
    time = f"the time, time={name!r} (--time {name}); " if possible_formats(cell) else ""
    return (
        f"Correct it, or say what the column is: {time}categories, categorical=[{name!r}] (on the command line "
        f"--categorical {name}); or to be left out, ignore=[{name!r}] (--ignore {name})."
    )


def parse_numbers(column: pd.Series[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the numbers of a column of cells, NaN where there is none, and which cells are missing."""
    import pandas as pd

    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiu":
        ready = column.to_numpy(column.dtype if column.dtype == np.float32 else np.float64)
        return ready, np.isnan(ready)
    text = column.astype(str).str.strip()
    absent = column.isna().to_numpy() | text.isin(_ABSENT).to_numpy()
    values = pd.to_numeric(text.where(~absent), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return values, absent


def read_categories(column: pd.Series[Any]) -> np.ndarray:
    """Returns the categories of a column of cells, ``None`` where one is missing."""
    text = column.astype(str).str.strip()
    cells = text.to_numpy(object, copy=True)
    cells[(column.isna() | text.isin(_ABSENT)).to_numpy(bool)] = None
    return cells


def _read_codes(column: pd.Series[Any], known: dict[str, int]) -> np.ndarray:
    """Returns the number of each cell's category, and adds new ones to those that are known."""
    import pandas as pd

    codes, names = pd.factorize(read_categories(column))
    numbers = [known.setdefault(str(name), len(known)) for name in names]
    return np.array([*numbers, -1], np.int32)[codes]


def treat_missing(
    columns: SeriesColumns, missing: str, lines: pd.Index[Any], pieces: np.ndarray
) -> tuple[SeriesColumns, np.ndarray, int]:
    """Returns the columns, which rows no window may touch, and the first row of the table that is kept.

    Args:
        columns: The columns; those to be filled are changed.
        missing: What a missing value means.
        lines: What messages call each row.
        pieces: The piece between holes that each row is in.

    Raises:
        DataError: If values are missing and must not be, or no row is complete.
    """
    broken = np.zeros(columns.num_rows, bool)
    for name in columns:
        broken |= columns.missing(name)
    if not broken.any() or missing == "drop":
        return columns, broken, 0
    if missing == "error":
        row = int(broken.argmax())
        name = next(name for name in columns if columns.missing(name)[row])
        raise DataError(
            f"{row_place(lines, row)}: {name!r} is missing{count_missing(int(broken.sum()))}; expected none. Pass "
            "missing='ffill' (on the command line --missing ffill) to take the last value before, or missing='drop' to "
            "leave such windows out."
        )
    broken = _fill(columns, pieces)
    if broken.all():
        raise DataError(
            "series: no row is complete even with earlier values filled in; expected one. Ignore a column."
        )
    first = int((~broken).argmax())
    return columns.behind(first), broken[first:], first


def count_missing(rows: int) -> str:
    """Returns what a message says of the rows with missing values, the one that it names among them."""
    return "" if rows == 1 else f", and so are values in {rows:,} rows in all"


def _fill(columns: SeriesColumns, pieces: np.ndarray) -> np.ndarray:
    """Fills in the last values before, never from the other side of a hole; returns which rows stay incomplete."""
    starts = np.flatnonzero(np.diff(pieces, prepend=-1))[pieces]
    incomplete = np.zeros(columns.num_rows, bool)
    for name, column in columns.items():
        missing = columns.missing(name)
        last = np.maximum.accumulate(np.where(missing, -1, np.arange(len(missing))))
        filled = np.flatnonzero(missing & (last >= starts))
        values = column.codes if isinstance(column, CategoryColumn) else column
        values[filled] = values[last[filled]]
        incomplete |= missing & (last < starts)
    return incomplete
