"""What a marker says about the recurrent layer it stands for: written while tracing, read while lowering."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Literal

#: The operator domain under which markers pass through the converter.
DOMAIN = "rnnzoo.marker"

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

    def to_json(self) -> str:
        """Returns the specification as text, the argument of ``from_json``."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> MarkerSpec:
        """Makes the specification that ``to_json`` wrote."""
        fields = json.loads(text)
        fields["activations"] = tuple((name, alpha, beta) for name, alpha, beta in fields["activations"])
        return cls(**fields)
