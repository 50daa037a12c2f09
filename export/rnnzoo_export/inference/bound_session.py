"""One session's pieces of one shape, whose arrays onnxruntime is given once and for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime

from rnnzoo_export.inference.predictor import check_outputs, refused
from rnnzoo_export.inference.state_blocks import Block
from rnnzoo_export.inference.validation import is_finite
from rnnzoo_export.signature import State, TensorSpec

Arrays = Mapping[str, np.ndarray]
_TAKEN = (np.dtype(np.float32), np.dtype(bool))


class BoundSession:
    """Answers a session's pieces of one shape with hardly any work but onnxruntime's.

    The states are in two sets of arrays that take turns: a step reads one and writes the other, so that after one that
    fails they are what they were.

    Args:
        name: The session.
        file: The streaming file.
        states: The states that it carries.
        batch: A piece that it has answered, as a batch of one.
        outputs: The answer.
    """

    def __init__(
        self,
        name: str,
        file: onnxruntime.InferenceSession,
        states: Sequence[State],
        batch: Arrays,
        outputs: Arrays,
    ) -> None:
        carried = {state.input for state in states}
        self._name, self._file = name, file
        self._inputs = {name: np.empty_like(array) for name, array in batch.items() if name not in carried}
        self._outputs = {name: np.empty_like(array) for name, array in outputs.items()}
        self._kinds = [(name, array.dtype, array.shape[1:]) for name, array in self._inputs.items()]
        sets = [[np.zeros((1, *state.shape), np.float32) for state in states] for _ in range(2)]
        self._turns = [
            self._bound(states, read, written) for read, written in zip(sets, reversed(sets), strict=True)
        ]
        self._turn = 0
        self._blocks = [Block(arrays, (name,)) for arrays in sets]

    @staticmethod
    def can_take(specs: Sequence[TensorSpec], inputs: Any, outputs: Arrays) -> bool:
        """Whether pieces like this one can be answered so: arrays of float32 numbers, which are no ids, and masks."""
        numbers = all(array.dtype.kind in "fiub" for array in outputs.values())
        plain = all(spec.categories is None and np.dtype(spec.dtype) in _TAKEN for spec in specs)
        return (
            numbers
            and plain
            and type(inputs) is dict
            and all(
                type(inputs[spec.name]) is np.ndarray and inputs[spec.name].dtype == spec.dtype
                for spec in specs
            )
        )

    def fits(self, inputs: Any) -> bool:
        """Whether a piece is right as it stands: finite numbers of the type and shape of the first."""
        if type(inputs) is not dict or len(inputs) != len(self._kinds):
            return False
        for name, dtype, shape in self._kinds:
            piece = inputs.get(name)
            if type(piece) is not np.ndarray or piece.dtype != dtype or piece.shape != shape:
                return False
            if dtype.kind == "f" and not is_finite(piece):
                return False
        return True

    def step(self, block: Block, inputs: Arrays) -> tuple[dict[str, np.ndarray], Block]:
        """Answers a piece that fits.

        Args:
            block: Where the session's states are.
            inputs: Arrays without the batch axis.

        Returns:
            Outputs without the batch axis, and where the new states are.

        Raises:
            RequestError: If onnxruntime refuses it, or an answer is not finite (status 500).
        """
        if block is not self._blocks[self._turn]:
            self._load(block)
        for name, array in self._inputs.items():
            array[0] = inputs[name]
        try:
            self._file.run_with_iobinding(self._turns[self._turn])
        except Exception as error:  # onnxruntime's own exceptions have no common base but this
            raise refused(error) from error
        check_outputs(self._outputs)
        self._turn = 1 - self._turn
        return {name: array[0].copy() for name, array in self._outputs.items()}, self._blocks[self._turn]

    def _load(self, block: Block) -> None:
        """Takes over states that other runs have written."""
        own = self._blocks[self._turn].states
        for array, other in zip(own, block.states_of(self._name), strict=True):
            array[0] = other

    def _bound(
        self, states: Sequence[State], read: list[np.ndarray], written: list[np.ndarray]
    ) -> onnxruntime.IOBinding:
        binding = self._file.io_binding()
        for name, array in (
            *self._inputs.items(),
            *zip((state.input for state in states), read, strict=True),
        ):
            binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(array))
        for name, array in (
            *self._outputs.items(),
            *zip((state.output for state in states), written, strict=True),
        ):
            binding.bind_ortvalue_output(name, onnxruntime.OrtValue.ortvalue_from_numpy(array))
        return binding
