"""Truth of ``rnnzoo_export.formats.quantization``: smaller files: how small, how near, and when they are refused."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from rnnzoo import Splits, build_classifier, build_tagger, load_dataset
from rnnzoo.decoding.probabilities import softmax
from rnnzoo.errors import AccuracyError, ArgumentError, DataError, ExportError, PathExistsError
from rnnzoo_export import export_onnx, export_streaming_onnx, quantize_onnx
from rnnzoo_export.formats.quantization import QuantizationReport
from rnnzoo_export.graph.protos import count_operators

VOCABULARY = 1000


@pytest.fixture(scope="module")
def digits() -> Splits:
    return load_dataset("digits")


@pytest.fixture
def model_path(digits_bundle: Path) -> Path:
    return digits_bundle / "model.onnx"


def tokens(rows: int = 64, steps: int = 30) -> np.ndarray:
    rng = np.random.default_rng(0)
    ids = rng.integers(1, VOCABULARY, (rows, steps)).astype(np.int32)
    return np.where(np.arange(steps) < rng.integers(1, steps + 1, (rows, 1)), ids, 0).astype(np.int32)


def exported(cell: str, path: Path) -> list[tuple[Any, ...]]:
    """Exports a text classifier and returns rows whose truth is its own answer."""
    keras.utils.set_random_seed(0)
    model = build_classifier(
        num_classes=4,
        vocabulary_size=VOCABULARY,
        embedding_size=64,
        cell=cell,
        units=(128, 128),
        bidirectional=True,
    )
    export_onnx(model, path)
    return [({"tokens": tokens()}, np.asarray(model(tokens())).argmax(-1))]


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_int8_weights_are_about_a_quarter_and_answer_alike(cell: str, tmp_path: Path) -> None:
    data = exported(cell, tmp_path / "model.onnx")
    arguments: dict[str, Any] = {"data": data, "task": "classification", "max_drop": 5.0}
    report = quantize_onnx(tmp_path / "model.onnx", tmp_path / "int8.onnx", **arguments)
    assert report.size == (tmp_path / "int8.onnx").stat().st_size
    assert report.size <= 0.30 * report.original_size
    assert 0 < report.max_difference < 0.05
    # The embedding, two kernels a direction and layer, the head.
    recurrent = 4 if cell != "simple_rnn" else 8
    assert len(report.quantized) == recurrent + 2
    assert all(
        "bias" in reason or "numbers" in reason or "input 3" in reason for reason in report.kept.values()
    )
    half = quantize_onnx(tmp_path / "model.onnx", tmp_path / "half.onnx", method="float16", **arguments)
    assert half.quantized == report.quantized
    assert half.size <= 0.53 * half.original_size
    assert half.max_difference < report.max_difference / 10
    before, after = (
        Counter(count_operators(onnx.load(tmp_path / f"{name}.onnx"))) for name in ("model", "int8")
    )
    assert before <= after
    assert set(after - before) <= {"Cast", "Mul"}


def test_what_the_int8_weights_are_worth(tmp_path: Path) -> None:
    # One column of the head, so that the rounding is known: half a step of 1/127 of the largest weight.
    inputs = keras.Input((None, 32), name="x")
    model = keras.Model(inputs, keras.layers.Dense(16, name="head")(keras.layers.GRU(16)(inputs)))
    export_onnx(model, tmp_path / "model.onnx")
    x = np.random.default_rng(0).normal(size=(8, 5, 32)).astype(np.float32)
    data = [({"x": x}, np.zeros((8, 16), np.float32))]
    report = quantize_onnx(
        tmp_path / "model.onnx", tmp_path / "int8.onnx", data=data, task="regression", max_drop=50
    )
    tensors = {
        t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(tmp_path / "int8.onnx").graph.initializer
    }
    (head,) = (name for name in report.quantized if tensors[f"{name}/int8"].shape == (16, 16))
    kernel = np.asarray(model.get_layer("head").kernel)
    restored = tensors[f"{head}/int8"] * tensors[f"{head}/scales"]
    steps = np.abs(kernel).max(axis=0) / 127
    assert (np.abs(restored - kernel) <= steps / 2 + 1e-7).all()
    assert np.abs(tensors[f"{head}/int8"]).max(axis=0).tolist() == [127] * 16


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
    assert operators["DynamicQuantizeLSTM"] == 2
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
    assert len(weights) == 4
    for weight in weights:
        # Two products with an input of up to 255 are added in 16 bits where there is no VNNI, and cut off there.
        assert np.abs(weight).max() >= 60
        assert 2 * 255 * np.abs(weight).max() <= np.iinfo(np.int16).max


def answers(path: Path, inputs: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, inputs)[0], np.float64)


def test_dynamic_int8_reports_how_an_answer_changes_with_neighbours_and_padding(
    lstm_int8: QuantizationReport,
) -> None:
    assert set(lstm_int8.changes) == {"beside", "padded"}
    assert lstm_int8.max_change == max(lstm_int8.changes.values()) <= 0.01
    together = softmax(answers(lstm_int8.path, {"tokens": tokens()}))
    alone = [softmax(answers(lstm_int8.path, {"tokens": row[None]}))[0] for row in tokens()]
    assert 0 < lstm_int8.changes["beside"] < 3 * np.abs(together - alone).max()


def test_padding_that_changes_an_answer_is_refused(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    x, valid = keras.Input((None, 16), name="x"), keras.Input((None,), dtype="bool", name="valid")
    dense = keras.layers.Dense(16)(keras.layers.Rescaling(1.0, offset=-200.0)(x))
    model = keras.Model([x, valid], keras.layers.Dense(3)(keras.layers.LSTM(32)(dense, mask=valid)))
    # The dense layer reads numbers near 0, and -200 where there is padding: no part of any answer, but scaled alike.
    steps = np.random.default_rng(0).normal(200, 1, (20, 7, 16))
    inputs = {"x": steps.astype(np.float32), "valid": np.ones((20, 7), bool)}
    export_onnx(model, tmp_path / "model.onnx")
    data = [(inputs, answers(tmp_path / "model.onnx", inputs).argmax(-1))]
    arguments: dict[str, Any] = {"data": data, "task": "classification", "max_drop": 100}
    with pytest.raises(AccuracyError, match=r"dynamic_int8 answers a row with padding behind it otherwise"):
        quantize_onnx(tmp_path / "model.onnx", tmp_path / "q.onnx", method="dynamic_int8", **arguments)
    report = quantize_onnx(
        tmp_path / "model.onnx", tmp_path / "q.onnx", method="dynamic_int8", max_change=1.0, **arguments
    )
    changes = []
    for row, mask in zip(inputs["x"], inputs["valid"], strict=True):
        alone, padded = (
            softmax(
                answers(
                    report.path,
                    {"x": np.pad(row, ((0, more), (0, 0)))[None], "valid": np.pad(mask, (0, more))[None]},
                )
            )
            for more in (0, 7)
        )
        changes.append(np.abs(alone - padded).max())
    assert report.max_change == report.changes["padded"] > 0.01
    assert report.changes["padded"] == pytest.approx(max(changes), rel=1e-6)


def loud(folder: Path) -> dict[str, Any]:
    """Exports an LSTM and returns arguments whose data hold one loud row among quiet ones."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, 16), name="x")
    hidden = keras.layers.LSTM(32, return_sequences=True)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.LSTM(32)(hidden)))
    export_onnx(model, folder / "model.onnx")
    x = np.random.default_rng(0).normal(size=(40, 6, 16)).astype(np.float32)
    x[7] *= 100
    return {"data": [({"x": x}, np.asarray(model(x)).argmax(-1))], "task": "classification", "max_drop": 100}


