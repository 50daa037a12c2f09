"""Truth of ``rnnzoo_export.graph.markers``: every recurrent layer of Keras, as its own tests configure it.

Each row of the table is a layer and arguments: exact in the file, or refused by name. ``stateful`` keeps states between
calls, which a file without streaming cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers

from rnnzoo.errors import UnsupportedLayerError
from rnnzoo_export import export_onnx

SERIES: tuple[int | None, ...] = (None, 2)
#: What each image layer reads: steps, sizes, channels.
IMAGES: dict[str, tuple[int | None, ...]] = {
    "ConvLSTM1D": (4, 6, 3),
    "ConvLSTM2D": (4, 6, 6, 3),
    "ConvLSTM3D": (3, 5, 5, 4, 2),
}
COMMON: tuple[dict[str, Any], ...] = (
    {},
    {"dropout": 0.5},
    {"recurrent_dropout": 0.5},
    {"return_sequences": True},
    {"go_backwards": True},
    {"unroll": True},
    {"use_bias": False},
    {"return_sequences": True, "zero_output_for_mask": True},
    {"activation": "relu", "kernel_initializer": "orthogonal"},
    {"kernel_regularizer": "l2", "bias_constraint": "max_norm"},
)
OWN: dict[str, tuple[dict[str, Any], ...]] = {
    "LSTM": ({"unit_forget_bias": False}, {"implementation": 1}, {"recurrent_activation": "hard_sigmoid"}),
    "GRU": ({"reset_after": False}, {"implementation": 1}, {"reset_after": False, "use_bias": False}),
    "SimpleRNN": (),
}


def cell(name: str, **arguments: Any) -> keras.layers.Layer:
    return getattr(layers, f"{name}Cell")(3, **arguments)


def of_cell(name: str, arguments: dict[str, Any]) -> keras.layers.Layer:
    return layers.RNN(cell(name), **arguments)


def both_ways(name: str, merge: str) -> keras.layers.Layer:
    return layers.Bidirectional(getattr(layers, name)(3, return_sequences=True), merge_mode=merge)


def of_cells() -> dict[str, Callable[[], keras.layers.Layer]]:
    made: dict[str, Callable[[], keras.layers.Layer]] = {}
    for name in OWN:
        for arguments in ({}, {"return_sequences": True}, {"go_backwards": True}):
            made[f"RNN({name}Cell, {arguments})"] = partial(of_cell, name, arguments)
    mixed = ("SimpleRNN", "LSTM", "GRU")
    made["RNN of a list of cells"] = lambda: layers.RNN([cell(name) for name in mixed])
    made["RNN(StackedRNNCells)"] = lambda: layers.RNN(
        layers.StackedRNNCells([cell(name) for name in mixed]), return_sequences=True
    )
    made["Bidirectional(RNN)"] = lambda: layers.Bidirectional(layers.RNN(cell("GRU"), return_sequences=True))
    return made


def of_wrappers() -> dict[str, Callable[[], keras.layers.Layer]]:
    made: dict[str, Callable[[], keras.layers.Layer]] = {}
    for merge in ("concat", "sum", "ave", "mul"):
        for name in OWN:
            made[f"Bidirectional({name}, {merge})"] = partial(both_ways, name, merge)
    made["Bidirectional of two layers"] = lambda: layers.Bidirectional(
        layers.LSTM(3), backward_layer=layers.LSTM(3, activation="relu", go_backwards=True)
    )
    made["TimeDistributed(Dense)"] = lambda: layers.TimeDistributed(layers.Dense(3, use_bias=False))
    made["Bidirectional(TimeDistributed input)"] = lambda: keras.Sequential(
        [layers.TimeDistributed(layers.Dense(2)), layers.Bidirectional(layers.SimpleRNN(2))]
    )
    return made


def of_series() -> dict[str, Callable[[], keras.layers.Layer]]:
    """One maker for each configuration of a layer that reads series, by its words."""
    made: dict[str, Callable[[], keras.layers.Layer]] = {}
    for name, own in OWN.items():
        for arguments in (*COMMON, *own):
            made[f"{name}({arguments})"] = partial(getattr(layers, name), 3, **arguments)
    return {**made, **of_cells(), **of_wrappers()}


def of_images() -> dict[str, tuple[str, dict[str, Any]]]:
    arguments: tuple[dict[str, Any], ...] = (
        {},
        {"padding": "same", "return_sequences": True},
        {"strides": 2, "use_bias": False},
        {"dilation_rate": 2, "padding": "same"},
        {"go_backwards": True, "recurrent_activation": "hard_sigmoid"},
    )
    return {f"{name}({one})": (name, one) for name in IMAGES for one in arguments}


def randomized(model: keras.Model) -> keras.Model:
    keras.utils.set_random_seed(3)
    for variable in model.trainable_variables:
        variable.assign(keras.random.normal(variable.shape, stddev=0.5))
    return model


SERIES_LAYERS = of_series()


def shape_of(words: str) -> tuple[int | None, ...]:
    """Keras itself cannot unroll a free time axis."""
    return (5, 2) if "unroll" in words else SERIES


def exported(words: str, *, masked: bool, path: Path) -> None:
    first = [layers.Masking()] if masked else []
    stack = [keras.Input(shape_of(words), name="x"), *first, SERIES_LAYERS[words]()]
    report = export_onnx(randomized(keras.Sequential(stack)), path, strict=False)
    assert report.parity.cases > 0


@pytest.mark.parametrize("words", ["LSTM({})", "GRU({'reset_after': False})"])
def test_a_configuration_is_exact(words: str, tmp_path: Path) -> None:
    exported(words, masked=False, path=tmp_path / "m.onnx")


@pytest.mark.slow
# Keras says so of a Sequential model that TimeDistributed applies to each step.
@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask attached to it")
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("words", SERIES_LAYERS)
def test_every_configuration_of_a_series_layer_is_exact(words: str, masked: bool, tmp_path: Path) -> None:
    exported(words, masked=masked, path=tmp_path / "m.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("words", of_images())
def test_every_configuration_of_an_image_layer_is_exact(words: str, tmp_path: Path) -> None:
    name, arguments = of_images()[words]
    layer = getattr(layers, name)(2, 3, **arguments)
    model = keras.Sequential([keras.Input(IMAGES[name], name="x"), layer])
    assert export_onnx(randomized(model), tmp_path / "m.onnx").parity.cases > 0


@pytest.mark.parametrize("name", [*OWN, *IMAGES])
def test_a_stateful_layer_is_refused_by_name(name: str, tmp_path: Path) -> None:
    inputs = keras.Input(batch_shape=(2, *IMAGES.get(name, (5, 2))))
    arguments = (2, 3) if name in IMAGES else (2,)
    layer = getattr(layers, name)(*arguments, stateful=True, name="memory")
    with pytest.raises(UnsupportedLayerError, match=r"'memory'.*stateful"):
        export_onnx(keras.Model(inputs, layer(inputs)), tmp_path / "m.onnx", strict=False)
    assert not (tmp_path / "m.onnx").exists()
