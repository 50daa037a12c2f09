"""How a model is exported, whatever the file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, TypeVar

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo_export.network.input_names import InputNames
from rnnzoo_export.reports import LARGEST_TOLERANCE, TOLERANCE

if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    from _typeshed import DataclassInstance

    #: What a subclassed model takes, which it does not say itself: the description of a tensor, or several.
    InputSignature: TypeAlias = (
        keras.KerasTensor
        | keras.InputSpec
        | tf.TensorSpec
        | Sequence[Any]
        | Mapping[str, Any]  # of the first three
    )
else:
    InputSignature = Any

DEFAULT_OPSET = 18
_OLDEST_OPSET, _NEWEST_OPSET = 13, 26

Config = TypeVar("Config", bound="DataclassInstance")


class ExportOptions(TypedDict, total=False):
    """The fields of ``ExportConfig`` as keywords."""

    opset: int | None
    strict: bool
    input_signature: InputSignature | None
    input_names: InputNames | None
    parity_inputs: Mapping[str, np.ndarray] | None
    tolerance: float


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """How a model is exported.

    Attributes:
        opset: The ONNX operator set, 13 to 26; ``None`` for 18, or what a preprocessing in the file needs.
        strict: Whether a recurrent layer without a counterpart in ONNX, which would run as a slow loop, is refused.
        input_signature: What a subclassed model takes: see ``export_onnx``.
        input_names: Other names for the inputs: all in order, or new ones by the old.
        parity_inputs: Inputs by name on which a file must agree with the model, beside random ones.
        tolerance: How far a file may be from the model: see ``export_onnx``.

    Raises:
        ArgumentError: If a value is out of range.
    """

    opset: int | None = None
    strict: bool = True
    input_signature: InputSignature | None = None
    input_names: InputNames | None = None
    parity_inputs: Mapping[str, np.ndarray] | None = None
    tolerance: float = TOLERANCE

    def __post_init__(self) -> None:
        check_tolerance(self.tolerance)
        checks.flag("strict", self.strict)
        if (
            self.opset is not None
            and checks.integer("opset", self.opset, minimum=_OLDEST_OPSET) > _NEWEST_OPSET
        ):
            raise ArgumentError(f"opset: received {self.opset}; expected {_OLDEST_OPSET} to {_NEWEST_OPSET}.")


def check_tolerance(tolerance: object) -> None:
    """Raises ``ArgumentError`` where a tolerance is no number above 0, or so large that nothing would be proved."""
    checks.number(
        "tolerance",
        tolerance,
        above=0,
        maximum=LARGEST_TOLERANCE,
        fix=f"Leave it out for {TOLERANCE:g}, or pass the one that a ParityError names.",
    )


def make_config(kind: type[Config], options: Mapping[str, Any], function: Callable[..., Any]) -> Config:
    """Makes a configuration of keywords.

    Args:
        kind: The dataclass.
        options: Values by the names of its fields.
        function: What was called with them, whose own keywords a misspelt name may mean too.

    Raises:
        UnknownNameError: If a name is none of its fields; the nearest is suggested.
        ArgumentError: If a value is out of range.

    Example:
        >>> make_config(ExportConfig, {"opset": 15}, make_config).opset
        15
    """
    known = [field.name for field in fields(kind)]
    own = inspect.signature(function).parameters.values()
    for name in options:
        if name not in known:
            keywords = [entry.name for entry in own if entry.kind is entry.KEYWORD_ONLY]
            raise UnknownNameError("argument", name, [*known, *keywords])
    return kind(**options)
