"""Truth of ``rnnzoo.preprocessing.text``.

Preprocessing: text as Keras does it, statistics of the training part, messages that name the row.
"""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo.errors import ArgumentError, DataError, EmptyRowError, PathNotFoundError
from rnnzoo.preprocessing import (
    CharacterPreprocessing,
    CharacterTextPreprocessing,
    DNAPreprocessing,
    FeaturePreprocessing,
    FramePreprocessing,
    IrregularPreprocessing,
    LogMelPreprocessing,
    Preprocessing,
    SubwordPreprocessing,
    TextPreprocessing,
    TokenPreprocessing,
    WindowPreprocessing,
    WordPreprocessing,
    load_preprocessing,
    save_preprocessing,
)

HOSTILE = [
    "The cat sat.",
    "",
    "   ",
    "!?",
    "don't U.S.A. it's",
    "tab\tand\nline\r\nfeed\x0b\x0cends",
    "ÀÉÎ straße İ ǅ",
    "no\u00a0break\u2003space\u200bzero",
    "日本語 テキスト",
    "a\x00b",
    "\x00",
    "nul\x00 nul",
    "emoji 😀 and e\u0301",
    "[UNK] unk",
    "x" * 10_000,
    "word " * 20_000,
    "\u0085next\u2028line",
    "$1,000.00 50% #tag @name a_b-c~d`e^f",
    "'\"\\/",
]


def keras_layer(texts: list[str], **options: Any) -> keras.layers.TextVectorization:
    layer = keras.layers.TextVectorization(**options)
    layer.adapt(texts)
    return layer


def assert_same_words(ours: TextPreprocessing, layer: keras.layers.TextVectorization) -> None:
    # Keras lists its vocabulary through a NumPy array of strings, which drops NULs at the end of a word; its look-up
    # table keeps them, as the ids show, which are compared exactly.
    assert [word.rstrip("\0") for word in ours.vocabulary.words] == [str(w) for w in layer.get_vocabulary()]


def assert_same_ids(ours: TextPreprocessing, layer: keras.layers.TextVectorization, texts: list[str]) -> None:
    """Alone and together; what Keras finds no word in is refused."""
    spoken = []
    for text in texts:
        expected = np.asarray(layer([text]))[0]
        if expected.any():
            np.testing.assert_array_equal(np.trim_zeros(ours.apply([text])["tokens"][0]), expected)
            spoken.append(text)
            continue
        with pytest.raises(EmptyRowError, match=r"^row 0: received .*; expected at least one word"):
            ours.apply([text])
    expected = np.asarray(layer([*spoken, "anchor"]))
    found = ours.apply([*spoken, "anchor"])["tokens"]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("max_tokens", [3, 10, 10_000])
def test_text_is_what_text_vectorization_does(max_tokens: int) -> None:
    texts = [*HOSTILE, "the cat", "The dog.", "a cat"]
    layer = keras_layer(texts, max_tokens=max_tokens)
    ours = TextPreprocessing.fit(texts, max_tokens=max_tokens)
    assert_same_words(ours, layer)
    assert_same_ids(ours, layer, texts)


ALPHABET = st.sampled_from("aAbBéÉ .,'-!\t\n\x00\u00a0日İ")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(ALPHABET | st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=8
    )
)
def test_any_text_is_what_text_vectorization_does(texts: list[str]) -> None:
    layer = keras_layer([*texts, "anchor"])
    ours = TextPreprocessing.fit([*texts, "anchor"])
    assert_same_words(ours, layer)
    assert_same_ids(ours, layer, texts)


def test_a_cut_keeps_the_first_words() -> None:
    ours = TextPreprocessing.fit(["a b c d"], max_length=2)
    assert ours.apply(["d c b a"])["tokens"].shape == (1, 2)


def test_words_keep_punctuation_and_places() -> None:
    ours = TokenPreprocessing.fit([["Don't", "stop", "!"]])
    assert ours.vocabulary.words == ["", "[UNK]", "stop", "don't", "!"]
    assert ours.apply([["!", "never"], "stop"])["tokens"].tolist() == [[4, 1], [2, 0]]


