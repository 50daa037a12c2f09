"""Texts to ids that can be turned back into texts: what both sides of a translation need."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo.errors import RowError
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes, pad, refuse_empty

#: What the first ids mean.
PADDING, UNKNOWN, START, END = 0, 1, 2, 3
#: How they are written in a vocabulary.
SPECIAL = ("", "[UNK]", "[START]", "[END]")


class TextCoding(Preprocessing):
    """Texts to ids, the end id last, and back.

    To code sources or targets of a translation in a way of your own, make a subclass and register it, as
    ``Preprocessing`` says.
    """

    takes: ClassVar[Takes] = "text"

    @classmethod
    @abstractmethod
    def fit(cls, raw: Rows, *, max_tokens: int = 8_000) -> TextCoding:
        """Fits it on training texts, with ``max_tokens`` ids at most."""

    @property
    @abstractmethod
    def vocabulary_size(self) -> int:
        """The number of ids."""

    @abstractmethod
    def text_to_ids(self, text: str) -> Sequence[int]:
        """Returns the ids of a text, without start and end."""

    @abstractmethod
    def ids_to_text(self, ids: Sequence[int]) -> str:
        """Returns the text of ids, none of them padding, start or end."""

    @classmethod
    @abstractmethod
    def from_config(cls, config: Mapping[str, Any]) -> TextCoding:
        """Makes it again from ``to_config``."""

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns texts into ids ``(time,)``, the end last; a blank text is refused."""
        texts = [checked_text(row, number) for number, row in enumerate(raw)]
        rows = [np.array(self.text_to_ids(text) if text.strip() else [], np.int32) for text in texts]
        refuse_empty(raw, rows, kind="text", expected="at least one word")
        return [np.append(row, np.int32(END)) for row in rows]

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads ids to ``tokens`` int32 ``(batch, time)``."""
        return {"tokens": pad(encoded, dtype=np.int32)}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The one name."""
        return ("tokens",)

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The arguments of a builder that the inputs dictate."""
        return {"vocabulary_size": self.vocabulary_size}

    def decode(self, ids: Iterable[int]) -> str:
        """Turns ids into a text, up to the first end; padding and start are left out."""
        kept: list[int] = []
        for token in ids:
            if token == END:
                break
            if token not in (PADDING, START):
                kept.append(int(token))
        return self.ids_to_text(kept)


def checked_text(row: Any, number: int) -> str:
    """Returns a row if it is a text that UTF-8 can write, or raises ``DataError``."""
    if not isinstance(row, str):
        raise RowError(number, f"received {type(row).__name__}; expected a text. Pass strings.")
    try:
        row.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowError(
            number,
            f"received a text with a lone surrogate ({error.reason}); expected Unicode text. "
            "Decode the source as UTF-8 first.",
        ) from error
    return row
