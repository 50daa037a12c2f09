"""The level of each row of a batch of windows as ONNX nodes: that of its series, or that of its own past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnnzoo.preprocessing.series_levels import Key, Levels, SeriesLevels
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.raw.table_nodes import columns_of

_UNKNOWN = -1


class RowLevels(NamedTuple):
    """What the numbers of each row are centred and divided by, float64.

    Attributes:
        mean: The name of means ``(batch, numbers)``: of all numbers, or of the targets alone.
        scale: The name of scales, likewise.
        unknown: The name of a condition ``(batch,)``, that the series was not there in training; empty for none.
    """

    mean: str
    scale: str
    unknown: str = ""


def write_levels(
    builder: NodeBuilder, levels: Levels, past: str, window: int, series: Sequence[str]
) -> RowLevels:
    """Writes the levels of rows.

    Args:
        builder: Where nodes go.
        levels: The levels.
        past: The targets' past and more ``(batch, window, columns)``, in original units.
        window: Its steps.
        series: The inputs ``(batch,)`` with the texts that name each row's series.
    """
    if isinstance(levels, SeriesLevels):
        return _of_series(builder, levels, series)
    add = builder.add
    targets = columns_of(builder, past, 0, levels.targets)
    total = add("ReduceSum", [add("Abs", [targets]), builder.integers(1)], keepdims=0)
    size = add("Div", [total, builder.constant(np.float64(window))])
    zero, one = builder.constant(np.float64(0)), builder.constant(np.float64(1))
    return RowLevels(add("Mul", [size, zero]), add("Where", [add("Greater", [size, zero]), size, one]))


def _of_series(builder: NodeBuilder, levels: SeriesLevels, series: Sequence[str]) -> RowLevels:
    known, place = _places(builder, levels.keys, series)
    rows = {key: row for row, key in enumerate(levels.keys)}
    order = [rows[key] for key in known]
    zero = builder.constant(np.int64(0))
    unknown = builder.add("Less", [place, zero])
    place = builder.add("Where", [unknown, zero, place])
    mean, scale = (
        builder.add("Gather", [builder.constant(table[order]), place], axis=0)
        for table in (levels.mean, levels.scale)
    )
    return RowLevels(mean, scale, unknown)


def _places(builder: NodeBuilder, keys: Sequence[Key], series: Sequence[str]) -> tuple[list[Key], str]:
    """Writes the place of each row's series among the keys in order, -1 for one that is not among them."""
    known = sorted({key[:1] for key in keys})
    place = _encoded(builder, series[0], [key[0] for key in known])
    for column, name in enumerate(series[1:], 1):
        words = {word: number for number, word in enumerate(sorted({key[column] for key in keys}))}
        before = {key: number for number, key in enumerate(known)}
        known = sorted({key[: column + 1] for key in keys})
        own = _encoded(builder, name, list(words))
        zero = builder.constant(np.int64(0))
        unknown = builder.add("Or", [builder.add("Less", [code, zero]) for code in (place, own)])
        both = builder.add("Mul", [place, builder.constant(np.int64(len(words)))])
        both = builder.add("Add", [both, own])
        both = builder.add("Where", [unknown, builder.constant(np.int64(_UNKNOWN)), both])
        place = builder.add(
            "LabelEncoder",
            [both],
            domain="ai.onnx.ml",
            keys_int64s=[before[key[:-1]] * len(words) + words[key[-1]] for key in known],
            values_int64s=list(range(len(known))),
            default_int64=_UNKNOWN,
        )
    return known, place


def _encoded(builder: NodeBuilder, name: str, words: Sequence[str]) -> str:
    """Writes the place of each text of an input among some, -1 for others."""
    return builder.add(
        "LabelEncoder",
        [name],
        domain="ai.onnx.ml",
        keys_strings=list(words),
        values_int64s=list(range(len(words))),
        default_int64=_UNKNOWN,
    )