def test_features_are_scaled_by_training_steps_alone() -> None:
    rows = [np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[5.0, 5.0]])]
    ours = FeaturePreprocessing.fit(rows)
    assert ours.variable_length
    np.testing.assert_allclose(ours.mean, [3.0, 5.0])
    np.testing.assert_allclose(
        ours.scale, [np.std([1, 3, 5]), 1.0]
    )  # a constant feature is not divided by zero
    batch = ours.apply(rows)
    assert batch["mask"].tolist() == [[True, True], [True, False]]
    np.testing.assert_allclose(batch["features"][1], [[2 / np.std([1, 3, 5]), 0.0], [0.0, 0.0]], rtol=1e-6)


def window(**changes: Any) -> WindowPreprocessing:
    arguments: dict[str, Any] = {
        "numeric": ["a", "b"],
        "mean": [1.0, 0.0],
        "scale": [2.0, 1.0],
        "categories": {"c": ["x", "y"]},
        "window": 2,
    }
    return WindowPreprocessing(**{**arguments, **changes})


def test_windows_take_columns_or_steps() -> None:
    columns = {"a": [9, 3, 5], "b": [9, 1, 2], "c": ["x", "y", "x"], "unused": [0, 0, 0]}
    steps = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    expected = [[[1.0, 1.0, 0.0, 1.0], [2.0, 2.0, 1.0, 0.0]]]
    assert window().apply([columns])["features"].tolist() == expected
    assert window().apply([steps])["features"].tolist() == expected


def test_missing_values_are_filled_from_the_past_only() -> None:
    filling = window(missing="ffill")
    found = filling.apply([{"a": [3, None, 5], "b": [1, 1, 1], "c": ["x", "", "y"]}])["features"]
    assert found[0, :, 0].tolist() == [1.0, 2.0]
    assert found[0, 0, 2:].tolist() == [1.0, 0.0]
    with pytest.raises(
        DataError, match=r"row 0: 'a' is missing at step 0 of the window; .* Pass an earlier value"
    ):
        filling.apply([{"a": [None, 5], "b": [1, 1], "c": ["x", "y"]}])
    with pytest.raises(DataError, match=r"row 0: 'a' is missing at step 1 of the window; .* Fill it first"):
        window().apply([{"a": [5, float("nan")], "b": [1, 1], "c": ["x", "y"]}])


ALL: list[tuple[Preprocessing, list[Any]]] = [
    (TextPreprocessing.fit(["the cat"], max_length=5), ["the dog", "a"]),
    (TokenPreprocessing.fit([["the", "cat"]]), [["the", "dog"], ["a"]]),
    (FeaturePreprocessing.fit([[[1.0], [2.0]], [[3.0]]]), [[[1.0]], [[2.0], [4.0]]]),
    (window(), [{"a": [1, 2], "b": [3, 4], "c": ["x", "y"]}]),
]


@pytest.mark.parametrize(("preprocessing", "raw"), ALL, ids=lambda value: getattr(value, "kind", ""))
def test_a_stored_one_does_the_same(preprocessing: Preprocessing, raw: list[Any], tmp_path: Path) -> None:
    save_preprocessing(preprocessing, tmp_path / "p.json")
    again = load_preprocessing(tmp_path / "p.json")
    assert type(again) is type(preprocessing)
    for name, array in preprocessing.apply(raw).items():
        np.testing.assert_array_equal(again.apply(raw)[name], array)


BAD: list[tuple[Preprocessing, Any, str]] = [
    (ALL[0][0], 3, "row 1: received int; expected a text. Pass strings."),
    (ALL[0][0], "\ud800", "row 1: received a text with a lone surrogate"),
    (ALL[1][0], [1], "row 1: received 1 as word 0; expected a list of words, none of them empty, or a"),
    (ALL[2][0], [[1.0, 2.0]], "row 1: received shape (1, 2); expected (time, 1)."),
    (
        ALL[2][0],
        [["x"]],
        "row 1: received 'x' at step 0, feature 0; expected a number. Pass numbers only.",
    ),
    (ALL[2][0], [[np.inf]], "row 1: received inf at step 0, feature 0; expected finite numbers."),
    (ALL[3][0], {"a": [1, 2]}, "row 1: the column 'b' is missing; expected a, b, c."),
    (ALL[3][0], {"a": [1], "b": [1], "c": ["x"]}, "row 1: received 1 steps; expected 2 or more."),
    (ALL[3][0], {"a": [1, 2], "b": [1], "c": ["x", "y"]}, "row 1: received columns of [1, 2] values"),
    (
        ALL[3][0],
        {"a": [1, "q"], "b": [1, 1], "c": ["x", "y"]},
        "row 1: 'a' has the value 'q' at step 1; expected a number, or null where it is missing. Correct it.",
    ),
    (
        ALL[3][0],
        {"a": [1, 1], "b": [1, 1], "c": ["x", "z"]},
        "row 1: 'c' has the unknown category 'z'; expected one of x, y.",
    ),
    (
        ALL[3][0],
        {"a": 1, "b": 1, "c": "x"},
        "row 1: column 'a' is a single value; expected one value per step.",
    ),
    (ALL[3][0], "text", "row 1: received str; expected columns such as"),
]


