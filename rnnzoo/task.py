"""A task: what a model's outputs mean, how it is trained and how it is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from rnnzoo import checks
from rnnzoo.decoding.answers import Decoding
from rnnzoo.decoding.viterbi import best_path
from rnnzoo.errors import ArgumentError, one_line
from rnnzoo.keras_names import LOSSES, METRICS, KerasSource, check_source, make, resolve
from rnnzoo.value_objects import checked_fields

Activation = Literal["softmax", "sigmoid", "linear"]
Targets = Literal["classes", "labels", "values", "tokens", "symbols"]
Data = Literal["rows", "windows", "running text", "pairs"]

#: ``scores(outputs, targets)``, which may also take what it names of ``labels``, ``lengths``, ``quantiles``, ``scale``
#: and ``naive_errors``.
Scores = Callable[..., Mapping[str, float]]
#: ``baselines(splits, part)``: by name, functions from a budget of seconds to outputs for all rows of ``part``.
Baselines = Callable[..., Mapping[str, Callable[..., np.ndarray]]]

#: The task that builders of classifiers have where none is named.
_OF_BUILDERS = "classification"


@checked_fields
@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of problem, and all that the rest of rnnzoo asks about it.

    A task of your own is an object of this class, or of one derived from it where a method has to answer otherwise.
    What is heavy - scores, baselines, losses and metrics - may be given as ``"module:name"``, which is imported on use:
    a server has neither TensorFlow nor scikit-learn, and must be able to import the module that registers a task.
    ``train`` imports them and tries ``scores`` on one batch before the first epoch.

    A class with other numbers of outputs, such as ``K - 1`` logits for ``K`` ordered classes, overrides ``head_units``
    (how wide builders make the head) and ``output_shape`` (what a model must answer).

    Attributes:
        name: The name that builders, ``train`` and bundles use.
        targets: What is learned: ``"classes"`` (one of several), ``"labels"`` (any number of several), ``"values"``,
            ``"tokens"`` of a text, or ``"symbols"`` of a transcript without places.
        output: The name of the model's output: ``"logits"``; ``"values"``, ``"quantiles"`` or ``"distribution"`` for
            real-valued answers; or ``"potentials"`` of pairs of tags.
        output_axes: What an output has behind the axes of its targets: ``"classes"`` or ``"quantiles"`` for as many as
            there are, or a number. Classes ``(batch,)`` with ``("classes",)`` have logits ``(batch, classes)``.
        activation: How an output becomes a probability or value.
        losses: The losses to choose from, the first being the default: names of rnnzoo's, or a mapping from names to
            Keras losses, functions that make one, or ``"module:Class"``.
        metrics: The metrics shown while training: likewise, but a sequence, for each has its name.
        objective: What early stopping, checkpoints and searches watch: ``"val_loss"``, or ``"val_"`` and the name of
            one of ``metrics``. A name of ``scores`` is none, for these are computed once, after training.
        direction: Whether ``objective`` is to be maximised or minimised.
        scores: A function from outputs and targets (arrays of all rows; values in original units) to finite numbers by
            name, or its ``"module:name"``. A score that is undefined for some rows is left out for them. Those of
            ``labels``, ``lengths``, ``quantiles``, ``scale`` and ``naive_errors`` that it has as arguments are passed
            too: see ``rnnzoo.evaluation.scores.score``.
        decoding: The class that turns outputs into answers; ``None`` only for ``data="pairs"``, which are searched.
        baselines: A function from ``Splits`` and one part to simple models, or its ``"module:name"``; see
            ``rnnzoo.evaluation.baselines``. ``None`` for none.
        data: What rows are: ``"rows"``, each with its targets, as ``Splits.from_arrays`` takes; ``"windows"`` of a
            series; ``"running text"``; ``"pairs"`` of texts.
        data_of: The name of another task whose data this task uses; ``None`` for data of its own. Make the splits for
            that other task. A model whose output is called as this task's ``output`` is then trained for this task.
        per_step: Whether each step of a row has a target.
        weighted: Whether targets come with weights, 0 for padding, so that metrics must be weighted.
        stratified: Whether each row is of one class, so that each part of the data can get its share of all classes.
        weighs_classes: Whether rare classes can be given more weight (``TrainConfig.class_weights``).
        two_classes: Whether there are two classes, told by one number.
        confusion_matrix: Whether a picture of classes mistaken for others makes sense.
        quantiles: For forecasts of a distribution, the levels that are learned or reported.
        scored: For messages: what a model of this task scores.
        model_hint: For messages: how to come to a model of this task.

    Example:
        >>> from rnnzoo.decoding.answers import ValueDecoding
        >>> def errors(outputs, targets):
        ...     return {"median_error": float(np.median(np.abs(outputs - targets)))}
        >>> task = Task(
        ...     name="robust_regression", targets="values", output="values", scores=errors, decoding=ValueDecoding,
        ...     losses={"huber": "keras.losses:Huber"}, metrics=["mean_absolute_error"],
        ... )
        >>> task.output_shape((8, 1), (8, 1), classes=1), task.head_units(1)
        ((8, 1), 1)
    """

    name: str
    targets: Targets
    output: str
    scores: str | Scores
    losses: Sequence[str] | Mapping[str, KerasSource]
    metrics: Sequence[KerasSource] = ()
    objective: str = "val_loss"
    direction: Literal["max", "min"] = "min"
    output_axes: tuple[str | int, ...] = ()
    activation: Activation = "linear"
    decoding: type[Decoding] | None = None
    baselines: str | Baselines | None = None
    data: Data = "rows"
    data_of: str | None = None
    per_step: bool = False
    weighted: bool = False
    stratified: bool = False
    weighs_classes: bool = False
    two_classes: bool = False
    confusion_matrix: bool = False
    quantiles: tuple[float, ...] | None = None
    scored: str = ""
    model_hint: str = ""

    def __post_init__(self) -> None:
        for field, value, choices in (
            ("targets", self.targets, get_args(Targets)),
            ("activation", self.activation, get_args(Activation)),
            ("data", self.data, get_args(Data)),
            ("direction", self.direction, ("max", "min")),
        ):
            checks.choice(f"{field} of a task", value, choices)
        self._check_sources()
        if not isinstance(self.output_axes, tuple):
            raise ArgumentError(
                f"output_axes: received {self.output_axes!r} for task {self.name!r}; expected a tuple such as "
                "('classes',)."
            )
        if not isinstance(self.objective, str) or not self.objective.startswith("val_"):
            raise ArgumentError(
                f"objective: received {self.objective!r} for task {self.name!r}; expected 'val_loss', or 'val_' and "
                "the name of one of its metrics."
            )
        # Translations are searched, not decoded.
        if not (self.decoding is None and self.data == "pairs") and not (
            isinstance(self.decoding, type) and issubclass(self.decoding, Decoding)
        ):
            raise ArgumentError(
                f"decoding: received {self.decoding!r} for task {self.name!r}; expected a class derived from "
                "rnnzoo.decoding.Decoding."
            )

    def _check_sources(self) -> None:
        """Checks what each of the fields is that may be given by name; nothing is imported yet."""
        if isinstance(self.losses, str) or not isinstance(self.losses, Sequence | Mapping):
            raise ArgumentError(
                f"losses: received {self.losses!r} for task {self.name!r}; expected a sequence or mapping of losses."
            )
        if not self.losses:
            raise ArgumentError(
                f"losses: received {self.losses!r} for task {self.name!r}; expected one at least."
            )
        for source in self.losses.values() if isinstance(self.losses, Mapping) else self.losses:
            check_source("losses", source, LOSSES)
        if isinstance(self.metrics, str) or not isinstance(self.metrics, Sequence):
            raise ArgumentError(
                f"metrics: received {self.metrics!r} for task {self.name!r}; expected a sequence of metrics."
            )
        for metric in self.metrics:
            check_source("metrics", metric, METRICS)
        for field, value in (("scores", self.scores), ("baselines", self.baselines)):
            named = isinstance(value, str) and all(value.partition(":"))
            if not (named or callable(value) or (field == "baselines" and value is None)):
                raise ArgumentError(
                    f"{field}: received {value!r} for task {self.name!r}; expected a function or 'module:name'."
                )

    def check_names(self) -> None:
        """Imports what is given as ``"module:name"``.

        Raises:
            ArgumentError: If there is no such module or name; the message names the field.
        """
        losses = self.losses.values() if isinstance(self.losses, Mapping) else self.losses
        for field, sources in (
            ("scores", [self.scores]),
            ("baselines", [self.baselines]),
            ("losses", losses),
            ("metrics", self.metrics),
        ):
            for source in sources:
                if not isinstance(source, str) or ":" not in source:
                    continue
                try:
                    found = resolve(source)
                except (ImportError, AttributeError, ValueError) as error:
                    raise ArgumentError(
                        f"{field}: received {source!r} for task {self.name!r}, which is not there ({one_line(error)}); "
                        "expected 'module:name'. Correct it, or install the module."
                    ) from error
                if not callable(found):
                    raise ArgumentError(
                        f"{field}: received {source!r} for task {self.name!r}, which is {found!r}; expected a function "
                        "or class."
                    )

    @property
    def forecasts(self) -> bool:
        """Whether steps ahead of a series are answered."""
        return self.data == "windows"

    @property
    def from_rows(self) -> bool:
        """Whether rows with their targets make its data."""
        return self.data == "rows" and self.data_of is None

    @property
    def answers_rows(self) -> bool:
        """Whether a row has one answer, such as builders of classifiers have a head for."""
        return self.data == "rows" and not self.per_step and self.targets in ("classes", "labels", "values")

    @property
    def tags_steps(self) -> bool:
        """Whether each step of a row gets a class."""
        return self.per_step and self.targets == "classes"

    @property
    def builder_arguments(self) -> dict[str, str]:
        """The arguments that builders of classifiers need for the task: none for their default one."""
        return {"task": self.name} if self.answers_rows and self.name != _OF_BUILDERS else {}

    def head_units(self, num_classes: int) -> int:
        """Returns the width of the head: one unit a class, but a single one for two exclusive classes."""
        if not self.two_classes:
            return num_classes
        if num_classes != 2:
            raise ArgumentError(
                f"num_classes: received {num_classes} with task {self.name!r}; expected 2. "
                "Use task='classification' for more classes."
            )
        return 1

    def output_shape(
        self, targets: tuple[int, ...], output: tuple[int, ...], *, classes: int
    ) -> tuple[int, ...]:
        """Returns the shape that a model must answer.

        Args:
            targets: The shape of a batch of targets.
            output: The shape that it answers, which may choose how many steps a transcript is read from.
            classes: How many classes, tokens or symbols there are.
        """
        if self.targets == "symbols":
            return (targets[0], *output[1:2], classes)
        sizes: dict[str | int, int] = {"classes": classes, "quantiles": len(self.quantiles or ())}
        return (*targets, *(sizes.get(axis, axis) for axis in self.output_axes))  # type: ignore[arg-type]

    def class_numbers(self, outputs: np.ndarray) -> np.ndarray:
        """Returns the class that each row of logits, or each step of the best path through potentials, stands for.

        Potentials of rows one after the other are those of one long row: a first step does not ask what came before it.
        """
        if len(self.output_axes) > 1 and outputs.ndim > 2:
            return best_path(outputs)
        if self.two_classes:
            return (outputs[:, 0] > 0).astype(int)
        return np.asarray(outputs.argmax(axis=-1))

    def forecast_quantiles(self, outputs: np.ndarray) -> np.ndarray:
        """Returns the quantiles ``(..., levels)`` that outputs of a distribution stand for."""
        quantiles = getattr(self.decoding, "forecast_quantiles", None)
        if quantiles is None or self.quantiles is None:
            raise ArgumentError(f"task {self.name!r}: forecasts no distribution; expected one that does.")
        return np.asarray(quantiles(outputs, self.quantiles))

    def loss(self, name: str | None = None) -> Any:
        """Returns the Keras loss ``name``, by default the task's first.

        Raises:
            UnknownNameError: If the task has no such loss.
        """
        chosen = checks.choice("loss", name, self.losses) if name else next(iter(self.losses))
        source = self.losses[chosen] if isinstance(self.losses, Mapping) else chosen
        return make(source, LOSSES, quantiles=self.quantiles)

    def keras_metrics(self) -> list[Any]:
        """Returns fresh Keras metric objects."""
        return [make(source, METRICS) for source in self.metrics]
