"""A mask as numbers that sequences are gathered by: the valid steps of each row, in the order of reading.

Written once for each mask of a graph, however many layers read under it. Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from rnnzoo_export.graph.node_builder import NodeBuilder

_END = 2**62


@dataclass(frozen=True)
class StepTable:
    """A sequence as a table ``(entries, width)``, and which of its entries the valid steps are.

    Attributes:
        table: The name of the table.
        places: The names of the entries of each row's valid steps, read forwards and read backwards, each
            ``(longest, batch)``, or ``(longest, batch, 2)`` where two entries stand side by side.
        ready: The name of the valid steps read forwards ``(longest, batch, width)``, where they already stand so.
        paired: Whether two entries stand side by side.
    """

    table: str
    places: Sequence[str]
    ready: str = ""
    paired: bool = False

    def read(self, builder: NodeBuilder, *, backwards: bool) -> str:
        """Returns the name of the valid steps ``(longest, batch, width)``; what follows a row's last repeats it."""
        if self.ready and not backwards:
            return self.ready
        steps = builder.add("Gather", [self.table, self.places[backwards]], axis=0)
        return builder.add("Reshape", [steps, builder.integers(0, 0, -1)]) if self.paired else steps


class ValidSteps:
    """Writes what follows from a mask.

    The sequence that a layer answers under the mask holds the valid steps of each row in the order of reading,
    ``(longest, batch, width)``, where ``longest`` is the largest number of valid steps, at least 1. As a table it has
    an entry for each step of each row, ``longest * batch`` in all.

    Args:
        builder: Where the nodes go.
        mask: The mask ``(batch, time)``.

    Attributes:
        count: The number of valid steps ``(batch,)``.
        present: Whether a row has any: ``(batch, 1)``.
        last: The entry of each row's last valid step ``(batch,)``.
        entries: The number of entries.
        straight: The entries of each row's steps, in order ``(longest, batch)``.
        turned: The entries of each row's steps, the last first ``(longest, batch)``.
    """

    def __init__(self, builder: NodeBuilder, mask: str) -> None:
        self._mask = mask
        add, zero, one = builder.add, builder.constant(np.int64(0)), builder.constant(np.int64(1))
        self._zero, self._one, first_axis = zero, one, builder.integers(1)
        self._steps = add("Cast", [mask], to=TensorProto.INT64)
        self.count = add("ReduceSum", [self._steps, first_axis], keepdims=0)
        self.present = add("Unsqueeze", [add("Greater", [self.count, zero]), first_axis])
        # onnxruntime promises nothing for a length of 0; what such a row gives is replaced later.
        at_least_one = add("Max", [self.count, first_axis])
        self._lengths, self._at_least_one = "", at_least_one
        longest = add("ReduceMax", [add("Concat", [self.count, first_axis], axis=0)], keepdims=0)
        self._rows = add("Size", [self.count])
        self._row = add("Range", [zero, self._rows, one])
        self.entries = add("Mul", [longest, self._rows])
        last = add("Sub", [at_least_one, one])
        number = add("Unsqueeze", [add("Range", [zero, longest, one]), first_axis])
        ahead = add("Min", [number, last])
        behind = add("Max", [add("Sub", [last, number]), zero])
        self.last, self.straight, self.turned = (
            self._entry(builder, place, self._row) for place in (last, ahead, behind)
        )
        self._sources = self._find(builder, [ahead, behind])
        self._known: dict[tuple[bool, bool, bool], str] = {}

    def lengths(self, builder: NodeBuilder) -> str:
        """Returns the number of steps that the operator computes for each row ``(batch,)``, at least 1."""
        self._lengths = self._lengths or builder.add("Cast", [self._at_least_one], to=TensorProto.INT32)
        return self._lengths

    def _entry(self, builder: NodeBuilder, place: str, row: str) -> str:
        return builder.add("Add", [builder.add("Mul", [place, self._rows]), row])

    def _find(self, builder: NodeBuilder, orders: Sequence[str]) -> tuple[str, ...]:
        """Returns the numbers, counted through the whole mask, of the valid steps in each order."""
        add = builder.add
        found = add("NonZero", [add("Reshape", [self._mask, builder.integers(-1)])])
        # A row without a valid step reads any other, and nobody reads its answer.
        valid = add("Concat", [add("Squeeze", [found, builder.integers(0)]), builder.integers(0)], axis=0)
        first = add("CumSum", [self.count, self._zero], exclusive=1)
        return tuple(add("Gather", [valid, add("Add", [first, order])], axis=0) for order in orders)

    def compact(self, builder: NodeBuilder, x: str, width: int) -> StepTable:
        """Looks at a sequence ``(batch, time, width)`` by its valid steps."""
        return StepTable(builder.add("Reshape", [x, builder.integers(-1, width)]), self._sources)

    def alone(self, table: str, sequence: str) -> StepTable:
        """Looks at what a forward layer answers under the mask, as a table and as ``(longest, batch, width)``."""
        return StepTable(table, (self.straight, self.turned), ready=sequence)

    def both(self, builder: NodeBuilder, table: str) -> StepTable:
        """Looks at what two directions answer under the mask, the entries of the backward one after the other's."""
        pairs = []
        for orders in ((self.straight, self.turned), (self.turned, self.straight)):
            pairs.append(_side_by_side(builder, [orders[0], builder.add("Add", [orders[1], self.entries])]))
        return StepTable(table, pairs, paired=True)

    def spread(self, builder: NodeBuilder, *, backwards: bool, zero_output: bool, tables: int = 1) -> str:
        """Returns the entry that each step answers ``(batch, time)``, by what was read.

        A masked step takes the output before it in the order of reading. Where there is none, and with
        ``zero_output``, it takes the entry that follows all those of ``tables`` directions.
        """
        key = backwards, zero_output, tables > 1
        if key not in self._known:
            self._known[key] = self._spread(builder, backwards, zero_output, tables)
        return self._known[key]

    def _spread(self, builder: NodeBuilder, backwards: bool, zero_output: bool, tables: int) -> str:
        add = builder.add
        so_far = add("CumSum", [self._steps, self._one])
        place = add("Sub", [so_far, self._one])
        if backwards:
            rest = add("Sub", [add("Unsqueeze", [self.count, builder.integers(1)]), self._one])
            place = add("Sub", [add("Add", [rest, self._steps]), so_far])
        entry = self._entry(builder, place, add("Unsqueeze", [self._row, builder.integers(1)]))
        end = self.entries
        if tables > 1:
            end = add("Add", [end, self.entries])
            entry = add("Add", [entry, self.entries]) if backwards else entry
        known = self._mask if zero_output else add("GreaterOrEqual", [place, self._zero])
        return add("Where", [known, entry, end])

    def ends_valid(self, builder: NodeBuilder, *, backwards: bool) -> str:
        """Returns whether the last step read, the first or the last of all, is valid: ``(batch, 1)``."""
        first, end = (0, 1) if backwards else (-1, _END)
        return builder.add(
            "Slice", [self._mask, builder.integers(first), builder.integers(end), builder.integers(1)]
        )


