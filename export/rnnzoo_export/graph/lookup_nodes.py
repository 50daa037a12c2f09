"""The ONNX operator of a table in which whole numbers or texts are looked up. Knows nothing of TensorFlow or Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx

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
        inputs: The marker's inputs after the first: what is looked up, keys, values.
        outputs: The marker's only output.
        value_of: Gives the value of a constant by its name.
    """
    given, keys, values = inputs
    known = value_of(keys)
    builder.add_many(
        "LabelEncoder",
        [given],
        outputs,
        domain=DOMAIN,
        **{"keys_strings" if known.dtype.kind == "O" else "keys_int64s": known.tolist()},
        values_int64s=value_of(values).tolist(),
        default_int64=spec.default,
    )


def write_text_equality(
    builder: NodeBuilder, given: str, text: Sequence[bytes], outputs: Sequence[str]
) -> None:
    """Writes whether texts are equal to one, which ``Equal`` says from operator set 19 on only.

    Args:
        builder: Where the nodes go.
        given: The texts.
        text: The one that they are compared with.
        outputs: The only output.
    """
    found = builder.add(
        "LabelEncoder", [given], domain=DOMAIN, keys_strings=list(text), values_int64s=[1], default_int64=0
    )
    builder.add_many("Cast", [found], outputs, to=onnx.TensorProto.BOOL)
