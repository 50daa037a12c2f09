"""Loops over the steps of sequences, forwards and backwards in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def run_forwards(
    step: Callable[..., tuple[list[Any], list[Any]]], x: Any, states: list[Any], *, kept: int
) -> tuple[list[Any], list[Any]]:
    """Runs a step over a sequence.

    Args:
        step: From what is read of a step and the states before it, to the states after it and what it gives.
        x: The sequence ``(time, rows, width)``.
        states: The first states ``(rows, units)``.
        kept: How many of the things that a step gives to keep.

    Returns:
        What was kept ``(time, rows, ...)``, and the last states.
    """
    steps, read = _reader({"x": x})
    notes = [tf.TensorArray(tf.float32, steps) for _ in range(kept)]

    def body(time: Any, states: Any, notes: Any) -> Any:
        after, found = step(read(time)["x"], *states)
        _keep_shapes(after, states)
        return time + 1, after, [note.write(time, value) for note, value in zip(notes, found, strict=False)]

    start = (tf.constant(0), states, notes)
    _, states, notes = tf.while_loop(lambda time, *_: time < steps, body, start, maximum_iterations=steps)
    return [note.stack() for note in notes], states


def run_backwards(
    back: Callable[..., tuple[list[Any], Any]], arrays: dict[str, Any], last: list[Any]
) -> tuple[Any, list[Any]]:
    """Runs a step from the last to the first.

    Args:
        back: From what the arrays hold of a step, by name, and the gradients of the states after it, to those of the
            states before it and one thing to keep.
        arrays: What is read ``(time, rows, width)``; ``None`` for what is not there.
        last: The gradients of the last states.

    Returns:
        What was kept of all steps, and the gradients of the first states.
    """
    steps, read = _reader(arrays)

    def body(time: Any, states: Any, note: Any) -> Any:
        before, found = back(read(time), *states)
        _keep_shapes(before, states)
        return time - 1, before, note.write(time, found)

    start = (steps - 1, list(last), tf.TensorArray(tf.float32, steps))
    _, first, note = tf.while_loop(lambda time, *_: time >= 0, body, start, maximum_iterations=steps)
    return note.stack(), first


def _reader(arrays: dict[str, Any]) -> tuple[Any, Callable[[Any], dict[str, Any]]]:
    """Returns the number of steps, and a function from a step to what the arrays hold of it."""
    given = {name: value for name, value in arrays.items() if value is not None}
    steps = tf.shape(next(iter(given.values())))[0]
    parts = {name: tf.TensorArray(value.dtype, steps).unstack(value) for name, value in given.items()}

    def read(time: Any) -> dict[str, Any]:
        return {name: part.read(time) for name, part in parts.items()}

    return steps, read


def _keep_shapes(states: list[Any], as_before: Any) -> None:
    for new, old in zip(states, as_before, strict=True):
        new.set_shape(old.shape)
