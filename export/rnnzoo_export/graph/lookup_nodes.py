"""The ONNX operator of a table in which whole numbers are looked up. Knows nothing of TensorFlow or Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rnnzoo_export.graph.marker_spec import LookupSpec
from rnnzoo_export.graph.node_builder import NodeBuilder

#: The domain of operators that ONNX has for machine learning with tables.
DOMAIN = "ai.onnx.ml"


def write_lookup_nodes(
    spec: LookupSpec,
    builder: NodeBuilder,
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    value_of: Callable[[str], np.ndarray],
) -> None:
    """Writes the node of one marker.

    Args:
        spec: What the marker says.
        builder: Where the node goes.
        inputs: The marker's inputs after the first: numbers, keys, values.
        outputs: The marker's only output.
        value_of: Gives the value of a constant by its name.
    """
    numbers, keys, values = inputs
    builder.add_many(
        "LabelEncoder",
        [numbers],
        outputs,
        domain=DOMAIN,
        keys_int64s=value_of(keys).tolist(),
        values_int64s=value_of(values).tolist(),
        default_int64=spec.default,
    )
