#!/usr/bin/env bash
# Keras 3.15.1: the loss Huber(delta=2.0) does not keep its delta. get_config() has only the name and the reduction, so that a
# model which was compiled with it, saved and loaded again is trained and evaluated with delta=1.0, and nothing says so. For one
# error of 10 the loss is 18.0 before and 9.5 after. Other losses with a parameter, such as Tversky, keep theirs. Who goes on with
# the training of a saved model, or compares its loss with that of before, has another loss. Seen on 2026-11-29 with Python 3.11
# and TensorFlow 2.21.0.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "keras==3.15.1" "tensorflow-cpu==2.21.0" "numpy==2.4.6"
cat > "$folder/huber.py" <<'PYTHON'
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np

model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
model.compile(optimizer="sgd", loss=keras.losses.Huber(delta=2.0))
x, y = np.array([[10.0]]), np.array([[0.0]])
before = model.evaluate(x, y, verbose=0)
model.save(sys.argv[1])
after = keras.models.load_model(sys.argv[1]).evaluate(x, y, verbose=0)
print(f"keras {keras.__version__}: loss {before} before saving, {after} after loading")
print("config of Huber(2.0):", keras.losses.Huber(2.0).get_config())
print("config of Tversky(0.7):", keras.losses.Tversky(0.7).get_config())
assert (before, after) == (18.0, 9.5), "Huber keeps its delta: the behaviour has changed"
assert keras.losses.Tversky(0.7).get_config()["alpha"] == 0.7
PYTHON
"$folder/venv/bin/python" "$folder/huber.py" "$folder/model.keras" 2> /dev/null
