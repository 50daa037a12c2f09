"""Named sets of running text, and of texts with their translations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnnzoo.data.readers.pairs import read_pairs
from rnnzoo.data.readers.running_text import running_text_splits
from rnnzoo.data.sets.set_request import SetRequest
from rnnzoo.data.splits import Splits

_PTB_WORDS = 10_000
_SPECIAL_TOKENS = 2


def ptb(request: SetRequest) -> Splits:
    """Reads the Penn Treebank in words, 10,000 of them; its parts are given."""
    request.refuse_fractions()
    files = request.files()
    splits = running_text_splits(
        *files,
        max_tokens=_PTB_WORDS + _SPECIAL_TOKENS,
        description={"source": "Penn Treebank", **files.facts},
    )
    request.check_count(sum(splits.description["tokens"].values()), unit="tokens")
    return splits


def tinyshakespeare(request: SetRequest) -> Splits:
    """Reads plays in characters: in order 90 % to learn from, 5 % each for validation and test."""
    request.refuse_fractions()
    files = request.files()
    splits = running_text_splits(
        *files, unit="character", window=100, description={"source": "tinyshakespeare", **files.facts}
    )
    request.check_count(sum(splits.description["tokens"].values()), unit="characters")
    return splits


def multi30k(request: SetRequest) -> Splits:
    """Reads captions of pictures in English and German: 29,000 to learn from; the test part is that of 2016."""
    request.refuse_fractions()
    files = request.files()
    train, validation, test = (
        (files[f"{part}.en.gz"], files[f"{part}.de.gz"]) for part in ("train", "val", "test_2016_flickr")
    )
    splits = read_pairs(
        *train,
        validation=validation,
        test=test,
        description={"source": "Multi30k, English to German", **files.facts},
    )
    request.check_count(sum(splits.description["rows"].values()), unit="pairs")
    return splits


CORPUS_SETS: dict[str, Callable[..., Any]] = {
    "multi30k": multi30k,
    "ptb": ptb,
    "tinyshakespeare": tinyshakespeare,
}
