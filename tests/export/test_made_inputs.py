"""Truth of ``rnnzoo_export.deployment.made_inputs``: a model of the user's own takes what the parts of rows make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from joined_bundles import LABELS, ROWS, answers_of, joined, layers_of, model, tensors
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, RequestError
from rnnzoo.preprocessing import (
    CategoryPreprocessing,
    FeaturePreprocessing,
    JoinedPreprocessing,
    NumbersPreprocessing,
    TokenPreprocessing,
    load_preprocessing,
)
from rnnzoo_export import OnnxPredictor, StreamingPredictor, explain, load_bundle, save_bundle

SOME = ROWS[:8]
DECODING = Decoding("classification", labels=LABELS)


def probabilities(bundle: Path, rows: list[dict[str, Any]], **options: Any) -> np.ndarray:
    answers = OnnxPredictor(bundle).predict(rows, **options)
    return np.array([[answer["probabilities"][label] for label in LABELS] for answer in answers])


def test_a_bundle_answers_as_keras_does(joined_bundle: Path) -> None:
    expected = answers_of(model(), SOME)
    np.testing.assert_allclose(probabilities(joined_bundle, SOME), expected, atol=1e-6)
    np.testing.assert_allclose(
        probabilities(joined_bundle, SOME[::-1], batch_size=3)[::-1], expected, atol=1e-6
    )
    kept = load_preprocessing(joined_bundle / "preprocessing.json")
    assert kept.to_config() == joined().to_config()
    (alone,) = OnnxPredictor(joined_bundle).predict(ROWS[3:4])
    assert alone["label"] == LABELS[int(expected[3].argmax())]


def test_the_signature_says_what_a_row_holds(joined_bundle: Path) -> None:
    assert load_bundle(joined_bundle).signature.request == {
        "note": {"takes": "text"},
        "past": {"takes": "series"},
        "shop": {"takes": "category", "categories": ["east", "north", "south"], "unknown": "error"},
        "size": {"takes": "numbers", "numbers": 2},
        "floor": {"takes": "category", "categories": [0, 1, 2], "unknown": "own_id"},
    }


def test_a_model_of_a_dictionary_is_bundled(tmp_path: Path) -> None:
    keras.utils.set_random_seed(5)
    inputs = tensors()
    network = keras.Model(inputs, layers_of(inputs), name="shops")
    save_bundle(network, tmp_path / "b", preprocessing=joined(), decoding=DECODING)
    np.testing.assert_allclose(probabilities(tmp_path / "b", SOME), answers_of(network, SOME), atol=1e-6)


class Subclassed(keras.Model):
    """Reads some of the parts."""

    def __init__(self) -> None:
        super().__init__()
        self.past, self.shop, self.head = layers.GRU(3), layers.Embedding(3, 2), layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        past = self.past(inputs["features"], mask=inputs["mask"])
        return self.head(keras.ops.concatenate([past, self.shop(inputs["shop"])], axis=-1))


@pytest.mark.slow
def test_a_subclassed_model_is_bundled(tmp_path: Path) -> None:
    keras.utils.set_random_seed(5)
    parts = joined().by_name
    own = JoinedPreprocessing({"shop": parts["shop"], "past": parts["past"]})
    rows = [{name: row[name] for name in ("past", "shop")} for row in SOME]
    network = Subclassed()
    arrays = own.apply(rows)
    logits = np.asarray(network(arrays))
    signature = {
        "features": keras.Input((None, 2), name="features"),
        "mask": keras.Input((None,), dtype="bool", name="mask"),
        "shop": keras.Input((), dtype="int32", name="shop"),
    }
    save_bundle(network, tmp_path / "b", preprocessing=own, decoding=DECODING, input_signature=signature)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities(tmp_path / "b", rows), expected, atol=1e-6)


def test_other_names_of_the_model_are_told(tmp_path: Path) -> None:
    network = model(features="series")
    message = (
        "preprocessing: makes the inputs ['features', 'floor', 'mask', 'shop', 'size', 'tokens']; the model takes "
        "['floor', 'mask', 'series', 'shop', 'size', 'tokens']. If they are the same, pass "
        "input_names={'series': 'features'}. Pass the preprocessing that the model was trained with."
    )
    for provenance in (None, {"example": ROWS[0]}):
        with pytest.raises(ArgumentError) as caught:
            save_bundle(network, tmp_path / "b", preprocessing=joined(), provenance=provenance)
        assert str(caught.value) == message


@pytest.mark.slow
def test_both_ways_work(tmp_path: Path) -> None:
    network = model(features="series")
    save_bundle(
        network,
        tmp_path / "b",
        preprocessing=joined(),
        decoding=DECODING,
        input_names={"series": "features"},
    )
    save_bundle(network, tmp_path / "c", preprocessing=joined(past={"features": "series"}), decoding=DECODING)
    expected = answers_of(network, SOME, features="series")
    for name in ("b", "c"):
        np.testing.assert_allclose(probabilities(tmp_path / name, SOME), expected, atol=1e-6)


def masking() -> Any:
    """A model that tells padding itself."""
    keras.utils.set_random_seed(5)
    past, floor = keras.Input((None, 2), name="features"), keras.Input((), dtype="int32", name="floor")
    x = layers.LSTM(4, name="lstm")(layers.Masking(name="masking")(past))
    near = layers.Embedding(4, 2, name="floors")(floor)
    return keras.Model(
        [past, floor], layers.Dense(2, name="head")(layers.Concatenate(name="both")([x, near]))
    )


def test_a_model_that_tells_padding_itself_takes_no_mask(tmp_path: Path) -> None:
    parts = {name: joined().by_name[name] for name in ("past", "floor")}
    rows = [{name: row[name] for name in parts} for row in SOME]
    with pytest.raises(ArgumentError) as caught:
        save_bundle(masking(), tmp_path / "b", preprocessing=JoinedPreprocessing(parts))
    assert str(caught.value) == (
        "preprocessing: makes the inputs ['features', 'floor', 'mask']; the model takes ['features', 'floor']. Leave "
        "out what it does not take: JoinedPreprocessing(parts, inputs={'past': {'mask': None}})."
    )
    own = JoinedPreprocessing(parts, inputs={"past": {"mask": None}})
    network = masking()
    save_bundle(network, tmp_path / "b", preprocessing=own, decoding=DECODING, also=["streaming"])
    logits = np.concatenate([np.asarray(network(own.apply([row]))) for row in rows])
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities(tmp_path / "b", rows), expected, atol=1e-6)
    streams = StreamingPredictor(tmp_path / "b")
    session, arrays = streams.open(), own.apply(rows[:1])
    for step in arrays["features"][0]:
        found = streams.step(session, {"features": step[None], "floor": arrays["floor"][0]})
    np.testing.assert_allclose(found["head"], logits[0], atol=1e-5)


def test_an_example_of_another_shape_is_told(tmp_path: Path) -> None:
    parts = {name: joined().by_name[name] for name in ("past", "floor")}
    parts["past"] = FeaturePreprocessing([0.0], [1.0], variable_length=False)
    example = {"past": [[1.0], [2.0]], "floor": 1}
    with pytest.raises(ArgumentError) as caught:
        save_bundle(
            masking(),
            tmp_path / "b",
            preprocessing=JoinedPreprocessing(parts),
            provenance={"example": example},
        )
    assert str(caught.value) == (
        "preprocessing: makes 'features' of the shape (1, 2, 1) of one row; the model takes (batch, time, 2). Pass the "
        "preprocessing that the model was trained with."
    )


def test_rows_of_parts_go_into_no_raw_file(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as caught:
        save_bundle(model(), tmp_path / "b", preprocessing=joined(), also=["raw"])
    assert str(caught.value) == (
        "also: received raw, and JoinedPreprocessing as preprocessing; expected one of rnnzoo's for texts, series or "
        "sound alone. Leave raw out, and do the preprocessing before the model."
    )


def test_rows_of_parts_are_not_explained(joined_bundle: Path) -> None:
    with pytest.raises(ArgumentError) as caught:
        explain(joined_bundle, ROWS[0])
    assert str(caught.value) == (
        "explain: received a model whose rows are mappings of several parts; expected rows of words, steps, bases or "
        "frames, which can be hidden one by one. Change an entry of the row yourself, and compare the answers of "
        "OnnxPredictor.predict."
    )
    before, after = OnnxPredictor(joined_bundle).predict([ROWS[0], {**ROWS[0], "shop": "east"}])
    assert before["probabilities"].keys() == after["probabilities"].keys()


@pytest.mark.slow
def test_a_tagger_answers_the_steps_of_the_first_part_that_has_some(tmp_path: Path) -> None:
    keras.utils.set_random_seed(5)
    words, shop = (
        keras.Input((None,), dtype="int32", name="tokens"),
        keras.Input((), dtype="int32", name="shop"),
    )
    note = keras.Input((None,), dtype="int32", name="note")
    x = layers.Embedding(4, 3, mask_zero=True, name="words")(words)
    beside = layers.Concatenate(name="beside")(
        [
            layers.GRU(2, name="note_end")(layers.Embedding(7, 3, mask_zero=True, name="e")(note)),
            layers.Embedding(3, 2)(shop),
        ]
    )
    x = layers.GRU(4, return_sequences=True, name="gru")(
        x, initial_state=layers.Dense(4, name="start")(beside)
    )
    network = keras.Model([words, shop, note], layers.Dense(2, name="tags")(x), name="tagger")
    tags = Decoding("tagging", labels=["B-city", "I-city"])
    rows = [
        {"shop": "north", "words": "New  York", "note": "hot cold fine"},
        {"shop": "east", "words": "York", "note": "late"},
    ]
    reader = TokenPreprocessing(["", "[UNK]", "new", "york"])
    parts = {"shop": joined().by_name["shop"], "words": reader, "note": joined().by_name["note"]}
    right = JoinedPreprocessing(parts, inputs={"note": "note"})
    save_bundle(network, tmp_path / "b", preprocessing=right, decoding=tags, task="tagging")
    answers = OnnxPredictor(tmp_path / "b").predict(rows)
    for row, answer in zip(rows, answers, strict=True):
        expected = np.asarray(network(right.apply([row])))[0].argmax(axis=-1)
        assert answer["labels"] == [["B-city", "I-city"][tag] for tag in expected]
        assert [word["word"] for word in answer["words"]] == row["words"].split()
        assert all(row["words"][name["start"] : name["end"]] == name["text"] for name in answer["entities"])
    wrong = JoinedPreprocessing(dict(reversed(parts.items())), inputs={"note": "note"})
    save_bundle(network, tmp_path / "wrong", preprocessing=wrong, decoding=tags, task="tagging")
    with pytest.raises(RequestError) as caught:
        OnnxPredictor(tmp_path / "wrong").predict(rows[:1])
    assert str(caught.value) == (
        "decode: the model answers 2 steps, and the first part of its rows that has steps has 3; expected as many. Put "
        "the part whose steps are answered first in JoinedPreprocessing, and export the model again."
    )


def test_parts_may_be_called_like_inputs_that_are_padded(tmp_path: Path) -> None:
    tokens, features = keras.Input((1,), name="tokens"), keras.Input((None, 2), name="features")
    mask = keras.Input((), dtype="int32", name="mask")
    x = layers.Concatenate()(
        [tokens, layers.Embedding(2, 3)(mask), layers.GRU(3)(layers.Masking()(features))]
    )
    network = keras.Model([tokens, features, mask], layers.Dense(2)(x))
    parts = {
        "tokens": NumbersPreprocessing.fit([100.0, 200.0, 300.0]),
        "past": joined().by_name["past"],
        "mask": CategoryPreprocessing(["no", "yes"]),
    }
    preprocessing = JoinedPreprocessing(parts, inputs={"past": {"mask": None}})
    save_bundle(network, tmp_path / "b", preprocessing=preprocessing, decoding=DECODING)
    rows = [
        {"tokens": 200.0, "past": ROWS[row]["past"], "mask": word} for row, word in ((0, "no"), (1, "yes"))
    ]
    expected = network(preprocessing.apply(rows))
    found = np.log(probabilities(tmp_path / "b", rows))
    np.testing.assert_allclose(found[:, 1] - found[:, 0], expected[:, 1] - expected[:, 0], atol=1e-5)


def test_a_part_whose_name_no_file_can_hold_gets_another_input(tmp_path: Path) -> None:
    plain, near = keras.Input((), dtype="int32", name="plain"), keras.Input((2,), name="near")
    network = keras.Model(
        [plain, near], layers.Dense(2)(layers.Concatenate()([layers.Embedding(3, 2)(plain), near]))
    )
    parts = {
        "code no": CategoryPreprocessing(["x", "y", "z"]),
        "near": NumbersPreprocessing([0.0] * 2, [1.0] * 2),
    }
    with pytest.raises(ArgumentError) as caught:
        save_bundle(network, tmp_path / "b", preprocessing=JoinedPreprocessing(parts))
    assert str(caught.value) == (
        "preprocessing: makes the inputs ['code no', 'near']; the model takes ['near', 'plain']. If they are the same, "
        "make it JoinedPreprocessing(parts, inputs={'code no': {'code no': 'plain'}}). Pass the preprocessing that the "
        "model was trained with."
    )
    advised = JoinedPreprocessing(parts, inputs={"code no": {"code no": "plain"}})
    save_bundle(network, tmp_path / "b", preprocessing=advised)
    assert OnnxPredictor(tmp_path / "b").predict([{"code no": "y", "near": [0.0, 1.0]}])


def test_names_that_were_given_are_those_that_differ(tmp_path: Path) -> None:
    odd, near = keras.Input((2,), name="a.b"), keras.Input((2,), name="near")
    network = keras.Model([odd, near], layers.Dense(2)(layers.Concatenate()([odd, near])))
    numbers = NumbersPreprocessing([0.0] * 2, [1.0] * 2)
    preprocessing = JoinedPreprocessing({"a.b": numbers, "near": numbers})
    with pytest.raises(ArgumentError) as caught:
        save_bundle(network, tmp_path / "b", preprocessing=preprocessing, input_names={"a.b": "ab"})
    assert str(caught.value) == (
        "preprocessing: makes the inputs ['a.b', 'near']; the model takes ['ab', 'near']. If they are the same, make "
        "it JoinedPreprocessing(parts, inputs={'a.b': {'a.b': 'ab'}}). Pass the preprocessing that the model was "
        "trained with."
    )
    advised = JoinedPreprocessing({"a.b": numbers, "near": numbers}, inputs={"a.b": {"a.b": "ab"}})
    save_bundle(network, tmp_path / "b", preprocessing=advised, input_names={"a.b": "ab"})
