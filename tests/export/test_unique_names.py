"""Truth of ``rnnzoo_export.graph.unique_names``.

Layers, outputs and states of equal names: each keeps its own values in the file.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from keras import layers

from rnnzoo.cells.min_gru import MinGRUCell
from rnnzoo.cells.recurrence import Recurrence
from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import FeaturePreprocessing
from rnnzoo_export import (
    StreamingPredictor,
    export_onnx,
    export_saved_model,
    export_streaming_onnx,
    save_bundle,
)
from rnnzoo_export.formats.weight_compression import compress_weights
from rnnzoo_export.graph.protos import walk_graphs
from rnnzoo_export.graph.shared_weights import separate_recurrent_weights
from rnnzoo_export.graph.unique_names import unique_names
from slow_cases import mark_slow


def series(name: str) -> Any:
    return keras.Input((None, 3), name=name)


def siamese() -> keras.Model:
    """Keras's own names for a shared encoder beside two others."""
    a, b = series("a"), series("b")
    shared = layers.LSTM(4, name="lstm")
    others = [layers.LSTM(4, name="lstm_1")(a), layers.LSTM(4, name="lstm_2")(b)]
    return keras.Model([a, b], layers.Concatenate()([shared(a), shared(b), *others]))


def inner(name: str, layer: keras.Layer) -> keras.Model:
    x = keras.Input((None, 3))
    return keras.Model(x, layer(x), name=name)


def nested() -> keras.Model:
    x = series("x")
    parts = [inner(name, layers.LSTM(4, name="lstm", return_sequences=True)) for name in ("p", "q")]
    last = layers.LSTM(4, name="lstm_2", return_sequences=True)
    return keras.Model(x, layers.Concatenate()([part(x) for part in (*parts, last)]))


def nested_twice_and_both_ways() -> keras.Model:
    x, y = series("x"), series("y")
    first = inner("p", layers.Bidirectional(layers.LSTM(4), name="both", merge_mode="mul"))
    second = inner("q", layers.Bidirectional(layers.GRU(4), name="both"))
    others = [layers.Bidirectional(layers.GRU(4), name="both_2")(x), layers.SimpleRNN(4, name="both_3")(y)]
    return keras.Model([x, y], layers.Concatenate()([first(x), first(y), second(x), *others]))


def shared_five_times() -> keras.Model:
    inputs = [series(f"x{i}") for i in range(5)]
    shared = Recurrence(MinGRUCell(4), name="scan")
    others = [layers.GRU(4, name="scan_2")(inputs[0]), layers.SimpleRNN(4, name="scan_3")(inputs[1])]
    return keras.Model(inputs, layers.Concatenate()([*map(shared, inputs), *others]))


def named_as_its_model() -> keras.Model:
    x = series("x")
    return keras.Model(x, layers.Dense(2, name="gru")(layers.LSTM(4, name="gru_1")(x)), name="gru_1")


#: Each model with its calls of recurrent layers.
MODELS: dict[str, tuple[Callable[[], keras.Model], int]] = {
    "siamese": (siamese, 4),
    "nested": (nested, 3),
    "nested, called twice, both ways": (nested_twice_and_both_ways, 5),
    "shared five times": (shared_five_times, 7),
    "named as its model": (named_as_its_model, 1),
}


@pytest.mark.parametrize("name", mark_slow(MODELS, "shared five times"))
def test_layers_of_equal_names_export(name: str, tmp_path: Path) -> None:
    build, calls = MODELS[name]
    model = build()
    report = export_onnx(model, tmp_path / "model.onnx")
    assert len(report.fused) == calls
    assert report.parity.max_difference <= 1e-5
    graph = onnx.load(tmp_path / "model.onnx").graph
    for names in ([t.name for t in graph.initializer], [n.name for n in graph.node if n.name]):
        assert len(names) == len(set(names))
    assert export_saved_model(model, tmp_path / "saved").max_difference <= 1e-5


#: Names that the exporter makes itself of others, or that other layers could have.
HOSTILE = ("lstm", "lstm_2", "lstm_3", "W", "W_copy", "network", "raw", "constant_1", "x0")


