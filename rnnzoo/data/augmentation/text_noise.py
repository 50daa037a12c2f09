"""Noise in texts and lists of words: words dropped, swapped and inserted, and slips of the finger."""

from __future__ import annotations

import dataclasses
import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from rnnzoo import checks
from rnnzoo.data.augmentation.base import Augmentation, check_rate, drawn
from rnnzoo.data.augmentation.keyboard import LAYOUTS, neighbours
from rnnzoo.errors import ArgumentError
from rnnzoo.tasks import get_task

if TYPE_CHECKING:
    from rnnzoo.data.splits import Splits
    from rnnzoo.preprocessing import Preprocessing

#: A private character that no text has: preprocessings read it as an unknown word.
UNKNOWN_WORD = "\ue000"

_BLANKS = re.compile(r"[ \t\n\r\x0b\x0c]+")


@dataclass(frozen=True, kw_only=True)
class TextNoise(Augmentation):
    """A change of the words of a text, or of a list of words, which stays a list."""

    level: ClassVar[Literal["raw", "encoded"]] = "raw"

    def apply(self, row: str | Sequence[str], rng: np.random.Generator) -> Any:
        """Returns the row with other words; a text without words stays as it is."""
        # What preprocessings take for blanks, which str.split() sees in more characters.
        words = [word for word in _BLANKS.split(row) if word] if isinstance(row, str) else list(row)
        if not words:
            return row
        changed = self.change(words, rng)
        return " ".join(changed) if isinstance(row, str) else changed

    @abstractmethod
    def change(self, words: list[str], rng: np.random.Generator) -> list[str]:
        """Returns other words; there is at least one."""


@dataclass(frozen=True, kw_only=True)
class TokenDropout(TextNoise):
    """Leaves words out, or makes them unknown. One word stays at least.

    Attributes:
        rate: Probability of each word to go. 0.1 is what Wei & Zou advise for more than a few hundred rows.
        keep_place: Whether an unknown word stands where one was, so that all others keep their places. Tagging needs
            it, for each word has a tag, and a model that learns it knows what to do with unknown words later.

    Example:
        >>> TokenDropout(rate=0.5).apply("a b c d e f", np.random.default_rng(0))
        'a e f'

    Reference:
        Wei & Zou 2019, EDA, arXiv:1901.11196 (random deletion); Xie 2017, Data Noising as Smoothing in Neural Network
        Language Models, arXiv:1703.02573 (blank noising, ``keep_place``).
    """

    rate: float = 0.1
    keep_place: bool = False

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)
        checks.flag("keep_place", self.keep_place)

    def fitted(self, splits: Splits) -> Self:
        """Checks that words keep their places where they have tags."""
        if get_task(splits.task).tags_steps and not self.keep_place:
            raise ArgumentError(
                "augmentation 'token_dropout': received keep_place=False for tagging, where each word has a tag; "
                f'expected True. Pass {{"token_dropout": {{"rate": {self.rate:g}, "keep_place": True}}}} (true on the '
                "command line)."
            )
        if self.keep_place and not splits.get_preprocessing().has_unknown_id:
            raise ArgumentError(
                "augmentation 'token_dropout': received keep_place=True for subwords, which know every word; expected "
                "False. Leave it out."
            )
        return self

    def change(self, words: list[str], rng: np.random.Generator) -> list[str]:
        """Returns the words that stay."""
        kept = rng.random(len(words)) >= self.rate
        if not kept.any():
            kept[rng.integers(len(words))] = True
        if self.keep_place:
            return [word if stays else UNKNOWN_WORD for word, stays in zip(words, kept, strict=True)]
        return [word for word, stays in zip(words, kept, strict=True) if stays]


@dataclass(frozen=True, kw_only=True)
class TokenSwap(TextNoise):
    """Swaps words with others of the same row.

    Attributes:
        rate: Probability of each word to change places with another one, drawn from the rest of the row.

    Example:
        >>> TokenSwap(rate=0.3).apply("a b c d e f", np.random.default_rng(1))
        'a b e d c f'

    Reference:
        Wei & Zou 2019, EDA: Easy Data Augmentation Techniques, arXiv:1901.11196 (random swap, and the default).
    """

    rate: float = 0.1

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)

    def change(self, words: list[str], rng: np.random.Generator) -> list[str]:
        """Returns the words in another order."""
        changed = list(words)
        for place in np.flatnonzero(rng.random(len(words)) < self.rate):
            if len(words) > 1:
                other = (place + rng.integers(1, len(words))) % len(words)
                changed[place], changed[other] = changed[other], changed[place]
        return changed


