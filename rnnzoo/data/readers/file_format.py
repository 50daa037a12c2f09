"""How the file of a table is written, as far as its reader is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from encodings import aliases
from typing import Any, TypedDict

from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.value_objects import checked_fields

DECIMALS = (".", ",")


@checked_fields
@dataclass(frozen=True)
class FileFormat:
    r"""How the file of a table is written. What is ``None`` is found, or is as usual.

    Attributes:
        column_names: Names of the columns where the file has no header line.
        separator: The one character between the cells of a text file, such as ``";"``; ``"\\t"`` for a tab. ``None``:
            of comma, semicolon, tab and ``|`` the one that cuts the header and the first lines into as many cells each.
        decimal: The decimal mark, ``"."`` or ``","``. With a comma, a cell that is a number as a whole loses the points
            between its thousands: ``1.234,5`` is 1234.5. ``None``: a comma where no comma separates cells and all
            numbers that have a mark have a comma, else a point.
        encoding: The encoding of a text file, such as ``"cp1252"``. ``None``: UTF-8, or what a byte order mark says.
        sheet: The name of the sheet of an Excel file; ``None`` for the first.

    Raises:
        ArgumentError: If one cannot be.

    Example:
        >>> FileFormat(separator=";", decimal=",").told
        {'separator': ';', 'decimal': ','}
    """

    column_names: Sequence[str] | None = None
    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.separator is not None:
            object.__setattr__(self, "separator", _checked_separator(self.separator))
        if self.decimal not in (None, *DECIMALS):
            raise ArgumentError(f"decimal: received {self.decimal!r}; expected '.' or ','. Pass one of them.")
        if self.encoding is not None:
            _check_encoding(self.encoding)
        if self.sheet is not None and not isinstance(self.sheet, str):
            raise ArgumentError(
                f"sheet: received {self.sheet!r}; expected the name of a sheet. Pass its name."
            )

    @property
    def told(self) -> dict[str, Any]:
        """What is not left at ``None``, by name."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(FileFormat)}
        return {name: value for name, value in values.items() if value is not None}

    def refuse(self, *names: str, what: str) -> None:
        """Raises ``ArgumentError`` if one of these is told, which means nothing there.

        Args:
            *names: The fields.
            what: What it means nothing for, such as ``"x.parquet, which says itself how it is written"``.
        """
        for name in names:
            value = getattr(self, name)
            if value is not None:
                shown = list(value) if name == "column_names" else value
                raise ArgumentError(f"{name}: received {shown!r} with {what}; expected None. Leave it out.")


class FileFormatOptions(TypedDict, total=False):
    """The fields of ``FileFormat`` as keywords."""

    column_names: Sequence[str] | None
    separator: str | None
    decimal: str | None
    encoding: str | None
    sheet: str | None


def take_file_format(flat: FlatOptions) -> FileFormat:
    """Takes ``file_format``, or the fields of one, out of the keywords of a reader."""
    return flat.take(FileFormat, flat.pop("file_format").get("file_format"), "file_format")


def _checked_separator(separator: object) -> str:
    mark = "\t" if separator in ("\\t", "tab") else separator
    if not isinstance(mark, str) or len(mark) != 1 or mark in '"\r\n\0' or mark.isalnum():
        raise ArgumentError(
            f"separator: received {separator!r}; expected one character that is no letter, digit or quote, such as "
            "';', or '\\t' for a tab."
        )
    return mark


def _check_encoding(encoding: object) -> None:
    try:
        " ".encode(encoding)  # type: ignore[arg-type]
    except (LookupError, TypeError) as error:
        raise UnknownNameError("encoding", str(encoding), sorted({*aliases.aliases.values()})) from error