def drawn(seed: int) -> keras.Model:
    """Draws nested models and layers whose names are taken from few, each called once or several times."""
    rng = np.random.default_rng(seed)
    inputs = [series(f"x{i}") for i in range(2)]

    def layer() -> keras.Layer:
        name = str(rng.choice(HOSTILE))
        kinds: list[Callable[[], keras.Layer]] = [
            lambda: layers.LSTM(4, name=name),
            lambda: layers.GRU(4, name=name),
            lambda: layers.SimpleRNN(4, name=name),
            lambda: Recurrence(MinGRUCell(4), name=name),
            lambda: layers.Bidirectional(layers.LSTM(2, name="lstm"), name=name),
        ]
        return kinds[rng.integers(len(kinds))]()

    calls = []
    own: set[str] = {"x0", "x1"}  # names that Keras lets one model have once
    for part in range(4):
        made = inner(f"part_{part}", layer()) if rng.random() < 0.6 else layer()
        if made.name in own:
            made = inner(f"part_{part}", made)
        own.add(made.name)
        calls += [made(inputs[i]) for i in range(1 + int(rng.integers(2)))]
    return keras.Model(
        inputs, layers.Concatenate(name="answer")([*calls, layers.GRU(2, name="last")(inputs[1])])
    )


@pytest.mark.parametrize("seed", mark_slow(range(24), *range(2, 24)))
def test_networks_of_hostile_equal_names_export_and_become_smaller(seed: int, tmp_path: Path) -> None:
    model = drawn(seed)
    report = export_onnx(model, tmp_path / "model.onnx")
    assert report.parity.max_difference <= 1e-5
    proto = onnx.load(tmp_path / "model.onnx")
    separate_recurrent_weights(proto.graph)
    onnx.checker.check_model(proto, full_check=True)
    compress_weights(proto, int8=False)
    onnx.checker.check_model(proto, full_check=True)
    for graph in walk_graphs(proto.graph):
        names = [tensor.name for tensor in graph.initializer] + [
            node.name for node in graph.node if node.name
        ]
        assert len(names) == len(set(names))
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(size=(2, 5, 3)).astype(np.float32) for name in ("x0", "x1")}
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, values)[0], model(list(values.values())), atol=1e-2)


def test_streams_of_layers_of_equal_names_keep_their_states_apart(tmp_path: Path) -> None:
    model = nested()
    report = export_streaming_onnx(model, tmp_path / "stream.onnx")
    assert [state.input for state in report.states] == [
        "lstm_h",
        "lstm_c",
        "lstm_h_again",
        "lstm_c_again",
        "lstm_2_h",
        "lstm_2_c",
    ]


def test_a_state_never_has_the_name_of_an_input_or_output(tmp_path: Path) -> None:
    x = series("gru_h")
    hidden = layers.GRU(4, name="gru", return_sequences=True)(x)
    model = keras.Model(x, layers.Dense(2, name="gru_h_again_out")(hidden))
    report = export_streaming_onnx(model, tmp_path / "stream.onnx")
    assert [state.input for state in report.states] == ["gru_h_again_again"]
    save_bundle(model, tmp_path / "bundle", also=["streaming"])
    predictor = StreamingPredictor(tmp_path / "bundle")
    values = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    session = predictor.open()
    found = [
        predictor.step(session, {"gru_h": piece})["gru_h_again_out"] for piece in (values[:1], values[1:])
    ]
    np.testing.assert_allclose(np.concatenate(found), model(values[None])[0], atol=1e-5)


def test_every_output_has_a_name_of_its_own(tmp_path: Path) -> None:
    a, b = series("a"), series("b")
    shared, other = layers.LSTM(4, name="lstm"), layers.LSTM(4, name="lstm_1")
    model = keras.Model([a, b], [shared(a), shared(b), other(a)])
    export_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert [node.name for node in session.get_outputs()] == ["lstm", "lstm_2", "lstm_1"]
    rng = np.random.default_rng(0)
    values = {name: rng.normal(size=(2, 5, 3)).astype(np.float32) for name in ("a", "b")}
    for found, expected in zip(session.run(None, values), model(list(values.values())), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_layer_may_have_a_name_of_the_nodes_around_the_network(tmp_path: Path) -> None:
    x = series("features")
    network = layers.GRU(3, name="network", return_sequences=True)(x)
    model = keras.Model(x, layers.Dense(1, name="answer")(layers.LSTM(4, name="raw")(network)), name="raw")
    scaled = FeaturePreprocessing([1.0, 2.0, 3.0], [2.0, 1.0, 0.5], variable_length=False)
    decoding = Decoding(task="regression", target_names=["y"], mean=[5.0], scale=[2.0])
    report = export_onnx(model, tmp_path / "raw.onnx", series=scaled, decoding=decoding)
    assert report.parity.max_difference <= 1e-5


def test_unique_names_are_all_different_and_the_first_keeps_its_own() -> None:
    for wishes in itertools.product(["a", "a_1", "a_2", "b"], repeat=3):
        names = unique_names(wishes, taken=["b"])
        assert len({*names, "b"}) == len(wishes) + 1
        for place, (wish, name) in enumerate(zip(wishes, names, strict=True)):
            assert (name == wish) == (wish not in wishes[:place] and wish != "b")
            assert name.startswith(wish)
