"""The lowering broken in many ways, and the networks in which each break is looked for.

A mutant is put in while a converted network is lowered. Whether its file answers otherwise than Keras is looked at on
inputs that are made here, and not by the proof; then the proof must say so too.

    python tests/proof_mutants.py [--every]

prints the table of mutants.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import onnx
import onnxruntime
from keras import layers

from rnnzoo.cells import CELLS
from rnnzoo.errors import ParityError
from rnnzoo_export import conversion as onnx_model
from rnnzoo_export.graph import lowering, markers, recurrent_nodes, scan_nodes, simple_rnn_nodes
from rnnzoo_export.graph.marker_spec import MarkerSpec
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.parity.parity import prove

UNITS = FEATURES = 3
STEPS = 6
IDS = 7
KINDS = ("full", "right", "left", "holes", "empty row")
# Differences that Keras and onnxruntime have on their own stay below a tenth of this.
VISIBLE = 1e-4

# The networks.

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


# The mutants.


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


def _specs(change: Callable[[Any, list[str]], tuple[Any, list[str]]]) -> Callable[[], Any]:
    """Breaks what a marker says: its specification and its inputs."""

    @contextlib.contextmanager
    def patch() -> Iterator[None]:
        operator, scan = recurrent_nodes.write_recurrent_nodes, scan_nodes.write_scan_nodes

        def write(original: Any, spec: Any, builder: Any, inputs: Any, outputs: Any, **rest: Any) -> None:
            spec, inputs = change(spec, list(inputs))
            original(spec, builder, inputs, outputs, **rest)

        with (
            mock.patch.object(lowering, "write_recurrent_nodes", functools.partial(write, operator)),
            mock.patch.object(lowering, "write_scan_nodes", functools.partial(write, scan)),
        ):
            yield

    return patch


def _weights_of(spec: MarkerSpec, inputs: list[str]) -> tuple[list[str], list[str]]:
    count = (3 if spec.use_bias else 2) * spec.num_directions
    return inputs[:-count], inputs[-count:]


def _no_mask(spec: Any, inputs: list[str]) -> tuple[Any, list[str]]:
    if spec.masked:
        inputs.pop(1)
    return dataclasses.replace(spec, masked=False), inputs


def _swapped(spec: Any, inputs: list[str]) -> tuple[Any, list[str]]:
    if not isinstance(spec, MarkerSpec):
        return dataclasses.replace(spec, go_backwards=not spec.go_backwards), inputs
    if spec.num_directions == 1:
        return dataclasses.replace(
            spec, direction="reverse" if spec.direction == "forward" else "forward"
        ), inputs
    rest, weights = _weights_of(spec, inputs)
    half = len(weights) // 2
    return spec, [*rest, *weights[half:], *weights[:half]]


def _no_bias(spec: Any, inputs: list[str]) -> tuple[Any, list[str]]:
    if not isinstance(spec, MarkerSpec):
        return spec, inputs
    rest, weights = _weights_of(spec, inputs)
    kept = [name for place, name in enumerate(weights) if place % 3 != 2]
    return dataclasses.replace(spec, use_bias=False), [*rest, *kept]


def _no_state(spec: Any, inputs: list[str]) -> tuple[Any, list[str]]:
    first = 1 + spec.masked
    if isinstance(spec, MarkerSpec):
        if spec.initial_states:
            del inputs[first : first + spec.num_states]
        return dataclasses.replace(spec, initial_states=False), inputs
    return spec, inputs


def _hold(zero: bool) -> Callable[[], Any]:
    """Breaks what masked steps of a sequence answer; last outputs stay as they are."""

    def change(spec: Any, inputs: list[str]) -> tuple[Any, list[str]]:
        return (dataclasses.replace(spec, zero_output=zero) if spec.return_sequences else spec), inputs

    return _specs(change)


@contextlib.contextmanager
def _other_weights() -> Iterator[None]:
    """Gives a layer the weights of the layer before it, or of its own other direction."""
    known: list[list[str]] = []

    def change(spec: Any, inputs: list[str]) -> tuple[Any, list[str]]:
        if not isinstance(spec, MarkerSpec):
            return spec, inputs
        rest, weights = _weights_of(spec, inputs)
        if spec.num_directions == 2:
            half = len(weights) // 2
            return spec, [*rest, *weights[:half], *weights[:half]]
        known.append(weights)
        return spec, [*rest, *known[0]]

    with _specs(change)():
        yield


@contextlib.contextmanager
def _other_step() -> Iterator[None]:
    """Gives a layer that is a Scan the step of the first one of its sizes."""
    original = scan_nodes.write_scan_nodes
    known: dict[Any, Any] = {}

    def write(*arguments: Any, step: Any, **rest: Any) -> None:
        sizes = tuple(tuple(tensor.dims) for tensor in step.graph.initializer)
        original(*arguments, step=known.setdefault(sizes, step), **rest)

    with mock.patch.object(lowering, "write_scan_nodes", write):
        yield


def _attributes(change: Callable[[dict[str, Any]], None]) -> Callable[[], Any]:
    original = recurrent_nodes.RecurrentNodes._attributes

    def attributes(self: Any) -> dict[str, Any]:
        made = original(self)
        change(made)
        return made

    return lambda: mock.patch.object(recurrent_nodes.RecurrentNodes, "_attributes", attributes)


def _other_reset(made: dict[str, Any]) -> None:
    if "linear_before_reset" in made:
        made["linear_before_reset"] = 1 - made["linear_before_reset"]


def _default_activations(made: dict[str, Any]) -> None:
    for key in ("activations", "activation_alpha", "activation_beta"):
        made.pop(key, None)


@contextlib.contextmanager
def _through_padding() -> Iterator[None]:
    """Lets the operator run over all steps, so that the last state comes from padding."""
    original = recurrent_nodes.RecurrentNodes._run

    def run(self: Any, x: str, weights: Any) -> list[str]:
        mask, self._mask = self._mask, None
        try:
            return original(self, x, weights)
        finally:
            self._mask = mask

    with mock.patch.object(recurrent_nodes.RecurrentNodes, "_run", run):
        yield


@contextlib.contextmanager
def _not_moved() -> Iterator[None]:
    """Takes the first steps for the valid ones, as is right for padding on the right alone."""
    with mock.patch.object(recurrent_nodes.RecurrentNodes, "_compact", lambda self, x: x):
        yield


@contextlib.contextmanager
def _empty_rows_run() -> Iterator[None]:
    """Leaves a row without a valid step what the operator makes of it."""
    original = recurrent_nodes.RecurrentNodes._read_mask

    def read(self: Any, mask: str) -> Any:
        made = original(self, mask)
        ones = self._builder.add("Or", [made.present, self._builder.add("Not", [made.present])])
        return dataclasses.replace(made, present=ones)

    with mock.patch.object(recurrent_nodes.RecurrentNodes, "_read_mask", read):
        yield


@contextlib.contextmanager
def _not_turned() -> Iterator[None]:
    """Leaves a backward sequence in the order in which the operator has it; of two directions, turns one too often."""
    whole = recurrent_nodes.RecurrentNodes._whole_sequence

    def turned(builder: Any, y: str, axis: int) -> str:
        numbers = (builder.integers(number) for number in (-1, -(2**62), axis, -1))
        return builder.add("Slice", [y, *numbers])

    def write(self: Any) -> str:
        builder = self._builder
        if self._spec.direction == "bidirectional":
            two = [
                builder.add("Gather", [self._sequence, builder.constant(np.int64(direction))], axis=1)
                for direction in (0, 1)
            ]
            two[1] = turned(builder, two[1], 0)
            parts = [builder.add("Unsqueeze", [part, builder.integers(1)]) for part in two]
            self._sequence = builder.add("Concat", parts, axis=1)
            return whole(self)
        y = whole(self)
        return turned(builder, y, 1) if self._spec.direction == "reverse" else y

    with mock.patch.object(recurrent_nodes.RecurrentNodes, "_whole_sequence", write):
        yield


@contextlib.contextmanager
def _merged_otherwise() -> Iterator[None]:
    def merge(output: Any, mode: str | None) -> Any:
        if mode == "concat":
            half = output.shape[-1] // 2
            return keras.ops.concatenate([output[..., half:], output[..., :half]], axis=-1)
        forward, backward = output[..., 0, :], output[..., 1, :]
        return forward + backward if mode in ("mul", "ave") else forward * backward

    with mock.patch.object(markers, "_merge", merge):
        yield


@contextlib.contextmanager
def _operators_that_overflow() -> Iterator[None]:
    with (
        mock.patch.object(markers, "_overflows", return_value=False),
        mock.patch.object(simple_rnn_nodes, "_SCAN_ALONE", ()),
    ):
        yield


@contextlib.contextmanager
def _other_scan() -> Iterator[None]:
    """Breaks the form of a SimpleRNN that larger batches take."""

    def activate(builder: Any, activation: Any, x: str) -> str:
        return str(builder.add("Tanh", [x]))

    with mock.patch.object(simple_rnn_nodes, "_activate", activate):
        yield


@contextlib.contextmanager
def _zero_starts() -> Iterator[None]:
    """Starts a Scan from zeros whatever the states given are."""
    original = scan_nodes._StepScan.write

    def write(self: Any, inputs: list[str], *, sequence: bool) -> list[str]:
        first = 1 + self._spec.masked
        none = self._builder.constant(np.float32(0))
        return original(
            self,
            [*inputs[:first], *(self._builder.add("Mul", [name, none]) for name in inputs[first:])],
            sequence=sequence,
        )

    with mock.patch.object(scan_nodes._StepScan, "write", write):
        yield


def _unless(*conditions: tuple[Callable[[Network], bool], str]) -> Callable[[Network], str | None]:
    return lambda network: next((reason for holds, reason in conditions if holds(network)), None)


def _operators_only(network: Network) -> bool:
    return network.is_scan


def _unmasked(network: Network) -> bool:
    return network.mask == "none"


SCAN_HAS_NONE = (_operators_only, "a Scan is not written by this code")
NO_MASK = (_unmasked, "the network has no mask")
LAST = (lambda n: not n.sequences, "the only sequence is read under the mask, which hides its masked steps")
ZEROS = (lambda n: n.direction == "both", "Keras answers zeros there in both directions anyway")

MUTANTS = (
    Mutant("mask ignored", _specs(_no_mask), _unless(NO_MASK)),
    Mutant("directions swapped", _specs(_swapped)),
    Mutant(
        "gates permuted",
        lambda: mock.patch.dict(recurrent_nodes._GATES, {"LSTM": (0, 1, 2, 3), "GRU": (1, 0, 2)}),
        _unless(SCAN_HAS_NONE, (lambda n: n.layer == "SimpleRNN", "it has no gates")),
    ),
    Mutant("bias dropped", _specs(_no_bias), _unless(SCAN_HAS_NONE)),
    Mutant(
        "initial state ignored",
        _specs(_no_state),
        _unless(SCAN_HAS_NONE, (lambda n: not n.states, "the states are zeros")),
    ),
    Mutant(
        "initial state of a Scan ignored",
        _zero_starts,
        _unless(
            (lambda n: not n.is_scan, "no layer is a Scan"), (lambda n: not n.states, "the states are zeros")
        ),
    ),
    Mutant(
        "reset gate elsewhere",
        _attributes(_other_reset),
        _unless((lambda n: not n.layer.startswith("GRU"), "it has no reset gate")),
    ),
    Mutant(
        "last step from padding",
        _through_padding,
        _unless(
            SCAN_HAS_NONE,
            NO_MASK,
            (
                lambda n: n.sequences and n.direction != "both" and n.direction != "backwards",
                "only sequences are answered, whose valid steps stand before the padding",
            ),
        ),
    ),
    Mutant("every mask taken for right padding", _not_moved, _unless(SCAN_HAS_NONE, NO_MASK)),
    Mutant(
        "a row without a valid step is run",
        _empty_rows_run,
        _unless(
            SCAN_HAS_NONE,
            NO_MASK,
            (lambda n: n.sequences, "of sequences, the mask alone decides what such a row answers"),
        ),
    ),
    Mutant(
        "merged otherwise",
        _merged_otherwise,
        _unless(SCAN_HAS_NONE, (lambda n: n.direction != "both", "there is one direction")),
        while_tracing=True,
    ),
    Mutant("default activations", _attributes(_default_activations), _unless(SCAN_HAS_NONE)),
    Mutant(
        "another layer's weights",
        _other_weights,
        _unless(SCAN_HAS_NONE, (lambda n: n.direction == "backwards", "there is one layer")),
    ),
    Mutant(
        "another layer's step",
        _other_step,
        _unless(
            (lambda n: not n.is_scan, "no layer is a Scan"),
            (lambda n: n.direction == "backwards", "there is one layer"),
        ),
    ),
    Mutant(
        "time not turned back",
        _not_turned,
        _unless(
            SCAN_HAS_NONE,
            (lambda n: n.direction == "forwards", "nothing is read backwards"),
            (lambda n: n.direction == "backwards" and not n.sequences, "no sequence is read backwards"),
        ),
    ),
    Mutant("zeros for the held output", _hold(zero=True), _unless(NO_MASK, ZEROS, LAST)),
    Mutant(
        "held output for zeros",
        _hold(zero=False),
        _unless(NO_MASK, (lambda n: n.direction != "both", "Keras holds the output there anyway"), LAST),
    ),
    Mutant(
        "the form for many rows",
        _other_scan,
        _unless((lambda n: n.layer != "SimpleRNN", "it has one form")),
        view="many",
    ),
    Mutant(
        "an operator that overflows",
        _operators_that_overflow,
        _unless(
            (lambda n: n.layer != "LSTM as a Scan", "its activations do not overflow"),
            (lambda n: n.mask == "ids", "ids cannot be large"),
        ),
        while_tracing=True,
        view="large",
    ),
)

# What came of them.


@dataclass
class Outcome:
    """What one mutant did to one network, by what was looked at.

    Attributes:
        seen: Where the file answers otherwise than Keras.
        caught: Where the proof refuses it.
    """

    network: Network
    mutant: str
    seen: set[str]
    caught: set[str]
    reason: str | None


class Laboratory:
    """One network, converted once, lowered as often as there are mutants.

    Args:
        network: The network.
        folder: Where files go.
    """

    def __init__(self, network: Network, folder: Path) -> None:
        self.network, self._folder = network, folder
        self.model = network.build()
        # Its answers are kept, for they are asked for again and again.
        self._exportable = Exportable(self.model)
        self._answers: dict[Any, Any] = {}
        predict, eagerly = self._exportable.predict, self._exportable.predict_eagerly
        vars(self._exportable).update(
            predict=lambda arrays: self._known("truth", predict, arrays),
            predict_eagerly=lambda arrays: self._known("eager", eagerly, arrays),
        )
        self._converted = self._convert()
        self.right = self._session("right", self._lower(self._converted))
        self._truths: dict[str, np.ndarray] = {}

    def kinds(self, mutant: Mutant) -> tuple[str, ...]:
        """What is looked at: each kind of row on its own."""
        if mutant.view != "rows":
            return (mutant.view,)
        return ("full",) if self.network.mask == "none" else KINDS

    def outcome(self, mutant: Mutant) -> Outcome:
        """Breaks the lowering and looks what answers otherwise, and what the proof says of it."""
        with mutant.patch():
            converted = self._convert() if mutant.while_tracing else self._converted
            wrong = self._session(mutant.name, self._lower(converted))
        seen = {kind for kind in self.kinds(mutant) if self._differs(wrong, kind)}
        caught = {kind for kind in seen if self._is_refused(wrong, kind)}
        return Outcome(self.network, mutant.name, seen, caught, mutant.equal(self.network))

    def is_proved(self) -> bool:
        """Whether the proof lets the right file pass."""
        return not self._refuses(self.right)

    def _convert(self) -> tuple[onnx.ModelProto, dict[str, Any]]:
        kept: list[Any] = []

        def keep(proto: onnx.ModelProto, steps: dict[str, Any]) -> list[str]:
            copy = onnx.ModelProto()
            copy.CopyFrom(proto)
            kept.append((copy, steps))
            return list(lowering.lower_markers(proto, steps))

        with mock.patch.object(onnx_model, "lower_markers", keep):
            onnx_model._convert(self._exportable, 18)
        made: tuple[onnx.ModelProto, dict[str, Any]] = kept[0]
        return made

    def _lower(self, converted: tuple[onnx.ModelProto, dict[str, Any]]) -> onnx.ModelProto:
        proto = onnx.ModelProto()
        proto.CopyFrom(converted[0])
        lowering.lower_markers(proto, converted[1])
        onnx_model._order(proto, self._exportable.signature)
        return proto

    def _session(self, name: str, proto: onnx.ModelProto) -> Callable[[Any], dict[str, np.ndarray]]:
        path = self._folder / "model.onnx"
        onnx.save(proto, path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level, options.intra_op_num_threads = 4, 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]

        def run(arrays: Any) -> dict[str, np.ndarray]:
            return dict(zip(names, session.run(names, dict(arrays)), strict=True))

        return lambda arrays: self._known(name, run, arrays)

    def _known(self, name: str, run: Any, arrays: Any) -> Any:
        key = (name, *((key, value.shape, value.tobytes()) for key, value in arrays.items()))
        if key not in self._answers:
            self._answers[key] = run(arrays)
        return self._answers[key]

    def _differs(self, wrong: Any, kind: str) -> bool:
        if kind in ("many", "large"):
            arrays = self.network.inputs("full", rows=400 if kind == "many" else 4, large=kind == "large")
        else:
            arrays = self.network.inputs(kind)
        if kind not in self._truths:
            truth = self.model([arrays[tensor.name] for tensor in self.model.inputs])
            self._truths[kind] = np.asarray(truth)
            assert np.isfinite(self._truths[kind]).all()
        (found,) = wrong(arrays).values()
        truth = self._truths[kind]
        size = max(1.0, float(np.abs(truth).max()))
        return not bool((np.abs(found - truth) <= VISIBLE * size).all())

    def _is_refused(self, wrong: Any, kind: str) -> bool:
        """Whether the proof refuses a file that is wrong for rows of one kind alone."""
        if kind in ("many", "large"):
            return self._refuses(wrong)

        def run(arrays: Any) -> dict[str, np.ndarray]:
            rows = self._rows(arrays["x"], kind)
            good, bad = self.right(arrays), wrong(arrays)
            return {
                key: np.where(rows.reshape(-1, *[1] * (value.ndim - 1)), bad[key], value)
                for key, value in good.items()
            }

        return self._refuses(run)

    def _rows(self, x: np.ndarray, kind: str) -> np.ndarray:
        """Returns which rows of a batch have one kind of mask and no other."""
        if self.network.mask == "none":
            return np.ones(len(x), bool)
        valid = x != 0 if self.network.mask == "ids" else (x != float(self.network.mask)).any(axis=-1)
        steps = np.arange(valid.shape[1])
        first = np.where(valid, steps, len(steps)).min(axis=1)
        last = np.where(valid, steps, -1).max(axis=1)
        right, left = last < len(steps) - 1, first > 0
        holes = last - first + 1 > valid.sum(axis=1)
        none = ~valid.any(axis=1)
        return {
            "full": valid.all(axis=1),
            "right": right & ~left & ~holes & ~none,
            "left": left & ~right & ~holes & ~none,
            "holes": holes,
            "empty row": none,
        }[kind]

    def _refuses(self, run: Any) -> bool:
        try:
            prove(self._exportable, run, None, "mutant")
        except ParityError:
            return True
        return False


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


def outcomes(chosen: list[Network]) -> Iterator[Outcome]:
    """Breaks the lowering of every network in every way; a right file must be proved."""
    for network in chosen:
        with tempfile.TemporaryDirectory() as folder:
            laboratory = Laboratory(network, Path(folder))
            assert laboratory.is_proved(), network
            for mutant in MUTANTS:
                yield laboratory.outcome(mutant)


def table(found: list[Outcome]) -> str:
    """Returns a row for each mutant: how often it was seen and caught, by kind of row, and where it cannot be."""
    lines = ["| mutant | networks | rows seen | caught | nothing to see: |", "|---|---|---|---|---|"]
    for mutant in MUTANTS:
        mine = [outcome for outcome in found if outcome.mutant == mutant.name]
        shown = [outcome for outcome in mine if outcome.seen]
        seen, caught = (
            sum(len(one) for one in sets) for sets in zip(*((o.seen, o.caught) for o in mine), strict=True)
        )
        reasons = dict.fromkeys(o.reason or "?" for o in mine if not o.seen)
        lines.append(
            f"| {mutant.name} | {len(shown)} of {len(mine)} | {seen} | {caught} | {'; '.join(reasons)} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Prints the table, with ``--every`` of all networks."""
    chosen = networks(every="--every" in sys.argv)
    sys.stdout.write(table(list(outcomes(chosen))) + "\n")


if __name__ == "__main__":
    main()
