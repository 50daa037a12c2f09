"""What the case of a builder says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnzoo import ModelSpec
from rnnzoo.cells import CELLS

VOCABULARY, FEATURES, CLASSES, HORIZON = 12, 3, 3, 4


@dataclass(frozen=True)
class Problem:
    """A toy problem that cannot be solved without memory.

    Attributes:
        inputs: The model's inputs.
        targets: What it should answer.
        chance: The loss of the best answer that does not remember.
    """

    inputs: list[np.ndarray]
    targets: np.ndarray
    chance: float


class Case:
    """How the models of one builder are tried."""

    #: Whether the models answer at every step.
    answers_each_step = False

    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        """The builder arguments that make the smallest model."""
        raise NotImplementedError

    def training_arguments(self, spec: ModelSpec) -> dict[str, Any]:
        """What is changed of ``arguments`` where the model has to learn."""
        # Cells without the past in their gates need more units for the same memory.
        width = 32 if CELLS[spec.cell].parallel else 16
        return {"units": (width,) * len(spec.arguments["units"]), "dropout": 0.0}

    def needs_recurrence(self, spec: ModelSpec) -> bool:
        """Whether the problem cannot be solved by what else the model has."""
        return True

    def looks_ahead(self, spec: ModelSpec) -> str:
        """The beginning of the reason why a layer cannot be streamed; empty where the model can."""
        return "Bidirectional" if spec.arguments.get("bidirectional") else ""

    def passes(self, spec: ModelSpec) -> int:
        """How often each recurrent layer runs."""
        return 1

    def stays_a_loop(self, spec: ModelSpec) -> bool:
        """Whether ONNX has no operator for its recurrent layers, whatever their arguments."""
        return False

    def output_shape(self, spec: ModelSpec, rows: int, steps: int) -> tuple[int, ...]:
        """The shape of the output for so many rows and steps."""
        raise NotImplementedError

    def takes_mask(self, spec: ModelSpec) -> bool:
        """Whether sequences of different lengths can share a batch."""
        return True

    def batch(self, spec: ModelSpec, lengths: list[int], width: int, seed: int) -> list[np.ndarray]:
        """Right-padded inputs whose rows do not depend on ``width`` or on each other."""
        return sequence_batch(spec, lengths, width, seed, masked=self.takes_mask(spec))

    def problem(self, spec: ModelSpec) -> Problem:
        """A problem that needs memory."""
        raise NotImplementedError


def reads_tokens(spec: ModelSpec) -> bool:
    """Whether the models take ids of words."""
    # A transcriber has a vocabulary too, on the other side.
    return "num_features" not in spec.arguments and any(
        name.endswith("vocabulary_size") for name in spec.arguments
    )


def sequence_batch(
    spec: ModelSpec, lengths: list[int], width: int, seed: int, *, masked: bool
) -> list[np.ndarray]:
    """Ids, or features and their mask."""
    rows = [np.random.default_rng([seed, i]) for i in range(len(lengths))]
    if reads_tokens(spec):
        ids = np.zeros((len(lengths), width), np.int32)
        for i, (length, rng) in enumerate(zip(lengths, rows, strict=True)):
            ids[i, :length] = rng.integers(1, VOCABULARY, length)
        return [ids]
    x = np.zeros((len(lengths), width, FEATURES), np.float32)
    for i, (length, rng) in enumerate(zip(lengths, rows, strict=True)):
        x[i, :length] = rng.normal(size=(length, FEATURES))
    mask = np.arange(width)[None] < np.array(lengths)[:, None]
    return [x, mask] if masked else [x]


def symbols(rows: int = 256, steps: int = 6) -> np.ndarray:
    """Random symbols ``(rows, steps)``."""
    return np.random.default_rng(3).integers(0, CLASSES, (rows, steps))


def symbol_inputs(spec: ModelSpec, values: np.ndarray, *, masked: bool) -> list[np.ndarray]:
    """Symbols as the models take them: ids, or one feature for each."""
    if reads_tokens(spec):
        return [(values + 2).astype(np.int32)]
    x = np.eye(FEATURES, dtype=np.float32)[values]
    return [x, np.ones(values.shape, bool)] if masked else [x]
