#!/usr/bin/env bash
# tf2onnx writes tf.where(mask, a, b) of numbers as mask * a + (1 - mask) * b. Where the branch that is not chosen is
# infinite, as log(0) is behind the usual guard, 0 * infinity makes NaN of an answer that TensorFlow gives as finite.
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

x = np.array([0.0, 1.0, 2.0], np.float32)


@tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
def guarded(x):
    return tf.where(x > 0, tf.math.log(x), tf.zeros_like(x))


proto, _ = tf2onnx.convert.from_function(guarded, guarded.input_signature, opset=18)
session = onnxruntime.InferenceSession(proto.SerializeToString())
(found,) = session.run(None, {"x": x})
print("TensorFlow", guarded(x).numpy(), "file", found, sorted({node.op_type for node in proto.graph.node}))
assert np.isfinite(guarded(x).numpy()).all()
assert np.isnan(found[0]), "behaviour changed: the file answers a finite number"
PY
"$folder/venv/bin/python" "$folder/behaviour.py" 2> /dev/null
