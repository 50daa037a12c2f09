"""Fields of the calendar as ONNX nodes: from their numbers to what a model reads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnzoo.preprocessing.calendar import Calendar
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.raw.table_nodes import any_of


class FieldFeatures(NamedTuple):
    """The features of one field.

    Attributes:
        features: Their name ``(batch, steps, features)``, float32.
        refused: The name of a condition ``(batch,)``: that a number is none of the field's.
    """

    features: str
    refused: str


def write_field(builder: NodeBuilder, calendar: Calendar, field: str, numbers: str) -> FieldFeatures:
    """Writes the features of a field at some steps.

    Args:
        builder: Where nodes go.
        calendar: The fields.
        field: One of them.
        numbers: The name of its numbers ``(batch, steps)``, int64.
    """
    add, table = builder.add, calendar.table(field)
    known = np.flatnonzero(np.isfinite(table).all(axis=-1))
    first, last = builder.constant(np.int64(known[0])), builder.constant(np.int64(known[-1]))
    wrong = add("Or", [add("Less", [numbers, first]), add("Greater", [numbers, last])])
    places = add("Where", [wrong, first, numbers])
    features = add("Gather", [builder.constant(table), places], axis=0)
    return FieldFeatures(features, any_of(builder, wrong, 1))