@pytest.mark.parametrize(
    ("preprocessing", "row", "message"), BAD, ids=[message[7:40] for _, _, message in BAD]
)
def test_a_bad_row_is_named(preprocessing: Preprocessing, row: Any, message: str) -> None:
    good = next(raw[0] for other, raw in ALL if other is preprocessing)
    with pytest.raises(DataError) as caught:
        preprocessing.apply([good, row])
    assert message in str(caught.value)


def test_stored_files_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    with pytest.raises(PathNotFoundError, match="no such file; expected a stored preprocessing"):
        load_preprocessing(path)
    path.write_text("{")
    with pytest.raises(DataError, match="not valid JSON"):
        load_preprocessing(path)
    path.write_text(json.dumps({"format_version": 2, "kind": "text", "config": {}}))
    with pytest.raises(DataError, match="received format version 2; expected 1"):
        load_preprocessing(path)
    path.write_text(json.dumps({"format_version": 1, "kind": "text", "config": {"vocabulary": 3}}))
    with pytest.raises(DataError, match="damaged"):
        load_preprocessing(path)


def test_a_vocabulary_must_begin_with_padding_and_unknown() -> None:
    with pytest.raises(ArgumentError, match=r"vocabulary: received \['a', 'b'\] \.\.\. \(2 words\)"):
        TextPreprocessing(["a", "b"])


def test_log_mel_is_that_of_tensorflow() -> None:
    import tensorflow as tf

    sound = np.random.default_rng(0).uniform(-1, 1, 3000)
    made = LogMelPreprocessing(8000, num_mels=30, lower_hz=50.0, upper_hz=3500.0)
    assert (made.frame_length, made.frame_step, made.fft_length) == (200, 80, 256)
    spectrum = tf.signal.stft(tf.constant(sound), 200, 80, fft_length=256)
    filters = tf.signal.linear_to_mel_weight_matrix(30, 129, 8000, 50.0, 3500.0, dtype=tf.float64)
    expected = np.log(np.asarray(tf.abs(spectrum) ** 2 @ filters) + 1e-6)
    np.testing.assert_allclose(made.energies(sound, 0), expected, rtol=1e-6, atol=1e-6)


