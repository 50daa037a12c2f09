#!/usr/bin/env bash
# Keras 3.15.1 lets a second class of the same package and name take the place of the first in its registry without a word
# (Keras 2 raised "has already been registered"): `register_keras_serializable(package="shop")` on two classes `Gain`. A model
# that was saved with the first then loads, without error or warning, with the second, and answers otherwise: weights fit, as
# both classes have the same ones. Whoever registers layers of several modules needs a key with the module in it. Seen on
# 2026-11-29 with numpy 2.4.6, jax 0.10.2 and the JAX backend; the registry is the same for all backends.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "keras==3.15.1" "numpy==2.4.6" "jax==0.10.2" "jaxlib==0.10.2"
cat > "$folder/ask.py" <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import keras
import numpy as np

path = sys.argv[1]


def make(factor):
    """Returns a class that multiplies by a weight and a factor of its own."""

    @keras.saving.register_keras_serializable(package="shop")
    class Gain(keras.layers.Layer):
        def build(self, shape):
            self.gain = self.add_weight(shape=(1,), initializer="ones")

        def call(self, x):
            return x * self.gain * factor

    return Gain


first = make(1.0)
model = keras.Sequential([keras.Input((1,)), first()])
model.save(path)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    second = make(10.0)
    loaded = keras.models.load_model(path)
x = np.ones((1, 1), "float32")
answers = float(np.asarray(model(x))[0, 0]), float(np.asarray(loaded(x))[0, 0])
print(f"keras {version('keras')}: saved model answers {answers[0]:g}, loaded model {answers[1]:g}")
assert not [warning for warning in seen if issubclass(warning.category, UserWarning)]
assert type(loaded.layers[0]) is second
assert answers == (1.0, 10.0)
PYTHON
KERAS_BACKEND=jax "$folder/venv/bin/python" "$folder/ask.py" "$folder/model.keras"
echo "as described"
