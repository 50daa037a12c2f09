"""Truth of ``rnnzoo_export.graph.lookup_nodes``: a table of whole numbers or words before an embedding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers

from rnnzoo.errors import UnsupportedLayerError
from rnnzoo_export import export_onnx, export_saved_model, save_bundle
from rnnzoo_export.network.exportable import Exportable

KNOWN = [3, 5, 9]


def network(**options: Any) -> keras.Model:
    ids = keras.Input((None,), dtype="int64", name="ids")
    found = layers.IntegerLookup(vocabulary=KNOWN, **options)(ids)
    return keras.Model(ids, layers.LSTM(4)(layers.Embedding(7, 3)(found)))


@pytest.mark.parametrize(
    "options",
    [{}, {"num_oov_indices": 2}, {"mask_token": 0}, {"num_oov_indices": 0}],
    ids=["one unknown", "two unknown", "mask", "none unknown"],
)
def test_it_looks_up_as_keras_does(options: dict[str, Any], tmp_path: Path) -> None:
    model = network(**options)
    report = export_onnx(model, tmp_path / "model.onnx")
    assert report.fused == ("lstm",) or report.fused[0].startswith("lstm")
    assert report.operators["LabelEncoder"] == 1
    x = np.array([[3, 5, 9, 3], [9, 9, 5, 3]])
    if options.get("num_oov_indices") != 0:
        x = np.concatenate([x, [[7, 3, -4, 100], [0, 5, 0, 0]]])
    (found,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(None, {"ids": x})
    np.testing.assert_allclose(found, np.asarray(model(x)), atol=1e-6)


def test_the_proof_draws_what_the_table_knows() -> None:
    exportable = Exportable(network())
    assert sorted(exportable.facts["ids"].keys) == [*KNOWN, 10]
    drawn = exportable.batches().batch("full", 20, 10).arrays["ids"]
    assert set(np.unique(drawn)) == {*KNOWN, 10}
    assert set(Exportable(network(num_oov_indices=0)).facts["ids"].keys) == set(KNOWN)


def test_a_table_may_count_categories(tmp_path: Path) -> None:
    ids = keras.Input((4,), dtype="int64", name="ids")
    counts = layers.IntegerLookup(vocabulary=KNOWN, output_mode="multi_hot")(ids)
    report = export_onnx(keras.Model(ids, layers.Dense(2)(counts)), tmp_path / "model.onnx")
    assert report.fused == ()


WORDS = ["good", "bad", "ça"]


def reads_words(*, mask_zero: bool = False, **options: Any) -> keras.Model:
    words = keras.Input((None,), dtype="string", name="words")
    found = layers.StringLookup(vocabulary=WORDS, name="lookup", **options)(words)
    return keras.Model(words, layers.LSTM(4, name="rnn")(layers.Embedding(7, 3, mask_zero=mask_zero)(found)))


@pytest.mark.parametrize("opset", [13, 18])
@pytest.mark.parametrize(
    "options",
    [{}, {"mask_token": "", "mask_zero": True}, {"mask_token": "[pad]"}, {"num_oov_indices": 0}],
    ids=["one unknown", "masked", "another mask", "none unknown"],
)
def test_words_are_looked_up_as_keras_does(options: dict[str, Any], opset: int, tmp_path: Path) -> None:
    model = reads_words(**options)
    report = export_onnx(model, tmp_path / "model.onnx", opset=opset)
    assert report.parity.cases > 5
    assert report.operators["LSTM"] == 1
    rows = [["good", "bad", "ça"], ["ça", "ça", "good"]]
    if options.get("num_oov_indices") != 0:
        rows += [["bad", "unheard", ""], ["[pad]", "good", "[pad]"]]
    (found,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(
        None, {"words": np.array(rows, object)}
    )
    np.testing.assert_allclose(found, np.asarray(model(tf.constant(rows))), atol=1e-6)
    if options.get("mask_zero"):
        assert report.parity.masks["rnn"] == ("empty row", "holes", "left", "right")


def test_a_saved_model_takes_words_too(tmp_path: Path) -> None:
    assert export_saved_model(reads_words(), tmp_path / "saved_model").max_difference <= 1e-6


@pytest.mark.parametrize("kind", ["numbers", "words"])
def test_what_a_closed_table_does_not_know_is_refused_by_the_file_too(kind: str, tmp_path: Path) -> None:
    model = network(num_oov_indices=0) if kind == "numbers" else reads_words(num_oov_indices=0)
    export_onnx(model, tmp_path / "model.onnx")
    unknown = np.array([[3, 4]]) if kind == "numbers" else np.array([["good", "unheard"]], object)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    with pytest.raises(Exception, match="out of data bounds"):
        session.run(None, {session.get_inputs()[0].name: unknown})


def test_words_that_are_hashed_are_refused_by_their_layer(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedLayerError, match="layer 'lookup': TensorFlow's StringToHashBucketFast"):
        export_onnx(reads_words(num_oov_indices=2), tmp_path / "model.onnx")


def test_a_bundle_of_words_is_refused_with_a_way_out(tmp_path: Path) -> None:
    model = reads_words()
    with pytest.raises(UnsupportedLayerError) as caught:
        save_bundle(model, tmp_path / "bundle")
    assert str(caught.value) == (
        "input 'words': takes texts, and arrays of a bundle hold numbers; expected a model behind its StringLookup. "
        "Pass that, or export this one alone with export_onnx, whose file takes words."
    )
    ids = keras.Input((None,), dtype="int64", name="ids")
    behind = keras.Model(ids, model.layers[-1](model.layers[-2](ids)))
    assert save_bundle(behind, tmp_path / "bundle").signature.inputs[0].name == "ids"
