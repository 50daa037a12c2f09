"""Words that are split already, to token ids: for tagging, where every word keeps its place."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from rnnzoo.errors import RowError
from rnnzoo.preprocessing.base import Takes
from rnnzoo.preprocessing.placed_words import PlacedWord, place_words
from rnnzoo.preprocessing.text import TextPreprocessing

_LOWER_CASE = bytes.maketrans(bytes(range(65, 91)), bytes(range(97, 123)))


class TokenPreprocessing(TextPreprocessing):
    """Lists of words, or texts split at white space, to token ids; punctuation is kept, for it has tags too.

    Args:
        vocabulary: The words by id, ``""`` and ``"[UNK]"`` first.
        max_length: Words per row, at most; ``None`` for no limit.

    Example:
        >>> preprocessing = TokenPreprocessing.fit([["Hello", "!"]])
        >>> preprocessing.apply(["hello there !"])["tokens"].tolist()
        [[2, 1, 3]]
    """

    kind: ClassVar[str] = "tokens"
    takes: ClassVar[Takes] = "words"
    writes: ClassVar[Literal["words", "characters"] | None] = "words"
    keeps_punctuation: ClassVar[bool] = True

    @staticmethod
    def words(row: Any, number: int) -> list[bytes]:
        """Returns the words of a raw row, ASCII letters in lower case."""
        words = row.split() if isinstance(row, str) else row
        if not isinstance(words, list | tuple):
            raise RowError(
                number,
                f"received {type(row).__name__}; expected a list of words or a text to split at blanks.",
            )
        for place, word in enumerate(words):
            if not (isinstance(word, str) and word):
                raise RowError(
                    number,
                    f"received {word!r:.60} as word {place}; expected a list of words, none of them empty, or a text "
                    "to split at blanks.",
                )
        try:
            return [word.encode("utf-8").translate(_LOWER_CASE) for word in words]
        except UnicodeEncodeError as error:
            raise RowError(
                number,
                f"received a word with a lone surrogate ({error.reason}); expected Unicode text. "
                "Decode the source as UTF-8 first.",
            ) from error

    def placed_words(self, row: Any) -> list[PlacedWord]:
        """Returns the words of a raw row as they are written, with their places."""
        return place_words(row)
