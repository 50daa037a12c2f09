#!/usr/bin/env bash
# A scan output of ONNX's Loop has a new first axis, one entry for each iteration. onnx's reference evaluator joins the
# entries along the axis that they have (numpy.vstack), and raises nothing: three steps of shape (2, 4) answer (6, 4), not
# (3, 2, 4), and three numbers answer (3, 1), not (3,). Only entries of one axis come out right. A recurrent layer that
# tf2onnx writes as a Loop answers otherwise there; onnxruntime stacks.
# onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11; 2026-11-30.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat > "$folder/behaviour.py" <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def looped(shape):
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["goes"]), helper.make_node("Identity", ["x"], ["entry"])],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, [])],
        [value("goes", TensorProto.BOOL, []), value("entry", TensorProto.FLOAT, shape)],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["count", "true"], ["y"], body=body)],
        "loop",
        [value("x", TensorProto.FLOAT, shape)],
        [value("y", TensorProto.FLOAT, [None] * (len(shape) + 1))],
        [
            helper.make_tensor("count", TensorProto.INT64, [], [3]),
            helper.make_tensor("true", TensorProto.BOOL, [], [True]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


for shape in ([], [4], [2, 4]):
    model = looped(shape)
    x = {"x": np.ones(shape, np.float32)}
    (truth,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, x)
    (found,) = ReferenceEvaluator(model).run(None, x)
    print("entries of shape", tuple(shape), "onnxruntime", truth.shape, "reference evaluator", found.shape)
    assert truth.shape == (3, *shape)
    assert (found.shape == truth.shape) == (len(shape) == 1), "behaviour changed"
PY
"$folder/venv/bin/python" "$folder/behaviour.py"
