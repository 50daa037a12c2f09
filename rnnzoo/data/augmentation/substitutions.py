"""Other words for the same thing: synonyms of words and paraphrases of texts, by tables that the user gives."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from rnnzoo.data.augmentation.base import Augmentation, check_rate, drawn
from rnnzoo.data.augmentation.text_noise import TextNoise, check_words
from rnnzoo.errors import ArgumentError
from rnnzoo.tasks import get_task

if TYPE_CHECKING:
    from rnnzoo.data.splits import Splits

_EDGES = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Synonyms(TextNoise):
    """Replaces words by their synonyms.

    Words are looked up as they are written, then in lower case, without the punctuation around them, which stays; a
    capital first letter stays one. Choose synonyms that leave your targets true: "hot" is not "warm" to a thermostat.

    Attributes:
        table: The synonyms of each word: ``{"film": ["movie", "picture"]}``. A synonym may have several words, but
            not in tagging.
        rate: Probability of each word that has synonyms to be replaced. 0.1 is the default of the paper.

    Example:
        >>> Synonyms(table={"film": ["movie"]}, rate=1.0).apply("Film, good!", np.random.default_rng(0))
        'Movie, good!'

    Reference:
        Zhang 2015, Character-level Convolutional Networks for Text Classification, arXiv:1509.01626 (a thesaurus); Wei
        & Zou 2019, EDA, arXiv:1901.11196 (synonym replacement).
    """

    main: ClassVar[str | None] = None
    table: Mapping[str, Sequence[str]]
    rate: float = 0.1

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)
        _check_table(self.table, '{"film": ["movie"]}')
        for word, synonyms in self.table.items():
            check_words(f"table[{word!r}]", synonyms)

    def fitted(self, splits: Splits) -> Self:
        """Checks that some training row has a word of the table, and that tags keep their words."""
        if get_task(splits.task).per_step:
            for word, synonyms in self.table.items():
                several = next((synonym for synonym in synonyms if len(synonym.split()) > 1), None)
                if several is not None:
                    raise ArgumentError(
                        f"augmentation 'synonyms': received {several!r} for {word!r} in tagging; expected single "
                        "words, for each word has one tag. Leave it out."
                    )
        rows = splits.train.raw if splits.train.raw is not None else ()
        if not any(
            self._known(word) for row in rows for word in (row.split() if isinstance(row, str) else row)
        ):
            raise ArgumentError(
                f"augmentation 'synonyms': received a table of {len(self.table)} words, none of which is in a training "
                "row; expected words of the data."
            )
        return self

    def change(self, words: list[str], rng: np.random.Generator) -> list[str]:
        """Returns the words, some replaced."""
        changed: list[str] = []
        for word, replaced in zip(words, rng.random(len(words)) < self.rate, strict=True):
            synonyms = self._known(word) if replaced else ()
            if synonyms:
                changed += _written(drawn(synonyms, rng), word).split()
            else:
                changed.append(word)
        return changed

    def _known(self, word: str) -> Sequence[str]:
        core = _parts(word)[1]
        return self.table.get(core) or self.table.get(core.lower()) or ()


@dataclass(frozen=True, kw_only=True)
class Paraphrases(Augmentation):
    """Replaces whole texts by paraphrases of them, such as those of ``back_translate``.

    Attributes:
        table: The paraphrase of each text, or several of them: ``{"a good film": ["a fine movie"]}``. A text without
            one stays as it is.
        rate: Probability of a row to be replaced; 0.5, for as many paraphrases as originals.

    Example:
        >>> Paraphrases(table={"a dog": "a hound"}, rate=1.0).apply("a dog", np.random.default_rng(0))
        'a hound'

    Reference:
        Yu 2018, QANet, arXiv:1804.09541 (paraphrases by back-translation; a ratio of about one to one did best).
    """

    level: ClassVar[Literal["raw", "encoded"]] = "raw"
    main: ClassVar[str | None] = None
    table: Mapping[str, str | Sequence[str]]
    rate: float = 0.5

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)
        _check_table(self.table, '{"a good film": ["a fine movie"]}')
        for text, paraphrases in self.table.items():
            check_words(f"table[{text!r}]", [paraphrases] if isinstance(paraphrases, str) else paraphrases)

    def fitted(self, splits: Splits) -> Self:
        """Checks that some training text has a paraphrase."""
        rows = splits.train.raw if splits.train.raw is not None else ()
        if not any(row in self.table for row in rows):
            raise ArgumentError(
                f"augmentation 'paraphrases': received a table of {len(self.table)} texts, none of which is a training "
                "row; expected texts of the training part, letter by letter."
            )
        return self

    def apply(self, row: str, rng: np.random.Generator) -> str:
        """Returns the text or a paraphrase of it."""
        if rng.random() >= self.rate or row not in self.table:
            return row
        found = self.table[row]
        return found if isinstance(found, str) else drawn(found, rng)


def _check_table(table: Any, example: str) -> None:
    if not isinstance(table, Mapping) or not table or not all(isinstance(key, str) for key in table):
        shown = f"{len(table)} entries" if isinstance(table, Mapping) else type(table).__name__
        raise ArgumentError(
            f"table: received {shown}; expected a mapping of texts, not empty. Pass e.g. {example}."
        )


def _parts(word: str) -> tuple[str, str, str]:
    """Cuts a word into the punctuation before it, itself and the punctuation behind it."""
    found = _EDGES.match(word)
    return (found[1], found[2], found[3]) if found else ("", word, "")


def _written(synonym: str, word: str) -> str:
    """Writes a synonym as the word is written that it replaces."""
    before, core, behind = _parts(word)
    capital = core[:1].isupper() and synonym[:1].islower()
    return before + (synonym[0].upper() + synonym[1:] if capital else synonym) + behind
