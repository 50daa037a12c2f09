#!/usr/bin/env bash
# tf2onnx replaces a shape that is read from a tensor by ONNX's 0, "the size of the input at this place", and then removes
# a reshape before it, so that the 0 stands for a size of another tensor: a dense layer on sequences, followed by a reshape
# by batch and time, gives a file that passes the checker and cannot be run.
# tf2onnx 1.17.0, tensorflow 2.21.0, onnxruntime 1.32.0, Python 3.11; 2026-11-29.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorflow-cpu==2.21.0 tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat > "$folder/behaviour.py" <<'PY'
import logging
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)

import onnx

x = np.ones((2, 3, 5), np.float32)


@tf.function(input_signature=[tf.TensorSpec([None, None, 5], tf.float32, name="x")])
def cut(x):
    y = tf.tensordot(x, tf.ones((5, 16)), axes=1)
    shape = tf.shape(y)
    return tf.reshape(y, [shape[0], shape[1], 4, 4])


proto, _ = tf2onnx.convert.from_function(cut, cut.input_signature, opset=18)
onnx.checker.check_model(proto)
options = onnxruntime.SessionOptions()
options.log_severity_level = 4
try:
    (found,) = onnxruntime.InferenceSession(proto.SerializeToString(), options).run(None, {"x": x})
    answer = str(found.shape)
except Exception as error:
    answer = f"raised {type(error).__name__}"
print("TensorFlow", cut(x).shape, "file", answer)
assert answer.startswith("raised"), "behaviour changed: the file can be run"
PY
"$folder/venv/bin/python" "$folder/behaviour.py" 2> /dev/null
