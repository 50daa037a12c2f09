#!/usr/bin/env bash
# A recurrent layer of Keras that is given initial_state beside a masked sequence loses the mask without a word: padding
# then changes its answer, though the same layer without initial_state, or with mask= said, ignores padding. Keras takes
# a mask from the first argument only while that is the only tensor of the call. An encoder-decoder whose decoder starts
# from the encoder's state is the usual place.
# keras 3.15.1 (JAX backend), jax 0.10.2, numpy 2.4.6, Python 3.11; 2026-11-29.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2 numpy==2.4.6
cat > "$folder/behaviour.py" <<'PY'
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
embedding, lstm = layers.Embedding(5, 3, mask_zero=True), layers.LSTM(4)
tokens = keras.Input((None,), dtype="int32")
states = [keras.Input((4,)), keras.Input((4,))]
sequence = embedding(tokens)
mask = embedding.compute_mask(tokens)
models = {
    "no initial state": keras.Model([tokens, *states], lstm(sequence)),
    "initial_state": keras.Model([tokens, *states], lstm(sequence, initial_state=states)),
    "initial_state and mask": keras.Model([tokens, *states], lstm(sequence, initial_state=states, mask=mask)),
}
zeros = [np.zeros((1, 4), "float32")] * 2
short, padded = np.array([[1, 2, 3]]), np.array([[1, 2, 3, 0, 0]])
moved = {}
for name, model in models.items():
    answers = [np.asarray(model([rows, *zeros])) for rows in (short, padded)]
    moved[name] = float(np.abs(answers[0] - answers[1]).max())
print("keras", keras.__version__, {name: round(value, 6) for name, value in moved.items()})
assert moved["no initial state"] < 1e-6 and moved["initial_state and mask"] < 1e-6, "behaviour changed"
assert moved["initial_state"] > 1e-3, "behaviour changed: the mask is kept"
PY
KERAS_BACKEND=jax "$folder/venv/bin/python" "$folder/behaviour.py"
