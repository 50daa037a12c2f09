#!/usr/bin/env bash
# The Sigmoid operator of onnxruntime 1.32.0 on a CPU answers exactly 0 from -18 downwards, where the float32 numbers would go
# on to about -88 (1.5e-8 at -18, 1e-38 at -87), and just above it is not even monotone: more at -17 than at -16. The logarithm
# of such a probability is minus infinity, rare classes tie at 0, and a quotient of two shut gates has no digit left. Written
# as exp(-softplus(-x)) it keeps its digits. onnx's reference evaluator answers the true numbers. Seen on 2026-11-29 on x86-64
# with onnx 1.23.2 and numpy 2.4.6; the negative zeros of https://github.com/microsoft/onnxruntime/issues/22557 come from the
# same approximation.
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

X = np.array([-10, -14, -16, -17, -18, -20, -30, -60], np.float32)


def model(*nodes):
    """Returns a file of one input, one output and these nodes."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None]) for name in ("x", "y")]
    graph = helper.make_graph(list(nodes), "gate", ends[:1], ends[1:])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(made)
    return made


def answers(made):
    """Returns what onnxruntime answers."""
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": X})[0]


sigmoid = model(helper.make_node("Sigmoid", ["x"], ["y"]))
careful = model(
    helper.make_node("Neg", ["x"], ["minus"]),
    helper.make_node("Softplus", ["minus"], ["soft"]),
    helper.make_node("Neg", ["soft"], ["logarithm"]),
    helper.make_node("Exp", ["logarithm"], ["y"]),
)
truth = 1 / (1 + np.exp(-X.astype(np.float64)))
found, written_out, reference = answers(sigmoid), answers(careful), ReferenceEvaluator(sigmoid).run(None, {"x": X})[0]
print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)
print(f"{'x':>6} {'truth':>12} {'Sigmoid':>12} {'reference':>12} {'written out':>12}")
for row in zip(X, truth, found, reference, written_out, strict=True):
    print(f"{row[0]:6.0f}" + "".join(f" {value:12.4g}" for value in row[1:]))
ends = bool((found[4:] == 0).all())
falls_back = bool(found[3] > found[2])
others = all(np.allclose(value, truth, rtol=1e-4, atol=0) for value in (reference, written_out))
print("0 from -18 downwards:", ends, "- more at -17 than at -16:", falls_back, "- the others are right:", others)
sys.exit(0 if ends and falls_back and others else 1)
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/ask.py"
