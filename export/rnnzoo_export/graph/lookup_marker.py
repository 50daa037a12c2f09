"""The marker of a table, which is no tensor that a converter could read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from rnnzoo_export.graph.marker_call import call_marker
from rnnzoo_export.graph.marker_spec import LookupSpec

if TYPE_CHECKING:
    from rnnzoo.tensors import Tensor

# A place that no embedding has, so that a file refuses what such a table does not know, as Keras does.
_NOWHERE = int(np.iinfo(np.int32).max)


def mark_lookup(table: tf.lookup.StaticHashTable, keys: Tensor, *, takes_any: bool) -> Tensor:
    """Marks what ``IntegerLookup`` and ``StringLookup`` do.

    Args:
        table: From whole numbers or texts to whole numbers.
        keys: What is looked up.
        takes_any: Whether what is no key has a place too.
    """
    with tf.init_scope():
        known, values = table.export()
        default = int(table.default_value) if takes_any else _NOWHERE
    inputs = [keys, tf.constant(known.numpy()), tf.constant(values.numpy())]
    (found,) = call_marker(LookupSpec(default), inputs, [values.dtype])
    return tf.ensure_shape(found, keys.shape)
