"""Sources of tables: files of all kinds that hold one, pandas frames, and tables of other libraries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo.data.readers.arrow_tables import FEATHER, PARQUET, ArrowTable
from rnnzoo.data.readers.file_format import FileFormat
from rnnzoo.data.readers.file_tables import FileTable
from rnnzoo.data.readers.json_lines import read_json_lines
from rnnzoo.data.readers.sheets import read_sheet
from rnnzoo.data.readers.table_files import read_frame
from rnnzoo.data.readers.table_frames import expect_table, refuse_numbered
from rnnzoo.errors import ArgumentError
from rnnzoo.files import FilePath, file_checksum, is_path

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from rnnzoo.data.readers.file_tables import Table

EXCEL = (".xlsx", ".xlsm")
JSON_LINES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
ARROW = (PARQUET, FEATHER)
_OF_TEXT = ("separator", "decimal", "encoding")


def open_table(source: Any, form: FileFormat, *, from_disk: bool = False) -> tuple[Table, dict[str, Any]]:
    """Opens a table to be read column by column.

    Args:
        source: A file that holds a table, a pandas frame, or a table of another library.
        form: How the file is written.
        from_disk: Whether it stays on disk.

    Returns:
        The table, and facts on where it comes from. A Parquet or Feather file is a table of which some rows are read at
        a time, whether it stays on disk or not.

    Raises:
        ArgumentError: If the source is none, or something is told that means nothing for it.
        DataError: If the file cannot be read.
        PathNotFoundError: If there is no such file.
    """
    if not is_path(source):
        if from_disk:
            raise ArgumentError(
                f"source: received {type(source).__name__} with from_disk; expected a file. Leave from_disk out."
            )
        frame = read_table_source(source, form)
        refuse_numbered(frame)
        return frame, {}
    name = Path(source).name.lower()
    table: Table
    if name.endswith(ARROW):
        _refuse_told(source, form)
        table = ArrowTable(source, from_disk=from_disk)
    elif from_disk and not is_text_table(source):
        raise ArgumentError(
            f"from_disk: received True for {source}, which is read in memory; expected a CSV, TSV, Parquet or Feather "
            "file. Leave it out."
        )
    else:
        table = FileTable(source, form=form) if from_disk else read_table_source(source, form)
    facts = {"source": Path(source).name, "checksum": file_checksum(source), **format_facts(table)}
    return table, {**facts, "from_disk": True} if from_disk else facts


def read_table_source(
    source: Any, form: FileFormat, *, name: str = "source", texts: Collection[str] = ()
) -> pd.DataFrame:
    """Reads a whole table.

    Args:
        source: A file that holds a table, a pandas frame, or a table of another library.
        form: How the file is written.
        name: The argument, for messages.
        texts: Columns of text files whose cells are no numbers even where they look like some.

    Raises:
        ArgumentError: If the source is none, or something is told that means nothing for it.
        DataError: If it cannot be read.
        PathNotFoundError: If there is no such file.
    """
    if not is_path(source):
        frame = expect_table(source, name)
        beside = "" if name == "source" else f" ({name})"
        form.refuse("column_names", what=f"a frame{beside}, which names its columns")
        form.refuse(*_OF_TEXT, "sheet", what=f"a frame{beside}, which is no file")
        return frame
    ending = Path(source).name.lower()
    if ending.endswith(EXCEL):
        form.refuse(*_OF_TEXT, what=f"{source}, which is no text file")
        return read_sheet(source, form)
    if ending.endswith((*ARROW, *JSON_LINES)):
        _refuse_told(source, form)
        return read_json_lines(source) if ending.endswith(JSON_LINES) else ArrowTable(source).frame()
    return read_frame(source, form=form, texts=texts)


def is_text_table(source: FilePath) -> bool:
    """Whether a file holds a table as text, cells and separators, and no other kind that is known."""
    return not Path(source).name.lower().endswith((*EXCEL, *ARROW, *JSON_LINES))


def format_facts(table: Table, prefix: str = "") -> dict[str, Any]:
    """Returns how a file is written, for the description of splits; nothing where it is written as usual."""
    unusual = table.attrs.get("unusual")
    return {f"{prefix}format": dict(unusual)} if unusual else {}


def _refuse_told(source: FilePath, form: FileFormat) -> None:
    form.refuse(*form.told, what=f"{source}, which says itself how it is written")
