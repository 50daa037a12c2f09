#!/usr/bin/env bash
# TensorFlow 2.21.0: the graph of a tf.function is expected to go with the function. Where the function calls one that has
# tf.custom_gradient, it does not: each trace enters its gradient in a table of the process, under a name of its own, and
# nothing takes it out. The gradient holds the graph, and the graph what it has captured: in a program that trains many
# models one after the other, the weights of each. Neither del and gc.collect nor tf.keras.backend.clear_session let it go.
# Without tf.custom_gradient the same graph goes at once. Seen on 2026-11-30 with Python 3.11 on x86-64.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "tensorflow==2.21.0"
cat > "$folder/trace.py" <<'PYTHON'
import gc
import weakref

import tensorflow as tf


def traced(own_gradient):
    """Traces a function and its gradient, runs it, and returns a weak reference to its graph."""

    def square(x):
        return x * x

    def with_own_gradient(x):
        return x * x, lambda upstream: 2 * x * upstream

    function = tf.custom_gradient(with_own_gradient) if own_gradient else square
    weight = tf.Variable(2.0)

    @tf.function
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x) * weight
        return tape.gradient(y, x)

    slope(tf.constant(3.0))
    return weakref.ref(slope.get_concrete_function(tf.constant(3.0)).graph)


def left(own_gradient):
    """How many of ten graphs are there after all is deleted."""
    graphs = [traced(own_gradient) for _ in range(10)]
    tf.keras.backend.clear_session()
    gc.collect()
    return sum(graph() is not None for graph in graphs)


plain, own = left(False), left(True)
print(f"TensorFlow {tf.__version__}: graphs left of ten: plain {plain}, with tf.custom_gradient {own}")
assert (plain, own) == (0, 10), "the behaviour has changed"
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=-1 "$folder/venv/bin/python" "$folder/trace.py" 2> /dev/null