def test_answers_that_change_with_their_neighbours_are_refused_and_the_advice_works(tmp_path: Path) -> None:
    arguments = loud(tmp_path)
    source, out = tmp_path / "model.onnx", tmp_path / "q.onnx"
    with pytest.raises(AccuracyError) as caught:
        quantize_onnx(source, out, method="dynamic_int8", **arguments)
    found = re.fullmatch(
        r".*q\.onnx: dynamic_int8 answers a row beside other rows otherwise than alone: a probability changes by "
        r"(0\.\d+); expected at most 0\.01\. Use the method weights_int8, which computes each row by itself, or a "
        r"larger max_change of quantize_onnx\. The file was not written\.",
        str(caught.value),
    )
    assert found is not None
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    report = quantize_onnx(source, out, method="weights_int8", **arguments)
    assert (report.max_change, dict(report.changes)) == (None, {})
    accepted = quantize_onnx(
        source, out, method="dynamic_int8", max_change=float(found[1]) + 0.01, overwrite=True, **arguments
    )
    # It has no mask, so that padding is not padding to it.
    assert dict(accepted.changes) == {"beside": pytest.approx(float(found[1]), rel=0.01)}


def test_changes_of_values_are_told_in_standard_deviations(tmp_path: Path) -> None:
    arguments = loud(tmp_path)
    ((inputs, _),) = arguments["data"]
    truth = answers(tmp_path / "model.onnx", inputs)
    data = [(inputs, truth + 1.0)]
    arguments = {"data": data, "task": "regression", "max_drop": 1e9, "method": "dynamic_int8"}
    with pytest.raises(
        AccuracyError, match=r"a value changes by [\d.]+ standard deviations; expected at most 0"
    ):
        quantize_onnx(tmp_path / "model.onnx", tmp_path / "q.onnx", **arguments)
    report = quantize_onnx(tmp_path / "model.onnx", tmp_path / "q.onnx", max_change=9.0, **arguments)
    alone = np.concatenate([answers(report.path, {"x": row[None]}) for row in inputs["x"]])
    # The first 32 places of the sample's own order stand in one batch; all 40 are near enough to bound it.
    together = np.abs(answers(report.path, inputs) - alone) / truth.std(axis=0)
    assert report.max_change is not None
    assert 0.3 * together.max() < report.max_change < 3 * together.max()


