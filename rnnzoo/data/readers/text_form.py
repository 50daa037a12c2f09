"""How a table in a text file is written: found from its first lines, as far as the reader is not told."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnzoo.data.readers.file_format import FileFormat
from rnnzoo.data.readers.text_encoding import UTF8, find_encoding, open_bytes
from rnnzoo.errors import DataError

SEPARATORS = (",", ";", "\t", "|")
# How much of a file is looked at.
_CHARACTERS, _LINES = 2**16, 200
# What programs write before the header, to say what separates cells.
_DIRECTIVE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
#: A number that may have a comma between its thousands.
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


@dataclass(frozen=True)
class TextForm:
    """How a table in a text file is written.

    Attributes:
        separator: What is between cells.
        quotes: Whether a cell may stand in quotes, of which two stand for one.
        decimal: The decimal mark.
        encoding: The encoding.
        skipped: Lines before the header.
        sure: Whether the decimal mark was told, not found.
    """

    separator: str = ","
    quotes: bool = True
    decimal: str = "."
    encoding: str = UTF8
    skipped: int = 0
    sure: bool = True

    @property
    def unusual(self) -> dict[str, str]:
        """What is not as in a CSV or TSV file in UTF-8, by name: what people are shown."""
        usual = {"separator": "," if self.quotes else "\t", "decimal": ".", "encoding": UTF8}
        return {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}

    @property
    def to_read(self) -> str:
        """Arguments of ``pandas.read_csv``, as code that begins with a comma."""
        rows = f", skiprows={self.skipped}" if self.skipped else ""
        return f"{self._mark}{'' if self.quotes else ', quoting=3'}{self._coded}{rows}"

    @property
    def to_write(self) -> str:
        """Arguments of ``DataFrame.to_csv`` that write the same form, as code that begins with a comma."""
        return f"{self._mark if self.quotes else ''}{self._coded}"

    @property
    def _mark(self) -> str:
        return "" if self.separator == "," else f", sep={self.separator!r}"

    @property
    def _coded(self) -> str:
        return "" if self.encoding == UTF8 else f", encoding={self.encoding!r}"

    def reader(self, lines: Iterable[str]) -> Any:
        """Returns the ``csv.reader`` that cuts lines into cells."""
        quoting: Any = csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE
        return csv.reader(lines, delimiter=self.separator, quoting=quoting, strict=True)


def find_text_form(file: Path, told: FileFormat) -> TextForm:
    r"""Returns how a table in a text file is written.

    Args:
        file: The file; it is there.
        told: What the reader is told.

    Raises:
        ArgumentError: If it cannot be written as told.
        DataError: If it can be read in two ways.
        UnicodeDecodeError: If it is not written in the encoding.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "load.csv"
        ...     _ = file.write_text("Datum;Last\n01.02.2024;1.234,5\n02.02.2024;987\n")
        ...     find_text_form(file, FileFormat()).unusual
        {'separator': ';', 'decimal': ','}
    """
    encoding = find_encoding(file, told.encoding)
    with open_bytes(file) as packed, io.TextIOWrapper(packed, encoding=encoding, newline="") as stream:
        text = stream.read(_CHARACTERS)
    whole = len(text) < _CHARACTERS
    lines = list(itertools.islice(io.StringIO(text, newline=""), _LINES + 1))
    if not whole and len(lines) > 1 and len(lines) <= _LINES:
        lines.pop()  # which may be cut in two
    directive = _DIRECTIVE.fullmatch(lines[0]) if lines else None
    skipped = 0 if directive is None else 1
    separator = told.separator or (directive and directive[1])
    if separator is None:
        separator = _find_separator(file, lines, told.column_names)
    quotes = separator != "\t" or not has_tabs(file)
    form = TextForm(separator, quotes, told.decimal or ".", encoding, skipped)
    if told.decimal is None and separator != ",":
        rows = list(_rows(form, lines[skipped:]))
        if _has_commas(cell for row in rows[0 if told.column_names else 1 :] for cell in row):
            return TextForm(separator, quotes, ",", encoding, skipped, sure=False)
    return form


def has_tabs(file: Path) -> bool:
    """Whether the ending of a file says that tabs separate its cells."""
    return file.name.lower().removesuffix(".gz").endswith(".tsv")


def with_point(cell: str) -> str:
    """Returns a cell that is a number with a decimal comma as a whole as one with a point; others as they are.

    Example:
        >>> [with_point(cell) for cell in ("1.234,5", " -7,25", "1.234", "01.02.2024", "1.5", "a,b")]
        ['1234.5', '-7.25', '1234', '01.02.2024', '1.5', 'a,b']
    """
    if "," not in cell and "." not in cell:
        return cell
    number = cell.strip()
    if _COMMA.fullmatch(number) or _THOUSANDS.fullmatch(number):
        return number.replace(".", "").replace(",", ".")
    return cell


def has_point(cell: str) -> bool:
    """Whether a cell is a number with a point and no comma."""
    return "." in cell and _POINT.fullmatch(cell.strip()) is not None


def has_comma(cell: str) -> bool:
    """Whether a cell is a number with a decimal comma, as it seems."""
    return "," in cell and _COMMA.fullmatch(cell.strip()) is not None


def _has_commas(cells: Iterable[str]) -> bool:
    """Whether the numbers among cells have decimal commas without doubt."""
    found = False
    for cell in cells:
        if has_point(cell):
            return False
        found = found or (has_comma(cell) and _GROUPED.fullmatch(cell.strip()) is None)
    return found


def _find_separator(file: Path, lines: Sequence[str], names: Sequence[str] | None) -> str:
    """Returns what separates the cells of the header and of most lines, into as many cells each."""
    first = "\t" if has_tabs(file) else ","
    marks = (first, *(mark for mark in SEPARATORS if mark != first))
    fits = {}
    for mark in marks:
        form = TextForm(mark, quotes=mark != "\t" or not has_tabs(file))
        widths = [len(row) for row in _rows(form, lines)]
        width = len(names) if names else (widths[0] if widths else 0)
        share = widths.count(width) / len(widths) if widths else 0.0
        if width > 1 and share:
            fits[mark] = (share, width)
    best = max(fits.values(), default=(0.0, 0))
    chosen = [mark for mark, fit in fits.items() if fit == best]
    if len(chosen) > 1 and len(lines) > 1 and best[0] == 1:
        one, other = chosen[:2]
        raise DataError(
            f"{file}: {one!r} and {other!r} both cut every line into {best[1]} cells; expected one that separates "
            f"columns. Say which: separator={one!r} or separator={other!r} (on the command line --separator)."
        )
    return chosen[0] if chosen else first


def _rows(form: TextForm, lines: Sequence[str]) -> Iterator[list[str]]:
    """Yields the cells of the first lines, up to one that cannot be read."""
    try:
        yield from (row for row in form.reader(lines) if row)
    except csv.Error:
        return
