"""Truth of ``rnnzoo_export.formats.dynamic_quantization``: LSTMs in 8-bit arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest

from quantized_files import answers, exported, tokens
from rnnzoo.decoding.probabilities import softmax
from rnnzoo_export import export_onnx, quantize_onnx
from rnnzoo_export.formats.quantization import QuantizationReport
from rnnzoo_export.graph.protos import count_operators


@pytest.fixture(scope="module")
def lstm_int8(tmp_path_factory: pytest.TempPathFactory) -> QuantizationReport:
    folder = tmp_path_factory.mktemp("lstm")
    data = exported("lstm", folder / "model.onnx")
    return quantize_onnx(
        folder / "model.onnx",
        folder / "int8.onnx",
        method="dynamic_int8",
        data=data,
        task="classification",
        max_drop=5.0,
    )


def test_dynamic_int8_computes_lstm_in_8_bits_and_says_what_it_kept(lstm_int8: QuantizationReport) -> None:
    operators = count_operators(onnx.load(lstm_int8.path))
    assert operators["DynamicQuantizeLSTM"] == 4  # one a direction, for the layers are masked
    assert "LSTM" not in operators
    assert lstm_int8.size <= 0.30 * lstm_int8.original_size
    assert list(lstm_int8.kept.values()) == ["the last dense layer, whose rounding shows in every answer"]


def test_dynamic_int8_answers_alike_on_all_processors(lstm_int8: QuantizationReport) -> None:
    graph = onnx.load(lstm_int8.path).graph
    tensors = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = [
        tensors[name].astype(np.int32)
        for node in graph.node
        if node.op_type == "DynamicQuantizeLSTM"
        for name in node.input[1:3]
    ]
    assert len(weights) == 8
    for weight in weights:
        # Two products with an input of up to 255 are added in 16 bits where there is no VNNI, and cut off there.
        assert np.abs(weight).max() >= 60
        assert 2 * 255 * np.abs(weight).max() <= np.iinfo(np.int16).max


def test_dynamic_int8_reports_how_an_answer_changes_with_neighbours_and_padding(
    lstm_int8: QuantizationReport,
) -> None:
    assert set(lstm_int8.changes) == {"beside", "padded"}
    assert lstm_int8.max_change == max(lstm_int8.changes.values()) <= 0.01
    together = softmax(answers(lstm_int8.path, {"tokens": tokens()}))
    alone = [softmax(answers(lstm_int8.path, {"tokens": row[None]}))[0] for row in tokens()]
    assert 0 < lstm_int8.changes["beside"] < 3 * np.abs(together - alone).max()


def twins(path: Path, *, shared: bool = True) -> dict[str, Any]:
    """Exports two calls of one LSTM, or two LSTMs."""
    keras.utils.set_random_seed(0)
    a, b = keras.Input((None, 16), name="a"), keras.Input((None, 16), name="b")
    first = keras.layers.LSTM(64, name="first")
    second = first if shared else keras.layers.LSTM(64, name="second")
    model = keras.Model([a, b], keras.layers.Dense(3)(keras.layers.Concatenate()([first(a), second(b)])))
    export_onnx(model, path)
    rng = np.random.default_rng(0)
    inputs = {name: rng.uniform(-1, 1, (40, 6, 16)).astype(np.float32) for name in ("a", "b")}
    truth = answers(path, inputs).argmax(-1)
    return {
        "data": [(inputs, truth)],
        "task": "classification",
        "max_drop": 100,
        "method": "dynamic_int8",
        "max_change": 1.0,
    }


def sharing(model: onnx.ModelProto) -> None:
    first, second = (node for node in model.graph.node if node.op_type == "LSTM")
    second.input[1:3] = first.input[1:3]


def held_by_nodes(model: onnx.ModelProto) -> None:
    tensors = list(model.graph.initializer)
    nodes = [onnx.helper.make_node("Constant", [], [tensor.name], value=tensor) for tensor in tensors]
    nodes += list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.node.extend(nodes)


def behind_identities(model: onnx.ModelProto) -> None:
    nodes = []
    for node in model.graph.node:
        if node.op_type == "LSTM":
            nodes.append(onnx.helper.make_node("Identity", [node.input[1]], [f"{node.name}/w"]))
            node.input[1] = f"{node.name}/w"
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


@pytest.mark.parametrize("change", [sharing, held_by_nodes, behind_identities])
def test_lstms_are_quantized_however_a_file_holds_their_weights(change: Any, tmp_path: Path) -> None:
    arguments = twins(tmp_path / "model.onnx")
    plain = quantize_onnx(tmp_path / "model.onnx", tmp_path / "plain.onnx", **arguments)
    model = onnx.load(tmp_path / "model.onnx")
    change(model)
    onnx.checker.check_model(model)
    onnx.save(model, tmp_path / "other.onnx")
    report = quantize_onnx(tmp_path / "other.onnx", tmp_path / "q.onnx", **arguments)
    assert count_operators(onnx.load(report.path))["DynamicQuantizeLSTM"] == 2
    assert report.kept == plain.kept
    ((inputs, _),) = arguments["data"]
    np.testing.assert_allclose(answers(report.path, inputs), answers(plain.path, inputs), atol=1e-6)
    assert report.max_difference == pytest.approx(plain.max_difference, rel=1e-3)


def test_an_lstm_whose_weights_are_computed_is_named_as_kept(tmp_path: Path) -> None:
    arguments = twins(tmp_path / "model.onnx", shared=False)
    model = onnx.load(tmp_path / "model.onnx")
    first = next(node for node in model.graph.node if node.op_type == "LSTM")
    computed = onnx.helper.make_node("Neg", [first.input[1]], ["computed"])
    first.input[1] = "computed"
    model.graph.node.insert(0, computed)
    onnx.save(model, tmp_path / "model.onnx")
    report = quantize_onnx(tmp_path / "model.onnx", tmp_path / "q.onnx", **arguments)
    assert report.kept[first.name] == "its weights are computed in the file, or it stands in a loop or branch"
    assert first.name not in report.quantized


def test_dynamic_int8_of_gru_keeps_the_gru(tmp_path: Path) -> None:
    data = exported("gru", tmp_path / "model.onnx")
    arguments: dict[str, Any] = {"data": data, "task": "classification", "max_drop": 5.0}
    report = quantize_onnx(
        tmp_path / "model.onnx", tmp_path / "int8.onnx", method="dynamic_int8", **arguments
    )
    assert list(report.kept.values()).count("onnxruntime has no 8-bit GRU") == 4
    assert len(report.quantized) == 1  # the embedding