def test_a_streaming_file_is_not_for_8_bit_arithmetic(tmp_path: Path) -> None:
    model = build_tagger(num_classes=3, num_features=4, cell="lstm", units=(32,), bidirectional=False)
    export_streaming_onnx(model, tmp_path / "s.onnx")
    data = [({"features": np.zeros((2, 5, 4), np.float32)}, np.zeros((2, 5), int))]
    with pytest.raises(ExportError) as caught:
        quantize_onnx(
            tmp_path / "s.onnx", tmp_path / "q.onnx", method="dynamic_int8", data=data, task="tagging"
        )
    assert str(caught.value) == (
        f"{tmp_path / 's.onnx'}: takes sequences piece by piece; expected a file of export_onnx for dynamic_int8, "
        "which scales its input by the largest number of a whole piece, so that an answer would depend on where a "
        "sequence is cut. Stream with the float32 file."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["s.onnx"]


def twins(path: Path) -> dict[str, Any]:
    """Exports two calls of one LSTM."""
    keras.utils.set_random_seed(0)
    a, b = keras.Input((None, 16), name="a"), keras.Input((None, 16), name="b")
    shared = keras.layers.LSTM(64, name="shared")
    model = keras.Model([a, b], keras.layers.Dense(3)(keras.layers.Concatenate()([shared(a), shared(b)])))
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
    arguments = twins(tmp_path / "model.onnx")
    model = onnx.load(tmp_path / "model.onnx")
    first = next(node for node in model.graph.node if node.op_type == "LSTM")
    computed = onnx.helper.make_node("Neg", [first.input[1]], ["computed"])
    first.input[1] = "computed"
    model.graph.node.insert(0, computed)
    onnx.save(model, tmp_path / "model.onnx")
    report = quantize_onnx(tmp_path / "model.onnx", tmp_path / "q.onnx", **arguments)
    assert report.kept[first.name] == "its weights are computed in the file, or it stands in a loop or branch"
    assert first.name not in report.quantized


@pytest.mark.parametrize("method", ["weights_int8", "dynamic_int8"])
def test_a_file_that_would_be_larger_is_refused(method: str, tmp_path: Path) -> None:
    inputs = keras.Input((None, 1), name="x")
    # A scale for each column takes as much as the column; a small LSTM weighs less than what 8 bits need beside it.
    wide = keras.layers.GlobalAveragePooling1D()(keras.layers.Dense(300)(inputs))
    small = keras.layers.Dense(2)(keras.layers.LSTM(2)(inputs))
    model = keras.Model(inputs, wide if method == "weights_int8" else small)
    export_onnx(model, tmp_path / "model.onnx")
    data = [({"x": np.ones((2, 5, 1), np.float32)}, np.zeros(2, int))]
    size = (tmp_path / "model.onnx").stat().st_size
    with pytest.raises(ExportError) as caught:
        quantize_onnx(
            tmp_path / "model.onnx", tmp_path / "q.onnx", method=method, data=data, task="classification"
        )
    assert re.fullmatch(
        rf".*q\.onnx: {method} would make a file of \d+ bytes from one of {size}; expected a smaller one\. Keep the "
        r"float32 file: its weights are too few\. Nothing was written\.",
        str(caught.value),
    )
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_dynamic_int8_of_gru_keeps_the_gru(tmp_path: Path) -> None:
    data = exported("gru", tmp_path / "model.onnx")
    arguments: dict[str, Any] = {"data": data, "task": "classification", "max_drop": 5.0}
    report = quantize_onnx(
        tmp_path / "model.onnx", tmp_path / "int8.onnx", method="dynamic_int8", **arguments
    )
    assert list(report.kept.values()).count("onnxruntime has no 8-bit GRU") == 2
    assert len(report.quantized) == 1  # the embedding


@pytest.mark.parametrize("method", ["weights_int8", "dynamic_int8", "float16"])
def test_a_trained_model_keeps_its_accuracy(
    method: str, model_path: Path, digits: Splits, tmp_path: Path
) -> None:
    if method == "dynamic_int8":  # a single GRU and its head: nothing that onnxruntime computes in 8 bits
        with pytest.raises(ExportError, match="holds nothing that dynamic_int8 makes smaller"):
            quantize_onnx(
                model_path, tmp_path / "q.onnx", method=method, data=digits.validation, task="classification"
            )
        assert list(tmp_path.iterdir()) == []
        return
    report = quantize_onnx(
        model_path,
        tmp_path / "q.onnx",
        method=method,
        data=digits.validation,
        task="classification",
        max_drop=0.4,
    )
    assert report.metric == "accuracy"
    assert report.drop == pytest.approx(100 * (report.original_score - report.score))
    assert report.drop <= 0.4
    properties = {entry.key: entry.value for entry in onnx.load(tmp_path / "q.onnx").metadata_props}
    assert properties["quantization"] == method
    assert "signature" in properties


def test_padded_steps_do_not_count(tmp_path: Path) -> None:
    model = build_tagger(num_classes=3, num_features=4, cell="lstm", units=(32,))
    export_onnx(model, tmp_path / "model.onnx")
    x = np.random.default_rng(0).normal(size=(6, 5, 4)).astype(np.float32)
    truth = np.asarray(model(x)).argmax(-1)
    truth[:, 3:] = -1  # wrong, and without weight
    weights = np.zeros((6, 5), np.float32)
    weights[:, :3] = 1
    data = [({"features": x}, truth, weights)]
    report = quantize_onnx(
        tmp_path / "model.onnx", tmp_path / "q.onnx", data=data, task="tagging", max_drop=10
    )
    assert report.original_score == 1.0


def test_a_drop_beyond_the_bound_is_refused_and_nothing_written(tmp_path: Path) -> None:
    inputs = keras.Input((None, 32), name="x")
    model = keras.Model(inputs, keras.layers.GRU(16)(inputs))
    export_onnx(model, tmp_path / "model.onnx")
    x = np.random.default_rng(0).normal(size=(8, 5, 32)).astype(np.float32)
    exact = np.asarray(model(x))
    shifted = exact + 0.01  # the mean absolute error is 0.01, so that small changes are many percent of it
    arguments: dict[str, Any] = {"data": [({"x": x}, shifted)], "task": "regression", "max_drop": 0.0}
    (tmp_path / "q.onnx").write_bytes(b"the old one")
    rounded = quantize_onnx(tmp_path / "model.onnx", tmp_path / "f.onnx", **{**arguments, "max_drop": 1e3})
    assert rounded.metric == "mae"
    assert rounded.original_score == pytest.approx(0.01, rel=1e-3)
    with pytest.raises(
        AccuracyError, match=r"q\.onnx: weights_int8 lowers mae from .* points; expected at most 0\."
    ):
        quantize_onnx(
            tmp_path / "model.onnx",
            tmp_path / "q.onnx",
            overwrite=True,
            **{**arguments, "data": [({"x": x}, exact)]},
        )
    assert (tmp_path / "q.onnx").read_bytes() == b"the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.onnx", "model.onnx", "q.onnx"]


