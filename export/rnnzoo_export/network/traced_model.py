"""A Keras model as one graph with free axes: the truth that files are compared with, many times faster than eager."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from rnnzoo.cells.masks import mask_of_sequences
from rnnzoo.errors import ExportError
from rnnzoo.keras_models.model_layers import methods_replaced

if TYPE_CHECKING:
    from rnnzoo.tensors import Layer, Mask, Operation, States, Tensor

#: The shapes that a mask ``(batch, time)`` can have in a row, but for the full one.
MASK_SHAPES = ("right", "left", "holes", "empty row")

_WINDOWS = ("Conv2D", "DepthwiseConv2dNative", "Conv3D", "MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D")

Arrays = Mapping[str, np.ndarray]


class TracedModel:
    """The answers of a model, traced once.

    Args:
        function: Tensors in the order of ``specs`` to outputs by name.
        specs: The inputs.
        recurrent: The recurrent layers whose masks are watched.

    Attributes:
        graph: The graph.
        inputs: The tensors of the graph that stand for the inputs, by name.
        outputs: Those that stand for the outputs, by name; what is known of their shapes holds.
        seen: The shapes of mask that each masked recurrent layer has met in the answers so far.
    """

    def __init__(
        self,
        function: Callable[..., dict[str, Tensor]],
        specs: Sequence[tf.TensorSpec],
        recurrent: Sequence[Layer] = (),
    ) -> None:
        self._names = [spec.name for spec in specs]
        self._masks: dict[str, Tensor] = {}
        self._windows: list[_Window] = []
        layers = [(layer, "inner_loop", functools.partial(self._watched, layer)) for layer in recurrent]

        def run(*tensors: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor], list[Tensor]]:
            graph = tf.compat.v1.get_default_graph()
            with methods_replaced(layers):
                outputs = function(*tensors)
            # A mask inside a loop or branch is not to be had outside of it.
            masks = {key: mask for key, mask in self._masks.items() if mask.graph is graph}
            self._windows = [window for operation in graph.get_operations() for window in _windows(operation)]
            return outputs, masks, [tf.shape(window.source) for window in self._windows]

        traced = tf.function(run, input_signature=list(specs), autograph=False).get_concrete_function()
        self._function = traced
        self.graph = traced.graph
        self.inputs = dict(zip(self._names, traced.inputs, strict=False))
        self.outputs: dict[str, Tensor] = traced.structured_outputs[0]
        self.seen: dict[str, set[str]] = {key: set() for key in traced.structured_outputs[1]}

    def within(self, *tensors: Tensor) -> dict[str, Tensor]:
        """Calls the graph from another one: tensors in the order of ``specs`` to outputs by name."""
        outputs: dict[str, Tensor] = self._function(*tensors)[0]
        return outputs

    @property
    def has_windows(self) -> bool:
        """Whether an operation needs several steps at once: a convolution or pooling without padding."""
        return bool(self._windows)

    def __call__(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """Returns the outputs by name.

        Raises:
            ExportError: If there are fewer steps than a convolution or pooling needs, of which TensorFlow makes
                something without a meaning.
            Exception: Whatever else TensorFlow raises.
        """
        tensors = (tf.convert_to_tensor(arrays[name]) for name in self._names)
        outputs, masks, shapes = self._function(*tensors)
        for window, shape in zip(self._windows, shapes, strict=True):
            window.check(shape.numpy())
        for key, mask in masks.items():
            self.seen[key] |= mask_shapes(mask.numpy())
        return {name: np.asarray(output) for name, output in outputs.items()}

    def _watched(
        self,
        layer: Layer,
        sequences: Tensor,
        initial_state: States,
        mask: Mask,
        training: bool | None = False,
    ) -> tuple[Tensor, Tensor, States]:
        watched = mask_of_sequences(mask)
        if watched is not None:
            key = layer.name
            while key in self._masks:
                key += "_again"
            self._masks[key] = tf.cast(watched, tf.bool)
        return type(layer).inner_loop(layer, sequences, initial_state, mask, training)


@dataclass(frozen=True)
class _Window:
    """An operation that looks at several neighbours at once, without padding.

    Attributes:
        name: Its name in the graph.
        source: The tensor that it reads.
        axes: The axes along which it looks.
        sizes: How many neighbours it needs along each.
    """

    name: str
    source: Tensor
    axes: tuple[int, ...]
    sizes: tuple[int, ...]

    def check(self, shape: np.ndarray) -> None:
        found = tuple(int(shape[axis]) for axis in self.axes)
        if any(size < needed for size, needed in zip(found, self.sizes, strict=True)):
            raise ExportError(
                f"operation {self.name!r}: received {found} steps; expected at least {self.sizes}. Give it more."
            )


def _windows(operation: Operation) -> Iterator[_Window]:
    if operation.type not in _WINDOWS or operation.get_attr("padding") != b"VALID":
        return
    source, layout = operation.inputs[0], operation.get_attr("data_format").decode()
    axes = [i for i, letter in enumerate(layout) if letter not in "NC"]
    if operation.type.endswith(("Pool", "Pool3D")):
        sizes = [operation.get_attr("ksize")[axis] for axis in axes]
    else:
        kernel = operation.inputs[1].shape[: len(axes)]
        if not kernel.is_fully_defined():
            return
        spread = [operation.get_attr("dilations")[axis] for axis in axes]
        sizes = [(size - 1) * step + 1 for size, step in zip(kernel, spread, strict=True)]
    yield _Window(operation.name, source, tuple(axes), tuple(sizes))


def mask_shapes(mask: np.ndarray) -> set[str]:
    """Returns which of ``MASK_SHAPES`` the rows of a mask ``(batch, time)`` have."""
    valid = np.asarray(mask.reshape(*mask.shape[:2], -1).any(axis=-1))
    count = valid.sum(axis=1)
    if not valid.size:
        return set()
    some = count > 0
    first, last = valid.argmax(axis=1), valid.shape[1] - 1 - valid[:, ::-1].argmax(axis=1)
    found = {
        "right": some & (last < valid.shape[1] - 1),
        "left": some & (first > 0),
        "holes": some & (last - first + 1 > count),
        "empty row": ~some,
    }
    return {name for name, rows in found.items() if rows.any()}
