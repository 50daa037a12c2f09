"""The recurrence ``h[t] = a[t] * h[t-1] + b[t]`` for all steps of a sequence at once.

Cells whose gates do not look at the state come down to it. It is associative, so that a sequence can be cut into
chunks that are solved side by side: 2 sqrt(time) small steps instead of ``time`` of them, and no more arithmetic than
twice that of a loop. It works on the numbers themselves, not on their logarithms, whose sums lose digits with every
step.

Reference:
    Blelloch 1990, Prefix sums and their applications; Martin & Cundy 2018, Parallelizing linear recurrent neural nets
    over sequence length, arXiv:1709.04057 (the gradient).
"""

from __future__ import annotations

import tensorflow as tf

from rnnzoo.tensors import Tensor


@tf.custom_gradient
def solve_linear_recurrence(a: Tensor, b: Tensor, initial: Tensor) -> Tensor:
    """Solves ``h[t] = a[t] * h[t-1] + b[t]`` over the second axis.

    Args:
        a: The factors, float32 ``(batch, time, units)``.
        b: The summands, likewise.
        initial: The state before the first step, float32 ``(batch, units)``.

    Returns:
        All states, float32 ``(batch, time, units)``.

    Example:
        >>> import numpy as np
        >>> ones = np.ones((1, 3, 1), np.float32)
        >>> solve_linear_recurrence(0.5 * ones, ones, np.full((1, 1), 8, np.float32)).numpy().ravel().tolist()
        [5.0, 3.5, 2.75]
    """
    states = _solve(a, _with_start(a, b, initial))

    def gradient(upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        # The same recurrence backwards: what reaches a state comes from its own output and from the state after it.
        after = tf.concat([a[:, 1:], tf.zeros_like(a[:, :1])], axis=1)
        reached = tf.reverse(_solve(tf.reverse(after, [1]), tf.reverse(upstream, [1])), [1])
        before = tf.concat([initial[:, None], states[:, :-1]], axis=1)
        return reached * before, reached, reached[:, 0] * a[:, 0]

    return states, gradient


def _with_start(a: Tensor, b: Tensor, initial: Tensor) -> Tensor:
    return tf.concat([b[:, :1] + a[:, :1] * initial[:, None], b[:, 1:]], axis=1)


def _solve(a: Tensor, b: Tensor) -> Tensor:
    """Solves the recurrence from zeros, in chunks of about the square root of the number of steps."""
    rows, steps, units = tf.shape(b)[0], tf.shape(b)[1], b.shape[2]
    length = tf.cast(tf.math.ceil(tf.sqrt(tf.cast(steps, tf.float32))), tf.int32)
    chunks = (steps + length - 1) // length

    def cut(x: Tensor, filling: float) -> Tensor:
        x = tf.pad(x, [[0, 0], [0, chunks * length - steps], [0, 0]], constant_values=filling)
        return tf.transpose(tf.reshape(x, [rows, chunks, length, units]), [2, 0, 1, 3])

    # Within each chunk, from zeros; and the factor by which what came before it arrives at each of its steps.
    inside, reach = _loop(cut(a, 1.0), cut(b, 0.0))
    # From chunk to chunk.
    ends, _ = _loop(tf.transpose(reach[-1], [1, 0, 2]), tf.transpose(inside[-1], [1, 0, 2]))
    before = tf.concat([tf.zeros_like(ends[:1]), ends[:-1]], axis=0)
    states = inside + reach * tf.transpose(before, [1, 0, 2])
    states = tf.reshape(tf.transpose(states, [1, 2, 0, 3]), [rows, chunks * length, units])[:, :steps]
    return tf.ensure_shape(states, b.shape)


def _loop(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Solves the recurrence over the first axis, from zeros; returns the states and the products of the factors."""
    steps = tf.shape(b)[0]
    factors, summands = (tf.TensorArray(x.dtype, steps).unstack(x) for x in (a, b))
    states, products = (tf.TensorArray(b.dtype, steps, element_shape=b.shape[1:]) for _ in range(2))

    def step(
        t: Tensor, state: Tensor, product: Tensor, states: tf.TensorArray, products: tf.TensorArray
    ) -> tuple[Tensor, ...]:
        factor = factors.read(t)
        state, product = factor * state + summands.read(t), factor * product
        return t + 1, state, product, states.write(t, state), products.write(t, product)

    start = (0, tf.zeros_like(b[0]), tf.ones_like(b[0]), states, products)
    *_, states, products = tf.while_loop(lambda t, *_: t < steps, step, start)
    return states.stack(), products.stack()
