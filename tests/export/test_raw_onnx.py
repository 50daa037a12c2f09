"""Truth of ``rnnzoo_export.raw.wrapping``.

Files that take raw examples: texts, tables and sound go in as people have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hypothesis
import keras
import numpy as np
import onnxruntime
import pytest
from hypothesis import strategies as st
from keras import layers

from rnnzoo import build_classifier, build_forecaster, build_tagger
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, ParityError
from rnnzoo.preprocessing import (
    FeaturePreprocessing,
    LogMelPreprocessing,
    TextPreprocessing,
    TokenPreprocessing,
    WindowPreprocessing,
)
from rnnzoo_export import export_onnx
from rnnzoo_export.raw.text_graph import HOSTILE

WORDS = [
    "don't stop the u.s.a. is great",
    "tabs and lines",
    "naïve café \u00c9cole",
    "日本語 テスト。",
    "a b c d",
]


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.utils.set_random_seed(8)


def ids(vocabulary_size: int) -> keras.Model:
    """A model whose answer is its input, so that ids are seen as they are."""
    x = keras.Input((None,), dtype="int32", name="tokens")
    return keras.Model(x, layers.Lambda(lambda t: keras.ops.cast(t, "float32"), name="out")(x))


def opened(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def read(preprocessing: TextPreprocessing, rows: Sequence[str]) -> np.ndarray:
    """The ids of texts, and NaN for those without a word, which the preprocessing refuses."""
    words = [preprocessing.words(row, 0)[: preprocessing.max_length] for row in rows]
    tokens = preprocessing.batch([preprocessing.vocabulary.ids(row) for row in words])["tokens"]
    return np.where([[bool(row)] for row in words], tokens, np.nan)


def texts(session: Any, *rows: str) -> Any:
    return session.run(None, {"text": np.array(rows, object)})[0]


@pytest.fixture(scope="module")
def text_file(tmp_path_factory: pytest.TempPathFactory) -> Any:
    preprocessing = TextPreprocessing.fit(WORDS)
    path = tmp_path_factory.mktemp("text") / "ids.onnx"
    export_onnx(ids(len(preprocessing.vocabulary)), path, text=preprocessing)
    return opened(path), preprocessing


def test_hostile_texts_have_the_ids_of_keras(text_file: Any) -> None:
    session, preprocessing = text_file
    layer = layers.TextVectorization(vocabulary=preprocessing.vocabulary.words[2:])
    for text in HOSTILE:
        expected = np.asarray(layer(np.array([text])))
        expected = expected if expected.size else np.full((1, 1), np.nan)
        np.testing.assert_array_equal(texts(session, text), expected, err_msg=repr(text))
    together = np.asarray(layer(np.array(HOSTILE)))
    together = np.where(together.any(axis=1, keepdims=True), together, np.nan)
    np.testing.assert_array_equal(texts(session, *HOSTILE), together)


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(
    rows=st.lists(
        st.text(
            st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(" \t!'.,aAbÉ\0")), max_size=40
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_text_has_the_ids_of_the_preprocessing(text_file: Any, rows: list[str]) -> None:
    session, preprocessing = text_file
    np.testing.assert_array_equal(texts(session, *rows), read(preprocessing, rows))


@pytest.mark.parametrize(
    "text", ["," * 100_000, "a," * 50_000, "word " * 20_000, "x" * 100_000, "\t" * 100_000, "é" * 100_000]
)
def test_long_texts_are_read(text: str, text_file: Any) -> None:
    session, preprocessing = text_file
    np.testing.assert_array_equal(texts(session, text, "a b"), read(preprocessing, [text, "a b"]))


def test_a_text_is_cut_at_the_longest_length(tmp_path: Path) -> None:
    preprocessing = TextPreprocessing(["", "[UNK]", "a", "b"], max_length=2)
    export_onnx(ids(4), tmp_path / "m.onnx", text=preprocessing)
    assert texts(opened(tmp_path / "m.onnx"), "b b a a", "x").tolist() == [[3, 3], [1, 0]]


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(row=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_words_of_a_tagger_keep_their_punctuation(token_file: Any, row: str) -> None:
    session, preprocessing = token_file
    np.testing.assert_array_equal(texts(session, row), read(preprocessing, [row]))


@pytest.fixture(scope="module")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Any:
    preprocessing = TokenPreprocessing.fit(["Stop , he said !", "0 A \u00b5"])
    path = tmp_path_factory.mktemp("tokens") / "ids.onnx"
    export_onnx(ids(len(preprocessing.vocabulary)), path, text=preprocessing)
    return opened(path), preprocessing


def test_a_whole_classifier_takes_texts(tmp_path: Path) -> None:
    preprocessing = TextPreprocessing.fit(WORDS)
    model = build_classifier(
        vocabulary_size=len(preprocessing.vocabulary),
        num_classes=3,
        cell="lstm",
        units=(4,),
        bidirectional=True,
    )
    report = export_onnx(model, tmp_path / "m.onnx", text=preprocessing, strict=True)
    assert report.opset == 20
    assert report.operators["LSTM"] == 2  # one a direction, for texts are masked
    session = opened(tmp_path / "m.onnx")
    assert [(node.name, node.type, node.shape) for node in session.get_inputs()] == [
        ("text", "tensor(string)", ["batch"])
    ]
    rows = ["Don't STOP!", "tabs"]
    expected = np.asarray(model(preprocessing.apply(rows)["tokens"]))
    found = texts(session, rows[0], "?!", rows[1])
    np.testing.assert_allclose(found[[0, 2]], expected, rtol=1e-5, atol=1e-5)
    assert np.isnan(found[1]).all()  # the preprocessing refuses a text without a word


def test_a_model_of_ones_own_may_name_and_type_its_input_as_it_likes(tmp_path: Path) -> None:
    preprocessing = TextPreprocessing.fit(WORDS)
    model = keras.Sequential(
        [keras.Input((None,), name="ids"), layers.Embedding(len(preprocessing.vocabulary), 3), layers.GRU(2)]
    )
    export_onnx(model, tmp_path / "m.onnx", text=preprocessing)
    assert texts(opened(tmp_path / "m.onnx"), "don't").shape == (1, 2)


@pytest.mark.parametrize("variable_length", [False, True])
def test_series_are_scaled_inside(variable_length: bool, tmp_path: Path) -> None:
    preprocessing = FeaturePreprocessing([1e6, -5.0], [3e5, 0.1], variable_length=variable_length)
    model = build_classifier(num_features=2, num_classes=2, units=(4,), variable_length=variable_length)
    export_onnx(model, tmp_path / "m.onnx", series=preprocessing)
    session = opened(tmp_path / "m.onnx")
    rng = np.random.default_rng(0)
    rows = [
        preprocessing.mean + rng.normal(size=(steps, 2))
        for steps in ([6, 3, 1] if variable_length else [6, 6])
    ]
    series = np.zeros((len(rows), 6, 2))
    for place, row in zip(series, rows, strict=True):
        place[: len(row)] = row
    inputs: dict[str, np.ndarray] = {"series": series}
    if variable_length:
        inputs["mask"] = np.arange(6) < np.array([len(row) for row in rows])[:, None]
    (found,) = session.run(None, inputs)
    given = list(preprocessing.apply(rows).values())
    expected = np.asarray(model(given if variable_length else given[0]))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    series[0, 1, 1] = np.nan
    series[-1, -1, 0] = np.inf  # padding where lengths vary
    (found,) = session.run(None, inputs)
    assert np.isnan(found).all(axis=1).tolist() == [True, *[False] * (len(rows) - 2), not variable_length]
    if variable_length:
        inputs["mask"][1] = False
        (found,) = session.run(None, inputs)
        assert np.isnan(found).all(axis=1).tolist() == [True, True, False]  # a row without a step


def table(missing: Any) -> WindowPreprocessing:
    return WindowPreprocessing(
        numeric=["pollution", "wind speed"],
        mean=[100.0, -2.0],
        scale=[90.0, 0.5],
        categories={"direction": ["N", "S", "É"]},
        window=4,
        missing=missing,
    )


def history(steps: int) -> dict[str, list[Any]]:
    rng = np.random.default_rng(1)
    return {
        "pollution": (100 + 90 * rng.normal(size=steps)).tolist(),
        "wind speed": rng.normal(size=steps).tolist(),
        "direction": rng.choice(["N", "S", "É"], steps).tolist(),
    }


def as_arrays(*rows: dict[str, list[Any]]) -> dict[str, np.ndarray]:
    def values(name: str) -> list[Any]:
        return [row[name] for row in rows]

    return {
        "pollution": np.array(values("pollution"), np.float64),
        "wind speed": np.array(values("wind speed"), np.float64),
        "direction": np.array(values("direction"), object),
    }


DECODING = Decoding("forecasting", target_names=["pollution"], mean=[100.0], scale=[90.0])


@pytest.mark.parametrize("missing", ["error", "ffill"])
def test_tables_go_in_and_forecasts_come_out_in_their_units(missing: str, tmp_path: Path) -> None:
    preprocessing = table(missing)
    model = build_forecaster(num_features=preprocessing.num_features, horizon=3, num_targets=1, units=(5,))
    export_onnx(model, tmp_path / "m.onnx", series=preprocessing, decoding=DECODING)
    session = opened(tmp_path / "m.onnx")
    row = history(9)
    (found,) = session.run(None, as_arrays(row))
    assert found.dtype == np.float64
    expected = DECODING.in_original_units(np.asarray(model(preprocessing.apply([row])["features"])))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)

    for column, step, value, answered in [
        ("pollution", 6, np.nan, missing == "ffill"),
        ("pollution", 0, np.nan, True),  # before the window
        ("wind speed", 8, np.inf, False),
        ("direction", 7, "", missing == "ffill"),
        ("direction", 7, "W", False),
        ("direction", 0, "W", True),
    ]:
        changed = {**row, column: [*row[column][:step], value, *row[column][step + 1 :]]}
        (found,) = session.run(None, as_arrays(row, changed))
        assert np.isnan(found).all(axis=(1, 2)).tolist() == [False, not answered], (column, step, value)
        raw = {**changed, "direction": [value or None for value in changed["direction"]]}
        if answered:
            features = preprocessing.apply([raw])["features"]
            expected = DECODING.in_original_units(np.asarray(model(features)))[0]
            np.testing.assert_allclose(found[1], expected, rtol=1e-5, atol=1e-3)


def test_a_history_that_is_too_short_is_an_error(tmp_path: Path) -> None:
    preprocessing = table("error")
    model = build_forecaster(num_features=preprocessing.num_features, horizon=3, num_targets=1, units=(5,))
    export_onnx(model, tmp_path / "m.onnx", series=preprocessing)
    with pytest.raises(Exception, match="cannot be reshaped"):
        opened(tmp_path / "m.onnx").run(None, as_arrays(history(2), history(2)))


def test_sound_goes_in_as_samples(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sounds = [rng.uniform(-1, 1, size).astype(np.float32) for size in (4000, 1000, 250)]
    preprocessing = LogMelPreprocessing.fit(sounds, sample_rate=8000, num_mels=20)
    model = build_classifier(num_features=20, num_classes=3, units=(6,), variable_length=True)
    report = export_onnx(model, tmp_path / "m.onnx", audio=preprocessing)
    assert report.operators["STFT"] == 1
    session = opened(tmp_path / "m.onnx")
    waveform = np.zeros((3, 5000), np.float32)
    for place, sound in zip(waveform, sounds, strict=True):
        place[: len(sound)] = sound
    waveform[1, 1200] = 0.5  # behind the end
    inputs = {"waveform": waveform, "lengths": np.array([4000, 1000, 250])}
    expected = np.asarray(model(preprocessing.apply(sounds)))
    np.testing.assert_allclose(session.run(None, inputs)[0], expected, rtol=1e-5, atol=1e-5)
    waveform[0, 7] = np.nan
    inputs["lengths"][2] = 199  # less than a frame
    assert np.isnan(session.run(None, inputs)[0]).all(axis=1).tolist() == [True, False, True]


def refused(path: Path, model: keras.Model, **arguments: Any) -> str:
    with pytest.raises((ArgumentError, ParityError)) as caught:
        export_onnx(model, path / "m.onnx", **arguments)
    assert not list(path.iterdir())
    return str(caught.value)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    text = TextPreprocessing.fit(WORDS)
    tokens = build_tagger(vocabulary_size=len(text.vocabulary), num_classes=2, units=(3,))
    features = FeaturePreprocessing([0.0], [1.0], variable_length=True)
    assert refused(tmp_path, tokens, text=features) == (
        "text: received FeaturePreprocessing; expected TextPreprocessing or TokenPreprocessing. "
        "Pass a fitted preprocessing."
    )
    assert refused(tmp_path, tokens, text=text, series=features) == (
        "text and series: received both; expected one of them."
    )
    assert refused(tmp_path, tokens, text=text, opset=18) == (
        "opset: received 18; expected 20 or newer, the first with the operators that TextPreprocessing needs."
    )
    assert refused(tmp_path, tokens, series=features) == (
        "FeaturePreprocessing: makes features, mask; the model takes tokens. "
        "Pass the preprocessing that the model was trained with."
    )
    assert refused(tmp_path, tokens, decoding=DECODING) == (
        "decoding: received one without text, series or audio; expected one of them too."
    )
    assert refused(tmp_path, tokens, text=text, decoding=DECODING) == (
        "decoding: received one for forecasting of 1 values, and the model's logits (None, None, 2); expected a "
        "decoding of regression or forecasting with one name for each value of the only output."
    )
    clash = WindowPreprocessing(numeric=["values"], mean=[0.0], scale=[1.0], categories={}, window=3)
    model = build_forecaster(num_features=1, horizon=2, num_targets=1, units=(3,))
    assert refused(tmp_path, model, series=clash) == (
        "input 'values': the model has an output of this name; expected another. Rename the column."
    )


def test_a_network_too_small_for_the_vocabulary_is_found(tmp_path: Path) -> None:
    text = TextPreprocessing.fit(WORDS)
    model = build_classifier(vocabulary_size=4, num_classes=2, units=(3,))
    assert refused(tmp_path, model, text=text) == (
        f"TextPreprocessing: its vocabulary has {len(text.vocabulary)} entries; the model's embedding knows 4. "
        "Pass the preprocessing that the model was trained with."
    )
