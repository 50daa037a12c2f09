"""The lowering broken in many ways: each is put in while a converted network is lowered."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import keras
import numpy as np

from proof_networks import Mutant, Network
from rnnzoo_export.graph import (
    lowering,
    markers,
    masked_nodes,
    recurrent_nodes,
    recurrent_operator,
    scan_nodes,
    simple_rnn_nodes,
    valid_steps,
)
from rnnzoo_export.graph.marker_spec import MarkerSpec


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
    original = recurrent_operator._attributes

    def attributes(spec: Any) -> dict[str, Any]:
        made = original(spec)
        change(made)
        return made

    return lambda: mock.patch.object(recurrent_operator, "_attributes", attributes)


def _other_reset(made: dict[str, Any]) -> None:
    if "linear_before_reset" in made:
        made["linear_before_reset"] = 1 - made["linear_before_reset"]


def _default_activations(made: dict[str, Any]) -> None:
    for key in ("activations", "activation_alpha", "activation_beta"):
        made.pop(key, None)


def _valid_steps(change: Callable[[Any, Any, str], None]) -> Callable[[], Any]:
    """Breaks what is written of a mask."""
    original = valid_steps.ValidSteps.__init__

    def write(self: Any, builder: Any, mask: str) -> None:
        original(self, builder, mask)
        change(self, builder, mask)

    return lambda: mock.patch.object(valid_steps.ValidSteps, "__init__", write)


def _through_padding(steps: Any, builder: Any, mask: str) -> None:
    """Takes the longest row's number of steps for that of every row, so that reading ends or begins in padding."""
    add = builder.add
    steps.last = add("Add", [add("Sub", [steps.entries, steps._rows]), steps._row])
    steps.turned = _turned(builder, steps.straight, 0)
    steps._sources = (steps._sources[0], _turned(builder, steps._sources[0], 0))


def _not_moved(steps: Any, builder: Any, mask: str) -> None:
    """Takes the first steps for the valid ones, as is right for padding on the right alone."""
    add = builder.add
    time = add("Gather", [add("Shape", [mask]), builder.constant(np.int64(1))])
    start = add("Mul", [steps._row, time])
    orders = (add("Div", [entries, steps._rows]) for entries in (steps.straight, steps.turned))
    steps._sources = tuple(add("Add", [order, start]) for order in orders)


def _empty_rows_run(steps: Any, builder: Any, mask: str) -> None:
    """Leaves a row without a valid step what the operator makes of it."""
    steps.present = builder.add("Or", [steps.present, builder.add("Not", [steps.present])])


def _turned(builder: Any, y: str, axis: int) -> str:
    numbers = (builder.integers(number) for number in (-1, -(2**62), axis, -1))
    return str(builder.add("Slice", [y, *numbers]))


@contextlib.contextmanager
def _not_turned() -> Iterator[None]:
    """Leaves a backward sequence in the order in which the operator has it; of two directions, turns one too often."""
    nodes, masked = recurrent_nodes.RecurrentNodes, masked_nodes.MaskedNodes
    methods = ((nodes, "_whole_sequence"), (masked, "_whole_sequence"), (masked, "valid_outputs"))
    with contextlib.ExitStack() as stack:
        for kind, name in methods:
            write = functools.partial(_write_not_turned, getattr(kind, name))
            stack.enter_context(mock.patch.object(kind, name, lambda self, write=write: write(self)))
        yield


def _write_not_turned(original: Callable[[Any], Any], self: Any) -> Any:
    builder, spec = self._builder, self._spec
    if spec.direction == "bidirectional" and spec.masked:
        kept = self._tables[1]
        y = builder.add(
            "Reshape", [_turned(builder, self._sequences[1], 0), builder.integers(-1, spec.units)]
        )
        self._tables[1] = y
        made = original(self)
        self._tables[1] = kept
        return made
    if spec.direction == "bidirectional":
        two = [
            builder.add("Gather", [self._sequence, builder.constant(np.int64(direction))], axis=1)
            for direction in (0, 1)
        ]
        two[1] = _turned(builder, two[1], 0)
        parts = [builder.add("Unsqueeze", [part, builder.integers(1)]) for part in two]
        self._sequence = builder.add("Concat", parts, axis=1)
        return original(self)
    y = original(self)
    return _turned(builder, y, 1) if spec.direction == "reverse" and isinstance(y, str) else y


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
        lambda: mock.patch.dict(recurrent_operator._GATES, {"LSTM": (0, 1, 2, 3), "GRU": (1, 0, 2)}),
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
        _valid_steps(_through_padding),
        _unless(
            SCAN_HAS_NONE,
            NO_MASK,
            (
                lambda n: n.sequences and n.direction != "both" and n.direction != "backwards",
                "only sequences are answered, whose valid steps stand before the padding",
            ),
        ),
    ),
    Mutant("every mask taken for right padding", _valid_steps(_not_moved), _unless(SCAN_HAS_NONE, NO_MASK)),
    Mutant(
        "a row without a valid step is run",
        _valid_steps(_empty_rows_run),
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
