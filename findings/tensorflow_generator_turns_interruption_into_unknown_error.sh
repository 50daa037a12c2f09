#!/usr/bin/env bash
# TensorFlow 2.21.0: a KeyboardInterrupt inside the generator of tf.data.Dataset.from_generator does not reach the program as
# one. Iterating over the data set raises tensorflow.errors.UnknownError, whose text holds "KeyboardInterrupt" but whose cause is
# None, so that `except KeyboardInterrupt:`, which saves a checkpoint or says what is kept, is passed over, and a program ends
# with a long traceback and exit code 1 instead of 130. An exception of the program, here ValueError, becomes
# InvalidArgumentError the same way. Seen on 2026-11-29 with Python 3.11 on x86-64.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "tensorflow==2.21.0"
cat > "$folder/iterate.py" <<'PYTHON'
import tensorflow as tf


def outcome(error):
    """Returns what a loop over a data set ends with when its generator raises an error after one element."""

    def generate():
        yield 1.0
        raise error

    data = tf.data.Dataset.from_generator(generate, output_signature=tf.TensorSpec((), tf.float32))
    try:
        list(data)
    except BaseException as raised:
        return raised


stopped, wrong = outcome(KeyboardInterrupt()), outcome(ValueError("a wrong row"))
print(f"TensorFlow {tf.__version__}: KeyboardInterrupt -> {type(stopped).__name__}, ValueError -> {type(wrong).__name__}")
assert isinstance(stopped, tf.errors.UnknownError) and stopped.__cause__ is None, "the behaviour has changed"
assert "KeyboardInterrupt" in str(stopped), "the text has changed"
assert isinstance(wrong, tf.errors.InvalidArgumentError), "the behaviour has changed"
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=-1 "$folder/venv/bin/python" "$folder/iterate.py" 2> /dev/null
