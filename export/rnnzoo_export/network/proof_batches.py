"""The random batches on which a file is proved: every shape of mask on every axis that can be masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rnnzoo_export.graph.simple_rnn_nodes import SCAN_FROM
from rnnzoo_export.network.input_facts import InputFacts
from rnnzoo_export.network.traced_model import MASK_SHAPES
from rnnzoo_export.signature import Signature, TensorSpec

#: Rows of the batches, and by how many their steps exceed the fewest that the model takes. The last has so many rows
#: that every branch of a file that chooses by size runs.
ONE, SOME, LONG, MANY = (1, 0), (5, 6), (2, 18), (SCAN_FROM, 2)
#: The size of free axes after the second.
INNER = 3
# By how much the rows of the batch of large inputs are multiplied, beside normal random numbers.
LARGE = 2.0 ** np.array([4, 6, 7, 8, 10, 12])

Batch = dict[str, np.ndarray]


@dataclass(frozen=True)
class ProofBatch:
    """A batch and what kind of mask its rows have: ``"full"``, one of ``MASK_SHAPES``, or ``"mixed"``."""

    kind: str
    arrays: Batch


@dataclass
class BatchMaker:
    """Makes batches that fit a model.

    Args:
        signature: What the model takes.
        facts: What its inputs mean, by name.
        inner: The size of free axes after the second.
        seed: Seed of the values.
    """

    signature: Signature
    facts: Mapping[str, InputFacts] = field(default_factory=dict)
    inner: int = INNER
    seed: int = 0

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)

    @property
    def can_be_masked(self) -> bool:
        """Whether any axis can be padded."""
        return any(self._masked_axes(spec) for spec in self.signature.inputs)

    @property
    def pads(self) -> int:
        """How many values mask a step: the most of all inputs."""
        return max((len(self._facts(spec).pads) for spec in self.signature.inputs), default=0) or 1

    def batch(self, kind: str, rows: int, steps: int, *, pad: int = 0) -> ProofBatch:
        """Makes a batch.

        Args:
            kind: ``"full"``, one of ``MASK_SHAPES``, or ``"mixed"`` for all of them in turn.
            rows: Its rows.
            steps: The size of its free time axes; a fixed one has its own.
            pad: Which of the values that mask a step is taken.
        """
        return ProofBatch(kind, self.masked(_Valid(kind, self._rng), rows, steps, pad=pad))

    def masked(self, valid: _Valid, rows: int, steps: int, *, pad: int = 0) -> Batch:
        """Makes a batch whose steps are valid where ``valid`` says so."""
        return {spec.name: self._array(spec, valid, (rows, steps), pad) for spec in self.signature.inputs}

    def large(self, steps: int) -> tuple[Batch, list[str]]:
        """Makes a batch of normal random numbers, one row for each of ``LARGE``.

        Returns:
            The batch, and the inputs that can be multiplied: those that hold numbers, not ids.
        """
        batch = self.batch("full", len(LARGE), steps).arrays
        numbers = [
            spec.name for spec in self.signature.inputs if spec.kind == "f" and self._facts(spec).ids is None
        ]
        return batch, numbers

    def _facts(self, spec: TensorSpec) -> InputFacts:
        return self.facts.get(spec.name, InputFacts())

    def _is_ids(self, spec: TensorSpec) -> bool:
        return spec.kind in "iuO" or self._facts(spec).ids is not None

    def _masked_axes(self, spec: TensorSpec) -> list[int]:
        """Returns the axes along which steps are padded: every one that a mask may have."""
        compared = bool(self._facts(spec).pads) or spec.kind == "b"
        # The last axis of an array of numbers holds the features of a step.
        last = len(spec.shape) - (spec.kind == "f" and not self._is_ids(spec) and len(spec.shape) > 2)
        return [
            axis
            for axis in range(1, last)
            if compared or (spec.shape[axis] is None and (axis == 1 or self._is_ids(spec)))
        ]

    def _array(self, spec: TensorSpec, valid: _Valid, free: tuple[int, int], pad: int) -> np.ndarray:
        sizes = [*free, *[self.inner] * len(spec.shape)]
        shape = tuple(sizes[i] if size is None else size for i, size in enumerate(spec.shape))
        dtype = np.dtype(object if spec.kind == "O" else spec.dtype)
        if self._is_length(spec):
            return valid.steps(*free).sum(axis=1).reshape(shape).astype(dtype)
        mask = np.ones(shape, bool)
        for axis in self._masked_axes(spec):
            steps = valid.steps(int(np.prod(shape[:axis])), shape[axis]).reshape(shape[: axis + 1])
            mask &= steps.reshape(*shape[: axis + 1], *[1] * (len(shape) - axis - 1))
        if self._is_alone(spec):
            mask = mask[::-1]
        if dtype.kind == "b":
            return mask if self._masked_axes(spec) else self._rng.random(shape) < 0.5
        facts = self._facts(spec)
        pads = facts.pads or (facts.keys[:1] if spec.kind == "O" else (0,))
        return np.where(mask, self._values(spec, shape), pads[pad % len(pads)]).astype(dtype)

    def _values(self, spec: TensorSpec, shape: Sequence[int]) -> np.ndarray:
        facts, rng = self._facts(spec), self._rng
        if facts.ids is not None:
            known = np.setdiff1d(
                np.arange(*facts.ids), [pad for pad in facts.pads or (0,) if np.ndim(pad) == 0]
            )
            return rng.choice(known if known.size else np.arange(*facts.ids), shape)
        if facts.keys:
            return rng.choice(np.array(facts.keys, object if spec.kind == "O" else None), shape)
        if spec.kind in "iu":
            # Of numbers that something is looked up with, no more is known than that a table has two rows.
            return np.ones(shape) if facts.looked_up else rng.integers(1, 10, shape)
        return rng.normal(size=shape)

    def _is_alone(self, spec: TensorSpec) -> bool:
        """Whether an array ``(batch, features)`` has no sequence that it goes with, as a state has none.

        Its rows are padded in another order, lest the rows of all inputs be empty together.
        """
        numbers = spec.kind == "f" and not self._is_ids(spec)
        if not numbers or len(spec.shape) != 2 or spec.shape[1] is None:
            return False
        return not any(
            other is not spec
            and other.shape[1:2] == spec.shape[1:]
            and (len(other.shape) > 2 or self._is_ids(other))
            for other in self.signature.inputs
        )

    def _is_length(self, spec: TensorSpec) -> bool:
        """Whether an input is one whole number for each row that nothing else is known of."""
        others = [other for other in self.signature.inputs if len(other.shape) > 1 and other.shape[1] is None]
        one_number = len(spec.shape) == 1 or spec.shape[1:] == (1,)
        return bool(others) and one_number and spec.kind in "iu" and self._facts(spec).ids is None


class _Valid:
    """Which steps of a batch are valid, the same for all inputs of one length.

    Args:
        kind: See ``ProofBatch``.
        rng: Where holes come from.
        given: The valid steps ``(batch, time)`` themselves, for inputs of this length.
    """

    def __init__(self, kind: str, rng: np.random.Generator, given: np.ndarray | None = None) -> None:
        self._kind, self._rng = kind, rng
        self._made: dict[tuple[int, int], np.ndarray] = {} if given is None else {given.shape: given}

    def steps(self, rows: int, steps: int) -> np.ndarray:
        """Returns the valid steps ``(rows, steps)``."""
        if (rows, steps) not in self._made:
            self._made[rows, steps] = valid_steps(self._kind, rows, steps, self._rng)
        return self._made[rows, steps]


def valid_steps(kind: str, rows: int, steps: int, rng: np.random.Generator) -> np.ndarray:
    """Draws a mask ``(rows, steps)`` of a kind: see ``ProofBatch``."""
    if kind == "mixed":
        made = [valid_steps(shape, rows, steps, rng) for shape in ("full", *MASK_SHAPES)]
        return np.stack([made[row % len(made)][row] for row in range(rows)])
    if kind == "full" or not steps:
        return np.ones((rows, steps), bool)
    if kind == "holes":
        valid = rng.random((rows, steps)) < 0.6
        valid[:, steps // 2] = steps < 3  # a hole in the middle of each
        valid[:, 0] |= True
        valid[::2, -1] = True
        return valid
    # Lengths fall from all steps but one: to one, or to none.
    least = 0 if kind == "empty row" else min(1, steps)
    lengths = np.linspace(max(steps - 1, least), least, rows).round()
    right = np.arange(steps) < lengths[:, None]
    return right[:, ::-1] if kind == "left" else right


def given_valid(valid: np.ndarray, rng: np.random.Generator) -> _Valid:
    """Returns valid steps ``(batch, time)`` as ``BatchMaker.masked`` takes them."""
    return _Valid("full", rng, valid)


def masked_batches(maker: BatchMaker, sizes: Mapping[tuple[int, int], int]) -> Iterator[ProofBatch]:
    """Yields all batches of a proof but the large one.

    Args:
        maker: What makes them.
        sizes: The steps of ``ONE``, ``SOME``, ``LONG`` and ``MANY``.
    """
    shapes = MASK_SHAPES if maker.can_be_masked else ()
    yield maker.batch("full", ONE[0], sizes[ONE])
    yield maker.batch("full", SOME[0], sizes[SOME])
    for pad in range(maker.pads):
        for kind in shapes:
            yield maker.batch(kind, SOME[0], sizes[SOME], pad=pad)
    yield maker.batch("holes" if shapes else "full", LONG[0], sizes[LONG])
    yield maker.batch("full", MANY[0], sizes[MANY])
    for pad in range(maker.pads):
        yield maker.batch("mixed" if shapes else "full", MANY[0], sizes[MANY], pad=pad)


def multiplied(batch: Batch, numbers: Sequence[str], sizes: np.ndarray) -> Batch:
    """Multiplies each row of some inputs by a size of its own."""
    return {
        name: (array * sizes.reshape(-1, *[1] * (array.ndim - 1))).astype(array.dtype)
        if name in numbers
        else array
        for name, array in batch.items()
    }


def nudged(batch: Batch, numbers: Sequence[str], rng: np.random.Generator) -> Batch:
    """Moves every number of some inputs to a neighbour in its type."""
    return {
        name: np.nextafter(
            array, np.where(rng.random(array.shape) < 0.5, -np.inf, np.inf).astype(array.dtype)
        )
        if name in numbers
        else array
        for name, array in batch.items()
    }