def test_wrong_use(model_path: Path, digits: Splits, tmp_path: Path) -> None:
    good: dict[str, Any] = {"data": digits.validation, "task": "classification"}
    out = tmp_path / "q.onnx"
    with pytest.raises(ArgumentError, match="method: received 'int4'"):
        quantize_onnx(model_path, out, method="int4", **good)
    with pytest.raises(ArgumentError, match=r"max_drop: received -1; expected 0 or more points\."):
        quantize_onnx(model_path, out, max_drop=-1, **good)
    with pytest.raises(
        ArgumentError, match=r"^max_change: received nan; expected a finite number at least 0\.$"
    ):
        quantize_onnx(model_path, out, max_change=float("nan"), **good)
    with pytest.raises(PathExistsError, match="exists; expected a new file"):
        quantize_onnx(model_path, model_path, **good)
    with pytest.raises(DataError, match="data: received no rows"):
        quantize_onnx(model_path, out, data=[], task="classification")
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(ExportError, match=r"broken\.onnx: not a readable ONNX file"):
        quantize_onnx(tmp_path / "broken.onnx", out, **good)
    quantize_onnx(model_path, out, max_drop=5, **good)
    with pytest.raises(ExportError, match="holds nothing that weights_int8 makes smaller"):
        quantize_onnx(out, tmp_path / "again.onnx", max_drop=5, **good)


