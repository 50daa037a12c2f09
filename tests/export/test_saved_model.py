"""Truth of ``rnnzoo_export.formats.saved_model``: savedModel: portable, named, proved."""

from __future__ import annotations

import importlib
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from rnnzoo import build_classifier, get_spec, list_models
from rnnzoo.errors import ArgumentError, ParityError, PathExistsError, UnsupportedLayerError
from rnnzoo.preprocessing import TextPreprocessing, TokenPreprocessing
from rnnzoo_export import check_parity, export_saved_model
from rnnzoo_export.network.exportable import Exportable
from zoo_cases import batch, case, first_of_each, run, tiny


def operations(function: tf.types.experimental.ConcreteFunction) -> set[str]:
    definition = function.graph.as_graph_def()
    inner = {node.op for one in definition.library.function for node in one.node_def}
    return inner | {node.op for node in definition.node}


@pytest.mark.parametrize("name", first_of_each(list_models(), ("task",)))
def test_signature_has_the_models_names_and_free_axes(name: str, tmp_path: Path) -> None:
    model = tiny(name)
    report = export_saved_model(model, tmp_path / "1")
    assert report.max_difference <= 1e-5
    loaded = tf.saved_model.load(str(tmp_path / "1"))
    function = loaded.signatures["serving_default"]
    specs = function.structured_input_signature[1]
    assert list(function.structured_outputs) == model.output_names
    assert {key: spec.shape[:2].as_list() for key, spec in specs.items()} == {
        tensor.name: [None, tensor.shape[1]] for tensor in model.inputs
    }
    inputs = batch(name, [4, 2, 1] if case(name).takes_mask(get_spec(name)) else [4, 4, 4], 4)
    tensors = dict(zip([t.name for t in model.inputs], inputs, strict=True))
    output = function(**{key: tf.constant(value) for key, value in tensors.items()})
    np.testing.assert_allclose(output[model.output_names[0]], run(model, inputs), rtol=1e-5, atol=1e-6)


def test_no_cudnn_operation_even_where_there_is_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = importlib.import_module("keras.src.backend.tensorflow.rnn")
    monkeypatch.setattr(backend, "_is_gpu_available", lambda: True)
    export_saved_model(tiny("series-classifier-bilstm"), tmp_path / "1")
    loaded = tf.saved_model.load(str(tmp_path / "1"))
    found = operations(loaded.signatures["serving_default"])
    assert not {name for name in found if "udnn" in name}


def test_refusals_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("series-classifier-gru")
    stateful = keras.Sequential([keras.Input(batch_shape=(1, 2, 3)), keras.layers.GRU(2, stateful=True)])
    with pytest.raises(UnsupportedLayerError, match="keeps its state between calls"):
        export_saved_model(stateful, tmp_path / "new")
    predict = Exportable.predict
    monkeypatch.setattr(
        Exportable,
        "predict",
        lambda self, inputs: {key: value + 1 for key, value in predict(self, inputs).items()},
    )
    with pytest.raises(ParityError, match=f"{tmp_path / 'new'}: logits at"):
        export_saved_model(model, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(PathExistsError, match="not empty"):
        export_saved_model(model, tmp_path / "full")
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


def test_check_parity_reads_directories_too(tmp_path: Path) -> None:
    model = tiny("series-classifier-gru")
    export_saved_model(model, tmp_path / "1")
    assert check_parity(model, tmp_path / "1").max_difference <= 1e-5
    with pytest.raises(ParityError):
        check_parity(tiny("series-classifier-gru"), tmp_path / "1")


class TestTexts:
    """Text models take strings."""

    WORDS = ("the cat sat", "don't stop", "na\u00efve \u65e5\u672c")

    @pytest.mark.parametrize("kind", [TextPreprocessing, TokenPreprocessing])
    def test_strings_go_in(self, kind: type[TextPreprocessing], tmp_path: Path) -> None:
        made = kind.fit(self.WORDS, max_length=30)
        model = build_classifier(vocabulary_size=len(made.vocabulary), num_classes=3, units=(4,))
        report = export_saved_model(model, tmp_path / "1", text=made)
        assert report.max_difference <= 1e-5
        loaded = tf.saved_model.load(str(tmp_path / "1"))
        assert sorted(loaded.signatures) == ["arrays", "serving_default"]
        rows = ["The CAT!", "a", "stop na\u00efve\u00a0\u65e5\u672c", "\x00"]
        tokens = made.apply(rows)["tokens"]
        expected = np.asarray(model(tokens))
        found = loaded.signatures["serving_default"](text=tf.constant(rows))["logits"]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
        found = loaded.signatures["serving_default"](text=tf.constant(["stop", " ", ""]))["logits"]
        assert np.isnan(found).all(axis=1).tolist() == [False, True, True]  # refused by the preprocessing
        found = loaded.signatures["arrays"](tokens=tf.constant(tokens))["logits"]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)

    def test_other_preprocessing_is_refused(self, tmp_path: Path) -> None:
        made = TextPreprocessing.fit(self.WORDS)
        with pytest.raises(ArgumentError, match=r"^text: received str; expected TextPreprocessing"):
            export_saved_model(tiny("text-classifier-gru"), tmp_path / "1", text="words")  # type: ignore[arg-type]
        with pytest.raises(ArgumentError, match="makes tokens; the model takes features, mask"):
            export_saved_model(tiny("series-classifier-gru"), tmp_path / "1", text=made)
        assert list(tmp_path.iterdir()) == []


def test_what_hangs_on_the_model_itself_is_saved_too(tmp_path: Path) -> None:
    initializer = tf.lookup.KeyValueTensorInitializer(
        tf.constant([10, 20], tf.int64), tf.constant([1, 2], tf.int64)
    )
    table, dense = tf.lookup.StaticHashTable(initializer, 0), layers.Dense(3)
    dense.build((None, None, 3))
    keys = keras.Input((None,), dtype="int64", name="keys")
    ids = layers.Lambda(table.lookup, output_shape=(None,), dtype="int64")(keys)
    x = layers.Lambda(lambda x: dense(x))(layers.Embedding(5, 3)(ids))
    model = keras.Model(keys, layers.LSTM(3)(x))
    model.table, model.dense = table, dense
    export_saved_model(model, tmp_path / "saved")
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    assert len(loaded.variables) == len(model.variables)
    assert len(loaded.trainable_variables) == len(model.trainable_weights) == 6
    given = np.array([[10, 20, 30]])
    (found,) = loaded.signatures["serving_default"](keys=tf.constant(given)).values()
    np.testing.assert_allclose(found, model(given), atol=1e-6)


def test_a_layer_of_keras_calls_one_of_several_inputs(tmp_path: Path) -> None:
    x, static = keras.Input((None, 3), name="x"), keras.Input((2,), name="static")
    model = keras.Model(
        [x, static], layers.Dense(2, name="y")(layers.Concatenate()([layers.GRU(3)(x), static]))
    )
    export_saved_model(model, tmp_path / "saved")
    inputs = [np.ones((2, 4, 3), np.float32), np.ones((2, 2), np.float32)]
    layer = layers.TFSMLayer(tmp_path / "saved", call_endpoint="serving_default")
    np.testing.assert_allclose(layer(inputs)["y"], model(inputs), atol=1e-6)
    assert len(layer.trainable_weights) == len(model.trainable_weights)
