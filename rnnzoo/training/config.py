"""How a model is optimised: one documented field for each choice."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from rnnzoo import checks
from rnnzoo.data.augmentation.table import plain_config
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.training.own_objects import check_object, describe
from rnnzoo.value_objects import checked_fields

#: Seconds that the baselines of a run may take together, unless another number is asked for.
BASELINE_SECONDS = 120.0

OPTIMIZERS = ("adam", "adamw", "rmsprop", "sgd", "nadam")
SCHEDULES = ("constant", "cosine", "exponential", "linear", "one_cycle", "slanted_triangular")
#: The fields that may hold objects of the user.
_OWN = ("optimizer", "loss", "metrics")
#: Arguments of Keras optimizers that clip gradients.
_CLIPS = ("global_clipnorm", "clipnorm", "clipvalue")
CLIPS = ("global_norm", "norm", "value")
AVERAGES = ("ema", "nt_asgd")
PRECISIONS = ("bfloat16", "float16")


@checked_fields
@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How a model is optimised. Every field has a default that is sensible for recurrent networks.

    What changes the network (dropouts, weight-drop, L1 and L2 penalties, normalisation) is an argument of its builder;
    through how many steps of a long text gradients go back is ``window`` of ``running_text_splits``.

    Attributes:
        epochs: Passes over the training part, at most.
        batch_size: Rows per step.
        tokens_per_batch: Steps of all rows of a batch together, padding included, at most; in place of ``batch_size``
            rows (validation keeps those; what augmentation adds is not counted). Batches of short rows then have more
            of them, so that all cost alike; the same rows tend to meet, so that an epoch mixes less. ``None``:
            ``batch_size`` rows, sorted by length in pools, which is the better mixed.
        accumulation: Steps whose gradients are averaged before weights move, so that ``accumulation x batch_size`` rows
            count as one batch where memory holds no larger one. 1, for most recurrent networks are small.
        optimizer: ``"adam"``, ``"adamw"``, ``"rmsprop"``, ``"sgd"`` (momentum 0.9, Nesterov) or ``"nadam"``; or the
            ``"module:Class"`` of another of Keras's or of yours, such as ``"keras.optimizers:Lion"``, which is made
            with the fields below; or an object, which has its own rate and decay: ``clip`` is added to it, the other
            fields must be left alone. Adam (Kingma 2015), which needs the least tuning.
        learning_rate: The rate, or the highest rate of a schedule.
        schedule: ``"constant"``, or a fall from ``learning_rate`` over all epochs: ``"cosine"`` (Loshchilov 2017) and
            ``"linear"`` to zero, ``"exponential"`` to a hundredth; or ``"one_cycle"`` (Smith 2018): from a 25th up
            and down to a 10,000th of the 25th, both along a cosine; or ``"slanted_triangular"`` (Howard & Ruder 2018,
            for fine-tuning): over a tenth of all steps up from a 32nd, and back down there. Constant, for a fall needs
            to know when training ends, and early stopping ends it elsewhere.
        warmup: Share of all steps over which the rate first climbs, from zero; with ``"one_cycle"`` 0 means 0.3.
        clip: Gradient clipping: ``"global_norm"`` scales all gradients together when their joint L2 norm
            exceeds the bound (Pascanu 2013, what the literature means by clipping); ``"norm"`` each variable's
            on its own; ``"value"`` cuts each element; ``None`` none.
        clip_bound: The bound. 1.0 is the usual one for the global norm.
        weight_decay: Decoupled weight decay (Loshchilov 2019), on kernels and embeddings, not on biases and other
            vectors, such as gains of a normalisation. 0, for dropout does more for recurrent networks (Zaremba 2014).
        averaging: ``"ema"``: the result is an exponential moving average of the weights (Polyak & Juditsky 1992).
            ``"nt_asgd"``: the plain mean of all steps since validation stood still for ``averaging_patience`` epochs
            (Merity 2018, with ``"sgd"`` for language models). Validation scores the averages. ``None``, for with a
            falling rate they gain little.
        ema_decay: Share of the average that stays at a step: 0.99 looks back some hundred steps, which is less than
            an epoch of most sets.
        averaging_patience: Epochs without improvement that start ``"nt_asgd"``; 5 as in the paper.
        label_smoothing: Share of each target that is spread over all classes (Szegedy 2016). 0, for it changes what
            probabilities mean; 0.1 is usual. Losses that training shows have it too, scores of a run have not.
        class_weights: ``"balanced"`` lets all classes weigh the same, however rare; a mapping gives weights by label.
            ``None``, for it trades accuracy for the rare classes.
        mixed_precision: ``"bfloat16"`` or ``"float16"`` (with loss scaling; Micikevicius 2018): layers compute in half
            precision while training; weights and the result are float32. ``None``, for only GPUs gain.
        loss: A loss of the task other than its default, or one of your own: a Keras loss, such as
            ``keras.losses.Huber(2.0)``, a function of truth and outputs that gives a loss for each row or step, or the
            ``"module:name"`` of either. It is tried on one batch before the first epoch. Weights and masks of data
            apply to it as to others; the ``loss`` among the scores of a run is still that of the task. ``None`` for the
            default.
        metrics: Further metrics to show while training and to watch: Keras metrics, functions of truth and outputs, or
            their ``"module:name"``, such as ``"keras.metrics:SparseTopKCategoricalAccuracy"``.
        monitor: What early stopping, the best checkpoint, the plateau rule and a search watch: the loss or a metric of
            the task, such as ``"val_loss"``, or ``val_`` and any score that the task reports, such as
            ``"val_macro_f1"``, ``"val_span_f1"`` or ``"val_mae"`` (in original units). A score is computed after each
            epoch, which costs one more pass over the validation part, and is in history and logs then, with all others
            of the task. ``None`` for the task's objective.
        monitor_direction: ``"max"`` where more of ``monitor`` is better, ``"min"`` where less is; ``None`` for what its
            name says.
        early_stopping: Epochs without improvement after which training ends; ``None`` never ends it early.
            Either way the weights of the best epoch are the result (Prechelt 1998), unless ``restore_best`` is false.
        restore_best: Whether the weights of the best epoch are the result; ``False`` for those of the last, where the
            number of epochs is known and validation rows are learned from too.
        reduce_on_plateau: Epochs without improvement after which the rate is multiplied by
            ``plateau_factor``; ``None`` never. Only with ``schedule="constant"``.
        plateau_factor: See ``reduce_on_plateau``.
        monitor_gradients: Whether history and report also say how large gradients are, how many steps are clipped and
            how far back in time gradients reach (Bengio 1994). Off, for it costs an extra pass over one batch an epoch.
        reset_states: Probability that a row of a batch of running text starts from zero states instead of those that
            the batch before left, for language models that will read texts from their beginnings, as classifiers made
            from them do (``drop_state_probability`` in the program of Melis 2018, arXiv:1707.05589), above all after
            few epochs, for each has one such start a row. 0, for a single long text is best read in one piece.
        discriminative: How many times smaller the learning rate of a group of layers is than that of the group above
            it, from the head down (``rnnzoo.training.optimization.layer_groups``); 2.6 in ULMFiT (Howard & Ruder 2018,
            arXiv:1801.06146). ``None``, for models that start from random weights: one rate for all.
        gradual_unfreezing: Epochs after which one more group of layers is trained, from the head down, so that a new
            head does not spoil the layers under it; 1 in ULMFiT. Frozen weights stay exactly what they are; their
            gradients still count for the optimizer's averages and for clipping by the global norm. ``None``: all are
            trained from the start.
        steps_per_execution: Batches that TensorFlow runs before Python, and callbacks of batches, see the loss: the way
            to Python and back takes as long as a small step. Weights and scores are the same. ``None``: 8, but 1 with
            ``averaging`` and with callbacks of batches, which look at every one.
        linear_start: Whether the linear map of a new forecaster begins at ridge regression on training rows. That start
            is the result, as epoch 0, where no epoch is better on the validation part.
        seed: Order of the batches and the dropout noise. Weights are drawn when a model is built.
        tensorboard: Whether a run directory also gets TensorBoard logs.
        augmentation: Noise in the training rows, drawn anew in each epoch; validation and test never have it. For
            each name a number, the main field, or a mapping of its fields; applied in the order of the table
            ``rnnzoo.data.augmentation.table.AUGMENTATIONS``, which says what each is for. ``None`` for none. Texts:
            ``token_dropout``, ``token_swap``, ``token_insertion``, ``keyboard_typos``, ``synonyms`` and
            ``paraphrases`` (see ``back_translate``); series and sound: ``jitter``, ``scaling``, ``window_warp``,
            ``time_mask``, ``shift``, ``spec_augment``; DNA: ``reverse_complement``, ``point_mutation``.

    Raises:
        ArgumentError: If a field is out of range or two do not go together.

    Example:
        >>> TrainConfig(optimizer="adamw", weight_decay=0.01, clip_bound=0.5).clip
        'global_norm'
        >>> TrainConfig(augmentation={"token_dropout": 0.1, "keyboard_typos": {"layout": "qwertz"}}).augmentation
        {'token_dropout': 0.1, 'keyboard_typos': {'layout': 'qwertz'}}
    """

    epochs: int = 30
    batch_size: int = 32
    tokens_per_batch: int | None = None
    accumulation: int = 1
    optimizer: Any = "adam"
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine", "exponential", "linear", "one_cycle", "slanted_triangular"] = (
        "constant"
    )
    warmup: float = 0.0
    clip: Literal["global_norm", "norm", "value"] | None = "global_norm"
    clip_bound: float = 1.0
    weight_decay: float = 0.0
    averaging: Literal["ema", "nt_asgd"] | None = None
    ema_decay: float = 0.99
    averaging_patience: int = 5
    label_smoothing: float = 0.0
    class_weights: Literal["balanced"] | Mapping[str, float] | None = None
    mixed_precision: Literal["bfloat16", "float16"] | None = None
    loss: Any = None
    metrics: Sequence[Any] = ()
    monitor: str | None = None
    monitor_direction: Literal["max", "min"] | None = None
    early_stopping: int | None = 5
    restore_best: bool = True
    reduce_on_plateau: int | None = None
    plateau_factor: float = 0.5
    monitor_gradients: bool = False
    reset_states: float = 0.0
    discriminative: float | None = None
    gradual_unfreezing: int | None = None
    steps_per_execution: int | None = None
    linear_start: bool = True
    seed: int = 0
    tensorboard: bool = True
    augmentation: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        # As config.json has it, with which a resumed run is compared: plain numbers, mappings of its own.
        for name, value in checks.fields(vars(self), _CHECKS, optional=_OPTIONAL).items():
            object.__setattr__(self, name, value)
        self._check_pairs()

    def _check_pairs(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            self._check_own_optimizer()
        if self.label_smoothing and self.own_loss:
            raise ArgumentError(
                f"label_smoothing: received {self.label_smoothing:g} with a loss of your own; expected 0. Smooth in "
                "the loss, or leave one out."
            )
        if self.monitor_direction is not None and self.monitor is None:
            raise ArgumentError(
                f"monitor_direction: received {self.monitor_direction!r} without monitor, and the objective of a task "
                "has its own; expected both. Leave it out, or name what to watch in monitor."
            )
        if self.schedule == "slanted_triangular" and self.warmup:
            raise ArgumentError(
                f"warmup: received {self.warmup:g} with schedule='slanted_triangular', which climbs by itself; "
                "expected 0. Leave warmup out."
            )
        if self.reduce_on_plateau is not None and self.scheduled:
            raise ArgumentError(
                f"reduce_on_plateau: received {self.reduce_on_plateau} with schedule={self.schedule!r} and "
                f"warmup={self.warmup:g}; expected one rule for the learning rate. "
                "Keep schedule='constant' and warmup=0, or drop reduce_on_plateau."
            )
        if self.averaging is not None and (self.steps_per_execution or 1) > 1:
            raise ArgumentError(
                f"steps_per_execution: received {self.steps_per_execution} with averaging={self.averaging!r}, which "
                "takes in the weights of every step; expected 1. Leave it out."
            )
        if (self.early_stopping or math.inf) <= (self.gradual_unfreezing or 0):
            raise ArgumentError(
                f"gradual_unfreezing: received {self.gradual_unfreezing} epochs for each group of layers, with "
                f"early_stopping={self.early_stopping}, which may end training before the next one is trained; "
                "expected a longer patience. Raise early_stopping, or pass early_stopping=None."
            )
        if self.averaging == "nt_asgd" and (self.early_stopping or math.inf) <= self.averaging_patience:
            raise ArgumentError(
                f"averaging: received 'nt_asgd', which starts after {self.averaging_patience} epochs without "
                f"improvement, with early_stopping={self.early_stopping}; expected a longer patience. Raise "
                "early_stopping, or lower averaging_patience."
            )

    def _check_own_optimizer(self) -> None:
        """Checks that fields do not say what an optimizer of the user says itself."""
        for name in ("discriminative", "gradual_unfreezing"):
            if getattr(self, name) is not None:
                raise ArgumentError(
                    f"{name}: received {getattr(self, name)} with an optimizer of your own; expected None, for only "
                    f"{', '.join(OPTIMIZERS)} have a rate for each group of layers. Leave one out."
                )
        if isinstance(self.optimizer, str):
            return
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        for name in ("learning_rate", "schedule", "warmup", "weight_decay", "accumulation"):
            if getattr(self, name) != defaults[name]:
                raise ArgumentError(
                    f"{name}: received {getattr(self, name)!r} beside an optimizer object, which has its own; expected "
                    "it once. Give it to the optimizer, or name its class as 'module:Class', which takes the fields."
                )
        given = [name for name in _CLIPS if getattr(self.optimizer, name, None) is not None]
        if given and self.clip is not None:
            raise ArgumentError(
                f"clip: received {self.clip!r} beside an optimizer with {given[0]}="
                f"{getattr(self.optimizer, given[0])!r}; expected gradients to be clipped once. Pass clip=None."
            )
        if self.reduce_on_plateau is not None and callable(getattr(self.optimizer, "_learning_rate", None)):
            raise ArgumentError(
                f"reduce_on_plateau: received {self.reduce_on_plateau} beside an optimizer with a schedule; expected "
                "one rule for the learning rate. Leave one out."
            )

    @property
    def own_loss(self) -> bool:
        """Whether the loss is not one of a task by its name."""
        return self.loss is not None and (not isinstance(self.loss, str) or ":" in self.loss)

    @property
    def scheduled(self) -> bool:
        """Whether the learning rate follows a curve laid over all steps."""
        return self.schedule != "constant" or self.warmup > 0

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as a JSON-able dictionary; objects as ``own_objects.describe`` says."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**values, **{name: describe(values[name]) for name in _OWN}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """Makes a config from a dictionary; an unknown key is refused with the nearest known one."""
        known = [field.name for field in dataclasses.fields(cls)]
        for key in values:
            if key not in known:
                raise UnknownNameError("training field", key, known)
        return cls(**values)


def _integer(name: str, *, fix: str = "") -> Callable[[object], int]:
    return partial(checks.integer, name, minimum=1, fix=fix)


def _without(name: str) -> Callable[[object], int]:
    return _integer(name, fix=f"Pass {name}=None to do without.")


def _name(name: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not isinstance(value, str) or not value:
            raise ArgumentError(f"{name}: received {value!r}; expected a name, or None for the task's own.")
        return value

    return check


def _optimizer(value: object) -> Any:
    if isinstance(value, str) and ":" not in value:
        return checks.choice("optimizer", value, OPTIMIZERS)
    return check_object("optimizer", value, ("apply", "get_config"), "keras.optimizers.Lion(1e-4)")


def _loss(value: object) -> Any:
    if isinstance(value, str | bool | int | float):
        return _name("loss")(value)
    return check_object("loss", value, ("__call__",), "keras.losses.Huber(2.0)")


def _metrics(value: object) -> tuple[Any, ...]:
    given = (value,) if isinstance(value, str) else value
    if not isinstance(given, Sequence):
        raise ArgumentError(
            f"metrics: received {value!r}; expected a list of metrics. Pass a list, also of one metric."
        )
    return tuple(
        check_object("metrics", one, ("__call__",), "keras.metrics.MeanAbsoluteError()") for one in given
    )


def _choice(name: str, known: Collection[str]) -> Callable[[object], str]:
    return partial(checks.choice, name, known=known)


def _class_weights(value: object) -> object:
    if not isinstance(value, Mapping):
        return checks.choice("class weights", value, ("balanced",))
    if not value:
        raise ArgumentError("class_weights: received {}; expected a weight for one class at least, or None.")
    return {label: checks.number(f"class_weights[{label!r}]", w, minimum=0) for label, w in value.items()}


#: What each field must be; returns it as it is kept.
_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "epochs": _integer("epochs"),
    "batch_size": _integer("batch_size"),
    "tokens_per_batch": _without("tokens_per_batch"),
    "accumulation": _integer("accumulation"),
    "optimizer": _optimizer,
    "learning_rate": partial(checks.number, "learning_rate", above=0),
    "schedule": _choice("schedule", SCHEDULES),
    "warmup": partial(checks.number, "warmup", minimum=0, below=1),
    "clip": _choice("clip", CLIPS),
    "clip_bound": partial(
        checks.number, "clip_bound", above=0, fix="Pass clip=None to leave gradients alone."
    ),
    "weight_decay": partial(checks.number, "weight_decay", minimum=0),
    "averaging": _choice("averaging", AVERAGES),
    "ema_decay": partial(checks.number, "ema_decay", above=0, below=1),
    "averaging_patience": _integer("averaging_patience"),
    "label_smoothing": partial(checks.number, "label_smoothing", minimum=0, below=1),
    "class_weights": _class_weights,
    "mixed_precision": _choice("mixed precision", PRECISIONS),
    "loss": _loss,
    "metrics": _metrics,
    "monitor": _name("monitor"),
    "monitor_direction": _choice("monitor_direction", ("max", "min")),
    "early_stopping": _without("early_stopping"),
    "restore_best": partial(checks.flag, "restore_best"),
    "reduce_on_plateau": _without("reduce_on_plateau"),
    "plateau_factor": partial(checks.number, "plateau_factor", above=0, below=1),
    "monitor_gradients": partial(checks.flag, "monitor_gradients"),
    "reset_states": partial(checks.number, "reset_states", minimum=0, below=1),
    "discriminative": partial(
        checks.number, "discriminative", above=1, fix="Pass None for one rate for all layers."
    ),
    "gradual_unfreezing": _without("gradual_unfreezing"),
    "steps_per_execution": _without("steps_per_execution"),
    "linear_start": partial(checks.flag, "linear_start"),
    "seed": checks.seed,
    "tensorboard": partial(checks.flag, "tensorboard"),
    "augmentation": plain_config,
}
#: Fields that may be ``None``.
_OPTIONAL = (
    "tokens_per_batch",
    "clip",
    "averaging",
    "class_weights",
    "mixed_precision",
    "loss",
    "monitor",
    "monitor_direction",
    "early_stopping",
    "reduce_on_plateau",
    "discriminative",
    "gradual_unfreezing",
    "steps_per_execution",
    "augmentation",
)


def check_field(name: str, value: object) -> None:
    """Checks a value of a field by itself.

    Raises:
        ArgumentError: If the field cannot have it.

    Example:
        >>> check_field("batch_size", 0)
        Traceback (most recent call last):
        ...
        rnnzoo.errors.ArgumentError: batch_size: received 0; expected an integer of at least 1.
    """
    checks.fields({name: value}, {name: _CHECKS[name]}, optional=_OPTIONAL)
