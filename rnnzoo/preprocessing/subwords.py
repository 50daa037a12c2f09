"""Pieces of words as ids, and back without loss."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing.base import Rows
from rnnzoo.preprocessing.given_rows import check_training_rows
from rnnzoo.preprocessing.text_coding import SPECIAL, TextCoding, checked_text

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Of the ids, 4 are special and 256 are the bytes, of which any text can be made.
_FEWEST = len(SPECIAL) + 256
# "" cannot be a token of its own there.
_NAMES = ("[PAD]", *SPECIAL[1:])


class SubwordPreprocessing(TextCoding):
    """Texts to ids of frequent pieces of words, by byte pair encoding over bytes, and back without loss.

    Needs the package ``tokenizers``, which is imported on use.

    Args:
        tokenizer: What the package writes as JSON.

    Example:
        >>> pieces = SubwordPreprocessing.fit(["low lower lowest"] * 3, max_tokens=270)
        >>> pieces.decode(pieces.encode(["Slower, naïve 犬!"])[0])
        'Slower, naïve 犬!'

    Reference:
        Sennrich 2016, Neural Machine Translation of Rare Words with Subword Units, arXiv:1508.07909.
    """

    kind: ClassVar[str] = "subwords"

    def __init__(self, tokenizer: Mapping[str, Any]) -> None:
        from tokenizers import Tokenizer

        self._config = dict(tokenizer)
        try:
            self._tokenizer: Tokenizer = Tokenizer.from_str(json.dumps(self._config))
        except Exception as error:  # the package raises plain exceptions
            raise ArgumentError(
                f"tokenizer: cannot be read ({error}); expected the JSON of the package tokenizers. Use fit()."
            ) from error
        found = tuple(self._tokenizer.id_to_token(number) for number in range(len(_NAMES)))
        if found != _NAMES:
            raise ArgumentError(f"tokenizer: its first ids are {found}; expected {_NAMES}. Use fit().")

    @classmethod
    def fit(cls, raw: Rows, *, max_tokens: int = 8_000) -> SubwordPreprocessing:
        """Merges the most frequent pairs of pieces of the training texts, until there are ``max_tokens``."""
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        check_training_rows(raw, "text")
        checks.integer("max_tokens", max_tokens, minimum=_FEWEST, fix="Bytes and special ids are as many.")
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=max_tokens,
            special_tokens=list(_NAMES),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        texts = [checked_text(row, number) for number, row in enumerate(raw)]
        tokenizer.train_from_iterator(texts, trainer)
        return cls(json.loads(tokenizer.to_str()))

    @property
    def vocabulary_size(self) -> int:
        """The number of ids."""
        return int(self._tokenizer.get_vocab_size())

    def text_to_ids(self, text: str) -> list[int]:
        """Returns the ids of a text; what looks like a special token in it is text."""
        return [int(number) for number in self._pieces(text)]

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """Joins the pieces."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False))

    @property
    def has_unknown_id(self) -> bool:
        """Bytes make any word."""
        return False

    def to_config(self) -> dict[str, Any]:
        """Returns what the package wrote."""
        return {"tokenizer": self._config}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> SubwordPreprocessing:
        """Makes it again."""
        return cls(config["tokenizer"])

    def _pieces(self, text: str) -> Sequence[int]:
        self._tokenizer.encode_special_tokens = True
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)
