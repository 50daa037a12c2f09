#!/usr/bin/env bash
# quantize_dynamic turns an LSTM whose weights are initializers into its 8-bit operator, but leaves the same LSTM in
# float32, without a word, where Constant nodes hold the weights (which is equally valid ONNX).
# Seen with onnx 1.23.2 and onnxruntime 1.32.0 on Python 3.11, 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic

UNITS, FEATURES = 32, 16
rng = np.random.default_rng(0)
tensors = [
    numpy_helper.from_array(rng.normal(size=(1, 4 * UNITS, size)).astype(np.float32), name)
    for name, size in (("w", FEATURES), ("r", UNITS))
]


def operators(*, constant_nodes):
    nodes = [helper.make_node("Constant", [], [t.name], value=t) for t in tensors if constant_nodes]
    nodes.append(helper.make_node("LSTM", ["x", "w", "r"], ["", "y"], name="lstm", hidden_size=UNITS))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["time", "batch", FEATURES])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, "batch", UNITS])
    graph = helper.make_graph(nodes, "g", [x], [y], [] if constant_nodes else tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    quantize_dynamic(model, "q.onnx", op_types_to_quantize=["LSTM"])
    return [node.op_type for node in onnx.load("q.onnx").graph.node if node.op_type != "Constant"]


print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
first, second = operators(constant_nodes=False), operators(constant_nodes=True)
print("weights as initializers:   ", first)
print("weights as Constant nodes: ", second)
as_seen = first == ["DynamicQuantizeLSTM"] and second == ["LSTM"]
print("as seen before" if as_seen else "the behaviour has changed")
sys.exit(0 if as_seen else 1)
PYTHON
