"""The states of sessions between their pieces: arrays that a run gave to all who took part in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Block:
    """The states of some sessions, one row each.

    Args:
        states: Arrays ``(sessions, ...)`` in the order of the file's states.
        names: The sessions.
    """

    __slots__ = ("_rows", "names", "states")

    def __init__(self, states: list[np.ndarray], names: tuple[str, ...]) -> None:
        self.states, self.names = states, names
        self._rows: dict[str, int] = {}

    def states_of(self, name: str) -> list[np.ndarray]:
        """Returns the states of one session, without the axis of sessions."""
        if not self._rows:
            self._rows = {name: row for row, name in enumerate(self.names)}
        return [array[self._rows[name]] for array in self.states]


def gather(names: tuple[str, ...], blocks: Sequence[Block]) -> list[np.ndarray]:
    """Returns the states of several sessions as arrays: those of their last run, if it was of just these.

    Args:
        names: The sessions.
        blocks: Where the states of each are.
    """
    block = blocks[0]
    if block.names == names and blocks.count(block) == len(names):
        return block.states
    rows = (block.states_of(name) for name, block in zip(names, blocks, strict=True))
    return [np.array(arrays) for arrays in zip(*rows, strict=True)]