def test_an_embedding_restores_only_the_rows_it_looks_up(tmp_path: Path) -> None:
    exported("gru", tmp_path / "model.onnx")
    data = [({"tokens": tokens()}, np.zeros(64, int))]
    quantize_onnx(
        tmp_path / "model.onnx", tmp_path / "q.onnx", data=data, task="classification", max_drop=100
    )
    graph = onnx.load(tmp_path / "q.onnx").graph
    (lookup,) = (node for node in graph.node if node.op_type == "Gather" and node.input[0].endswith("/int8"))
    (after,) = (node for node in graph.node if lookup.output[0] in node.input)
    assert after.op_type == "Cast"
    assert onnxruntime.InferenceSession(tmp_path / "q.onnx").get_inputs()[0].name == "tokens"


@pytest.mark.parametrize("inputs", [{"x": np.zeros((1, 8, 8), np.float32)}, np.zeros((1, 8, 8), np.float32)])
def test_data_of_another_model_are_refused(inputs: Any, tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input((8, 8), name="features"), keras.layers.GRU(64), keras.layers.Dense(2)]
    )
    export_onnx(model, tmp_path / "m.onnx")
    with pytest.raises(
        DataError, match=r"^data: received the inputs .*; expected arrays by name, \['features'\]\.$"
    ):
        quantize_onnx(
            tmp_path / "m.onnx", tmp_path / "q.onnx", data=[(inputs, np.zeros(1))], task="classification"
        )
    assert not (tmp_path / "q.onnx").exists()
