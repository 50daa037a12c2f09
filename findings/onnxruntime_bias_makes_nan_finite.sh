#!/usr/bin/env bash
# The LSTM and GRU operators of onnxruntime 1.32.0 answer finite numbers for inputs of which every one is NaN, if they have
# a bias: 0.995 and 0.0 for any weights. Without the bias, which ONNX says is the same as one of zeros, they answer NaN, and
# so does onnx's reference evaluator in both cases. A missing value thus gives an answer that looks like any other. Seen on
# 2026-11-29 with onnx 1.23.2 and numpy 2.4.6.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "onnxruntime==1.32.0" "onnx==1.23.2" "numpy==2.4.6"
cat > "$folder/ask.py" <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

STEPS, ROWS, FEATURES, UNITS = 3, 1, 2, 4
MISSING = {"X": np.full((STEPS, ROWS, FEATURES), np.nan, np.float32)}


def states(operator, gates, bias):
    """Returns the last states that onnxruntime and onnx's reference evaluator answer."""
    rng = np.random.default_rng(0)
    weights = {"W": rng.normal(size=(1, gates * UNITS, FEATURES)), "R": rng.normal(size=(1, gates * UNITS, UNITS))}
    if bias:
        weights["B"] = np.zeros((1, 2 * gates * UNITS))
    graph = helper.make_graph(
        [helper.make_node(operator, ["X", *weights], ["Y", "Y_h"], hidden_size=UNITS)],
        "one_layer",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [STEPS, ROWS, FEATURES])],
        [helper.make_tensor_value_info("Y_h", TensorProto.FLOAT, [1, ROWS, UNITS])],
        [onnx.numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["Y_h"], MISSING)[0].ravel(), ReferenceEvaluator(model).run(["Y_h"], MISSING)[0].ravel()


print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__, "- every input is NaN")
seen = []
for operator, gates in (("LSTM", 4), ("GRU", 3)):
    for bias in (False, True):
        found, expected = states(operator, gates, bias)
        print(operator, "with a bias of zeros:" if bias else "without a bias:", found.tolist(), "reference:", expected.tolist())
        seen.append(np.isfinite(found).all() == bias and np.isnan(found).all() != bias and np.isnan(expected).all())
sys.exit(0 if all(seen) else 1)
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/ask.py"
