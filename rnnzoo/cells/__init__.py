"""The recurrent cells by name, as builders take them, and how to add one."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.registry import Registry
from rnnzoo.tensors import Layer, Regularizer

if TYPE_CHECKING:
    from rnnzoo.cells.step_cell import StepCell


_Onnx: TypeAlias = Literal["LSTM", "GRU", "RNN", "Scan", "Loop"]
_Reads: TypeAlias = Literal["vectors", "observations", "frames"]


@dataclass(frozen=True)
class Cell:
    """A recurrent cell.

    Attributes:
        layer: Makes the Keras layer from ``(units, *, return_sequences, name, kernel_regularizer)``, and from
            ``recurrent_regularizer`` and ``recurrent_dropout`` where it has what they are for.
        reference: The paper it comes from.
        onnx: What a layer of it becomes in an ONNX file: an operator, a ``Scan``, or the ``Loop`` of tf2onnx.
        cudnn: Whether cuDNN can run it.
        parallel: Whether training computes all steps at once.
        recurrent_dropout: Whether it takes dropout of the state.
        recurrent_matrix: Whether it has a matrix that reads the state, which can be penalised.
        reads: What a step is: a vector, a vector of values, what was observed and time gaps, or a frame.
    """

    layer: Callable[..., Layer]
    reference: str
    onnx: _Onnx = "Scan"
    cudnn: bool = False
    parallel: bool = False
    recurrent_dropout: bool = False
    recurrent_matrix: bool = True
    reads: _Reads = "vectors"

    def __post_init__(self) -> None:
        if not callable(self.layer) or (isinstance(self.layer, type) and not _is_recurrent(self.layer)):
            raise ArgumentError(
                f"layer of a Cell: received {self.layer!r}; expected a function of (units, *, return_sequences, name, "
                "kernel_regularizer) that makes a Keras layer. For a StepCell use Cell.of(MyCell)."
            )
        if not isinstance(self.reference, str):
            raise ArgumentError(f"reference of a Cell: received {self.reference!r}; expected a text.")
        checks.choice("onnx of a Cell", self.onnx, get_args(_Onnx))
        checks.choice("reads of a Cell", self.reads, get_args(_Reads))
        for name in ("cudnn", "parallel", "recurrent_dropout", "recurrent_matrix"):
            checks.flag(f"{name} of a Cell", getattr(self, name))

    @classmethod
    def of(cls, kind: type[StepCell], *, reference: str = "", recurrent_matrix: bool = False) -> Cell:
        """Makes the row of a cell of one's own.

        Args:
            kind: The class, a subclass of ``StepCell``.
            reference: The paper it comes from.
            recurrent_matrix: Whether it has a matrix made by ``add_kernel(..., recurrent=True)``, which
                ``recurrent_l1`` and ``recurrent_l2`` penalise.

        Returns:
            A row that ``CELLS.add`` takes.

        Raises:
            ArgumentError: If the class is no subclass of ``StepCell`` or lacks what it must have.
        """
        from rnnzoo.cells.step_cell import LinearCell, check_cell_class
        from rnnzoo.cells.trial import try_cell

        try_cell(check_cell_class(kind))
        return cls(
            _Around(kind),
            reference,
            parallel=issubclass(kind, LinearCell),
            recurrent_matrix=recurrent_matrix,
        )


def _is_recurrent(kind: type) -> bool:
    from keras import layers

    return issubclass(kind, layers.RNN)


def _simple_rnn(units: int, **arguments: Any) -> Layer:
    from keras import layers

    return layers.SimpleRNN(units, recurrent_initializer="orthogonal", **arguments)


def _lstm(units: int, **arguments: Any) -> Layer:
    from keras import layers

    # A forget gate that starts open (bias 1) lets gradients reach far back from the first step on.
    return layers.LSTM(units, recurrent_initializer="orthogonal", unit_forget_bias=True, **arguments)


def _gru(units: int, **arguments: Any) -> Layer:
    from keras import layers

    return layers.GRU(units, recurrent_initializer="orthogonal", **arguments)


def _convlstm(units: int, *, kernel_size: int, **arguments: Any) -> Layer:
    from keras import layers

    return layers.ConvLSTM2D(units, kernel_size, padding="same", **arguments)


def _own(module: str, kind: str) -> Callable[..., Layer]:
    """Makes the layer around a cell of rnnzoo; its module is imported on use."""

    def make(units: int, **arguments: Any) -> Layer:
        return _Around(getattr(importlib.import_module(f"rnnzoo.cells.{module}"), kind))(units, **arguments)

    return make


@dataclass(frozen=True)
class _Around:
    """Makes the layer around a cell of a class; the same for the same class."""

    kind: type[StepCell]

    def __call__(
        self,
        units: int,
        *,
        kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None,
        **arguments: Any,
    ) -> Layer:
        from rnnzoo.cells.recurrence import Recurrence

        cell = self.kind(
            units, kernel_regularizer=kernel_regularizer, recurrent_regularizer=recurrent_regularizer
        )
        return Recurrence(cell, **arguments)


class CellTable(Registry[Cell]):
    """The cells by name.

    Example:
        >>> CELLS["gru"].cudnn
        True
    """

    def add(self, name: str, entry: Cell | type[StepCell]) -> None:
        """Adds a cell of one's own, which builders, ``create_model`` and searches then take by its name.

        Args:
            name: Small letters and digits, with single ``-`` or ``_`` between them.
            entry: A subclass of ``StepCell``, or a row made by ``Cell.of`` or, around any recurrent layer of Keras, by
                ``Cell`` itself. A class is registered with Keras too, so that saved models load wherever it is added
                first.

        Raises:
            ArgumentError: If the name is another cell's, or the entry is no cell.
        """
        row = Cell.of(entry) if isinstance(entry, type) else entry
        known = isinstance(name, str) and name in self
        super().add(name, row)
        if isinstance(row.layer, _Around):
            from rnnzoo.cells.class_registration import register_class

            try:
                register_class(self.kind, row.layer.kind)
            except ArgumentError:
                if not known:
                    super().remove(name)
                raise

    def remove(self, name: str) -> None:
        """Takes out a cell that a user has registered, and its class from those that Keras can load."""
        row = self.get(name)
        super().remove(name)
        layers = [other.layer for other in self.values()]
        if row is not None and isinstance(row.layer, _Around) and row.layer not in layers:
            from rnnzoo.cells.class_registration import forget_class

            forget_class(row.layer.kind)


def _check_row(entry: object) -> None:
    if not isinstance(entry, Cell):
        raise ArgumentError(f"cell: received {entry!r}; expected a subclass of StepCell, or a Cell.")


_TABLE: dict[str, Cell] = {
    "simple_rnn": Cell(
        _simple_rnn, "Elman 1990, Finding Structure in Time", onnx="RNN", recurrent_dropout=True
    ),
    "lstm": Cell(
        _lstm,
        "Hochreiter & Schmidhuber 1997; Gers 2000 (forget gate)",
        onnx="LSTM",
        cudnn=True,
        recurrent_dropout=True,
    ),
    "gru": Cell(_gru, "Cho 2014, arXiv:1406.1078", onnx="GRU", cudnn=True, recurrent_dropout=True),
    "layer_norm_lstm": Cell(_own("layer_norm_lstm", "LayerNormLSTMCell"), "Ba 2016, arXiv:1607.06450"),
    "sru": Cell(_own("sru", "SRUCell"), "Lei 2018, arXiv:1709.02755", parallel=True, recurrent_matrix=False),
    "min_gru": Cell(
        _own("min_gru", "MinGRUCell"), "Feng 2024, arXiv:2410.01201", parallel=True, recurrent_matrix=False
    ),
    "min_lstm": Cell(
        _own("min_lstm", "MinLSTMCell"), "Feng 2024, arXiv:2410.01201", parallel=True, recurrent_matrix=False
    ),
    "rg_lru": Cell(
        _own("rg_lru", "RGLRUCell"), "De 2024, arXiv:2402.19427", parallel=True, recurrent_matrix=False
    ),
    "slstm": Cell(_own("slstm", "SLSTMCell"), "Beck 2024, arXiv:2405.04517"),
    "mlstm": Cell(
        _own("mlstm", "MLSTMCell"), "Beck 2024, arXiv:2405.04517", parallel=True, recurrent_matrix=False
    ),
    "ind_rnn": Cell(_own("ind_rnn", "IndRNNCell"), "Li 2018, arXiv:1803.04831", recurrent_matrix=False),
    "convlstm": Cell(
        _convlstm, "Shi 2015, arXiv:1506.04214", onnx="Loop", recurrent_dropout=True, reads="frames"
    ),
    "gru_d": Cell(_own("gru_d", "GRUDCell"), "Che 2018, arXiv:1606.01865", reads="observations"),
}

#: The cells by name; ``CELLS.add`` takes one of your own.
CELLS = CellTable("cell", _TABLE, check=_check_row)


def sequence_cells() -> tuple[str, ...]:
    """Returns the names of the cells that read plain sequences of vectors, which every builder takes."""
    return tuple(name for name, cell in CELLS.items() if cell.reads == "vectors")


#: Those of them that rnnzoo brings.
SEQUENCE_CELLS = sequence_cells()
