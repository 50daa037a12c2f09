"""Functions of Keras that are traced in another way than its own: equal in their answers, and convertible."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
from keras import layers, ops
from keras.src.backend.tensorflow import core

if TYPE_CHECKING:
    from rnnzoo.tensors import Layer, Mask, Tensor

_PATCHING = threading.RLock()


@contextlib.contextmanager
def traced_otherwise() -> Iterator[None]:
    """Traces ``TimeDistributed`` and ``keras.ops.scan`` as below, in this thread, as long as the context lasts."""
    thread = threading.get_ident()
    with _PATCHING, contextlib.ExitStack() as stack:
        for owner, name, other in (
            (layers.TimeDistributed, "call", time_distributed),
            (core, "scan", scan),
        ):
            _replace(stack, owner, name, other, thread)
        yield


def _replace(
    stack: contextlib.ExitStack, owner: Any, name: str, other: Callable[..., Any], thread: int
) -> None:
    original = getattr(owner, name)

    def chosen(*args: Any, **kwargs: Any) -> Any:
        mine = threading.get_ident() == thread and tf.inside_function()
        return (other if mine else original)(*args, **kwargs)

    # Keras looks at a method's arguments to see what it takes.
    functools.update_wrapper(chosen, original)
    setattr(owner, name, chosen)
    stack.callback(setattr, owner, name, original)


def time_distributed(layer: Layer, inputs: Tensor, training: bool | None = None, mask: Mask = None) -> Any:
    """Applies the inner layer once, to all steps of all rows.

    Keras 3.14 and later takes the number of rows for that of steps where the time axis is free, and calls the inner
    layer once for each step where it is fixed, so that its weights would stand in a file as often.

    Args:
        layer: A ``TimeDistributed``.
        inputs: ``(batch, time, ...)``.
        training: Passed on.
        mask: ``(batch, time, ...)``; each step has its own.
    """
    inner = layer.layer
    arguments: dict[str, Any] = {}
    if inner._call_has_mask_arg and mask is not None:
        arguments["mask"] = _rows_of_steps(mask)
    if inner._call_has_training_arg:
        arguments["training"] = training
    shape = ops.shape(inputs)
    outputs = inner.call(_rows_of_steps(inputs), **arguments)
    return keras.tree.map_structure(lambda output: _steps_of_rows(output, shape), outputs)


def _rows_of_steps(x: Tensor) -> Tensor:
    return ops.reshape(x, (-1, *ops.shape(x)[2:]))


def _steps_of_rows(x: Tensor, shape: tuple[Any, ...]) -> Tensor:
    batch, time = shape[:2]
    # At most one size is left open, so that the rest stays known.
    leading = (-1, time) if not isinstance(batch, int) else (batch, -1 if not isinstance(time, int) else time)
    return ops.reshape(x, (*leading, *ops.shape(x)[1:]))


def scan(
    f: Callable[..., Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> tuple[Any, Any]:
    """Does what ``keras.ops.scan`` does, whose states are lists of one tensor that no converter takes."""
    sequences = [ops.convert_to_tensor(x) for x in keras.tree.flatten(xs)] if xs is not None else []
    steps = int(length) if length is not None else tf.shape(sequences[0])[0]
    carry = [ops.convert_to_tensor(x) for x in keras.tree.flatten(init)]
    # Converters take a loop to read and write from the first place to the last.
    turned = [ops.flip(x[:steps], axis=0) if reverse else x[:steps] for x in sequences]
    read = [tf.TensorArray(x.dtype, size=steps, element_shape=x.shape[1:]).unstack(x) for x in turned]
    written = [tf.TensorArray(x.dtype, size=steps, element_shape=x.shape) for x in carry]

    def body(number: Tensor, carry: list[Tensor], written: list[Any]) -> Any:
        flat = [array.read(number) for array in read]
        step = (
            None
            if xs is None
            else keras.tree.pack_sequence_as(xs, flat)
            if keras.tree.is_nested(xs)
            else flat[0]
        )
        state = keras.tree.pack_sequence_as(init, carry) if keras.tree.is_nested(init) else carry[0]
        after, outputs = f(state, step)
        if outputs is not None:
            found = keras.tree.flatten(outputs)
            written = [array.write(number, value) for array, value in zip(written, found, strict=True)]
        if after is not None:
            carry = [
                tf.ensure_shape(x, old.shape) for x, old in zip(keras.tree.flatten(after), carry, strict=True)
            ]
        return number + 1, carry, written

    _, carry, written = tf.while_loop(lambda number, *_: number < steps, body, (0, carry, written))
    outputs = [array.stack() for array in written]
    outputs = [ops.flip(x, axis=0) if reverse else x for x in outputs]
    if not keras.tree.is_nested(init):
        return carry[0], outputs[0]
    return keras.tree.pack_sequence_as(init, carry), keras.tree.pack_sequence_as(init, outputs)
