"""Pre-trained word vectors: from a GloVe, word2vec or fastText file to the matrix of a vocabulary."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.files import existing_file

# A line of 4,096 numbers is far shorter; what is longer is no such file, and must not fill the memory.
_LONGEST_LINE = 2**20
_GZIP = b"\x1f\x8b"
_SPECIAL = 2  # ids 0 and 1: padding and unknown


@dataclass(frozen=True)
class WordVectors:
    """Vectors for each token of a vocabulary.

    Attributes:
        matrix: ``(vocabulary_size, embedding_size)`` float32, for ``build_classifier(embedding_weights=...)``.
        found: The words that the file has.
        missing: The words that it lacks, in the order of the vocabulary.
    """

    matrix: np.ndarray
    found: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def embedding_size(self) -> int:
        """Width of the vectors."""
        return int(self.matrix.shape[1])

    @property
    def coverage(self) -> float:
        """Share of the words that the file has, from 0 to 1."""
        return len(self.found) / (len(self.found) + len(self.missing))

    def __str__(self) -> str:
        total = len(self.found) + len(self.missing)
        text = f"{len(self.found):,} of {total:,} words ({self.coverage:.1%}) have vectors of {self.embedding_size}"
        if not self.missing:
            return text
        shown = ", ".join(self.missing[:5])
        return f"{text}; missing: {shown}{', ...' if len(self.missing) > 5 else ''}"


def read_word_vectors(
    path: str | os.PathLike[str], vocabulary: Sequence[str], *, fold_case: bool = False, seed: int = 0
) -> WordVectors:
    r"""Reads the vectors of a vocabulary's words from a text file of GloVe, word2vec or fastText, plain or gzipped.

    The file is read line by line and only vectors of known words are kept, so that memory grows with the vocabulary
    and not with the file. Each line is a word and its numbers, separated by blanks; a first line of two whole
    numbers (words and width), as word2vec and fastText write it, is recognised. The width of every line is checked,
    the numbers of those that are kept.

    Args:
        path: The file, such as ``"glove.6B.100d.txt"`` or ``"wiki-news-300d-1M.vec.gz"``.
        vocabulary: The words by id, padding and unknown first, as ``splits.preprocessing.vocabulary.words`` has them.
        fold_case: Whether a word that the file lacks takes the vector of the first spelling that differs only in
            the case of ASCII letters: texts are lower-cased, while some files have ``London`` alone.
        seed: Seed of the vectors of missing words. They are drawn with mean and deviation of the vectors found (Kim
            2014), as is the one of the unknown word; padding is zeros.

    Returns:
        The matrix and what was found.

    Raises:
        ArgumentError: If the vocabulary is none.
        PathNotFoundError: If there is no such file.
        DataError: If a line has another width, a known word has no finite numbers or stands there twice, the file
            ends early, or no word is found; the message names the line.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "tiny.txt")
        ...     _ = file.write_text("the 0.1 0.2\ncat 0.3 0.4\n")
        ...     vectors = read_word_vectors(file, ["", "[UNK]", "cat", "dog"])
        >>> print(vectors)
        1 of 2 words (50.0%) have vectors of 2; missing: dog
        >>> vectors.matrix[2].tolist() == np.float32([0.3, 0.4]).tolist()
        True

    Reference:
        Pennington 2014, GloVe; Mikolov 2013, word2vec, arXiv:1301.3781; Bojanowski 2017, fastText,
        arXiv:1607.04606; Kim 2014, arXiv:1408.5882 (missing words).
    """
    checks.flag("fold_case", fold_case)
    rng = np.random.default_rng(checks.integer("seed", seed, minimum=0))
    words = _checked_vocabulary(vocabulary)
    file = existing_file(path, "a text file of word vectors")
    try:
        with _opened(file) as stream:
            rows = _Reader(file, words, fold_case=fold_case).read(stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{file}: damaged or cut short ({error}); expected a whole file. Fetch it again."
        ) from error
    if not rows:
        raise DataError(
            f"{file}: has none of the {len(words)} words of the vocabulary, such as {vocabulary[_SPECIAL]!r}; expected "
            "some. Take vectors of the texts' language, or pass fold_case=True."
        )
    return assembled(list(vocabulary), rows, rng)


def _checked_vocabulary(vocabulary: Sequence[str]) -> dict[bytes, int]:
    words = [] if isinstance(vocabulary, str) else list(vocabulary)
    if len(words) <= _SPECIAL or len(set(words)) != len(words) or not all(isinstance(w, str) for w in words):
        raise ArgumentError(
            f"vocabulary: received {type(vocabulary).__name__} of {len(vocabulary)}; expected distinct words by id, "
            "padding and unknown first. Pass splits.preprocessing.vocabulary.words."
        )
    return {word.encode("utf-8"): number for number, word in enumerate(words) if number >= _SPECIAL}


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    with file.open("rb") as plain:
        zipped = plain.read(2) == _GZIP
        plain.seek(0)
        if not zipped:
            yield plain
            return
        with gzip.open(plain, "rb") as stream:
            yield stream  # type: ignore[misc]


class _Reader:
    """Reads one file; knows its width once it has seen a line."""

    def __init__(self, file: Path, words: dict[bytes, int], *, fold_case: bool) -> None:
        self._file, self._words, self._fold_case = file, words, fold_case
        self._width = 0
        self._promised: int | None = None

    def read(self, stream: BinaryIO) -> dict[int, np.ndarray]:
        """Returns vectors by token id."""
        exact: dict[int, np.ndarray] = {}
        folded: dict[int, np.ndarray] = {}
        count = 0
        for number, line in self._lines(stream):
            if number == 1 and self._is_header(line):
                continue
            if not line.strip():
                continue
            count += 1
            word, values = self._split(line, number)
            token = self._words.get(word)
            if token is not None:
                if token in exact:
                    raise self._error(
                        number,
                        f"the word {_shown(word)} stands there twice",
                        "each word once",
                        "Drop the line.",
                    )
                exact[token] = self._vector(values, number, word)
            elif self._fold_case and (token := self._words.get(word.lower())) is not None:
                # The first spelling counts: these files are sorted by how frequent a word is.
                folded.setdefault(token, self._vector(values, number, word))
        if self._promised is not None and count != self._promised:
            raise DataError(
                f"{self._file}: has {count} lines of vectors, its header says {self._promised}; expected a whole file. "
                "Fetch it again, or correct the header."
            )
        return folded | exact

    def _lines(self, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
        number = 0
        while line := stream.readline(_LONGEST_LINE + 1):
            number += 1
            if len(line) > _LONGEST_LINE or b"\0" in line:
                raise self._error(
                    number,
                    "this is no line of text",
                    "a word and its numbers",
                    "Binary files (.bin) are not read: save the vectors as text.",
                )
            yield number, line

    def _is_header(self, line: bytes) -> bool:
        parts = line.split()
        if len(parts) != 2 or not all(part.isdigit() for part in parts):
            return False
        self._promised, self._width = int(parts[0]), int(parts[1])
        return True

    def _split(self, line: bytes, number: int) -> tuple[bytes, list[bytes]]:
        # Only blanks and tabs separate: some words contain other white space, such as a no-break space.
        parts = line.strip(b"\r\n").replace(b"\t", b" ").rstrip(b" ").split(b" ")
        if not self._width:
            self._width = len(parts) - 1
        if self._width < 1 or len(parts) - 1 < self._width:
            raise self._wrong_width(number, len(parts) - 1)
        # A few words of GloVe contain blanks, such as ". . ."; a number too many is none of these.
        extra = parts[1 : len(parts) - self._width]
        if any(_is_number(part) for part in extra):
            raise self._wrong_width(number, len(parts) - 1)
        return b" ".join(parts[: len(parts) - self._width]), parts[-self._width :]

    def _vector(self, values: list[bytes], number: int, word: bytes) -> np.ndarray:
        for value in values:
            if not _is_number(value):
                raise self._error(
                    number,
                    f"{_shown(word)} has {_shown(value)}",
                    "finite numbers",
                    "Correct or drop the line.",
                )
        return np.array([float(value) for value in values], np.float32)

    def _wrong_width(self, number: int, found: int) -> DataError:
        return self._error(
            number,
            f"there are {found} numbers",
            f"{max(self._width, 1)}, as before",
            "Correct or drop the line.",
        )

    def _error(self, number: int, received: str, expected: str, fix: str) -> DataError:
        return DataError(f"{self._file}: line {number}: {received}; expected {expected}. {fix}")


def _is_number(text: bytes) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _shown(text: bytes) -> str:
    return repr(text[:40].decode("utf-8", errors="replace"))


def assembled(vocabulary: list[str], rows: dict[int, np.ndarray], rng: np.random.Generator) -> WordVectors:
    """Makes the matrix of a vocabulary from the vectors of some of its ids; the others are drawn like them."""
    found = np.stack([rows[token] for token in sorted(rows)])
    matrix = rng.normal(found.mean(), found.std(), (len(vocabulary), found.shape[1])).astype(np.float32)
    matrix[0] = 0.0
    matrix[sorted(rows)] = found
    known = vocabulary[_SPECIAL:]
    return WordVectors(
        matrix,
        found=tuple(word for token, word in enumerate(known, _SPECIAL) if token in rows),
        missing=tuple(word for token, word in enumerate(known, _SPECIAL) if token not in rows),
    )
