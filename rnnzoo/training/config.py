"""How a model is optimised: one documented field for each choice."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, UnknownNameError

OPTIMIZERS = ("adam", "adamw", "rmsprop", "sgd", "nadam")
SCHEDULES = ("constant", "cosine", "exponential", "linear", "slanted_triangular")
CLIPS = ("global_norm", "norm", "value")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How a model is optimised. Every field has a default that is sensible for recurrent networks.

    Attributes:
        epochs: Passes over the training part, at most.
        batch_size: Rows per step.
        optimizer: ``"adam"``, ``"adamw"``, ``"rmsprop"``, ``"sgd"`` (momentum 0.9, Nesterov) or ``"nadam"``.
        learning_rate: The rate, or the highest rate of a schedule.
        schedule: ``"constant"``, or a fall from ``learning_rate`` over all epochs: ``"cosine"`` and ``"linear"``
            to zero, ``"exponential"`` to a hundredth. ``"slanted_triangular"`` climbs to ``learning_rate`` over a tenth
            of all steps from a 32nd of it, and falls back there (Howard & Ruder 2018, for fine-tuning).
        warmup: Share of all steps over which the rate first climbs from zero.
        clip: Gradient clipping: ``"global_norm"`` scales all gradients together when their joint L2 norm
            exceeds the bound (Pascanu 2013, what the literature means by clipping); ``"norm"`` each variable's
            on its own; ``"value"`` cuts each element; ``None`` none.
        clip_bound: The bound. 1.0 is the usual one for the global norm.
        weight_decay: Decoupled weight decay (Loshchilov 2019), on kernels and embeddings, not on biases.
        loss: A loss of the task other than its default; ``None`` for the default.
        monitor: What early stopping, the best checkpoint and the plateau rule watch, such as ``"val_loss"``;
            ``None`` for the task's objective.
        early_stopping: Epochs without improvement after which training ends; ``None`` never ends it early.
            Either way the weights of the best epoch are the result.
        reduce_on_plateau: Epochs without improvement after which the rate is multiplied by
            ``plateau_factor``; ``None`` never. Only with ``schedule="constant"``.
        plateau_factor: See ``reduce_on_plateau``.
        discriminative: How many times smaller the learning rate of a group of layers is than that of the group above
            it, from the head down (``rnnzoo.training.layer_groups``); 2.6 in ULMFiT (Howard & Ruder 2018,
            arXiv:1801.06146). ``None``, for models that start from random weights: one rate for all.
        gradual_unfreezing: Epochs after which one more group of layers is trained, from the head down, so that a new
            head does not spoil the layers under it; 1 in ULMFiT. Frozen weights stay exactly what they are; their
            gradients still count for the optimizer's averages and for clipping by the global norm. ``None``: all are
            trained from the start.
        seed: Order of the batches and the dropout noise. Weights are drawn when a model is built.
        tensorboard: Whether a run directory also gets TensorBoard logs.

    Raises:
        ArgumentError: If a field is out of range or two do not go together.

    Example:
        >>> TrainConfig(optimizer="adamw", weight_decay=0.01, clip_bound=0.5).clip
        'global_norm'
    """

    epochs: int = 30
    batch_size: int = 32
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd", "nadam"] = "adam"
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine", "exponential", "linear", "slanted_triangular"] = "constant"
    warmup: float = 0.0
    clip: Literal["global_norm", "norm", "value"] | None = "global_norm"
    clip_bound: float = 1.0
    weight_decay: float = 0.0
    loss: str | None = None
    monitor: str | None = None
    early_stopping: int | None = 5
    reduce_on_plateau: int | None = None
    plateau_factor: float = 0.5
    discriminative: float | None = None
    gradual_unfreezing: int | None = None
    seed: int = 0
    tensorboard: bool = True

    def __post_init__(self) -> None:
        checks.integer("epochs", self.epochs, minimum=1)
        checks.integer("batch_size", self.batch_size, minimum=1)
        checks.choice("optimizer", self.optimizer, OPTIMIZERS)
        checks.number("learning_rate", self.learning_rate, above=0)
        checks.choice("schedule", self.schedule, SCHEDULES)
        checks.number("warmup", self.warmup, minimum=0, below=1)
        if self.clip is not None:
            checks.choice("clip", self.clip, CLIPS)
        checks.number("clip_bound", self.clip_bound, above=0, fix="Pass clip=None to leave gradients alone.")
        checks.number("weight_decay", self.weight_decay, minimum=0)
        for name in ("early_stopping", "reduce_on_plateau", "gradual_unfreezing"):
            if getattr(self, name) is not None:
                checks.integer(name, getattr(self, name), minimum=1, fix=f"Pass {name}=None to do without.")
        checks.number("plateau_factor", self.plateau_factor, above=0, below=1)
        if self.discriminative is not None:
            checks.number(
                "discriminative", self.discriminative, above=1, fix="Pass None for one rate for all layers."
            )
        checks.integer("seed", self.seed, minimum=0)
        checks.flag("tensorboard", self.tensorboard)
        if self.schedule == "slanted_triangular" and self.warmup:
            raise ArgumentError(
                f"warmup: received {self.warmup:g} with schedule='slanted_triangular', which climbs by itself; "
                "expected 0. Leave warmup out."
            )
        if self.reduce_on_plateau is not None and self._scheduled:
            raise ArgumentError(
                f"reduce_on_plateau: received {self.reduce_on_plateau} with schedule={self.schedule!r} and "
                f"warmup={self.warmup:g}; expected one rule for the learning rate. "
                "Keep schedule='constant' and warmup=0, or drop reduce_on_plateau."
            )

    @property
    def _scheduled(self) -> bool:
        return self.schedule != "constant" or self.warmup > 0

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as a JSON-able dictionary."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """Makes a config from a dictionary; an unknown key is refused with the nearest known one."""
        known = [field.name for field in dataclasses.fields(cls)]
        for key in values:
            if key not in known:
                raise UnknownNameError("training field", key, known)
        return cls(**values)
