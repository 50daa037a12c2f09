"""Truth of ``rnnzoo.builders.parts.regularization``.

Weight-drop, zoneout, variational dropout and penalties: what they do in training, and that nothing else changes.
"""

from __future__ import annotations

import importlib
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from advice import followed
from rnnzoo import Regularization, build_classifier, build_tagger, explain_cudnn, load_model
from rnnzoo.cells.recurrence import Recurrence
from rnnzoo.cells.zoneout import ZoneoutCell
from rnnzoo.errors import ArgumentError, CudnnWarning, UnknownNameError
from rnnzoo.layers.activation_penalty import ActivationPenalty
from rnnzoo.layers.weight_drop import WeightDrop
from rnnzoo_export import export_onnx, export_saved_model
from slow_cases import slow_but

X = np.random.default_rng(0).normal(size=(3, 7, 4)).astype(np.float32)
MASK = np.arange(7) < np.array([7, 4, 2])[:, None]


def tagger(**arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(1)
    arguments = {"cell": "lstm", "units": (6, 6), "bidirectional": False, **arguments}
    return build_tagger(num_classes=3, num_features=4, variable_length=True, **arguments)


def answers(model: keras.Model, *, training: bool = False) -> np.ndarray:
    return np.asarray(model([X, MASK], training=training))


class TestWeightDrop:
    @pytest.mark.parametrize("cell", slow_but(["lstm", "gru", "simple_rnn"], "lstm"))
    @pytest.mark.parametrize("bidirectional", [False, True])
    def test_inference_files_and_weights_are_clean(
        self, cell: str, bidirectional: bool, tmp_path: Path
    ) -> None:
        plain = tagger(cell=cell, bidirectional=bidirectional)
        dropped = tagger(cell=cell, bidirectional=bidirectional, regularization={"weight_drop": 0.5})
        dropped.set_weights(_with_seeds(plain, dropped))
        np.testing.assert_array_equal(answers(plain), answers(dropped))
        assert not np.allclose(answers(dropped), answers(dropped, training=True))
        np.testing.assert_array_equal(answers(plain), answers(dropped))
        dropped.save(tmp_path / "model.keras")
        np.testing.assert_array_equal(answers(load_model(tmp_path / "model.keras")), answers(plain))
        report = export_onnx(dropped, tmp_path / "model.onnx", strict=True)
        assert report.loops == ()
        assert len(report.fused) == 2
        export_saved_model(dropped, tmp_path / "saved")

    def test_the_same_weights_are_dropped_at_all_steps(self) -> None:
        """With an identity for recurrent weights, a dropped one is dropped for good."""
        layer = WeightDrop(layers.SimpleRNN(200, activation="linear", return_sequences=True), 0.5)
        layer(np.zeros((1, 3, 2), np.float32))
        cell = layer.layer.cell
        cell.recurrent_kernel.assign(np.eye(200))
        cell.kernel.assign(np.ones((2, 200)) / 2)
        pulse = np.zeros((1, 4, 2), np.float32)
        pulse[0, 0] = 1
        found = np.asarray(layer(pulse, training=True))[0]
        kept = found[1] > 0
        assert 60 < kept.sum() < 140
        np.testing.assert_allclose(found[:, kept], np.array([1, 2, 4, 8])[:, None] * np.ones(kept.sum()))
        assert (found[1:, ~kept] == 0).all()
        np.testing.assert_array_equal(np.asarray(cell.recurrent_kernel), np.eye(200))

    def test_gradients_reach_the_weights_that_were_kept(self) -> None:
        layer = WeightDrop(layers.GRU(6), 0.5)
        layer(X)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(X, training=True))
        (gradient,) = tape.gradient(loss, [layer.layer.cell.recurrent_kernel])
        zeros = (np.asarray(gradient) == 0).mean()
        assert 0.2 < zeros < 0.8

    @pytest.mark.parametrize("bidirectional", [False, True])
    def test_it_keeps_cudnn(self, bidirectional: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        rnn = importlib.import_module("keras.src.backend.tensorflow.rnn")
        monkeypatch.setattr(rnn, "_is_gpu_available", lambda: True)
        model = tagger(bidirectional=bidirectional, regularization=Regularization(weight_drop=0.5))
        assert explain_cudnn(model).eligible
        specs = [tf.TensorSpec(x.shape, x.dtype) for x in model.inputs]
        graph = tf.function(lambda *x: model(list(x), training=True)).get_concrete_function(*specs).graph
        kinds = [operation.type for operation in graph.get_operations()]
        assert kinds.count("CudnnRNNV3") == (4 if bidirectional else 2)
        assert "While" not in kinds

    def test_other_layers_are_refused(self) -> None:
        followed(
            lambda: WeightDrop(Recurrence(ZoneoutCell(layers.LSTMCell(3), 0.1)), 0.5),
            "expected LSTM, GRU or SimpleRNN, whose recurrent weights are one matrix. Wrap one of them; in a builder, "
            "choose such a cell, or weight_drop=0.",
            *(
                partial(WeightDrop, layer, 0.5)
                for layer in (
                    layers.LSTM(3),
                    layers.GRU(3),
                    layers.SimpleRNN(3),
                    layers.Bidirectional(layers.GRU(3)),
                )
            ),
            lambda: tagger(cell="gru", regularization={"weight_drop": 0.5}),
            lambda: tagger(cell="min_gru", regularization={"weight_drop": 0.0}),
        )


def _with_seeds(plain: keras.Model, other: keras.Model) -> list[np.ndarray]:
    """The plain model's weights in the places of the other's, its seeds kept."""
    values = iter(plain.get_weights())
    return [np.asarray(variable) if "seed" in variable.path else next(values) for variable in other.weights]


class TestZoneout:
    def test_inference_is_the_mean_and_training_the_choice(self) -> None:
        cell = ZoneoutCell(layers.LSTMCell(50), 0.3)
        layer = Recurrence(cell, return_sequences=True)
        x = X[:, :2]
        layer(x)
        inner = layers.RNN(cell.cell, return_sequences=True)
        first = np.asarray(inner(x[:, :1]))[:, 0]
        np.testing.assert_allclose(np.asarray(layer(x))[:, 0], 0.7 * first, rtol=1e-5)
        chosen = np.asarray(layer(x, training=True))[:, 0]
        kept = chosen == 0
        np.testing.assert_allclose(chosen[~kept], first[~kept], rtol=1e-5)
        assert 0.15 < kept.mean() < 0.45
        again = np.asarray(layer(x, training=True))
        assert not np.array_equal(again[:, 0] == 0, kept)
        assert not np.array_equal(again[:, 1] == again[:, 0], kept)  # chosen anew at each step

    @pytest.mark.parametrize("cell", ["lstm", "gru", "simple_rnn"])
    def test_it_is_saved_and_exported_and_warns(self, cell: str, tmp_path: Path) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = tagger(cell=cell, regularization={"zoneout": 0.1})
        messages = [str(w.message) for w in caught if issubclass(w.category, CudnnWarning)]
        assert bool(messages) == (cell != "simple_rnn")
        assert all(message.startswith(f"zoneout=0.1 takes {cell} off cuDNN") for message in messages)
        model.save(tmp_path / "model.keras")
        np.testing.assert_array_equal(answers(load_model(tmp_path / "model.keras")), answers(model))
        report = export_onnx(model, tmp_path / "model.onnx", strict=True)
        assert report.operators["Scan"] == 2
        assert "Loop" not in report.operators


def test_variational_dropout_drops_the_same_at_all_steps() -> None:
    model = tagger(dropout=0.5, regularization={"variational": True})
    inside = keras.Model(model.inputs, model.get_layer("dropout_2").output)
    ones = keras.Model(inside.get_layer("lstm_1").output, inside.output)
    found = np.asarray(ones(np.ones((2, 5, 6), np.float32), training=True))
    assert (found == found[:, :1]).all()
    assert {0.0, 2.0} == set(np.unique(found).tolist())


class TestActivationPenalty:
    def test_padding_does_not_count(self) -> None:
        layer = ActivationPenalty(size=2.0, change=1.0)
        x = X.copy()
        x[~MASK] = 100
        layer(x, mask=MASK, training=True)
        size = np.concatenate([row[valid] for row, valid in zip(X, MASK, strict=True)])
        changes = [np.diff(row[valid], axis=0) for row, valid in zip(X, MASK, strict=True)]
        expected = [2.0 * (size**2).mean(), (np.concatenate(changes) ** 2).mean()]
        np.testing.assert_allclose([float(loss) for loss in layer.losses], expected, rtol=1e-5)

    def test_it_is_part_of_the_loss_in_training_only(self) -> None:
        model = tagger(regularization={"activation_penalty": 2.0, "change_penalty": 1.0})
        model([X, MASK], training=True)
        assert len(model.losses) == 2
        model([X, MASK], training=False)
        assert model.losses == []
        np.testing.assert_array_equal(answers(model), answers(model, training=True))


@pytest.mark.parametrize("cell", ["lstm", "layer_norm_lstm"])
def test_penalties_on_each_kind_of_weight(cell: str) -> None:
    fields = {"kernel_l1": 0.1, "kernel_l2": 0.2, "recurrent_l1": 0.3, "recurrent_l2": 0.4}
    model = tagger(cell=cell, units=(6,), regularization=fields)
    one = model.get_layer(f"{cell}_1").cell
    kernel, recurrent = np.asarray(one.kernel), np.asarray(one.recurrent_kernel)
    expected = 0.1 * np.abs(kernel).sum() + 0.2 * (kernel**2).sum()
    expected += 0.3 * np.abs(recurrent).sum() + 0.4 * (recurrent**2).sum()
    np.testing.assert_allclose(sum(float(loss) for loss in model.losses), expected, rtol=1e-5)


@pytest.mark.parametrize("skip", ["residual", "highway"])
def test_a_way_around_each_layer(skip: str, tmp_path: Path) -> None:
    model = tagger(units=(6, 6, 6), skip=skip, bidirectional=True)
    around = [layer.name for layer in model.layers if layer.name.startswith(skip)]
    assert around == [f"{skip}_2", f"{skip}_3"]
    export_onnx(model, tmp_path / "model.onnx", strict=True)


def test_a_shut_highway_is_the_layer_below() -> None:
    model = tagger(units=(6, 6), skip="highway")
    gate = model.get_layer("highway_2")
    gate.kernel.assign(np.zeros((6, 6)))
    gate.bias.assign(np.full(6, -50.0))
    below = keras.Model(model.inputs, model.get_layer("lstm_1").output)
    above = keras.Model(model.inputs, gate.output)
    np.testing.assert_allclose(np.asarray(above([X, MASK])), np.asarray(below([X, MASK])), atol=1e-6)


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "recurrent dropout of a parallel cell": (
        {"cell": "min_gru", "recurrent_dropout": 0.1},
        ArgumentError,
        "recurrent_dropout: received 0.1 with cell='min_gru', which computes all steps at once; expected 0.",
    ),
    "recurrent dropout of another": (
        {"cell": "ind_rnn", "recurrent_dropout": 0.1},
        ArgumentError,
        "with cell='ind_rnn', which has no dropout of its state; expected 0.",
    ),
    "weight-drop of a parallel cell": (
        {"cell": "sru", "regularization": {"weight_drop": 0.5}},
        ArgumentError,
        "weight_drop: received 0.5 with cell='sru'; expected 0. It needs one of the cells simple_rnn, lstm, gru",
    ),
    "zoneout of a parallel cell": (
        {"cell": "rg_lru", "regularization": {"zoneout": 0.5}},
        ArgumentError,
        "zoneout: received 0.5 with cell='rg_lru'; expected 0. It needs one of the cells simple_rnn, lstm, gru",
    ),
    "penalty on what is not there": (
        {"cell": "min_lstm", "regularization": {"recurrent_l2": 0.5}},
        ArgumentError,
        "received a penalty with cell='min_lstm', which has no matrix that reads the state",
    ),
    "zoneout and weight-drop": (
        {"regularization": {"zoneout": 0.5, "weight_drop": 0.5}},
        ArgumentError,
        "regularization: received weight_drop=0.5 and zoneout=0.5; expected one of them.",
    ),
    "zoneout and recurrent dropout": (
        {"regularization": {"zoneout": 0.5}, "recurrent_dropout": 0.1},
        ArgumentError,
        "zoneout: received 0.5 and recurrent_dropout=0.1; expected one of them.",
    ),
    "a misspelt field": (
        {"regularization": {"weightdrop": 0.5}},
        UnknownNameError,
        "unknown field of regularization: received 'weightdrop'; did you mean 'weight_drop'?",
    ),
    "no mapping": (
        {"regularization": 0.5},
        ArgumentError,
        "regularization: received 0.5; expected a Regularization or a mapping of its fields",
    ),
    "too much": (
        {"regularization": {"weight_drop": 1.0}},
        ArgumentError,
        "weight_drop: received 1.0; expected a finite number at least 0 and below 1.",
    ),
    "skips between unequal widths": (
        {"units": (6, 8), "skip": "residual"},
        ArgumentError,
        r"skip: received 'residual' with units=(6, 8); expected 2 layers or more, of equal width.",
    ),
    "a misspelt skip": ({"skip": "residuals"}, UnknownNameError, "did you mean 'residual'?"),
    "a cell with inputs of its own": ({"cell": "gru_d"}, UnknownNameError, "unknown cell: received 'gru_d'"),
    "a misspelt cell": ({"cell": "mingru"}, UnknownNameError, "did you mean 'min_gru'?"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_in_words(what: str) -> None:
    arguments, error, message = REFUSED[what]
    with pytest.raises(error) as caught:
        tagger(**arguments)
    assert message in str(caught.value)


def test_penalties_on_outputs_need_outputs_at_every_step() -> None:
    with pytest.raises(
        ArgumentError, match=r"activation_penalty, change_penalty: received 2\.0 and 0\.0 in a model"
    ):
        build_classifier(num_classes=2, num_features=3, regularization={"activation_penalty": 2.0})


def test_skips_of_a_model_that_answers_once_need_three_layers() -> None:
    with pytest.raises(ArgumentError, match=r"with units=\(4, 4\); expected 3 layers or more"):
        build_classifier(num_classes=2, num_features=3, units=(4, 4), skip="residual")


@pytest.mark.parametrize("cell", ["min_gru", "ind_rnn"])
@pytest.mark.parametrize("training", [False, True])
def test_cells_of_rnnzoo_run_in_mixed_precision(cell: str, training: bool) -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = tagger(cell=cell)
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(answers(model, training=training)).all()