def test_log_mel_is_scaled_on_its_training_frames(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sounds = [rng.uniform(-1, 1, size) for size in (900, 2000, 200)]
    fitted = LogMelPreprocessing.fit(sounds, sample_rate=8000, num_mels=10)
    frames = np.concatenate(fitted.encode(sounds))
    np.testing.assert_allclose(frames.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(frames.std(axis=0), 1.0, atol=1e-5)
    assert [len(row) for row in fitted.encode(sounds)] == [9, 23, 1]
    integers = [np.round(sounds[0] * 32767).astype(np.int16)]
    floats = [integers[0] / 32768]
    np.testing.assert_array_equal(fitted.encode(integers)[0], fitted.encode(floats)[0])
    save_preprocessing(fitted, tmp_path / "p.json")
    again = load_preprocessing(tmp_path / "p.json")
    np.testing.assert_array_equal(again.apply(sounds)["features"], fitted.apply(sounds)["features"])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (np.zeros((2, 5)), r"^row 0: received shape \(2, 5\); expected \(samples,\)"),
        ([0.0, np.nan], r"^row 0: received nan at sample 1"),
        (["a"], r"^row 0: received 'a' at sample 0; expected a number\. Pass numbers only\."),
    ],
)
def test_log_mel_refuses_what_is_no_waveform(row: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        LogMelPreprocessing(8000).apply([row])


def test_log_mel_refuses_impossible_arguments() -> None:
    with pytest.raises(ArgumentError, match="expected 0 <= lower < upper <= 4000"):
        LogMelPreprocessing(8000, upper_hz=5000.0)
    with pytest.raises(ArgumentError, match="received 1 and 40 values; expected 40 each"):
        LogMelPreprocessing(8000, mean=[0.0])


SHAPES = np.zeros((2, 2, 2, 1))
EMPTY: list[tuple[Preprocessing, Any, Any, str]] = [
    (TextPreprocessing.fit(["a b"]), "a", "", "an empty text; expected at least one word. Drop the row."),
    (TextPreprocessing.fit(["a b"]), "a", " \n", "an empty text; expected at least one word. Drop the row."),
    (TextPreprocessing.fit(["a"]), "x", "?!", "the text '?!'; expected at least one word. Drop the row."),
    (
        TextPreprocessing.fit(["a"]),
        "x",
        "!" * 50,
        f"the text {'!' * 40 + '…'!r}; expected at least one word. Drop the row.",
    ),
    (TokenPreprocessing.fit([["a"]]), ["!"], [], "an empty text; expected at least one word. Drop the row."),
    (TokenPreprocessing.fit([["a"]]), "!", " ", "an empty text; expected at least one word. Drop the row."),
    (
        CharacterPreprocessing.fit([["a"]]),
        "!",
        [],
        "an empty text; expected at least one word. Drop the row.",
    ),
    (
        CharacterTextPreprocessing.fit(["a"]),
        " ",
        "",
        "an empty text; expected at least one character. Drop the row.",
    ),
    (WordPreprocessing.fit(["a ."]), "?", " ", "an empty text; expected at least one word. Drop the row."),
    (SubwordPreprocessing.fit(["a"]), "é", " ", "an empty text; expected at least one word. Drop the row."),
    (
        FeaturePreprocessing([0.0], [1.0], variable_length=True),
        [[1.0]],
        [],
        "an empty series; expected at least one step. Drop the row.",
    ),
    (
        FeaturePreprocessing([0.0], [1.0], variable_length=False),
        [[1.0]],
        np.zeros((0, 1)),
        "an empty series; expected at least one step. Drop the row.",
    ),
    (
        FramePreprocessing.fit([SHAPES]),
        SHAPES,
        SHAPES[:0],
        "an empty video; expected at least one frame. Drop the row.",
    ),
    (
        IrregularPreprocessing([0.0], [1.0], step=1.0),
        {"times": [0], "values": [[1.0]]},
        {"times": [], "values": []},
        "an empty series; expected at least one step. Drop the row.",
    ),
    (DNAPreprocessing(), "N", " ", "an empty sequence; expected at least one base. Drop the row."),
    (
        DNAPreprocessing(kmer=3),
        "ACG",
        "AC",
        "the sequence 'AC'; expected at least 3 bases, one 3-mer. Drop the row.",
    ),
    (
        LogMelPreprocessing(8000),
        np.zeros(200),
        np.zeros(2),
        "2 samples; expected at least 200, one frame. Drop the row, or record longer.",
    ),
]


@pytest.mark.parametrize(
    ("preprocessing", "least", "empty", "message"),
    EMPTY,
    ids=[f"{number}-{made.kind}" for number, (made, *_) in enumerate(EMPTY)],
)
def test_a_row_that_holds_nothing_is_refused(
    preprocessing: Preprocessing, least: Any, empty: Any, message: str
) -> None:
    with pytest.raises(EmptyRowError) as caught:
        preprocessing.encode([least, least, empty])
    assert str(caught.value) == f"row 2: received {message}"
    assert caught.value.row == 2
    # Without the row all is well.
    assert [len(row) > 0 for row in preprocessing.encode([least, least])] == [True, True]


def test_sound_too_short_to_fit_on_is_named() -> None:
    with pytest.raises(EmptyRowError, match=r"^row 1: received 3 samples; expected at least 200, one frame"):
        LogMelPreprocessing.fit([np.zeros(200), np.zeros(3)], sample_rate=8000)
