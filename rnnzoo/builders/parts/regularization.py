"""The rarer ways to regularise a recurrent network, in one place."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.value_objects import checked_fields


@checked_fields
@dataclass(frozen=True, kw_only=True)
class Regularization:
    """What keeps a recurrent stack from learning its training rows by heart, beside plain dropout.

    Nothing of it changes a trained model's answers, files or speed, but for ``zoneout``. All is off by default.

    Attributes:
        weight_drop: Share of recurrent weights dropped, the same for all steps of a batch (Merity 2018). Keeps cuDNN.
            0.5 in the paper.
        variational: Whether dropout between layers drops the same numbers at all steps of a row (Gal 2016), not anew
            at each step. Keeps cuDNN.
        zoneout: Share of state numbers that stay as they were at a step (Krueger 2017). Leaves cuDNN and the fused
            ONNX operators, with a warning. 0.05 to 0.15 in the paper.
        activation_penalty: Weight of the mean square of the last layer's outputs in the loss (AR, Merity 2017).
        change_penalty: Weight of the mean square of their change from step to step (TAR, Merity 2017).
        kernel_l1: Weight of the sum of absolute values of the matrices that read the input.
        kernel_l2: Weight of their sum of squares.
        recurrent_l1: The same for the matrices that read the state.
        recurrent_l2: The same for the matrices that read the state.

    Raises:
        ArgumentError: If a field is out of range.

    Example:
        >>> Regularization(weight_drop=0.5, variational=True).zoneout
        0.0
    """

    weight_drop: float = 0.0
    variational: bool = False
    zoneout: float = 0.0
    activation_penalty: float = 0.0
    change_penalty: float = 0.0
    kernel_l1: float = 0.0
    kernel_l2: float = 0.0
    recurrent_l1: float = 0.0
    recurrent_l2: float = 0.0

    def __post_init__(self) -> None:
        checks.flag("variational", self.variational)
        for field in dataclasses.fields(self):
            if field.name == "variational":
                continue
            below = 1 if field.name in ("weight_drop", "zoneout") else None
            checks.number(field.name, getattr(self, field.name), minimum=0, below=below)
        if self.weight_drop and self.zoneout:
            raise ArgumentError(
                f"regularization: received weight_drop={self.weight_drop} and zoneout={self.zoneout}; expected one of "
                "them. Weight-drop keeps cuDNN, zoneout does not."
            )

    @classmethod
    def of(cls, value: object) -> Regularization:
        """Returns a regularization from one, from a mapping of its fields, or from ``None``."""
        if value is None:
            return cls()
        if isinstance(value, Regularization):
            return value
        if not isinstance(value, Mapping):
            raise ArgumentError(
                f"regularization: received {value!r}; expected a Regularization or a mapping of its fields, such as "
                "{'weight_drop': 0.5}."
            )
        known = [field.name for field in dataclasses.fields(cls)]
        for name in value:
            if name not in known:
                raise UnknownNameError("field of regularization", name, known)
        return cls(**value)
