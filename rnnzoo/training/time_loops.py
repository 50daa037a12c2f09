"""Loops over the steps of sequences, forwards and backwards in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def run_forwards(
    step: Any, arrays: dict[str, Any], states: list[Any], kept: int
) -> tuple[list[Any], list[Any]]:
    """Runs ``step`` over all steps; returns the first ``kept`` of what it gives at each, and the last states."""
    steps, reader = _reader(arrays)
    notes = [tf.TensorArray(tf.float32, steps) for _ in range(kept)]

    def body(time: Any, states: Any, notes: Any) -> Any:
        after, found = step(reader(time), *states)
        for new, old in zip(after, states, strict=True):
            new.set_shape(old.shape)
        return time + 1, after, [note.write(time, value) for note, value in zip(notes, found, strict=True)]

    start = (tf.constant(0), states, notes)
    _, states, notes = tf.while_loop(
        lambda time, *_: time < steps, body, start, maximum_iterations=steps, swap_memory=False
    )
    return [note.stack() for note in notes], states


def run_backwards(back: Any, arrays: dict[str, Any], last: list[Any]) -> tuple[Any, list[Any]]:
    """Runs ``back`` from the last step to the first; returns its second result at all steps, and its last first."""
    steps, reader = _reader(arrays)

    def body(time: Any, states: Any, note: Any) -> Any:
        before, found = back(reader(time), *states)
        for new, old in zip(before, states, strict=True):
            new.set_shape(old.shape)
        return time - 1, before, note.write(time, found)

    start = (steps - 1, list(last), tf.TensorArray(tf.float32, steps))
    _, first, note = tf.while_loop(
        lambda time, *_: time >= 0, body, start, maximum_iterations=steps, swap_memory=False
    )
    return note.stack(), first


def _reader(arrays: dict[str, Any]) -> tuple[Any, Callable[[Any], Callable[[str], Any]]]:
    """Returns the number of steps, and a function from a step to one that reads what an array holds of it."""
    given = {name: value for name, value in arrays.items() if value is not None}
    steps = tf.shape(next(iter(given.values())))[0]
    read = {name: tf.TensorArray(value.dtype, steps).unstack(value) for name, value in given.items()}
    return steps, lambda time: lambda name: read[name].read(time)
