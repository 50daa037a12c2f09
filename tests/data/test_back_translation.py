"""Truth of ``rnnzoo.data.augmentation.back_translation``.

Back-translation: any two callables, kept on disk, and the zoo's own translators.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pytest

from rnnzoo import Splits, TrainConfig, back_translate, create_model, pair_splits, train
from rnnzoo.data.augmentation.augmented_split import augmented
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing import PairPreprocessing, TextPreprocessing
from rnnzoo_export import Translator, export_seq2seq_onnx

TEXTS = ["a film", "a movie", "a dog", "a film", "blank"]


class There:
    """A translator into capitals, that counts its calls and may break down at one of them."""

    def __init__(self, *, breaks: int | None = None) -> None:
        self.calls: list[list[str]] = []
        self._breaks = breaks

    def __call__(self, texts: list[str]) -> list[str]:
        if len(self.calls) == self._breaks:
            raise ConnectionError("the service is down")
        self.calls.append(texts)
        return [text.upper().replace("FILM", "MOVIE") for text in texts]


def back(texts: list[str]) -> tuple[str, ...]:
    return tuple("" if text == "BLANK" else text.lower() for text in texts)


def test_texts_come_back_in_other_words(tmp_path: Path) -> None:
    there = There()
    found = back_translate(TEXTS, there, back, cache=tmp_path / "new" / "c.sqlite", name="up", batch_size=3)
    assert found == {"a film": "a movie"}  # the others came back as they were, or empty
    assert there.calls == [["a film", "a movie", "a dog"], ["blank"]]  # equal texts once


def test_a_stopped_call_goes_on_and_a_second_one_translates_nothing(tmp_path: Path) -> None:
    cache = tmp_path / "c.sqlite"
    with pytest.raises(ConnectionError):
        back_translate(TEXTS, There(breaks=1), back, cache=cache, name="up", batch_size=3)
    there = There()
    assert back_translate(TEXTS, there, back, cache=cache, name="up", batch_size=3) == {"a film": "a movie"}
    assert there.calls == [["blank"]]
    there = There()
    assert back_translate(TEXTS, there, back, cache=cache, name="up") == {"a film": "a movie"}
    assert there.calls == []
    back_translate(["a film"], there, back, cache=cache, name="other")  # another pair keeps its own
    assert there.calls == [["a film"]]


def test_an_altered_entry_is_translated_again(tmp_path: Path) -> None:
    cache = tmp_path / "c.sqlite"
    back_translate(TEXTS, There(), back, cache=cache, name="up")
    connection = sqlite3.connect(cache)
    with connection:
        connection.execute("UPDATE paraphrases SET paraphrase = 'forged' WHERE text = 'a film'")
    connection.close()
    there = There()
    assert back_translate(TEXTS, there, back, cache=cache, name="up") == {"a film": "a movie"}
    assert there.calls == [["a film"]]


@pytest.mark.parametrize("damage", ["header", "cut", "text", "other table"])
def test_a_damaged_file_is_refused(damage: str, tmp_path: Path) -> None:
    cache = tmp_path / "c.sqlite"
    texts = [f"film {number}" for number in range(400)]
    back_translate(texts, There(), back, cache=cache, name="up")
    content = bytearray(cache.read_bytes())
    if damage == "header":
        content[:16] = bytes(16)
    elif damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "text":
        content = bytearray(b"no database\n" * 100)
    cache.write_bytes(content)
    if damage == "other table":
        cache.unlink()
        connection = sqlite3.connect(cache)
        with connection:
            connection.execute("CREATE TABLE paraphrases (something TEXT)")
        connection.close()
    with pytest.raises(
        DataError, match=r"c\.sqlite: cannot be used as a cache of paraphrases \(.*\); expected a file"
    ):
        back_translate(texts, There(), back, cache=cache, name="up")


def test_any_byte_of_the_file_may_flip(tmp_path: Path) -> None:
    cache = tmp_path / "c.sqlite"
    texts = [f"film {number}" for number in range(60)]
    whole = back_translate(texts, There(), back, cache=cache, name="up")
    content = cache.read_bytes()
    refused = 0
    for place in np.random.default_rng(0).integers(0, len(content), 300):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        cache.write_bytes(damaged)
        try:
            # Either it is refused, or what was hit is translated again: no wrong paraphrase comes of it.
            assert back_translate(texts, There(), back, cache=cache, name="up") == whole
        except DataError:
            refused += 1
    assert 0 < refused < 300


def test_errors_of_translators_are_their_own(tmp_path: Path) -> None:
    def broken(texts: list[str]) -> list[str]:
        raise sqlite3.OperationalError("theirs")

    with pytest.raises(sqlite3.OperationalError, match="theirs"):
        back_translate(["a"], broken, back, cache=tmp_path / "c.sqlite", name="up")


def few(texts: list[str]) -> Sequence[str]:
    return texts[1:]


def one(texts: list[str]) -> Sequence[str]:
    return "a text"


def numbers(texts: list[str]) -> Sequence[str]:
    return [1 for _ in texts]  # type: ignore[misc]


def test_answers_must_be_texts_one_each(tmp_path: Path) -> None:
    cache = tmp_path / "c.sqlite"
    with pytest.raises(DataError, match="to: received 1 answers to 2 texts; expected one each, in order"):
        back_translate(["a", "b"], few, back, cache=cache, name="n")
    with pytest.raises(DataError, match="back: received a single text to 2 texts; expected one each"):
        back_translate(["a", "b"], There(), one, cache=cache, name="n")
    with pytest.raises(
        DataError, match=r"to: answered 'a' with int; expected a text. For a Translator pass lambda"
    ):
        back_translate(["a"], numbers, back, cache=cache, name="n")
    with pytest.raises(DataError, match=r"row 1: received int; expected a text"):
        back_translate(["a", 3], There(), back, cache=cache, name="n")  # type: ignore[list-item]
    with pytest.raises(DataError, match="texts: received a single text; expected a list of texts"):
        back_translate("a", There(), back, cache=cache, name="n")
    with pytest.raises(ArgumentError, match="name: received ''; expected a name for the translators"):
        back_translate(["a"], There(), back, cache=cache, name="")
    with pytest.raises(ArgumentError, match="batch_size: received 0; expected an integer of at least 1"):
        back_translate(["a"], There(), back, cache=cache, name="n", batch_size=0)
    with pytest.raises(DataError, match="received a directory; expected a file to keep paraphrases in"):
        back_translate(["a"], There(), back, cache=tmp_path, name="n")
    with pytest.raises(DataError, match="row 0: received a text with a lone surrogate"):
        back_translate(["a"], lambda texts: ["\ud800"], back, cache=cache, name="n")
    assert back_translate([], There(), back, cache=cache, name="n") == {}


# Two English words for each German one: what comes back is the first.
GERMAN = {
    "film": "Film",
    "movie": "Film",
    "good": "gut",
    "fine": "gut",
    "bad": "schlecht",
    "poor": "schlecht",
}
ENGLISH = {"Film": "movie", "gut": "fine", "schlecht": "poor"}


def translator(table: dict[str, str], directory: Path) -> Translator:
    """Trains a small model of the zoo to translate pairs of words, and exports it."""
    draws = np.random.default_rng(0).choice(list(table), size=(100, 2))
    sources = [" ".join(draw) for draw in draws]
    targets = [" ".join(table[word] for word in draw) for draw in draws]
    pairs = pair_splits((sources, targets), validation=(sources[:20], targets[:20]))
    keras.utils.set_random_seed(0)
    model = create_model("translator-gru-bahdanau", units=(24,), **pairs.model_arguments)
    config = TrainConfig(epochs=12, batch_size=16, learning_rate=0.03, tensorboard=False)
    train(model, pairs, config=config, progress=False)
    export_seq2seq_onnx(model, directory, preprocessing=pairs.get_preprocessing(PairPreprocessing))
    return Translator(directory)


@pytest.mark.slow
def test_translators_of_the_zoo_paraphrase_training_rows(tmp_path: Path) -> None:
    there, back_again = (
        translator(GERMAN, tmp_path / "en-de"),
        translator({german.lower(): english for german, english in ENGLISH.items()}, tmp_path / "de-en"),
    )
    rows = ["good film", "fine movie", "bad film", "poor movie"] * 12
    splits = Splits.from_arrays(rows, ["+", "+", "-", "-"] * 12)
    assert splits.train.raw is not None
    table = back_translate(
        list(splits.train.raw),
        lambda texts: [answer.text for answer in there.translate(texts)],
        lambda texts: [answer.text for answer in back_again.translate(texts)],
        cache=tmp_path / "cache.sqlite",
        name="en-de",
    )
    assert table == {"good film": "fine movie", "bad film": "poor movie"}
    config = {"paraphrases": {"table": table, "rate": 1.0}}
    (batch,) = augmented(splits, config).batches(len(splits.train))
    words = splits.get_preprocessing(TextPreprocessing).vocabulary.words
    seen = {" ".join(words[token] for token in row) for row in batch[0]["tokens"]}
    assert seen == {"fine movie", "poor movie"}


def test_what_a_translator_makes_nothing_of_is_not_given_to_the_other(tmp_path: Path) -> None:
    given: list[str] = []

    def back(texts: Sequence[str]) -> list[str]:
        given.extend(texts)
        return [text.lower() for text in texts]

    def there(texts: Sequence[str]) -> list[str]:
        return ["" if text == "b" else text.upper() + "!" for text in texts]

    found = back_translate(["a", "b"], there, back, cache=tmp_path / "cache.sqlite", name="toy")
    assert (found, given) == ({"a": "a!"}, ["A!"])
