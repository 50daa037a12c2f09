"""Tables in Parquet and Feather files, whose columns have types: some rows, or one column, are read at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.arrow_frames import import_pyarrow
from rnnzoo.data.readers import file_tables
from rnnzoo.data.readers.file_tables import FileTable, changed, file_state
from rnnzoo.data.readers.table_files import check_names, refuse_no_rows
from rnnzoo.data.readers.table_frames import hashable
from rnnzoo.errors import DataError, RnnzooError, one_line
from rnnzoo.files import FilePath, existing_file

if TYPE_CHECKING:
    import pandas as pd

PARQUET, FEATHER = ".parquet", ".feather"
#: Numbers take less memory than cells of text.
_SMALLER = 10


class ArrowTable(FileTable):
    """A table in a Parquet or Feather file, of which a frame of some rows, or one column, is read at a time.

    Columns keep their types; rows are numbered from 0. An index that pandas has stored is a column like others.

    Args:
        path: The file; its ending says which of both it is.
        from_disk: Whether the numbers of the table are to lie on disk too.
        cells: Cells in memory at a time; ``None`` for a million.

    Raises:
        DataError: If it cannot be read, or pyarrow is not installed.
        PathNotFoundError: If there is no such file.

    Example:
        >>> import tempfile
        >>> import pandas as pd
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "load.parquet"
        ...     pd.DataFrame({"a": [1, 2, 3], "b": np.float32([4, 5, 6])}).to_parquet(file)
        ...     table = ArrowTable(file, cells=2)
        ...     [piece["b"].tolist() for piece in table.pieces(["b"])], table.column("b").dtype
        ([[4.0, 5.0], [6.0]], dtype('float32'))
    """

    def __init__(self, path: FilePath, *, from_disk: bool = False, cells: int | None = None) -> None:
        import pandas as pd

        self._path, self.from_disk = path, from_disk
        self._cells = cells or _SMALLER * file_tables.CELLS
        self._file = existing_file(path, "a Parquet or Feather file")
        self._state = file_state(path)
        self._feather = self._file.name.lower().endswith(FEATHER)
        with _reading(self._file):
            schema, rows = self._shape()
        self.columns = list(schema.names)
        self._nested = {field.name for field in schema if field.type.num_fields}
        check_names(self._file, self.columns)
        refuse_no_rows(path, rows)
        self.index: pd.Index[Any] = pd.RangeIndex(rows)
        kind = "feather" if self._feather else "parquet"
        self.attrs = {
            "path": str(path),
            "unusual": {},
            "reading": f"pandas.read_{kind}({str(path)!r})",
            "writing": f".reset_index(drop=True).to_{kind}('one.{kind}')",
        }

    def pieces(self, names: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yields some columns, a frame of some rows at a time."""
        import pandas as pd

        size, first = max(1, self._cells // max(1, len(names))), 0
        for batch in self._batches(list(names), size):
            frame = batch.to_pandas(ignore_metadata=True)
            frame.index = pd.RangeIndex(first, first + len(frame))
            frame.attrs = self.attrs
            first += len(frame)
            yield frame

    def column(self, name: str) -> pd.Series[Any]:
        """Returns a whole column."""
        import pandas as pd

        found = [piece[name] for piece in self.pieces([name])]
        if isinstance(found[0].dtype, pd.CategoricalDtype):
            found = [part.astype(object) for part in found]  # whose categories may differ from piece to piece
        return found[0] if len(found) == 1 else pd.concat(found)

    def codes(self, name: str) -> tuple[np.ndarray, list[Any]]:
        """Numbers the values of a column; see ``table_codes``."""
        import pandas as pd

        if name in self._nested:
            raise DataError(
                f"{self._path}: {name!r} holds lists or objects; expected a text or a number in each row. Name another "
                "column."
            )
        codes, first = np.empty(len(self), np.int32), 0
        known: dict[Any, int] = {}
        for batch in self._batches([name], self._cells, texts_once=True):
            part = batch.column(0)
            part = part if hasattr(part, "indices") else part.dictionary_encode()
            values = part.dictionary.to_pylist()
            places = part.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            numbers, used = pd.factorize(places)  # which are in the order in which they come
            found = (None if place < 0 else values[place] for place in used)
            own = [-1 if value is None else known.setdefault(value, len(known)) for value in found]
            codes[first : first + len(part)] = np.array(own, np.int32)[numbers]
            first += len(part)
        return codes, list(known)

    def by_columns(self) -> ArrowTable:
        """Returns the same table: its columns are apart in the file."""
        return self

    def row(self, number: int) -> list[Any]:
        """Returns the cells of one row."""
        for piece in self.pieces(self.columns):
            if number in piece.index:
                return list(piece.iloc[number - piece.index[0]])
        raise DataError(changed(self._path))

    def duplicated(self) -> pd.Series[bool]:
        """Returns whether each row is a copy of one before it, as told by 16 bytes of its hash."""
        import pandas as pd
        from pandas.util import hash_pandas_object

        keys = ("0123456789123456", "6543219876543210")
        hashes = [
            np.stack([hash_pandas_object(hashable(piece), index=False, hash_key=key) for key in keys], axis=1)
            for piece in self.pieces(self.columns)
        ]
        return pd.DataFrame(np.concatenate(hashes), index=self.index).duplicated()

    def frame(self) -> pd.DataFrame:
        """Returns the whole table."""
        import pandas as pd

        frame = pd.DataFrame({name: self.column(name) for name in self.columns}, index=self.index)
        frame.attrs = self.attrs
        return frame

    def _shape(self) -> tuple[Any, int]:
        """Returns the schema, and how many rows there are."""
        if self._feather:
            from pyarrow import ipc

            with ipc.open_file(str(self._file)) as stored:
                rows = sum(stored.get_batch(number).num_rows for number in range(stored.num_record_batches))
                return stored.schema, rows
        from pyarrow import parquet

        with parquet.ParquetFile(self._file) as stored:
            return stored.schema_arrow, stored.metadata.num_rows

    def _batches(self, names: list[str], size: int, *, texts_once: bool = False) -> Iterator[Any]:
        """Yields record batches of some columns, of ``size`` rows at most, in which texts may stand once each."""
        if file_state(self._path) != self._state:
            raise DataError(changed(self._path))
        batches = self._feather_batches if self._feather else self._parquet_batches
        with _reading(self._file):
            yield from batches(names, size, texts_once)
        # What pyarrow keeps of the memory of batches may be as large as a column.
        import_pyarrow(str(self._file)).default_memory_pool().release_unused()

    def _parquet_batches(self, names: list[str], size: int, texts_once: bool) -> Iterator[Any]:
        from pyarrow import parquet

        once = names if texts_once else None
        with parquet.ParquetFile(self._file, pre_buffer=False, read_dictionary=once) as stored:
            for batch in stored.iter_batches(batch_size=size, columns=names, use_threads=False):
                yield batch.select(names)

    def _feather_batches(self, names: list[str], size: int, _: bool) -> Iterator[Any]:
        from pyarrow import ipc

        places = [self.columns.index(name) for name in names]
        options = ipc.IpcReadOptions(included_fields=places)
        with ipc.open_file(str(self._file), options=options) as stored:
            for number in range(stored.num_record_batches):
                batch = stored.get_batch(number).select(names)
                for first in range(0, batch.num_rows, size):
                    yield batch.slice(first, size)


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Says of a file that cannot be read what is wrong with it."""
    pyarrow = import_pyarrow(str(file))
    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, RnnzooError):
            raise
        what = "Feather (of version 2)" if file.name.lower().endswith(FEATHER) else "Parquet"
        raise DataError(
            f"{file}: cannot be read as {what} ({one_line(error, 200)}); expected a whole file. Write it again."
        ) from error
