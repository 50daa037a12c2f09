#!/usr/bin/env bash
# ONNX's DFT may count its axis from the end: -2 is the last axis before real and imaginary part. OpenVINO takes -2 for the
# axis before that one, and answers a transform along it without a word; the same axis counted from the front is right.
# With onesided=1 it keeps the axis of size 1 that the input of a real transform ends in, between the numbers and their
# real and imaginary part: one axis more than the operator has.
# OpenVINO 2026.4.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11; 2026-11-30.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat > "$folder/behaviour.py" <<'PY'
import sys

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper


def answers(shape, **attributes):
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("DFT", ["x"], ["y"], **attributes)],
        "dft",
        [value("x", TensorProto.FLOAT, shape)],
        [value("y", TensorProto.FLOAT, [None] * len(shape))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, sys.argv[1])
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    (truth,) = onnxruntime.InferenceSession(sys.argv[1]).run(None, {"x": x})
    compiled = openvino.Core().compile_model(sys.argv[1], "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled({"x": x})[0]
    same = found.shape == truth.shape and bool(np.abs(found - truth).max() < 1e-4)
    if attributes == {"axis": -2}:
        before = np.fft.fft(x[..., 0] + 1j * x[..., 1], axis=1)
        assert np.abs(found[..., 0] + 1j * found[..., 1] - before).max() < 1e-4, "behaviour changed"
    print(shape, attributes, "onnxruntime", truth.shape, "OpenVINO", found.shape, "equal" if same else "not equal")
    return same, truth.shape, found.shape


(front, _, _), (end, _, _) = answers([2, 3, 8, 2], axis=2), answers([2, 3, 8, 2], axis=-2)
assert front, "behaviour changed: the axis from the front is wrong too"
assert not end, "behaviour changed: the axis from the end is right"
_, truth, found = answers([2, 8, 1], axis=1, onesided=1)
assert truth == (2, 5, 2)
assert found == (2, 5, 1, 2), "behaviour changed: the one-sided transform has another shape"
PY
"$folder/venv/bin/python" "$folder/behaviour.py" "$folder/model.onnx"
