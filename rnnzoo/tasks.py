"""The task table: what a model's outputs mean, how it is trained and how it is judged.

A builder asks it how wide the head is, the trainer which loss and metrics to compile, the search what to
maximise, decoding how logits become an answer. Tasks know nothing of cells, builders know nothing of losses.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Literal

from rnnzoo import checks
from rnnzoo.decoding.distributions import DEFAULT_QUANTILES
from rnnzoo.errors import ArgumentError

Activation = Literal["softmax", "sigmoid", "linear"]


@dataclass(frozen=True)
class Task:
    """One kind of problem.

    Attributes:
        name: The name that builders, ``train`` and bundles use.
        output: The name of the model's output: ``"logits"``; ``"values"``, ``"quantiles"`` or ``"distribution"`` for
            real-valued answers; or ``"potentials"`` of pairs of tags.
        activation: How an output becomes a probability or value.
        losses: The Keras losses to choose from; the first is the default.
        metrics: The Keras metrics shown while training.
        objective: What early stopping, checkpoints and searches watch.
        direction: Whether ``objective`` is to be maximised or minimised.
        quantiles: For forecasts of a distribution, the levels that are learned or reported.
    """

    name: str
    output: Literal["logits", "values", "quantiles", "distribution", "potentials"]
    activation: Activation
    losses: tuple[str, ...]
    metrics: tuple[str, ...]
    objective: str
    direction: Literal["max", "min"]
    quantiles: tuple[float, ...] | None = None

    def head_units(self, num_classes: int) -> int:
        """Returns the width of the head: one unit a class, but a single one for two exclusive classes."""
        if self.name != "binary_classification":
            return num_classes
        if num_classes != 2:
            raise ArgumentError(
                f"num_classes: received {num_classes} with task 'binary_classification'; expected 2. "
                "Use task='classification' for more classes."
            )
        return 1

    def loss(self, name: str | None = None) -> Any:
        """Returns the Keras loss ``name``, by default the task's first."""
        chosen = checks.choice("loss", name, self.losses) if name else self.losses[0]
        home, kind, arguments = _LOSSES[chosen]
        # Imported on use, so that the command and the server can read the table without Keras.
        if "quantiles" in arguments:
            arguments = {**arguments, "quantiles": self.quantiles}
        return getattr(importlib.import_module(home), kind)(**arguments)

    def keras_metrics(self) -> list[Any]:
        """Returns fresh Keras metric objects."""
        return [
            getattr(importlib.import_module(home), kind)(**arguments)
            for home, kind, arguments in (_METRICS[name] for name in self.metrics)
        ]


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            name="classification",
            output="logits",
            activation="softmax",
            losses=("sparse_categorical_crossentropy",),
            metrics=("accuracy",),
            objective="val_accuracy",
            direction="max",
        ),
        Task(
            name="binary_classification",
            output="logits",
            activation="sigmoid",
            losses=("binary_crossentropy",),
            metrics=("binary_accuracy", "auc"),
            objective="val_accuracy",
            direction="max",
        ),
        Task(
            name="multilabel_classification",
            output="logits",
            activation="sigmoid",
            losses=("binary_crossentropy",),
            metrics=("binary_accuracy",),
            objective="val_loss",
            direction="min",
        ),
        Task(
            name="regression",
            output="values",
            activation="linear",
            losses=("mean_squared_error", "mean_absolute_error", "huber"),
            metrics=("mean_absolute_error",),
            objective="val_loss",
            direction="min",
        ),
        Task(
            name="tagging",
            output="logits",
            activation="softmax",
            losses=("sparse_categorical_crossentropy",),
            metrics=("accuracy",),
            objective="val_accuracy",
            direction="max",
        ),
        Task(
            name="language_modeling",
            output="logits",
            activation="softmax",
            losses=("sparse_categorical_crossentropy",),
            metrics=("accuracy",),
            objective="val_loss",
            direction="min",
        ),
        # Each token of a translation from those before it; the loss is the mean over all tokens that are not padding.
        Task(
            name="translation",
            output="logits",
            activation="softmax",
            losses=("token_crossentropy",),
            metrics=("accuracy",),
            objective="val_loss",
            direction="min",
        ),
        # Data for tagging, tagged as whole rows: the activation is over paths.
        Task(
            name="crf_tagging",
            output="potentials",
            activation="softmax",
            losses=("crf_negative_log_likelihood",),
            metrics=("path_accuracy",),
            objective="val_accuracy",
            direction="max",
        ),
        # The mean absolute error asks for the median, which a few extreme hours do not move.
        Task(
            name="forecasting",
            output="values",
            activation="linear",
            losses=("mean_absolute_error", "mean_squared_error", "huber"),
            metrics=("mean_squared_error",),
            objective="val_loss",
            direction="min",
        ),
        Task(
            name="transcription",
            output="logits",
            activation="softmax",
            losses=("ctc",),
            metrics=(),
            objective="val_loss",
            direction="min",
        ),
        Task(
            name="quantile_forecasting",
            output="quantiles",
            activation="linear",
            losses=("pinball",),
            metrics=(),
            objective="val_loss",
            direction="min",
            quantiles=DEFAULT_QUANTILES,
        ),
        Task(
            name="gaussian_forecasting",
            output="distribution",
            activation="linear",
            losses=("gaussian",),
            metrics=(),
            objective="val_loss",
            direction="min",
            quantiles=DEFAULT_QUANTILES,
        ),
    )
}

