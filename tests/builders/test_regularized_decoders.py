"""Truth of ``rnnzoo.builders.parts.recurrent_layers``: decoders are regularised as encoders are.

And what else every builder understands: what leads around layers, and pre-trained embeddings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import (
    build_fcn_classifier,
    build_forecaster,
    build_irregular_classifier,
    build_language_model,
    build_segment_forecaster,
    build_seq2seq,
    build_tagger,
    build_video_classifier,
    load_model,
)
from rnnzoo.errors import ArgumentError, CudnnWarning
from rnnzoo_export import export_onnx, export_seq2seq_onnx

RNG = np.random.default_rng(0)
WINDOW = RNG.normal(size=(5, 8, 3)).astype(np.float32)
SOURCE = RNG.integers(4, 9, (5, 6)).astype(np.int32)
TARGET = RNG.integers(4, 9, (5, 4)).astype(np.int32)


def forecaster(**arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(2)
    return build_forecaster(num_features=3, horizon=4, units=6, decoder="recurrent", **arguments)


def segments(**arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(2)
    return build_segment_forecaster(num_features=3, window=8, horizon=4, units=(6, 6), **arguments)


def translator(**arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(2)
    sizes: dict[str, Any] = {"source_vocabulary_size": 9, "target_vocabulary_size": 9, "embedding_size": 5}
    return build_seq2seq(**sizes, units=(6, 6), **arguments)


MODELS: dict[str, tuple[Any, list[np.ndarray]]] = {
    "forecaster": (forecaster, [WINDOW]),
    "segments": (segments, [WINDOW]),
    "translator": (translator, [SOURCE, TARGET]),
}


def call(name: str, model: keras.Model, *, training: bool = False) -> np.ndarray:
    inputs = MODELS[name][1]
    return np.asarray(model(inputs if len(inputs) > 1 else inputs[0], training=training))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_weight_drop_changes_training_alone(name: str, cell: str, tmp_path: Path) -> None:
    make, _ = MODELS[name]
    plain = make(cell=cell)
    dropped = make(cell=cell, regularization={"weight_drop": 0.5})
    assert len(dropped.trainable_weights) == len(plain.trainable_weights)
    for ours, theirs in zip(dropped.trainable_weights, plain.trainable_weights, strict=True):
        ours.assign(theirs)
    np.testing.assert_allclose(call(name, dropped), call(name, plain), atol=1e-6)
    assert not np.allclose(call(name, dropped, training=True), call(name, dropped))
    dropped.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(call(name, load_model(tmp_path / "model.keras")), call(name, dropped))


@pytest.mark.parametrize("name", MODELS)
def test_penalties_are_on_the_decoder_too(name: str) -> None:
    make, _ = MODELS[name]
    model = make(cell="gru", regularization={"kernel_l2": 0.1, "recurrent_l1": 0.1})
    call(name, model)
    recurrent = [weight for weight in model.trainable_weights if weight.path.endswith("recurrent_kernel")]
    assert all(weight.regularizer is not None for weight in recurrent)
    assert len(model.losses) == 2 * len(recurrent)


@pytest.mark.parametrize("name", ["forecaster", "translator"])
def test_penalties_on_outputs_are_on_the_decoders(name: str) -> None:
    make, _ = MODELS[name]
    model = make(cell="gru", regularization={"activation_penalty": 1.0, "change_penalty": 2.0})
    np.testing.assert_array_equal(call(name, model), call(name, make(cell="gru")))
    model(MODELS[name][1] if name == "translator" else WINDOW, training=True)
    assert [layer.name for layer in model.layers].count("activation_penalty") == 1
    assert float(sum(model.losses)) > 0


def test_a_forecaster_of_segments_has_no_outputs_to_penalise() -> None:
    with pytest.raises(
        ArgumentError, match=r"activation_penalty, change_penalty: received 1\.0 and 0\.0 in a model"
    ):
        segments(regularization={"activation_penalty": 1.0})


@pytest.mark.parametrize("name", MODELS)
def test_zoneout_and_dropout_of_the_state_warn_and_train(name: str) -> None:
    make, _ = MODELS[name]
    for word in ({"regularization": {"zoneout": 0.2}}, {"recurrent_dropout": 0.2}):
        with pytest.warns(CudnnWarning, match="takes gru off cuDNN") as caught:
            model = make(cell="gru", **word)
        assert [warning.filename for warning in caught] == [__file__]
        assert not np.allclose(call(name, model, training=True), call(name, model))


@pytest.mark.parametrize("arguments", [{"weight_drop": 0.3}, {"zoneout": 0.1}, {"variational": True}])
@pytest.mark.filterwarnings("ignore::rnnzoo.errors.CudnnWarning")
def test_regularized_decoders_export(arguments: dict[str, Any], tmp_path: Path) -> None:
    model = forecaster(cell="lstm", regularization=arguments, dropout=0.1)
    assert export_onnx(model, tmp_path / "forecaster.onnx", strict=True).loops == ()
    model = translator(cell="lstm", regularization=arguments, dropout=0.1, skip="residual")
    report = export_seq2seq_onnx(model, tmp_path / "translator")
    assert report.encoder.loops == report.decoder.loops == ()


@pytest.mark.parametrize("skip", ["residual", "highway"])
def test_layers_are_led_around_on_both_sides(skip: str) -> None:
    model = translator(cell="gru", skip=skip)
    assert {"encoder_skip_2", "decoder_skip_2"} <= {layer.name for layer in model.layers}
    assert not np.allclose(call("translator", model), call("translator", translator(cell="gru")))
    model = segments(cell="gru", skip=skip)
    assert f"{skip}_2" in {layer.name for layer in model.layers}
    with pytest.raises(
        ArgumentError, match=r"skip: received 'residual' with units=.6, 6.; expected 3 layers or more"
    ):
        build_forecaster(num_features=3, horizon=2, units=(6, 6), skip="residual")


def test_pretrained_vectors_start_every_model_of_tokens() -> None:
    vectors = RNG.normal(size=(9, 5)).astype(np.float32)
    words: dict[str, Any] = {"embedding_weights": vectors, "embedding_size": 5, "trainable_embedding": False}
    for model in (
        build_tagger(num_classes=3, vocabulary_size=9, units=4, **words),
        build_language_model(vocabulary_size=9, units=4, **words),
    ):
        embedding = model.get_layer("embedding")
        np.testing.assert_array_equal(np.asarray(embedding.embeddings), vectors)
        assert embedding.trainable_weights == []
    model = translator(source_embedding_weights=vectors, trainable_embedding=False)
    np.testing.assert_array_equal(model.get_layer("source_embedding").get_weights()[0], vectors)
    assert not model.get_layer("target_embedding").trainable
    with pytest.raises(
        ArgumentError, match=r"target_embedding_weights: received shape \(8, 5\); expected \(9, 5\)"
    ):
        translator(target_embedding_weights=vectors[1:])


@pytest.mark.parametrize("pooling", ["last", "max"])
def test_every_classifier_takes_a_pooling(pooling: str) -> None:
    mask = np.ones((5, 8), bool)
    model = build_fcn_classifier(
        num_classes=2, num_features=3, units=4, pooling=pooling, filters=4, kernel_size=3
    )
    assert model(WINDOW).shape == (5, 2)
    for units in (4, (4, 4)):
        model = build_irregular_classifier(
            num_classes=2, num_features=1, units=units, pooling=pooling, dropout=0.1
        )
        assert model([WINDOW, mask]).shape == (5, 2)
    model = build_video_classifier(num_classes=2, frame_shape=(4, 4, 1), filters=2, units=4, pooling=pooling)
    assert model(np.ones((5, 8, 4, 4, 1), np.float32)).shape == (5, 2)


def test_gaps_that_decay_leave_no_way_around_layers() -> None:
    with pytest.raises(
        ArgumentError, match="skip: received 'residual' with missing='decay'; expected 'none'"
    ):
        build_irregular_classifier(num_classes=2, num_features=3, units=(4, 4, 4), skip="residual")
