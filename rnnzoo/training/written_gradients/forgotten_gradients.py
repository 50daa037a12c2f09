"""Letting go of the graphs of a training, which TensorFlow would keep as long as the process lives."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def forgetting_gradients() -> Iterator[None]:
    """Takes from TensorFlow's table the gradients that functions got which were traced within the block.

    ``tf.custom_gradient`` enters one at each trace, and takes none out: each holds its graph, the graph the data, and
    those the model, some megabytes for each training. Once the block has ended, what was traced in it still runs, but
    no other function can take gradients of it.
    """
    table = _table()
    before = set(table)
    try:
        yield
    finally:
        for name in table.keys() - before:
            del table[name]


def _table() -> dict[str, Any]:
    """Returns TensorFlow's table of gradients, of which it gives no public name; an empty one where it has another."""
    from tensorflow.python.framework import ops

    return getattr(getattr(ops, "_gradient_registry", None), "_registry", {})