#: The tasks that `build_classifier` has a head for.
CLASSIFIER_TASKS = ("classification", "binary_classification", "multilabel_classification", "regression")

#: The tasks that windows of a series are for: a value, some quantiles, or mean and scale for each step ahead.
FORECASTING_TASKS = ("forecasting", "quantile_forecasting", "gaussian_forecasting")


def get_task(name: str) -> Task:
    """Looks a task up by name.

    Example:
        >>> get_task("classification").objective
        'val_accuracy'

    Raises:
        UnknownNameError: If there is no such task; the nearest name is suggested.
    """
    return TASKS[checks.choice("task", name, TASKS)]


# Module, class and arguments.
_LOSSES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sparse_categorical_crossentropy": (
        "keras.losses",
        "SparseCategoricalCrossentropy",
        {"from_logits": True},
    ),
    # Divided by the tokens that count, where Keras divides by the padded ones too.
    "token_crossentropy": (
        "keras.losses",
        "SparseCategoricalCrossentropy",
        {"from_logits": True, "reduction": "mean_with_sample_weight"},
    ),
    "binary_crossentropy": ("keras.losses", "BinaryCrossentropy", {"from_logits": True}),
    "mean_absolute_error": ("keras.losses", "MeanAbsoluteError", {}),
    "mean_squared_error": ("keras.losses", "MeanSquaredError", {}),
    "huber": ("keras.losses", "Huber", {}),
    "crf_negative_log_likelihood": ("rnnzoo.losses.crf", "CrfNegativeLogLikelihood", {}),
    "ctc": ("rnnzoo.losses.ctc", "CTC", {}),
    "pinball": ("rnnzoo.losses.pinball", "Pinball", {"quantiles": DEFAULT_QUANTILES}),
    "gaussian": ("rnnzoo.losses.gaussian", "GaussianNegativeLogLikelihood", {}),
}
_METRICS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "accuracy": ("keras.metrics", "SparseCategoricalAccuracy", {"name": "accuracy"}),
    # A logit of 0 is a probability of one half.
    "binary_accuracy": ("keras.metrics", "BinaryAccuracy", {"threshold": 0.0, "name": "accuracy"}),
    "auc": ("keras.metrics", "AUC", {"from_logits": True, "name": "auc"}),
    "mean_absolute_error": ("keras.metrics", "MeanAbsoluteError", {"name": "mean_absolute_error"}),
    "mean_squared_error": ("keras.metrics", "MeanSquaredError", {"name": "mean_squared_error"}),
    "path_accuracy": ("rnnzoo.losses.crf", "PathAccuracy", {}),
}