def spread_both(builder: NodeBuilder, steps: ValidSteps, *, zero_output: bool) -> str:
    """Returns the entries that each step answers in two directions ``(batch, time, 2)``."""
    entries = [
        steps.spread(builder, backwards=backwards, zero_output=zero_output, tables=2)
        for backwards in (False, True)
    ]
    return _side_by_side(builder, entries)


def _side_by_side(builder: NodeBuilder, names: Sequence[str]) -> str:
    return builder.add(
        "Concat", [builder.add("Unsqueeze", [name, builder.integers(2)]) for name in names], axis=2
    )


class MaskedSequences:
    """What the masked layers of one graph share: the masks they read, and the valid steps that they answer."""

    def __init__(self) -> None:
        self._steps: dict[str, ValidSteps] = {}
        self._tables: dict[tuple[str, str], StepTable] = {}

    def steps(self, builder: NodeBuilder, mask: str) -> ValidSteps:
        """Returns what follows from a mask, and writes it where it is the first time."""
        if mask not in self._steps:
            self._steps[mask] = ValidSteps(builder, mask)
        return self._steps[mask]

    def keep(self, sequence: str, mask: str, table: StepTable) -> None:
        """Remembers the valid steps of a sequence under the mask that it was made under."""
        self._tables[sequence, mask] = table

    def table(self, sequence: str, mask: str) -> StepTable | None:
        """Returns the valid steps of a sequence, where a layer has made it under the same mask."""
        return self._tables.get((sequence, mask))
