"""The networks in which breaks of the lowering are looked for, and what a break is."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from rnnzoo.cells import CELLS

UNITS = FEATURES = 3
STEPS = 6
IDS = 7
GATED = {"activation": "softsign", "recurrent_activation": "hard_sigmoid"}
LAYERS: dict[str, Callable[..., Any]] = {
    "SimpleRNN": functools.partial(layers.SimpleRNN, activation="softsign"),
    "LSTM": functools.partial(layers.LSTM, **GATED),
    "GRU": functools.partial(layers.GRU, **GATED),
    "GRU, reset before": functools.partial(layers.GRU, reset_after=False, **GATED),
    "LSTM as a Scan": functools.partial(layers.LSTM, activation="softplus"),
    "sLSTM": CELLS["slstm"].layer,
}
MASKS = ("none", "0", "-1", "ids")
DIRECTIONS = ("forwards", "backwards", "both")


@dataclass(frozen=True)
class Network:
    """Two recurrent layers of one kind, one after the other, behind what masks them.

    ``mask`` is ``"none"``, the value of a ``Masking`` layer, or ``"ids"`` for an ``Embedding(mask_zero=True)``.
    """

    layer: str
    direction: str = "forwards"
    mask: str = "none"
    fixed: bool = False
    nested: bool = False
    sequences: bool = True
    states: bool = True
    merge: str = "concat"

    def build(self) -> keras.Model:
        keras.utils.set_random_seed(11)
        shape = (STEPS if self.fixed else None, *([] if self.mask == "ids" else [FEATURES]))
        x, state = keras.Input(shape, name="x"), keras.Input((UNITS,), name="state")
        inputs = [x, state] if self.states else [x]
        inner = keras.Model(inputs, self._answer(x, state), name="inner")
        model = keras.Model(inputs, inner(inputs), name="outer") if self.nested else inner
        rng = np.random.default_rng(5)
        for variable in model.trainable_variables:
            variable.assign(rng.normal(scale=0.6, size=variable.shape))
        return model

    def _answer(self, x: Any, state: Any) -> Any:
        mask = None
        if self.mask != "none":
            ids = self.mask == "ids"
            layer = (
                layers.Embedding(IDS, FEATURES, mask_zero=True) if ids else layers.Masking(float(self.mask))
            )
            x, mask = layer(x), layer.compute_mask(x)
        # A backward layer's sequence is in reversed order, which the mask is not: it comes last.
        if self.direction != "backwards":
            x = self._recurrent(x, mask, state, sequences=True)
        return self._recurrent(x, mask, state, sequences=self.sequences)

    def _recurrent(self, x: Any, mask: Any, state: Any, *, sequences: bool) -> Any:
        arguments: dict[str, Any] = {"return_sequences": sequences}
        if self.direction == "backwards":
            arguments["go_backwards"] = True
        layer = LAYERS[self.layer](UNITS, **arguments)
        if self.direction == "both":
            layer = layers.Bidirectional(layer, merge_mode=self.merge)
        if not self.states:
            return layer(x, mask=mask)
        count = {"sLSTM": 4}.get(self.layer, 2 if self.layer.startswith("LSTM") else 1)
        # Beside states, Keras does not find a mask on its own.
        return layer(x, mask=mask, initial_state=[state] * (count * (1 + (self.direction == "both"))))

    @property
    def is_scan(self) -> bool:
        return self.layer in ("LSTM as a Scan", "sLSTM")

    def inputs(self, kind: str, *, rows: int = 4, large: bool = False) -> dict[str, np.ndarray]:
        """Inputs whose rows all have one kind of mask; without a mask, rows that are full."""
        rng = np.random.default_rng(23)
        valid = np.ones((rows, STEPS), bool)
        for row in range(rows):
            start = 1 + row % 3
            if kind == "right":
                valid[row, STEPS - start :] = False
            elif kind == "left":
                valid[row, :start] = False
            elif kind == "holes":
                valid[row, start : start + 2] = False
            elif kind == "empty row":
                valid[row] = False
        if self.mask == "ids":
            x = np.where(valid, rng.integers(1, IDS, valid.shape), 0)
        else:
            x = rng.normal(size=(*valid.shape, FEATURES)) * (300 if large else 1)
            x = np.where(valid[:, :, None], x, 0.0 if self.mask == "none" else float(self.mask))
        state = rng.normal(size=(rows, UNITS))
        arrays = {"x": x, "state": state} if self.states else {"x": x}
        return {name: value.astype(np.float32) for name, value in arrays.items()}


@dataclass(frozen=True)
class Mutant:
    """A break.

    Attributes:
        name: What is broken.
        patch: Makes the context in which the lowering is broken.
        equal: Says why a network answers as before nevertheless; ``None`` where it must not.
        while_tracing: Whether it is put in while the network is traced.
        view: What shows it: ``"rows"`` of one kind of mask, ``"many"`` rows or ``"large"`` numbers.
    """

    name: str
    patch: Callable[[], contextlib.AbstractContextManager[Any]]
    equal: Callable[[Network], str | None] = lambda _: None
    while_tracing: bool = False
    view: str = "rows"


def networks(*, every: bool) -> list[Network]:
    """The networks: every layer, direction, mask and kind of answer with all else in turn, or a few of them."""
    if every:
        return [
            Network(
                *(layer, direction, mask),
                fixed=place * 7 % 16 // 8 == 0,
                nested=place * 5 % 12 // 6 == 0,
                states=place * 3 % 10 // 5 == 0,
                sequences=sequences,
                merge=("concat", "sum", "mul", "ave")[place % 5 % 4],
            )
            for place, (layer, direction, mask, sequences) in enumerate(
                itertools.product(LAYERS, DIRECTIONS, MASKS, (False, True))
            )
        ]
    return [
        Network("SimpleRNN", "forwards", "-1", fixed=True),
        Network("LSTM", "forwards", "0", nested=True, sequences=False),
        Network("LSTM", "backwards", "-1", fixed=True),
        Network("LSTM", "both", "ids", nested=True),
        Network("GRU", "forwards", "ids", fixed=True, nested=True, states=False),
        Network("GRU", "both", "-1", sequences=False, merge="sum"),
        Network("GRU, reset before", "forwards", "0", fixed=True),
        Network("SimpleRNN", "both", "none"),
        Network("LSTM as a Scan", "forwards", "-1", nested=True),
        Network("sLSTM", "backwards", "ids", fixed=True),
    ]