@dataclass(frozen=True, kw_only=True)
class TokenInsertion(TextNoise):
    """Puts words of the training vocabulary between the words of a row.

    Attributes:
        rate: Probability of each word to be followed by an inserted one.
        words: What is inserted, each word with the same probability; by default the vocabulary of the training part.

    Example:
        >>> TokenInsertion(rate=0.5, words=("x",)).apply("a b c d", np.random.default_rng(0))
        'a b x c x d x'

    Reference:
        Wei & Zou 2019, EDA, arXiv:1901.11196 (random insertion, there of synonyms, and the default).
    """

    rate: float = 0.1
    words: Sequence[str] | None = None

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)
        if self.words is not None:
            check_words("words", self.words)

    def fitted(self, splits: Splits) -> Self:
        """Takes the vocabulary of the training part where no words are given."""
        if self.words is not None:
            return self
        return dataclasses.replace(self, words=_vocabulary(splits.get_preprocessing()))

    def change(self, words: list[str], rng: np.random.Generator) -> list[str]:
        """Returns the words with others between them."""
        if self.words is None:
            raise ArgumentError(
                "words: received None; expected the words to insert. Pass them, or call fitted()."
            )
        changed: list[str] = []
        for word, follows in zip(words, rng.random(len(words)) < self.rate, strict=True):
            changed.append(word)
            if follows:
                changed.append(drawn(self.words, rng))
        return changed


@dataclass(frozen=True, kw_only=True)
class KeyboardTypos(TextNoise):
    """Replaces letters by one that is beside them on the keyboard, one letter a word.

    Attributes:
        rate: Probability of each word to get a typo. 0.1 leaves most of a sentence readable; Belinkov & Bisk, who test
            how models break, take every word.
        layout: The keyboard: ``"qwerty"``, ``"qwertz"`` or ``"azerty"``. What it has no key for stays as it is.

    Example:
        >>> KeyboardTypos(rate=1.0).apply("Good film", np.random.default_rng(0))
        'Giod cilm'

    Reference:
        Belinkov & Bisk 2018, Synthetic and Natural Noise Both Break Neural Machine Translation, arXiv:1711.02173.
    """

    rate: float = 0.1
    layout: str = "qwerty"

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)
        checks.choice("layout", self.layout, LAYOUTS)

    def change(self, words: list[str], rng: np.random.Generator) -> list[str]:
        """Returns the words, some misspelt."""
        chosen = rng.random(len(words)) < self.rate
        return [
            self._misspelt(word, rng) if slips else word for word, slips in zip(words, chosen, strict=True)
        ]

    def _misspelt(self, word: str, rng: np.random.Generator) -> str:
        near = neighbours(self.layout)
        places = [place for place, letter in enumerate(word) if letter.lower() in near]
        if not places:
            return word
        place = drawn(places, rng)
        letter = drawn(near[word[place].lower()], rng)
        return word[:place] + (letter.upper() if word[place].isupper() else letter) + word[place + 1 :]


def check_words(name: str, words: object) -> None:
    """Checks that ``words`` is a sequence of texts, none of them blank."""
    if (
        isinstance(words, str)
        or not isinstance(words, Sequence)
        or not words
        or not all(isinstance(word, str) and word.strip() for word in words)
    ):
        raise ArgumentError(
            f'{name}: received {words!r}; expected a list of words, none of them blank. Pass e.g. ["fine", "nice"].'
        )


def _vocabulary(preprocessing: Preprocessing) -> tuple[str, ...]:
    if preprocessing.known_words is not None:
        return tuple(preprocessing.known_words)
    kind = preprocessing.parts[0].kind if preprocessing.parts else preprocessing.kind
    raise ArgumentError(
        f"augmentation 'token_insertion': received data of kind {kind!r}, whose vocabulary is not of "
        'words; expected words to insert. Pass {"token_insertion": {"words": [...]}}.'
    )
