"""Tables of text cells that stay in their file: some rows at a time are in memory."""

from __future__ import annotations

import array
import contextlib
import copy
import csv
import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from rnnzoo.data.readers.array_store import ArrayStore, DiskStore
from rnnzoo.data.readers.file_format import FileFormat
from rnnzoo.data.readers.row_places import LINE
from rnnzoo.data.readers.table_files import frame_facts, iterate_rows, refuse_no_rows
from rnnzoo.errors import DataError
from rnnzoo.files import FilePath

if TYPE_CHECKING:
    import pandas as pd

    Table: TypeAlias = "pd.DataFrame | FileTable"
    Column: TypeAlias = "pd.Series[Any] | FileColumn"

#: Cells in memory at a time, of which each takes 60 to 100 bytes.
CELLS = 100_000


class FileTable:
    r"""A table in a file, of which a frame of some rows at a time is read.

    Its cells are texts and its index is the line of each row, as of a frame that ``read_frame`` reads. The functions of
    this module ask the same of either.

    Args:
        path: A CSV or TSV file, plain or gzipped.
        form: How it is written; ``None`` to find it.
        cells: Cells in memory at a time; ``None`` for 100,000.

    Attributes:
        columns: The names of the columns.
        index: The line of each row.
        attrs: How the file is written, for messages that say how to correct it.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is empty, ragged, cut short or not written in the encoding.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "load.csv"
        ...     _ = file.write_text("a,b\n1,2\n3,4\n5,6\n")
        ...     table = FileTable(file, cells=2)
        ...     [piece["b"].tolist() for piece in table.pieces(["b"])], table.index.tolist()
        ([['2', '4'], ['6']], [2, 3, 4])
    """

    #: Whether the numbers of the table are to lie on disk too.
    from_disk = True

    def __init__(self, path: FilePath, *, form: FileFormat | None = None, cells: int | None = None) -> None:
        import pandas as pd

        self._path, self._form, self._cells = path, form or FileFormat(), cells or CELLS
        self._columns_apart: DiskStore | None = None
        self._state = file_state(path) if Path(path).is_file() else None
        rows = iterate_rows(path, form=self._form)
        _, self.columns = next(rows)
        lines = array.array("q", (line for line, _ in rows))
        refuse_no_rows(path, len(lines))
        self.index: pd.Index[Any] = pd.Index(np.frombuffer(lines, np.int64), name=LINE)
        self.attrs = frame_facts(path, self._form)

    def __len__(self) -> int:
        return len(self.index)

    def pieces(self, names: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yields some columns, a frame of some rows at a time."""
        import pandas as pd

        places = [self.columns.index(name) for name in names]
        size = max(1, self._cells // max(1, len(names)))
        for first, cells in self._cut(places, size):
            index = self.index[first : first + len(cells)]
            yield pd.DataFrame(cells, columns=list(names), index=index, dtype=object)

    def column(self, name: str) -> Column:
        """Returns a column, to be read some rows at a time."""
        return FileColumn(self, name)

    def codes(self, name: str) -> tuple[np.ndarray, list[Any]]:
        """Numbers the texts of a column; see ``table_codes``."""
        codes, first = np.empty(len(self), np.int32), 0
        known: dict[Any, int] = {}
        for piece in self.pieces([name]):
            codes[first : first + len(piece)] = _numbered(piece[name], known)
            first += len(piece)
        return codes, list(known)

    def by_columns(self) -> FileTable:
        """Returns the same table with a file for each column, for those who read many columns one by one."""
        table, store = copy.copy(self), DiskStore()
        table._columns_apart = store
        for _, rows in self._cut(range(len(self.columns)), max(1, self._cells // len(self.columns))):
            for place, cells in enumerate(zip(*rows, strict=True)):
                with (store.folder / f"{place}.csv").open("a", encoding="utf-8", newline="") as file:
                    csv.writer(file).writerows([cell] for cell in cells)
        return table

    def row(self, number: int) -> list[Any]:
        """Returns the cells of one row; the file is read up to it."""
        with contextlib.closing(self._rows()) as rows:
            return next(itertools.islice(rows, number, None))

    def duplicated(self) -> pd.Series[bool]:
        """Returns whether each row is a copy of one before it, as told by 16 bytes of its hash."""
        import hashlib

        import pandas as pd

        digests = bytearray()
        for row in self._rows():
            digests += hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        pairs = np.frombuffer(digests, np.uint64).reshape(-1, 2)
        return pd.DataFrame(pairs, index=self.index).duplicated()

    def _cut(self, places: Sequence[int], size: int) -> Iterator[tuple[int, list[list[str]]]]:
        """Yields the cells of some columns, ``size`` rows at a time, and the number of the first row of each."""
        first: int = 0
        cells: list[list[str]] = []
        for row in self._cells_of(places):
            cells.append(row)
            if first + len(cells) > len(self):
                raise DataError(changed(self._path))
            if len(cells) == size:
                yield first, cells
                first, cells = first + size, []
        if cells:
            yield first, cells
        if first + len(cells) != len(self):
            raise DataError(changed(self._path))

    def _cells_of(self, places: Sequence[int]) -> Iterator[list[str]]:
        """Yields the cells of some columns, row by row."""
        if self._columns_apart is not None and len(places) == 1:
            path = self._columns_apart.folder / f"{places[0]}.csv"
            with path.open(encoding="utf-8", newline="") as file:
                yield from csv.reader(file)
        elif list(places) == list(range(len(self.columns))):
            yield from self._rows()
        else:
            yield from ([row[place] for place in places] for row in self._rows())

    def _rows(self) -> Generator[list[str], None, None]:
        if file_state(self._path) != self._state:
            raise DataError(changed(self._path))
        rows = iterate_rows(self._path, form=self._form)
        next(rows)
        return (row for _, row in rows)


class FileColumn:
    """A column of a table in a file.

    Args:
        table: The table.
        name: The column.
    """

    def __init__(self, table: FileTable, name: str) -> None:
        self._table, self.name = table, name
        self.index, self.dtype = table.index, np.dtype(object)

    def pieces(self) -> Iterator[pd.Series[Any]]:
        """Yields the cells of some rows at a time."""
        return (piece[self.name] for piece in self._table.pieces([self.name]))

    def cell(self, row: int) -> str:
        """Returns one cell; the file is read up to it."""
        return self._table.row(row)[self._table.columns.index(self.name)]

    def head(self) -> pd.Series[Any]:
        """Returns the first cell, as a column of its own."""
        import pandas as pd

        return pd.Series([self.cell(0)], index=self.index[:1], name=self.name, dtype=object)


def store_for(table: Table) -> ArrayStore:
    """Returns where the numbers of a table are to lie: on disk where all of it stays there."""
    return DiskStore() if isinstance(table, FileTable) and table.from_disk else ArrayStore()


def table_pieces(table: Table, names: Sequence[Any]) -> Iterator[pd.DataFrame]:
    """Yields frames that have some columns of a table: the whole frame, or some rows of a file at a time."""
    if isinstance(table, FileTable):
        yield from table.pieces(names)
    else:
        yield table


def table_column(table: Table, name: Any) -> Column:
    """Returns a column of a table, which ``column_pieces`` cuts."""
    return table.column(name) if isinstance(table, FileTable) else table[name]


def column_pieces(column: Column) -> Iterator[pd.Series[Any]]:
    """Yields a column, some rows at a time where it stays in a file."""
    if isinstance(column, FileColumn):
        yield from column.pieces()
    else:
        yield column


def map_column(column: Column, change: Callable[[pd.Series[Any]], pd.Series[Any]]) -> pd.Series[Any]:
    """Returns what a function of the cells makes of a whole column, some rows at a time."""
    import pandas as pd

    found = [change(piece) for piece in column_pieces(column)]
    return found[0] if len(found) == 1 else pd.concat(found)


def column_cell(column: Column, row: int) -> Any:
    """Returns one cell of a column."""
    return column.cell(row) if isinstance(column, FileColumn) else column.iloc[row]


def column_codes(column: Column) -> tuple[np.ndarray, int]:
    """Numbers the texts of a column in the order in which they come ``(rows,)``; returns how many there are too."""
    import pandas as pd

    known: dict[str, int] = {}
    found = []
    for piece in column_pieces(column):
        # Objects may be lists, which have no hash.
        codes, values = pd.factorize(piece.astype(str) if piece.dtype == object else piece)
        found.append(np.array([*(known.setdefault(str(value), len(known)) for value in values), -1])[codes])
    return np.concatenate(found), len(known)


def table_codes(table: Table, name: Any) -> tuple[np.ndarray, list[Any]]:
    """Numbers the values of a column in the order in which they come.

    In memory are 4 bytes a row, and some rows of a table that stays in its file.

    Args:
        table: The table.
        name: The column.

    Returns:
        The number of each row's value ``(rows,)``, int32, -1 where it is null or NaN; and the values by number, as they
        are: texts of a text file are not stripped.

    Example:
        >>> import pandas as pd
        >>> table_codes(pd.DataFrame({"shop": ["b", "a", None, "b"]}), "shop")
        (array([ 0,  1, -1,  0], dtype=int32), ['b', 'a'])
    """
    if isinstance(table, FileTable):
        return table.codes(name)
    known: dict[Any, int] = {}
    return _numbered(table[name], known), list(known)


def _numbered(cells: pd.Series[Any], known: dict[Any, int]) -> np.ndarray:
    """Returns the number of each cell, -1 for a missing one, and adds new ones to those that are known."""
    import pandas as pd

    codes, values = pd.factorize(cells)
    own = [known.setdefault(value, len(known)) for value in values]
    return np.array([*own, -1], np.int32)[codes]


def column_head(column: Column) -> pd.Series[Any]:
    """Returns the first cell of a column, as a column of its own."""
    return column.head() if isinstance(column, FileColumn) else column.iloc[:1]


def file_state(path: FilePath) -> tuple[int, int]:
    """Returns what tells whether a file has changed."""
    state = Path(path).stat()
    return state.st_mtime_ns, state.st_size


def changed(path: FilePath) -> str:
    """Returns what messages say of a file that has changed."""
    return f"{path}: has changed while it was read; expected the same file to its end. Read it again."
