"""What the cells that Keras lacks have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.tensors import Regularizer, Shape, Tensor


class StepCell(layers.Layer):
    """Base class of recurrent cells whose products with the input are taken for all steps at once.

    It can be used like any Keras cell, step by step. ``Recurrence`` takes ``project`` out of the loop, and the ONNX
    export makes ``step`` the body of a ``Scan``.

    A cell of one's own is a subclass with two methods. ``build(self, input_shape)`` makes its weights, with
    ``add_kernel`` and ``add_bias``: a ``kernel`` ``(features, size)`` and a ``bias`` ``(size,)``, which ``project``
    applies to all inputs at once (or it overrides ``project``). ``step(self, projected, states)`` makes one step by
    ``keras.ops`` alone: no Python ``if`` over numbers, no noise (that belongs in ``training_step``). Then

    * ``CELLS.add("my-cell", MyCell)`` of ``rnnzoo.cells`` makes it known: builders take ``cell="my-cell"``, searches
      vary it, and saved models load wherever it is added first;
    * it trains as Keras's cells do, with masks, ``bidirectional``, ``skip``, penalties on outputs and, where it has
      a matrix of ``add_kernel(..., recurrent=True)`` and is added by ``Cell.of(MyCell, recurrent_matrix=True)``, on
      that. Dropout of the state, weight-drop and zoneout are refused;
    * ``export_onnx`` and ``save_bundle`` write it as a ``Scan`` and prove the file, ``export_streaming_onnx`` carries
      its states from piece to piece under the names in ``state_names``.

    A cell with several states, or one that is not as wide as the output, sets ``state_size`` to a list of widths in
    ``__init__`` and as many ``state_names``; each starts from zeros unless ``get_initial_state`` says otherwise. A cell
    whose output is not its first state sets ``output_is_state = False``: a masked step then repeats the output before
    it, and a stream carries that too. A cell with further arguments adds them to ``get_config``, with defaults, for
    builders pass ``units`` and regularizers alone. A layer that needs the steps ahead of it says why in a text
    attribute ``looks_ahead``, and one that treats a piece otherwise than a whole sequence in a method
    ``call_streaming``; cells need neither.

    Args:
        units: Width of the state and the output.
        kernel_regularizer: Penalty on the matrices that read the input.
        recurrent_regularizer: Penalty on the matrices that read the state, of cells that have one.
        **arguments: Those of every Keras layer.

    Attributes:
        state_size: Width of each state; the first is as wide as the output.
        state_names: What streams call the states.
        output_is_state: Whether the output of a step is its first state.

    Example:
        >>> from rnnzoo.cells import CELLS
        >>> class LeakyCell(StepCell):
        ...     def build(self, input_shape):
        ...         self.kernel = self.add_kernel("kernel", (input_shape[-1], self.units))
        ...         self.bias = self.add_bias("bias", self.units)
        ...
        ...     def step(self, projected, states):
        ...         state = 0.9 * states[0] + 0.1 * ops.tanh(projected)
        ...         return state, [state]
        >>> CELLS.add("leaky", LeakyCell)
        >>> from rnnzoo.builders.classifier import build_classifier
        >>> build_classifier(num_classes=2, num_features=3, cell="leaky", units=4).count_params()
        26
        >>> CELLS.remove("leaky")
    """

    output_is_state = True
    state_names: tuple[str, ...] = ("h",)

    def __init__(
        self,
        units: int,
        *,
        kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.units = checks.integer("units", units, minimum=1)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = keras.regularizers.get(recurrent_regularizer)
        self.state_size: Shape = [self.units]
        self.output_size = self.units

    def project(self, x: Tensor) -> Tensor:
        """Maps inputs ``(..., features)`` to what a step needs of them, ``(..., size)``: one product by default."""
        return ops.matmul(x, self.kernel) + self.bias

    def step(self, projected: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Makes one step.

        Args:
            projected: What ``project`` gives for it, ``(batch, size)``.
            states: The states before it.

        Returns:
            The output ``(batch, units)`` and the states after it.
        """
        raise NotImplementedError

    def training_step(self, projected: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Makes one step in training: the same, unless a cell adds noise."""
        return self.step(projected, states)

    def call(
        self, inputs: Tensor, states: Sequence[Tensor], training: bool = False
    ) -> tuple[Tensor, list[Tensor]]:
        """Makes one step from the input itself, as ``keras.layers.RNN`` asks of a cell."""
        return (self.training_step if training else self.step)(self.project(inputs), states)

    def get_initial_state(self, batch_size: Any = None) -> list[Tensor]:
        """Returns zeros."""
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in self.state_size]

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        serialize = keras.regularizers.serialize
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_regularizer": serialize(self.kernel_regularizer) if self.kernel_regularizer else None,
            "recurrent_regularizer": serialize(self.recurrent_regularizer)
            if self.recurrent_regularizer
            else None,
        }

    def add_kernel(self, name: str, shape: tuple[int, ...], *, recurrent: bool = False) -> Tensor:
        """Adds a matrix with Keras's usual start: Glorot for inputs, orthogonal for states."""
        return self.add_weight(
            name=name,
            shape=shape,
            initializer="orthogonal" if recurrent else "glorot_uniform",
            regularizer=self.recurrent_regularizer if recurrent else self.kernel_regularizer,
        )

    def add_bias(self, name: str, size: int, *, start: float = 0.0) -> Tensor:
        """Adds a vector that starts at one value."""
        return self.add_weight(name=name, shape=(size,), initializer=keras.initializers.Constant(start))


_STATE_NAME = re.compile("[A-Za-z][A-Za-z0-9_]*")


class LinearCell(StepCell):
    """A cell whose state follows ``h[t] = a[t] * h[t-1] + b[t]``, ``a`` and ``b`` depending on the input alone.

    ``Recurrence`` solves it for all steps at once.
    """

    def coefficients(self, projected: Tensor) -> tuple[Tensor, Tensor]:
        """Returns ``a`` and ``b`` ``(..., units)``."""
        raise NotImplementedError

    def output(self, projected: Tensor, state: Tensor) -> Tensor:
        """Returns the output ``(..., units)`` of steps with these states: the states themselves by default."""
        return state

    def step(self, projected: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Makes one step."""
        a, b = self.coefficients(projected)
        state = a * states[0] + b
        return self.output(projected, state), [state]


def check_cell_class(kind: type[StepCell]) -> type[StepCell]:
    """Checks that a class can be a cell.

    Raises:
        ArgumentError: If it is no subclass of ``StepCell``, has no ``step`` or gives its states no names.
    """
    if not isinstance(kind, type) or not issubclass(kind, StepCell):
        raise ArgumentError(f"cell: received {kind!r}; expected a subclass of StepCell.")
    lacking = "coefficients" if issubclass(kind, LinearCell) else "step"
    base = LinearCell if issubclass(kind, LinearCell) else StepCell
    if getattr(kind, lacking) is getattr(base, lacking):
        raise ArgumentError(
            f"cell: received {kind.__name__} without a method {lacking}; expected one. See StepCell."
        )
    try:
        made = kind(1)
    except TypeError as error:
        raise ArgumentError(
            f"cell: received {kind.__name__}, which cannot be made from units alone ({error}); expected defaults "
            "for all other arguments, and **arguments for those of StepCell."
        ) from error
    if len(made.state_names) != len(made.state_size):
        raise ArgumentError(
            f"cell: received {kind.__name__} with {len(made.state_size)} states and the names "
            f"{', '.join(made.state_names)}; expected state_names with one name each."
        )
    for name in made.state_names:
        if not isinstance(name, str) or not _STATE_NAME.fullmatch(name):
            raise ArgumentError(
                f"cell: received {kind.__name__} with the state name {name!r}; expected letters, digits and '_', a "
                "letter first, for it becomes an input of exported files. Rename it."
            )
    if len(set(made.state_names)) < len(made.state_names):
        raise ArgumentError(
            f"cell: received {kind.__name__} with the state names {', '.join(made.state_names)}; expected each once. "
            "Rename one."
        )
    return kind
