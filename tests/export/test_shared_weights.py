"""Truth of ``rnnzoo_export.graph.shared_weights``: what several nodes read stands once in float files.

Files in fewer bits hold a copy for each recurrent operator, since ``quantize_dynamic`` reorders weights where they
stand, once for each operator that reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from keras import layers
from onnx import TensorProto, helper, numpy_helper

from rnnzoo import build_seq2seq
from rnnzoo.cells.min_gru import MinGRUCell
from rnnzoo.cells.recurrence import Recurrence
from rnnzoo.errors import ExportError
from rnnzoo.preprocessing import FeaturePreprocessing
from rnnzoo_export import export_onnx, export_seq2seq_onnx, export_streaming_onnx, quantize_onnx
from rnnzoo_export.formats.quantization import METHODS
from rnnzoo_export.graph.protos import count_operators, walk_graphs
from rnnzoo_export.graph.shared_weights import separate_recurrent_weights, share_initializers

#: Of the weights of one encoder, all else in a file is a small part.
FEATURES, UNITS = 64, 48


def numbers(path: Path) -> int:
    """Returns how many float32 numbers the constants of a file hold, through all subgraphs."""
    graphs = walk_graphs(onnx.load(path).graph)
    return sum(
        int(np.prod(tensor.dims))
        for graph in graphs
        for tensor in graph.initializer
        if tensor.data_type == TensorProto.FLOAT
    )


def series(name: str) -> Any:
    return keras.Input((None, FEATURES), name=name)


def siamese(encoder: Callable[..., Any], calls: int = 2) -> keras.Model:
    """Calls one encoder on several inputs."""
    inputs = [series(name) for name in "abcde"[:calls]]
    return keras.Model(inputs, layers.Concatenate()([encoder(x) for x in inputs]))


def nested() -> keras.Model:
    x = series("x")
    return keras.Model(x, layers.Dense(5)(layers.GRU(UNITS)(x)), name="encoder")


def text_encoder() -> Callable[..., Any]:
    embedding, recurrent, head = layers.Embedding(50, 40), layers.LSTM(UNITS), layers.Dense(30)
    return lambda tokens: head(recurrent(embedding(tokens)))


ENCODERS: dict[str, Callable[[], Any]] = {
    "lstm": lambda: layers.LSTM(UNITS),
    "both ways": lambda: layers.Bidirectional(layers.GRU(UNITS)),
    "simple_rnn": lambda: layers.SimpleRNN(UNITS),
    "scan": lambda: Recurrence(MinGRUCell(UNITS)),
    "nested model": nested,
}


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_called_twice_is_written_once(name: str, tmp_path: Path) -> None:
    encoder = ENCODERS[name]()
    report = export_onnx(siamese(encoder), tmp_path / "two.onnx")
    assert len(report.fused) == 2
    x = series("x")
    export_onnx(keras.Model(x, encoder(x)), tmp_path / "one.onnx")
    assert numbers(tmp_path / "two.onnx") == numbers(tmp_path / "one.onnx")
    sizes = [(tmp_path / f"{name}.onnx").stat().st_size for name in ("one", "two")]
    assert sizes[1] < 1.3 * sizes[0]


def test_a_recurrent_layer_of_many_steps_is_one_operator_and_written_once(tmp_path: Path) -> None:
    x = keras.Input((6, 5, FEATURES), name="x")
    inner = layers.LSTM(UNITS)
    report = export_onnx(keras.Model(x, layers.TimeDistributed(inner)(x)), tmp_path / "six.onnx")
    assert report.operators["LSTM"] == 1
    y = series("y")
    export_onnx(keras.Model(y, inner(y)), tmp_path / "one.onnx")
    assert numbers(tmp_path / "six.onnx") == numbers(tmp_path / "one.onnx")


def test_embeddings_and_dense_layers_are_written_once(tmp_path: Path) -> None:
    encoder = text_encoder()
    inputs = [keras.Input((None,), dtype="int32", name=name) for name in "ab"]
    both = keras.Model(inputs, layers.Add()([encoder(x) for x in inputs]))
    export_onnx(both, tmp_path / "two.onnx")
    export_onnx(keras.Model(inputs[0], encoder(inputs[0])), tmp_path / "one.onnx")
    assert numbers(tmp_path / "two.onnx") == numbers(tmp_path / "one.onnx")


def test_so_it_is_in_streaming_and_raw_files(tmp_path: Path) -> None:
    x, layer = keras.Input((None, 8), name="x"), layers.LSTM(8, return_sequences=True)
    twice = keras.Model(x, layer(layer(x)))
    once = keras.Model(x, layer(x))
    for name, model in (("once", once), ("twice", twice)):
        export_streaming_onnx(model, tmp_path / f"{name}.onnx")
        scaling = FeaturePreprocessing([0.0] * 8, [1.0] * 8, variable_length=False)
        export_onnx(keras.Model(x, model(x)[:, -1]), tmp_path / f"{name}_raw.onnx", series=scaling)
    weights = 4 * 8 * (8 + 8 + 2)
    for kind in ("", "_raw"):
        found = [numbers(tmp_path / f"{name}{kind}.onnx") for name in ("once", "twice")]
        assert weights <= found[0] == found[1] < weights + 40


def test_no_constant_of_a_translator_stands_twice(tmp_path: Path) -> None:
    model = build_seq2seq(source_vocabulary_size=20, target_vocabulary_size=20, cell="lstm", units=8)
    export_seq2seq_onnx(model, tmp_path / "translator")
    for name in ("encoder", "decoder"):
        tensors = onnx.load(tmp_path / "translator" / f"{name}.onnx").graph.initializer
        contents = {(tensor.data_type, tuple(tensor.dims), tensor.raw_data) for tensor in tensors}
        assert len(contents) == len(tensors)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cell", [layers.LSTM, layers.GRU])
def test_files_in_fewer_bits_hold_a_copy_each_and_both_branches_answer_well(
    method: str, cell: type[keras.Layer], tmp_path: Path
) -> None:
    keras.utils.set_random_seed(0)
    embedding, recurrent, dense = layers.Embedding(80, 40), cell(UNITS), layers.Dense(30)
    inputs = [keras.Input((None,), dtype="int32", name=name) for name in "ab"]
    model = keras.Model(inputs, layers.Concatenate()([dense(recurrent(embedding(x))) for x in inputs]))
    export_onnx(model, tmp_path / "model.onnx")
    rng = np.random.default_rng(0)
    rows = {name: rng.integers(1, 80, (40, 7)).astype(np.int32) for name in "ab"}
    truth = answers(tmp_path / "model.onnx", rows)
    report = quantize_onnx(
        tmp_path / "model.onnx",
        tmp_path / "small.onnx",
        method=method,
        data=[(rows, truth.argmax(-1))],
        task="classification",
        max_drop=100,
        max_change=1.0,
    )
    operators = [node for node in onnx.load(report.path).graph.node if node.op_type.endswith(("LSTM", "GRU"))]
    first, second = (set(node.input[1:3]) for node in operators)
    # What onnxruntime has no 8-bit form of stays as it is.
    kept = method == "dynamic_int8" and cell is layers.GRU
    assert first == second if kept else not first & second
    found, scale = answers(report.path, rows), np.abs(truth).max()
    bound = {"weights_int8": 0.02, "dynamic_int8": 0.1, "float16": 1e-3}[method]
    for branch in (slice(0, 30), slice(30, 60)):
        assert np.abs(found[:, branch] - truth[:, branch]).max() <= bound * scale


def test_where_copies_make_a_file_larger_the_message_says_so(tmp_path: Path) -> None:
    export_onnx(siamese(layers.LSTM(UNITS), calls=5), tmp_path / "model.onnx")
    rows = {name: np.zeros((4, 3, FEATURES), np.float32) for name in "abcde"}
    message = (
        r"weights_int8 would make a file of \d+ bytes from one of \d+; expected a smaller one\. Keep the float32 file: "
        r"its recurrent layers share weights, of which a quantized file holds a copy for each\. Nothing was written\."
    )
    with pytest.raises(ExportError, match=message):
        quantize_onnx(
            tmp_path / "model.onnx",
            tmp_path / "small.onnx",
            data=[(rows, np.zeros((4, 5 * UNITS)))],
            task="regression",
        )


def answers(path: Path, inputs: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, inputs)[0])


def test_separated_weights_have_names_that_nothing_else_has(tmp_path: Path) -> None:
    export_onnx(siamese(layers.LSTM(4), calls=3), tmp_path / "model.onnx")
    model = onnx.load(tmp_path / "model.onnx")
    shared = next(node.input[1] for node in model.graph.node if node.op_type == "LSTM")
    model.graph.node.add(op_type="Identity", input=[shared], output=[f"{shared}_copy"])
    separate_recurrent_weights(model.graph)
    onnx.checker.check_model(model, full_check=True)
    names = [node.input[1] for node in model.graph.node if node.op_type == "LSTM"]
    assert len({*names, shared, f"{shared}_copy"}) == 5  # the Identity reads what was shared
    share_initializers(model.graph)
    assert len({node.input[1] for node in model.graph.node if node.op_type == "LSTM"}) == 1


def graph_of(*tensors: onnx.TensorProto, outputs: tuple[str, ...] = ("y",)) -> onnx.GraphProto:
    """Adds constants up, as far as they are no outputs."""
    read = [tensor.name for tensor in tensors]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    return helper.make_graph([helper.make_node("Sum", read, ["y"])], "g", [], values, list(tensors))


def constant(name: str, *values: float, dtype: Any = np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, dtype), name)


def test_only_equal_bytes_of_one_type_and_shape_are_shared() -> None:
    tensors = [
        constant("a", 0.0, 1.0),
        constant("b", 0.0, 1.0),
        constant("c", -0.0, 1.0),
        constant("d", np.nan),
        constant("e", np.nan),
        numpy_helper.from_array(np.array([[0.0, 1.0]], np.float32), "f"),
        constant("g", 0.0, 1.0, dtype=np.float64),
        helper.make_tensor("h", TensorProto.FLOAT, [2], [0.0, 1.0]),  # not as raw bytes
        numpy_helper.from_array(np.array(["x", "y"], object), "i"),
        numpy_helper.from_array(np.array(["xy", ""], object), "j"),
        numpy_helper.from_array(np.array(["x", "y"], object), "k"),
    ]
    graph = graph_of(*tensors)
    share_initializers(graph)
    assert [tensor.name for tensor in graph.initializer] == ["a", "c", "d", "f", "g", "i", "j"]
    assert list(graph.node[0].input) == ["a", "a", "c", "d", "d", "f", "g", "a", "i", "j", "i"]


def test_what_is_an_input_or_output_stays() -> None:
    graph = graph_of(constant("a", 1.0), constant("b", 1.0), constant("z", 1.0), outputs=("y", "z"))
    graph.input.append(helper.make_tensor_value_info("a", TensorProto.FLOAT, [1]))
    share_initializers(graph)
    assert [tensor.name for tensor in graph.initializer] == ["a", "b", "z"]


@pytest.mark.parametrize("hidden", [False, True], ids=["readable", "hidden by an equal name"])
def test_a_branch_reads_the_constant_outside_where_its_name_is_not_hidden(hidden: bool) -> None:
    branches = []
    for number in range(2):
        inside = graph_of(constant(f"b{number}", 2.0), outputs=("y",))
        inside.node[0].output[0] = inside.output[0].name = f"y{number}"
        if hidden:
            inside.node.add(op_type="Neg", input=[f"b{number}"], output=["a"])
        branches.append(inside)
    condition = numpy_helper.from_array(np.array(True), "condition")
    node = helper.make_node("If", ["condition"], ["z"], then_branch=branches[0], else_branch=branches[1])
    output = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "g", [], [output], [condition, constant("a", 2.0)])
    before = [len(body.initializer) for body in walk_graphs(graph)]
    share_initializers(graph)
    after = sorted([tensor.name for tensor in body.initializer] for body in walk_graphs(graph))
    assert before == [2, 1, 1]
    assert after == ([["b0"], ["b1"], ["condition", "a"]] if hidden else [[], [], ["condition", "a"]])
    if not hidden:
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        np.testing.assert_array_equal(session.run(None, {})[0], [2.0])
    assert count_operators(helper.make_model(graph))["Sum"] == 2
