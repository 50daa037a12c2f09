"""Truth of ``rnnzoo_export.network.model_call``: what inputs and outputs of a file are called, and how a model is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from keras import layers, ops

from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo_export import (
    OnnxPredictor,
    check_parity,
    export_onnx,
    export_saved_model,
    export_streaming_onnx,
    save_bundle,
)
from rnnzoo_export.network.exportable import Exportable


def series(name: str | None = None) -> keras.KerasTensor:
    return keras.Input((None, 3), name=name)


def sequential(name: str | None = None) -> keras.Model:
    return keras.Sequential([series(name), layers.GRU(2)])


def names(model: keras.Model, **options: Any) -> tuple[list[str], list[str]]:
    signature = Exportable(model, **options).signature
    return [spec.name for spec in signature.inputs], [spec.name for spec in signature.outputs]


def test_inputs_that_keras_numbered_get_a_plain_name(tmp_path: Path) -> None:
    assert names(sequential())[0] == ["input"]
    assert names(sequential("x"))[0] == ["x"]
    parts = [series(), series("age"), series()]
    several = keras.Model(parts, layers.GRU(2)(layers.Concatenate()(parts)))
    assert names(several)[0] == ["input_1", "age", "input_2"]
    several.save(tmp_path / "model.keras")
    assert names(keras.models.load_model(tmp_path / "model.keras"))[0] == ["input_1", "age", "input_2"]


def test_keys_of_dictionaries_are_the_names_of_inputs_and_outputs() -> None:
    a, b = series("p"), series("q")
    outputs = {"v": layers.GRU(2)(a), "nested": {"u": layers.GRU(1)(b)}, "pair": [layers.GRU(1)(a)]}
    model = keras.Model({"p": a, "q": b}, outputs)
    assert names(model) == (["p", "q"], ["nested_u", "pair_0", "v"])
    with pytest.warns(UserWarning, match="keys in the dict must match"):
        renamed = keras.Model({"k": a}, {"answer": layers.GRU(2)(a)})
    assert names(renamed) == (["k"], ["answer"])


def test_new_names_for_inputs_in_every_file(tmp_path: Path) -> None:
    model = sequential("x")
    export_onnx(model, tmp_path / "a.onnx", input_names=["series"])
    assert [node.name for node in onnx.load(tmp_path / "a.onnx").graph.input] == ["series"]
    assert check_parity(model, tmp_path / "a.onnx", input_names={"x": "series"}).cases > 0
    export_streaming_onnx(model, tmp_path / "s.onnx", input_names=["series"])
    assert onnx.load(tmp_path / "s.onnx").graph.input[0].name == "series"
    bundle = save_bundle(model, tmp_path / "b", input_names={"x": "series"})
    assert [spec.name for spec in bundle.signature.inputs] == ["series"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            ["a", "b"],
            "input_names: received ['a', 'b']; expected one name for each input of model 'own', which are ['x']. Pass "
            "a list in this order, or a dictionary of new names by the old.",
        ),
        ([], "input_names: received []; expected one name for each input"),
        (
            ["a b"],
            "input_names: received 'a b'; expected letters, digits and '_', a letter first, and no word of Python's "
            "own. Choose another name.",
        ),
    ],
)
def test_names_that_do_not_go(wanted: list[str], message: str) -> None:
    model = keras.Sequential([series("x"), layers.GRU(2)], name="own")
    with pytest.raises(ArgumentError, match=re.escape(message)):
        Exportable(model, input_names=wanted)


def test_an_old_name_that_no_input_has() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'series'"):
        Exportable(sequential("series"), input_names={"serie": "x"})


def test_a_name_that_a_saved_model_cannot_hold_is_told_the_way_out(tmp_path: Path) -> None:
    model = sequential("my-series")
    with pytest.raises(ArgumentError) as caught:
        export_saved_model(model, tmp_path / "saved")
    advice = "Pass input_names={'my-series': 'features'} or another new name."
    assert str(caught.value).endswith(advice)
    assert export_saved_model(model, tmp_path / "saved", input_names={"my-series": "features"}).cases > 0


def test_outputs_without_a_batch_axis(tmp_path: Path) -> None:
    x = series("x")
    states = layers.GRU(3, name="gru")(x)
    model = keras.Model(x, {"all": ops.sum(states), "units": ops.sum(states, axis=0), "rows": states})
    bundle = save_bundle(model, tmp_path / "bundle")
    assert [(spec.name, spec.shape, spec.axes) for spec in bundle.signature.outputs] == [
        ("all", (), ()),
        ("rows", (None, 3), ("batch", "features")),
        ("units", (3,), (None,)),
    ]
    predictor = OnnxPredictor(bundle)
    batch = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(np.float32)
    answer = predictor.run({"x": batch})
    for name, truth in model(batch).items():
        np.testing.assert_allclose(answer[name], truth, atol=1e-5)
    assert not predictor.rows_are_free


class Pair(keras.Model):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cell = layers.LSTM(3)

    def call(self, x: Any, y: Any) -> Any:
        return {"v": self.cell(x) + self.cell(y), "nested": {"u": self.cell(y)}}


def test_a_call_of_several_arguments_is_told_its_signature_and_exports(tmp_path: Path) -> None:
    model = Pair(name="pair")
    rows = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    model(rows, rows)
    advice = "(keras.Input((None, 3), name='x'), keras.Input((None, 3), name='y'))"
    with pytest.raises(ArgumentError) as caught:
        export_onnx(model, tmp_path / "model.onnx")
    assert str(caught.value) == (
        "model 'pair': a subclassed model does not say what it takes; expected input_signature. Pass e.g. "
        f"input_signature={advice}."
    )
    with pytest.raises(ArgumentError) as caught:
        export_onnx(model, tmp_path / "model.onnx", input_signature=series())
    assert str(caught.value) == (
        "input_signature: received one entry; model 'pair' is called with the arguments x, y. Pass one entry for each, "
        f"e.g. input_signature={advice}."
    )
    report = export_onnx(model, tmp_path / "model.onnx", input_signature=(series(), series()))
    session = onnxruntime.InferenceSession(str(report.path))
    u, v = session.run(["nested_u", "v"], {"x": rows, "y": rows[::-1].copy()})
    truth = model(rows, rows[::-1])
    np.testing.assert_allclose(v, truth["v"], atol=1e-5)
    np.testing.assert_allclose(u, truth["nested"]["u"], atol=1e-5)


def test_the_graph_knows_a_width_that_keras_announces_wrongly(tmp_path: Path) -> None:
    x = series("x")
    wrapped = layers.Bidirectional(layers.LSTM(4), backward_layer=layers.LSTM(6, go_backwards=True))
    model = keras.Model(x, wrapped(x))
    export_onnx(model, tmp_path / "model.onnx")
    assert Exportable(model).signature.outputs[0].shape == (None, 10)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    assert session.get_outputs()[0].shape == ["batch", 10]
