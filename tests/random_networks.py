"""Networks drawn from a seed: what a person may put before, around and after recurrent layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import layers, ops

FEATURES, IDS, SIDE, STEPS, ROWS = 3, 7, 4, 9, 3
CELLS = ("SimpleRNN", "LSTM", "GRU")
ACTIVATIONS = ("tanh", "sigmoid", "relu", "elu", "softsign", "hard_sigmoid", "linear", "softplus", "swish")


@keras.saving.register_keras_serializable("random_networks")
class Doubled(keras.layers.Layer):
    """A subclassed layer that holds a recurrent one and calls it on two sequences, or twice on one."""

    def __init__(self, inner: keras.layers.Layer, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.inner = inner
        self.supports_masking = True

    def build(self, shape: Any) -> None:
        self.inner.build(shape)

    def call(self, x: Any, mask: Any = None) -> Any:
        return self.inner(x, mask=mask) + self.inner(2 * x, mask=mask)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "inner": keras.saving.serialize_keras_object(self.inner)}


@dataclass
class Drawing:
    """What was drawn so far: the inputs, and how the network came about in words."""

    rng: np.random.Generator
    inputs: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    fixed: bool = False
    masked: bool = False

    def pick(self, *choices: Any) -> Any:
        """Draws one and notes it."""
        choice = choices[int(self.rng.integers(len(choices)))]
        self.words.append(str(choice))
        return choice

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def input(self, name: str, shape: tuple[int | None, ...], dtype: str = "float32") -> Any:
        self.inputs[name] = keras.Input(shape, dtype=dtype, name=name)
        return self.inputs[name]


def draw_network(seed: int) -> tuple[keras.Model, list[str]]:
    """Returns the network of a seed and how it came about in words."""
    keras.utils.set_random_seed(seed)
    drawing = Drawing(np.random.default_rng(seed))
    x = _before(drawing, _source(drawing))
    for _ in range(int(drawing.rng.integers(1, 3))):
        x = _recurrent(drawing, x, sequences=True)
    answers = {"answer": _end(drawing, x)}
    if drawing.chance(0.3):
        answers["second"] = _end(drawing, x)
    ports = drawing.pick("one or a list", "a dictionary")
    outputs = answers if ports == "a dictionary" else list(answers.values())
    inputs = drawing.inputs if ports == "a dictionary" else list(drawing.inputs.values())
    model = keras.Model(inputs, outputs)
    for variable in model.trainable_variables:
        variable.assign(drawing.rng.normal(scale=0.4, size=variable.shape))
    return model, drawing.words


def arrays(model: keras.Model, seed: int) -> dict[str, np.ndarray]:
    """Inputs by name: steps masked at the end, in the middle, and everywhere in the last row."""
    rng = np.random.default_rng(seed)
    found = {}
    for tensor in model.inputs:
        shape = [STEPS if size is None else size for size in tensor.shape[1:]]
        kind = keras.backend.standardize_dtype(tensor.dtype)
        if kind == "bool":
            array = rng.random((ROWS, *shape)) < 0.7
            array[-1] = False
        elif kind == "int32":
            array = rng.integers(0, IDS, (ROWS, *shape)).astype(np.int32)
        else:
            array = rng.normal(size=(ROWS, *shape)).astype(np.float32)
            if array.ndim == 3:
                array[rng.random(array.shape[:2]) < 0.3] = 0
        found[tensor.name] = array
    return found


# The parts.


def _source(drawing: Drawing) -> Any:
    kind = drawing.pick("series", "fixed", "ids", "masked ids", "masking", "masking of -1", "mask given")
    drawing.fixed, drawing.masked = kind == "fixed", "mask" in kind
    steps = STEPS if drawing.fixed else None
    if "ids" in kind:
        return layers.Embedding(IDS, FEATURES, mask_zero="masked" in kind)(
            drawing.input("ids", (None,), "int32")
        )
    x = drawing.input("x", (steps, FEATURES))
    if "masking" in kind:
        return layers.Masking(-1.0 if "-1" in kind else 0.0)(x)
    if kind == "mask given":
        valid = drawing.input("valid", (None,), "bool")
        return layers.LSTM(FEATURES, return_sequences=True)(x, mask=valid)
    return x


def _before(drawing: Drawing, x: Any) -> Any:
    parts: dict[str, Callable[[Any], Any]] = {
        "nothing": lambda x: x,
        "dense": lambda x: layers.Dense(4, activation="gelu")(x),
        "dense of each step": lambda x: layers.TimeDistributed(layers.Dense(4, activation="relu"))(x),
        "layer normalisation": lambda x: layers.LayerNormalization()(x),
        "dropout": lambda x: layers.Dropout(0.3)(x),
        "residual": lambda x: layers.Add()([x, layers.Dense(x.shape[-1])(x)]),
    }
    if not drawing.masked:  # these drop a mask, with a warning
        parts |= {
            "convolution": lambda x: layers.Conv1D(4, 3, padding=drawing.pick("same", "causal", "valid"))(x),
            "strided convolution": lambda x: layers.Conv1D(
                4, 2, strides=2, padding=drawing.pick("same", "valid")
            )(x),
            "separable convolution": lambda x: layers.SeparableConv1D(4, 3, padding="same")(x),
            "maximum pooling": lambda x: layers.MaxPooling1D(2)(x),
            "mean pooling": lambda x: layers.AveragePooling1D(2, padding=drawing.pick("same", "valid"))(x),
            "batch normalisation": lambda x: layers.BatchNormalization()(x),
            "zero padding": lambda x: layers.ZeroPadding1D((1, 2))(x),
            "upsampling": lambda x: layers.UpSampling1D(2)(x),
            "slice": lambda x: x[:, 1:],
            "reversal": lambda x: ops.flip(x, axis=1),
        }
    for _ in range(int(drawing.rng.integers(0, 3))):
        x = parts[drawing.pick(*parts)](x)
    return x


def _layer(drawing: Drawing, *, sequences: bool, both: bool = True) -> keras.layers.Layer:
    cell = drawing.pick(*CELLS)
    units = int(drawing.rng.integers(1, 6))
    arguments: dict[str, Any] = {
        "activation": drawing.pick(*ACTIVATIONS),
        "use_bias": drawing.chance(0.7),
    }
    if cell == "GRU":
        arguments["reset_after"] = drawing.chance(0.5)
    kinds = ("layer", "layer", "cell", "stacked cells", "both") if both else ("layer", "cell")
    kind = drawing.pick(*kinds)
    made = getattr(layers, cell if kind in {"layer", "both"} else f"{cell}Cell")
    if kind == "cell":
        return layers.RNN(made(units, **arguments), return_sequences=sequences)
    if kind == "stacked cells":
        return layers.RNN([made(units, **arguments), layers.GRUCell(3)], return_sequences=sequences)
    arguments |= {"return_sequences": sequences, "go_backwards": not sequences and drawing.chance(0.3)}
    if kind == "both":
        arguments["go_backwards"] = False
        merge = drawing.pick("concat", "sum", "mul", "ave")
        return layers.Bidirectional(made(units, **arguments), merge_mode=merge)
    return made(units, **arguments)


def _recurrent(drawing: Drawing, x: Any, *, sequences: bool) -> Any:
    way = drawing.pick("called", "called", "shared", "nested", "subclassed", "given states", "states")
    if way in {"given states", "states"}:
        units = int(drawing.rng.integers(1, 5))
        gru = layers.GRU(units, return_sequences=sequences, return_state=way == "states")
        if way == "given states":
            side = drawing.inputs.get("side")
            side = drawing.input("side", (SIDE,)) if side is None else side
            return gru(x, initial_state=layers.Dense(units)(side))
        answer, state = gru(x)
        return answer + (state[:, None] if sequences else state)
    layer = _layer(drawing, sequences=sequences)
    if way == "shared":
        return layers.Concatenate()([layer(x), layer(ops.negative(x))])
    if way == "subclassed":
        return Doubled(layer)(x)
    if way == "nested" and not drawing.masked:
        inside = keras.Input(x.shape[1:])
        return keras.Model(inside, layer(inside))(x)
    return layer(x)


def _end(drawing: Drawing, x: Any) -> Any:
    ends: dict[str, Callable[[Any], Any]] = {
        "every step": lambda x: layers.Dense(2)(x),
        "softmax of every step": lambda x: layers.TimeDistributed(layers.Dense(2, activation="softmax"))(x),
        "a last layer": lambda x: layers.Dense(2)(_recurrent(drawing, x, sequences=False)),
        "the mean": lambda x: layers.Dense(2)(layers.GlobalAveragePooling1D()(x)),
        "the last step": lambda x: layers.Dense(2)(x[:, -1]),
        "the category": lambda x: ops.argmax(layers.Dense(3)(layers.GlobalAveragePooling1D()(x)), axis=-1),
        "attention": lambda x: layers.Dense(2)(layers.MultiHeadAttention(2, 3)(x, x)),
    }
    if not drawing.masked:
        ends |= {
            "a convolution after": lambda x: layers.GlobalMaxPooling1D()(
                layers.Conv1D(3, 2, padding="same")(x)
            ),
            "pooling after": lambda x: layers.Dense(2)(layers.MaxPooling1D(2, padding="same")(x)),
        }
    if drawing.fixed and x.shape[1] is not None:
        ends["all steps at once"] = lambda x: layers.Dense(2)(layers.Flatten()(x))
    return ends[drawing.pick(*ends)](x)
