"""Putting a marker into a graph of TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import tensorflow as tf

from rnnzoo_export.graph.marker_spec import MARKER, Spec, spec_to_json

if TYPE_CHECKING:
    from rnnzoo.tensors import Tensor


def call_marker(spec: Spec, inputs: Sequence[Tensor], types: Sequence[tf.DType]) -> list[Tensor]:
    """Adds a marker and returns its outputs, of these types and of shapes that are not known."""
    outputs: list[Tensor] = tf.raw_ops.PyFunc(
        input=[tf.constant(spec_to_json(spec)), *inputs], token=b"rnnzoo", Tout=types, name=MARKER
    )
    return outputs
