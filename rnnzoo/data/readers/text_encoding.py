"""Encodings of tables in text files: UTF-8, what a byte order mark says, or what the reader is told."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path
from typing import IO

from rnnzoo.errors import ArgumentError, DataError

UTF8 = "utf-8-sig"
# The mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, UTF8, ("utf-8", "utf-8-sig")),
    (codecs.BOM_UTF32_LE, "utf-32", ("utf-32",)),
    (codecs.BOM_UTF32_BE, "utf-32", ("utf-32",)),
    (codecs.BOM_UTF16_LE, "utf-16", ("utf-16",)),
    (codecs.BOM_UTF16_BE, "utf-16", ("utf-16",)),
)
#: What files were written in before UTF-8, and by whom.
_OLDER = {
    "cp1252": "Western Europe",
    "cp1251": "Cyrillic letters",
    "cp932": "Japanese",
    "gb18030": "Chinese",
    "cp949": "Korean",
}
_PIECE = 2**20


def is_packed(file: Path) -> bool:
    """Whether a file is packed with gzip, as told by its ending."""
    return file.name.lower().endswith(".gz")


def open_bytes(file: Path) -> IO[bytes]:
    """Opens a file, plain or gzipped."""
    return gzip.open(file, "rb") if is_packed(file) else file.open("rb")  # type: ignore[return-value]


def find_encoding(file: Path, told: str | None) -> str:
    """Returns the encoding of a text file.

    Args:
        file: The file.
        told: What the reader is told; ``None`` for UTF-8, or what the mark at its beginning says.

    Raises:
        ArgumentError: If the mark says another one.
    """
    with open_bytes(file) as stream:
        head = stream.read(4)
    for mark, encoding, names in _MARKS:
        if head.startswith(mark):
            if told is not None and codecs.lookup(told).name not in names:
                raise ArgumentError(
                    f"encoding: received {told!r} for {file}, which begins with the mark of {names[0].upper()}; "
                    "expected None. Leave it out."
                )
            return encoding
    return UTF8 if told is None or codecs.lookup(told).name == "utf-8" else told


def undecodable(file: Path, encoding: str, error: UnicodeError) -> DataError:
    """Returns the error on a file that is not written in an encoding, with those that it may be written in."""
    reason = getattr(error, "reason", str(error))
    name = "UTF-8" if encoding == UTF8 else encoding
    line = _first_line_that_is_not(file, encoding)
    where = f"line {line} is" if line else "is"
    wide = without_mark(file, encoding)
    found = [other for other in _OLDER if other != encoding and _reads(file, other)]
    if wide:
        fix = (
            f"Pass the one that it was written in: encoding={wide!r} (on the command line --encoding {wide})."
        )
    elif not found:
        fix = "Pass the one that it was written in: encoding= (on the command line --encoding)."
    else:
        others = "".join(f", or {other!r} ({_OLDER[other]})" for other in found[1:3])
        fix = (
            f"Pass the one that it was written in, such as encoding={found[0]!r} (on the command line --encoding "
            f"{found[0]}; {_OLDER[found[0]]}){others}."
        )
    return DataError(f"{file}: {where} not {name} ({reason}); expected text in {name}. {fix}")


def without_mark(file: Path, encoding: str) -> str | None:
    """Returns the encoding of two bytes a character that a file with NUL characters seems to have, if any."""
    with open_bytes(file) as stream:
        head = stream.read(2**12)
    if encoding != UTF8 or len(head) < 4:
        return None
    low, high = head[0::2], head[1::2]
    for name, zeros, letters in (("utf-16-le", high, low), ("utf-16-be", low, high)):
        if zeros.count(0) > len(zeros) / 2 and letters.count(0) == 0:
            return name
    return None


def _first_line_that_is_not(file: Path, encoding: str) -> int | None:
    """Returns the number of the first line that cannot be decoded; ``None`` where lines end in no single byte."""
    if codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
        return None
    with open_bytes(file) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode(encoding)
            except UnicodeError:
                return number
    return None


def _reads(file: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with open_bytes(file) as stream:
            while piece := stream.read(_PIECE):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
