"""What a marker says about what it stands for, mostly a recurrent layer: written while tracing, read while lowering."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Literal

#: The operator domain under which markers pass through the converter.
DOMAIN = "rnnzoo.marker"
#: What every marker is called in the graph of TensorFlow.
MARKER = "rnnzoo_marker"

Operator = Literal["LSTM", "GRU", "RNN"]

#: An ONNX activation with its alpha and beta, ``None`` where it has none.
Activation = tuple[str, float | None, float | None]


@dataclass(frozen=True)
class MarkerSpec:
    """One recurrent layer in the words of ONNX.

    Attributes:
        layer: The Keras layer's name.
        operator: The ONNX operator.
        units: Width of the state.
        activations: The activations of each direction in turn, in ONNX's order.
        use_bias: Whether a bias follows the two kernels of each direction.
        reset_after: Whether a GRU resets after the recurrent product (ONNX: ``linear_before_reset``).
        direction: The direction of reading.
        return_sequences: Whether the first output is the whole sequence or the last output.
        zero_output: Whether masked steps answer zeros; otherwise they repeat the answer before them.
        concatenate: Whether the outputs of two directions are joined on the last axis or stacked before it.
        masked: Whether a mask follows the sequence.
        initial_states: Whether initial states follow; they are zero otherwise.
        num_states: Number of states, over both directions.
    """

    layer: str
    operator: Operator
    units: int
    activations: tuple[Activation, ...]
    use_bias: bool
    reset_after: bool
    direction: Literal["forward", "reverse", "bidirectional"] = "forward"
    return_sequences: bool = False
    zero_output: bool = False
    concatenate: bool = False
    masked: bool = False
    initial_states: bool = False
    num_states: int = 1

    @property
    def num_directions(self) -> int:
        """1, or 2 if bidirectional."""
        return 2 if self.direction == "bidirectional" else 1

    @property
    def states_per_direction(self) -> int:
        """2 for LSTM, 1 for the others."""
        return self.num_states // self.num_directions


@dataclass(frozen=True)
class ScanSpec:
    """A recurrent layer without an operator, whose step is a graph of its own.

    Attributes:
        layer: The Keras layer's name.
        step: The key of the step's graph.
        units: Width of the output.
        num_states: Number of states.
        go_backwards: Whether it reads, and answers, from the last step to the first.
        return_sequences: Whether the first output is the whole sequence or the last output.
        zero_output: Whether masked steps answer zeros; otherwise they repeat the answer before them.
        masked: Whether a mask follows the sequence.
    """

    layer: str
    step: str
    units: int
    num_states: int
    go_backwards: bool
    return_sequences: bool
    zero_output: bool
    masked: bool


@dataclass(frozen=True)
class LinearSpec:
    """The recurrence ``h[t] = a[t] * h[t-1] + b[t]`` inside a layer.

    Attributes:
        layer: The Keras layer's name.
    """

    layer: str


@dataclass(frozen=True)
class LookupSpec:
    """Whole numbers or texts that are looked up in a table; its keys and values follow them.

    Attributes:
        default: What stands for what is no key.
        layer: What its nodes are called.
    """

    default: int
    layer: str = "lookup"


Spec = MarkerSpec | ScanSpec | LinearSpec | LookupSpec
_KINDS: dict[str, type[Spec]] = {
    kind.__name__: kind for kind in (MarkerSpec, ScanSpec, LinearSpec, LookupSpec)
}


def spec_to_json(spec: Spec) -> str:
    """Returns a specification as text, the argument of ``spec_from_json``."""
    return json.dumps({"kind": type(spec).__name__, **dataclasses.asdict(spec)})


def spec_from_json(text: str) -> Spec:
    """Makes the specification that ``spec_to_json`` wrote."""
    fields = json.loads(text)
    kind = _KINDS[fields.pop("kind")]
    if "activations" in fields:
        fields["activations"] = tuple((name, alpha, beta) for name, alpha, beta in fields["activations"])
    return kind(**fields)
