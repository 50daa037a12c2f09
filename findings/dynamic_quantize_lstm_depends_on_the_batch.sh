#!/usr/bin/env bash
# onnxruntime's 8-bit LSTM (DynamicQuantizeLSTM, what quantize_dynamic makes of an LSTM) scales its input by the largest
# number of the whole tensor X: the answer to a row changes with the rows beside it. The float32 operator answers a row
# the same to 1e-6 alone and beside others. And quantize_dynamic reorders the weights of each LSTM in place, so that
# two LSTMs that share an initializer are wrong by as much as their outputs are large.
# Seen with onnx 1.23.2 and onnxruntime 1.32.0 on Python 3.11, 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import logging
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic

logging.disable(logging.WARNING)
UNITS, FEATURES = 32, 16
rng = np.random.default_rng(0)
WEIGHTS = [rng.normal(scale=0.3, size=(1, 4 * UNITS, n)).astype(np.float32) for n in (FEATURES, UNITS)]


def model(names):
    """One LSTM for each pair of names of weights, all of the same values; equal names share an initializer."""
    nodes, tensors, outputs = [], {}, []
    for number, pair in enumerate(names):
        y = f"y{number}"
        nodes.append(helper.make_node("LSTM", ["x", *pair], ["", y], name=f"lstm{number}", hidden_size=UNITS))
        tensors |= {name: numpy_helper.from_array(w, name) for name, w in zip(pair, WEIGHTS)}
        outputs.append(helper.make_tensor_value_info(y, TensorProto.FLOAT, [1, "batch", UNITS]))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["time", "batch", FEATURES])
    graph = helper.make_graph(nodes, "g", [x], outputs, list(tensors.values()))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(proto, x):
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})


def quantized(proto):
    quantize_dynamic(proto, "q.onnx", op_types_to_quantize=["LSTM"])
    return onnx.load("q.onnx")


print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
x = rng.normal(size=(6, 8, FEATURES)).astype(np.float32)
x[:, 1:] *= 50
plain = model([("w", "r")])
changes = {}
for name, proto in (("float32", plain), ("8 bits", quantized(model([("w", "r")])))):
    alone, beside = run(proto, x[:, :1])[0][:, 0], run(proto, x)[0][:, 0]
    changes[name] = float(np.abs(alone - beside).max())
    print(f"{name}: a row beside loud rows differs from the row alone by {changes[name]:.4f}")

quiet = rng.normal(size=(6, 8, FEATURES)).astype(np.float32)
errors = {}
for name, names in (("own", [("w0", "r0"), ("w1", "r1")]), ("shared", [("w", "r"), ("w", "r")])):
    truth, found = run(model(names), quiet), run(quantized(model(names)), quiet)
    errors[name] = max(float(np.abs(a - b).max()) for a, b in zip(truth, found))
    print(f"two LSTMs, {name} initializers: 8 bits differ from float32 by {errors[name]:.4f}")
as_seen = changes["float32"] < 1e-6 and changes["8 bits"] > 0.05
as_seen &= errors["own"] < 0.1 and errors["shared"] > 5 * errors["own"]
print("as seen before" if as_seen else "the behaviour has changed")
sys.exit(0 if as_seen else 1)
PYTHON
