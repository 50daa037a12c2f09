"""Truth of ``rnnzoo.data.vectors.word_vectors``.

Word vectors: the three text formats, what is kept, what is refused and on which line.
"""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo import Splits, build_classifier, read_word_vectors
from rnnzoo.data.vectors import word_vectors
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError
from rnnzoo.preprocessing import TextPreprocessing

WORDS = ["", "[UNK]", "the", "cat", "café"]
GLOVE = "the 0.1 0.2 0.3\nof 1 1 1\ncafé -1 2e-1 .5\n"


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_glove_gives_the_rows_of_its_words(tmp_path: Path) -> None:
    vectors = read_word_vectors(written(tmp_path / "glove.txt", GLOVE), WORDS)
    assert vectors.matrix.dtype == np.float32
    np.testing.assert_array_equal(
        vectors.matrix[[0, 2, 4]], np.float32([[0, 0, 0], [0.1, 0.2, 0.3], [-1, 0.2, 0.5]])
    )
    assert (vectors.found, vectors.missing) == (("the", "café"), ("cat",))
    assert (vectors.embedding_size, vectors.coverage) == (3, 2 / 3)
    assert str(vectors) == "2 of 3 words (66.7%) have vectors of 3; missing: cat"


@pytest.mark.parametrize("ending", ["\n", " \n", "\r\n"])
@pytest.mark.parametrize("separator", [" ", "\t"])
def test_headers_line_ends_and_gzip_change_nothing(ending: str, separator: str, tmp_path: Path) -> None:
    text = "3 3" + ending + GLOVE.replace("\n", ending).replace(" ", separator)
    expected = read_word_vectors(written(tmp_path / "glove.txt", GLOVE), WORDS)
    for content in (text.encode(), gzip.compress(text.encode())):  # what the name says does not matter
        found = read_word_vectors(written(tmp_path / "fasttext.vec", content), WORDS)
        np.testing.assert_array_equal(found.matrix, expected.matrix)


def test_missing_words_are_drawn_like_the_others_from_a_seed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    known = [f"w{i}" for i in range(400)]
    lines = [" ".join([word, *map(str, rng.normal(0.3, 2.0, 20).round(4))]) for word in known]
    path = written(tmp_path / "glove.txt", "\n".join(lines))
    words = ["", "[UNK]", *known, *(f"new{i}" for i in range(400))]
    drawn = read_word_vectors(path, words).matrix[402:]
    assert abs(drawn.mean() - 0.3) < 0.1
    assert abs(drawn.std() - 2.0) < 0.1
    np.testing.assert_array_equal(read_word_vectors(path, words).matrix[402:], drawn)
    assert not np.array_equal(read_word_vectors(path, words, seed=1).matrix[402:], drawn)


def test_a_word_may_hold_blanks_but_no_number(tmp_path: Path) -> None:
    path = written(tmp_path / "glove.txt", "the 1 2\n. . . 3 4\nat name@example.com 5 6\ncat 7 8\n")
    np.testing.assert_array_equal(read_word_vectors(path, WORDS).matrix[3], [7, 8])


def test_other_spellings_count_only_where_asked_and_only_without_the_word(tmp_path: Path) -> None:
    path = written(tmp_path / "vectors.txt", "The 1 1\nCAT 2 2\nCat 3 3\nthe 4 4\n")
    assert read_word_vectors(path, WORDS).missing == ("cat", "café")
    folded = read_word_vectors(path, WORDS, fold_case=True)
    np.testing.assert_array_equal(folded.matrix[2:4], [[4, 4], [2, 2]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("the 1 2\ncat 1\n", "line 2: there are 1 numbers; expected 2, as before"),
        ("the 1 2\nof 1 2 3\n", "line 2: there are 3 numbers; expected 2, as before"),
        ("5 2\nthe 1 2 3\n", "line 2: there are 3 numbers; expected 2"),
        ("the\n", "line 1: there are 0 numbers"),
        ("the 1 2\ncat 1 x\n", "line 2: 'cat' has 'x'; expected finite numbers"),
        ("cat 1 nan\n", "line 1: 'cat' has 'nan'; expected finite numbers"),
        ("cat inf 1\n", "line 1: 'cat' has 'inf'"),
        ("the 1 2\ncat 1 2\nthe 3 4\n", "line 3: the word 'the' stands there twice"),
        ("3 2\nthe 1 2\ncat 1 2\n", "has 2 lines of vectors, its header says 3"),
        ("of 1 2\n", "has none of the 3 words of the vocabulary, such as 'the'"),
        ("", "has none of the 3 words"),
        (b"3 2\nthe \x00\x01\x02\x03\n", r"line 2: this is no line of text.*Binary files \(.bin\)"),
        (b"x" * (2**20 + 2), "line 1: this is no line of text"),
        # Without a time, for workers of a test run must name their tests alike.
        (gzip.compress(GLOVE.encode(), mtime=0)[:-9], "damaged or cut short"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(content: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read_word_vectors(written(tmp_path / "vectors.txt", content), WORDS)


@pytest.mark.parametrize("vocabulary", [["", "[UNK]"], "the cat", ["", "[UNK]", "a", "a"], ["", "[UNK]", 3]])
def test_vocabularies_that_are_none_are_refused(vocabulary: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"vocabulary: received (list|str)"):
        read_word_vectors(written(tmp_path / "glove.txt", GLOVE), vocabulary)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError, match="text file of word vectors"):
        read_word_vectors(tmp_path / "none.txt", WORDS)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    line = " ".join(["0.123456"] * 100)
    with gzip.open(tmp_path / "vectors.gz", "wt", compresslevel=1) as file:
        file.writelines(f"w{i} {line}\n" for i in range(20_000))
    tracemalloc.start()
    try:
        read_word_vectors(tmp_path / "vectors.gz", ["", "[UNK]", "w7"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3e6  # the text has 18 MB
    assert word_vectors._LONGEST_LINE > 4096 * 20


def test_from_texts_to_a_model_that_starts_from_the_vectors(tmp_path: Path) -> None:
    splits = Splits.from_arrays(["the cat", "the café"] * 20, ["a", "b"] * 20)
    words = splits.get_preprocessing(TextPreprocessing).vocabulary.words
    vectors = read_word_vectors(written(tmp_path / "glove.txt", GLOVE), words)
    model = build_classifier(
        **splits.model_arguments,
        units=4,
        embedding_size=vectors.embedding_size,
        embedding_weights=vectors.matrix,
        trainable_embedding=False,
    )
    np.testing.assert_array_equal(model.get_layer("embedding").get_weights()[0], vectors.matrix)
