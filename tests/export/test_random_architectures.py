"""Truth of ``rnnzoo_export.graph.markers``.

Networks drawn at random around recurrent layers: each export is proved, and has one operator for each of them.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis
import keras
import pytest
from hypothesis import strategies as st
from keras import layers

from rnnzoo_export import export_onnx

FEATURES = 3
OPERATORS = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}
ACTIVATIONS = (
    "tanh",
    "sigmoid",
    "relu",
    "elu",
    "hard_sigmoid",
    "softsign",
    "softplus",
    "linear",
    "leaky_relu",
)


def recurrent(draw: Any, *, sequences: bool, merge_modes: tuple[str, ...]) -> tuple[str, keras.Layer]:
    kind = draw(st.sampled_from(sorted(OPERATORS)))
    arguments: dict[str, Any] = {
        "activation": draw(st.sampled_from(ACTIVATIONS)),
        "use_bias": draw(st.booleans()),
        "bias_initializer": "glorot_uniform",
        "return_sequences": sequences,
        "zero_output_for_mask": sequences and draw(st.booleans()),
    }
    if kind != "SimpleRNN":
        arguments["recurrent_activation"] = draw(st.sampled_from(("sigmoid", "hard_sigmoid", "tanh")))
    if kind == "GRU":
        arguments["reset_after"] = draw(st.booleans())
    direction = draw(st.sampled_from(("forwards", "backwards", "both")))
    # Sequences of a backward layer are in reversed order, which a mask does not follow.
    go_backwards = direction == "backwards" and not sequences
    layer = getattr(layers, kind)(draw(st.integers(1, 5)), go_backwards=go_backwards, **arguments)
    if direction == "both":
        layer = layers.Bidirectional(layer, merge_mode=draw(st.sampled_from(merge_modes)))
    # onnxruntime's recurrent operators compute softplus so that it overflows: such a layer is a Scan.
    return "Scan" if arguments["activation"] == "softplus" else OPERATORS[kind], layer


def attention(x: Any) -> Any:
    heads = layers.MultiHeadAttention(num_heads=2, key_dim=3)
    return layers.Add()([x, heads(x, x)])


def residual(x: Any) -> Any:
    return layers.Add()([x, layers.Dense(x.shape[-1], activation="gelu")(x)])


def operators_of(layer: Any, *, masked: bool) -> int:
    """How many operators a layer becomes: under a mask one for each direction."""
    return 2 if masked and isinstance(layer, layers.Bidirectional) else 1


def network(draw: Any) -> tuple[keras.Model, Counter[str]]:
    """A model and how many operators of each kind it must become."""
    keras.utils.set_random_seed(9)
    masked = draw(st.booleans())
    inputs = keras.Input((None, FEATURES), name="x")
    x = layers.Masking()(inputs) if masked else inputs
    count: Counter[str] = Counter()
    around = {
        "dense": lambda x: layers.Dense(4, activation=draw(st.sampled_from(("relu", "gelu", "swish"))))(x),
        "layer norm": lambda x: layers.LayerNormalization()(x),
        "dropout": lambda x: layers.Dropout(0.5)(x),
        "residual": residual,
        "attention": attention,
    }
    if not masked:  # a convolution drops the mask, with a warning
        around["convolution"] = lambda x: layers.Conv1D(
            4, 3, padding=draw(st.sampled_from(("same", "causal"))), dilation_rate=draw(st.integers(1, 2))
        )(x)
    for _ in range(draw(st.integers(1, 3))):
        for name in draw(st.lists(st.sampled_from(sorted(around)), max_size=2, unique=True)):
            x = around[name](x)
        operator, layer = recurrent(draw, sequences=True, merge_modes=("concat", "sum", "mul", "ave"))
        count[operator] += operators_of(layer, masked=masked)
        x = layer(x)
    end = draw(st.sampled_from(("sequences", "last", "pooled")))
    if end == "last":
        operator, layer = recurrent(draw, sequences=False, merge_modes=("concat", "sum", "mul", "ave"))
        count[operator] += operators_of(layer, masked=masked)
        x = layer(x)
    elif end == "pooled":
        x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(2, name="answer")(x)), count


def drawn(examples: int) -> Any:
    health = [hypothesis.HealthCheck.too_slow]
    return hypothesis.settings(max_examples=examples, deadline=None, suppress_health_check=health)


@drawn(8)
@hypothesis.given(data=st.data())
def test_any_network_is_exported_with_fused_operators(data: st.DataObject) -> None:
    assert_exported(*network(data.draw))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@drawn(150)
@hypothesis.given(data=st.data())
def test_many_networks_are(data: st.DataObject) -> None:
    assert_exported(*network(data.draw))


def assert_exported(model: keras.Model, expected: Counter[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        report = export_onnx(model, Path(folder) / "model.onnx", strict=True)
    found = Counter({name: report.operators[name] for name in OPERATORS.values() if name in report.operators})
    scans = expected.pop("Scan", 0)
    assert found == expected
    assert report.operators.get("Scan", 0) >= scans
    assert report.loops == ()
    assert report.operators.get("Loop", 0) == 0
    assert report.parity.cases == 11
