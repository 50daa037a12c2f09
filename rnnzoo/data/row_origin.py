"""Which rows of the caller the rows of a part are, so that errors name those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rnnzoo.errors import RowError


@dataclass(frozen=True)
class RowOrigin:
    """Where the rows of a part come from.

    Attributes:
        part: The name of the part, where the caller gave it as one; empty where it was split off the caller's rows.
        numbers: The caller's number of each row; ``None`` where rows are as they were passed.
    """

    part: str = ""
    numbers: Sequence[int] | Any = None

    def error(self, error: RowError) -> RowError:
        """Returns the error of a row of this part as one of the caller's row."""
        number = error.row if self.numbers is None else int(self.numbers[error.row])
        return error.at(number, of=f"{self.part} {error.of}".strip())

    @contextmanager
    def named(self) -> Iterator[None]:
        """Lets errors of rows of this part name the caller's rows.

        Example:
            >>> with RowOrigin(numbers=[7, 3]).named():
            ...     raise RowError(1, "received nan; expected a number.")
            Traceback (most recent call last):
            ...
            rnnzoo.errors.RowError: row 3: received nan; expected a number.
        """
        try:
            yield
        except RowError as error:
            raise self.error(error) from error.__cause__
