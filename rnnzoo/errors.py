"""Every error that rnnzoo raises on purpose.

In brackets, the builtin error that it is as well::

    RnnzooError
    ├── ArgumentError        (ValueError)         a builder, config or command argument is wrong
    │   └── UnknownNameError                      a name is not in its table; the nearest one is suggested
    ├── DataError            (ValueError)         a data file, table or array cannot be used
    │   ├── RowError                              one row of the data is the cause; carries its number
    │   │   └── EmptyRowError                     it holds nothing: no word, step, base or frame
    │   ├── OwnCodeError                          a class of yours does not return what its base class asks for
    │   └── NotRegisteredError                    a file needs a class of yours that is not registered
    ├── RunError             (RuntimeError)       a training run or a search cannot go on
    ├── PathExistsError      (FileExistsError)    writing would overwrite something
    ├── PathNotFoundError    (FileNotFoundError)  something to be read is not there
    ├── ExportError          (RuntimeError)       a model cannot be exported
    │   ├── UnsupportedLayerError                 a layer has no exact counterpart in the target format
    │   ├── ParityError                           an exported file does not agree with its model
    │   └── AccuracyError                         a smaller file answers worse than allowed
    ├── BundleError          (ValueError)         a bundle is damaged, altered or too new
    └── RequestError         (ValueError)         an inference request is wrong; carries an HTTP status

Messages say what was received, what was expected and how to fix it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

# A message lists all names where they are few, or else those that are likely meant.
_MOST_NAMES, _NEAREST = 40, 6
_LONGEST = 40
# Where Keras repeats what a layer has raised.
_IN_BOLD = re.compile("\x1b\\[1m(.*)\x1b\\[0m", re.DOTALL)


def listed(names: Iterable[object], most: int = 20) -> str:
    """Returns names for a message, the first of very many.

    Example:
        >>> listed(range(5), most=3)
        '0, 1, 2 and 2 more'
    """
    shown = [name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…" for name in map(str, names)]
    more = f" and {len(shown) - most:,} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more


def one_line(error: BaseException, width: int | None = None) -> str:
    r"""Returns what an error says in one line, of ``width`` characters at most.

    Example:
        >>> one_line(ValueError("two\n  lines"))
        'two lines'
    """
    return " ".join(str(error).split())[:width]


def cause_of(error: BaseException) -> str:
    r"""Returns in one line what was raised in a layer, without what Keras writes around it.

    Example:
        >>> cause_of(ValueError("Exception encountered when calling A.call().\n\n\x1b[1mtoo wide\x1b[0m\n\nArguments"))
        'too wide'
    """
    text = str(error)
    while (inner := _IN_BOLD.search(text)) is not None:
        text = inner[1]
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    shown = next((line for line in reversed(lines) if "Error: " in line), " ".join(lines[:3]))
    return shown.rstrip(".")[:300]


class RnnzooError(Exception):
    """Base class of all errors that rnnzoo raises on purpose."""


class ArgumentError(RnnzooError, ValueError):
    """An argument has the wrong type or value."""


class UnknownNameError(ArgumentError):
    """A name is not in the table it was looked up in.

    Args:
        kind: What the name names, such as ``"model"``.
        name: The name received.
        known: The names that exist.
        near: The one that is likely meant; ``None`` for the one that is spelt most like it, if any is.

    Attributes:
        kind: What the name names.
        known: The names that exist.
    """

    def __init__(self, kind: str, name: object, known: Iterable[str], *, near: str | None = None) -> None:
        self.kind = kind
        self.known = known = sorted(known)
        likely = near or nearest(str(name), known)
        hint = f"did you mean {likely!r}? " if likely else ""
        super().__init__(
            f"unknown {kind}: received {name!r}; {hint}expected one of {_listed(str(name), known)}."
        )


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Returns the name that is spelt most like one that is not known; ``None`` if none is.

    Example:
        >>> nearest("txt", ["shop", "text"])
        'text'
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return near[0] if near else None


def _listed(name: str, known: list[str]) -> str:
    """Returns the names, of many only those that are spelt most like the one received."""
    if len(known) <= _MOST_NAMES:
        return listed(known, most=_MOST_NAMES)
    near = difflib.get_close_matches(name, known, n=_NEAREST, cutoff=0.0)
    return listed([*near, *(other for other in known if other not in near)], most=_NEAREST)


class DataError(RnnzooError, ValueError):
    """A data file, table or array cannot be used."""


class RowError(DataError):
    """One row of the data cannot be used.

    Args:
        row: The number of the row, counted from 0 in the rows as they were passed.
        problem: What was received, what was expected, how to fix it.
        of: What the row belongs to, such as ``"validation"``; empty where there is nothing else.

    Example:
        >>> str(RowError(3, "received nan; expected a number.", of="validation"))
        'validation: row 3: received nan; expected a number.'
    """

    def __init__(self, row: int, problem: str, *, of: str = "") -> None:
        super().__init__(f"{of}: row {row}: {problem}" if of else f"row {row}: {problem}")
        self.row, self.problem, self.of = row, problem, of

    def at(self, row: int, *, of: str = "") -> RowError:
        """Returns the same error of the row with another number, where rows were renumbered on the way."""
        return type(self)(row, self.problem, of=of or self.of)


class EmptyRowError(RowError):
    """One row of the data holds nothing that a model could read."""


class OwnCodeError(DataError):
    """A class of a user, such as a preprocessing, does not return what its base class asks for."""


class NotRegisteredError(DataError):
    """A file was written with a class of a user, whose package must be imported before the file is loaded."""


class RunError(RnnzooError, RuntimeError):
    """A training run or a search cannot go on."""


class PathExistsError(RnnzooError, FileExistsError):
    """Writing here would overwrite something."""


class PathNotFoundError(RnnzooError, FileNotFoundError):
    """Something to be read is not there."""


class ExportError(RnnzooError, RuntimeError):
    """A model cannot be exported."""


class UnsupportedLayerError(ExportError):
    """A layer has no exact counterpart in the target format."""


class ParityError(ExportError):
    """An exported file does not agree with the model it was made from."""


class AccuracyError(ExportError):
    """A smaller file answers worse than allowed."""


class BundleError(RnnzooError, ValueError):
    """A bundle is damaged, altered, incomplete or of a newer format."""


class RequestError(RnnzooError, ValueError):
    """An inference request cannot be answered.

    Args:
        message: What was received, what was expected, how to fix it.
        status: The HTTP status that says so (400 wrong, 404 unknown, 413 too large, ...).
        kind: One word of few for what it is refused for, by which refusals are counted; ``None`` where the status
            says it.
    """

    def __init__(self, message: str, *, status: int = 400, kind: str | None = None) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


class CudnnWarning(UserWarning):
    """A choice takes a recurrent layer off cuDNN, which costs much time on a GPU."""
