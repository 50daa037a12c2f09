"""Texts and their translations."""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo import checks, files
from rnnzoo.data.row_origin import RowOrigin
from rnnzoo.data.split import Batch, Rows
from rnnzoo.data.splits import Splits
from rnnzoo.errors import DataError
from rnnzoo.preprocessing.base import pad
from rnnzoo.preprocessing.pairs import CODINGS, PairPreprocessing
from rnnzoo.preprocessing.text_coding import START

#: Sources and their targets.
Texts = tuple[Sequence[str], Sequence[str]]


class PairSplit(Rows):
    """Pairs in memory.

    Args:
        sources: The texts to translate.
        targets: Their translations.
        preprocessing: What encodes both.
    """

    def __init__(
        self, sources: Sequence[str], targets: Sequence[str], preprocessing: PairPreprocessing
    ) -> None:
        self.raw = sources
        self.raw_targets = targets
        with RowOrigin("sources").named():
            self._sources = preprocessing.encode_rows(sources)
        with RowOrigin("targets").named():
            self._targets = preprocessing.target.encode_rows(targets)
        # Rows of like length share a batch: the longer side says how long a row is.
        self.lengths = np.array(
            [max(len(s), len(t)) for s, t in zip(self._sources, self._targets, strict=True)], int
        )

    def __len__(self) -> int:
        return len(self._sources)

    def joined(self, other: Rows) -> Rows:
        """Returns the pairs of this part and then those of another."""
        if not isinstance(other, PairSplit):
            return super().joined(other)
        whole = copy.copy(self)
        whole._example = None
        whole.raw = [*(self.raw or ()), *(other.raw or ())]
        whole.raw_targets = [*self.raw_targets, *other.raw_targets]
        whole._sources, whole._targets = [*self._sources, *other._sources], [*self._targets, *other._targets]
        whole.lengths = np.concatenate([self.lengths, other.lengths])
        return whole

    def encoded(self, rows: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """Returns the ids of some sources."""
        return [self._sources[row] for row in rows]

    def gather_encoded(self, rows: Sequence[int] | np.ndarray, encoded: Sequence[np.ndarray]) -> Batch:
        """Returns some rows as one batch with other sources."""
        targets = [self._targets[row] for row in rows]
        before = [np.concatenate([[START], target[:-1]]) for target in targets]
        inputs = {
            "tokens": pad(encoded, dtype=np.int32),
            "decoder_tokens": pad(before, dtype=np.int32),
        }
        weights = pad([np.ones(len(target)) for target in targets], dtype=np.float32)
        return inputs, pad(targets, dtype=np.int32), weights


def read_pairs(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    validation: tuple[str | os.PathLike[str], str | os.PathLike[str]],
    test: tuple[str | os.PathLike[str], str | os.PathLike[str]] | None = None,
    **options: Any,
) -> Splits:
    """Reads parallel text: files of which the lines of the same number translate each other.

    Args:
        source: The training sources, one a line, UTF-8; ``.gz`` is unpacked.
        target: The training targets, likewise.
        validation: The two files of the validation part.
        test: The two files of the test part, if there is one.
        **options: As for ``pair_splits``.

    Returns:
        The splits, of the task ``"translation"``.

    Raises:
        PathNotFoundError: If a file is missing.
        DataError: If two files do not have the same number of lines, or cannot be read.
    """
    parts = {"train": (source, target), "validation": validation}
    if test is not None:
        parts["test"] = test
    read = {name: _read_both(*pair) for name, pair in parts.items()}
    return pair_splits(read["train"], validation=read["validation"], test=read.get("test"), **options)


def pair_splits(
    train: Texts,
    *,
    validation: Texts,
    test: Texts | None = None,
    coding: str = "words",
    max_tokens: int = 8_000,
    max_length: int | None = None,
    description: Mapping[str, Any] | None = None,
    origins: Mapping[str, RowOrigin] | None = None,
) -> Splits:
    """Makes splits of texts and their translations.

    Args:
        train: Sources and targets of the training part; both vocabularies are fitted on it alone.
        validation: Those of the validation part.
        test: Those of the test part, if there is one.
        coding: ``"words"``, or ``"subwords"`` for pieces of words, which lose nothing.
        max_tokens: Size of each vocabulary at most.
        max_length: Training pairs with more tokens on either side, the end included, are left out; how many is
            written in the description. ``None`` keeps all.
        description: Facts to keep.
        origins: Which rows of the caller those of each part are, for messages; ``None`` for the rows as they are.

    Raises:
        DataError: If the two sides of a part differ in number, or a part is empty.

    Example:
        >>> pairs = (["a dog", "a cat"], ["ein Hund", "eine Katze"])
        >>> splits = pair_splits(pairs, validation=pairs)
        >>> splits.model_arguments
        {'source_vocabulary_size': 7, 'target_vocabulary_size': 8}
    """
    kind: Any = CODINGS[checks.choice("coding", coding, CODINGS)]
    parts = {"train": train, "validation": validation, **({} if test is None else {"test": test})}
    for name, (sources, targets) in parts.items():
        if len(sources) != len(targets) or not len(sources):
            raise DataError(
                f"{name}: received {len(sources)} sources and {len(targets)} targets; expected as many of both, and "
                "at least one. Each source needs its translation at the same place."
            )
    origins = origins or {name: RowOrigin(name) for name in parts}
    with origins["train"].named():
        preprocessing = PairPreprocessing(
            kind.fit(train[0], max_tokens=max_tokens), kind.fit(train[1], max_tokens=max_tokens)
        )
    splits = {}
    for name, pair in parts.items():
        with origins[name].named():
            splits[name] = PairSplit(*pair, preprocessing)
    kept = train
    if max_length is not None:
        kept = _short(train, preprocessing, max_length)
        splits["train"] = PairSplit(*kept, preprocessing)
    facts = {"checksum": _checksum(parts), **(description or {}), "coding": coding}
    facts["rows"] = {name: len(split) for name, split in splits.items()}
    facts["left_out"] = len(train[0]) - len(kept[0])
    return Splits(
        train=splits["train"],
        validation=splits["validation"],
        test=splits.get("test"),
        preprocessing=preprocessing,
        decoding=None,
        task="translation",
        description=facts,
    )


def _short(train: Texts, preprocessing: PairPreprocessing, max_length: int) -> Texts:
    checks.integer("max_length", max_length, minimum=1)
    encoded = zip(
        preprocessing.encode_rows(train[0]), preprocessing.target.encode_rows(train[1]), strict=True
    )
    kept = [row for row, pair in enumerate(encoded) if max(map(len, pair)) <= max_length]
    if not kept:
        raise DataError(
            f"max_length: received {max_length}, which no training pair keeps within; expected a greater one."
        )
    return [train[0][row] for row in kept], [train[1][row] for row in kept]


def _read_both(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> Texts:
    both = read_lines(source), read_lines(target)
    if len(both[0]) != len(both[1]):
        raise DataError(
            f"{source} has {len(both[0])} lines, {target} has {len(both[1])}; expected as many in both. Line n of one "
            "must translate line n of the other: look for a blank or a broken line."
        )
    return both


def read_lines(path: str | os.PathLike[str]) -> list[str]:
    """Reads the lines of a UTF-8 file, packed with gzip or not; only a line feed ends a line.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it cannot be read.
    """
    lines = files.read_text(path, "a file of texts, one a line").split("\n")
    return [line.removesuffix("\r").strip() for line in (lines[:-1] if lines[-1] == "" else lines)]


def _checksum(parts: Mapping[str, Texts]) -> str:
    digest = hashlib.sha256()
    for name, pair in parts.items():
        digest.update(name.encode())
        for side in pair:
            for text in side:
                digest.update(str(text).encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()
