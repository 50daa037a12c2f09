#!/usr/bin/env bash
# tf.scatter_nd adds the rows that are sent to one place. tf2onnx writes ONNX's ScatterND without a reduction, which keeps
# the last of them: the file runs, and its sums are silently smaller.
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

rows = np.array([1.0, 2.0, 4.0], np.float32)


@tf.function(input_signature=[tf.TensorSpec([3], tf.float32, name="rows")])
def summed(rows):
    return tf.scatter_nd([[0], [1], [1]], rows, [2])


proto, _ = tf2onnx.convert.from_function(summed, summed.input_signature, opset=18)
session = onnxruntime.InferenceSession(proto.SerializeToString())
(found,) = session.run(None, {"rows": rows})
print("TensorFlow", summed(rows).numpy(), "file", found)
assert summed(rows).numpy().tolist() == [1.0, 6.0]
assert found.tolist() != [1.0, 6.0], "behaviour changed: rows of one place are summed"
PY
"$folder/venv/bin/python" "$folder/behaviour.py" 2> /dev/null
