"""Keras losses and metrics by name, made on use: the task table can be read without Keras."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from rnnzoo.decoding.distributions import DEFAULT_QUANTILES
from rnnzoo.errors import ArgumentError

#: What a loss or a metric can be given as: a name in the tables below, ``"module:Class"`` that is made without
#: arguments, a Keras object, or a function that makes one.
KerasSource = str | Callable[..., Any]

# Module, class and arguments.
LOSSES: dict[str, tuple[str, str, dict[str, Any]]] = {
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
METRICS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "accuracy": ("keras.metrics", "SparseCategoricalAccuracy", {"name": "accuracy"}),
    # A logit of 0 is a probability of one half.
    "binary_accuracy": ("keras.metrics", "BinaryAccuracy", {"threshold": 0.0, "name": "accuracy"}),
    "auc": ("keras.metrics", "AUC", {"from_logits": True, "name": "auc"}),
    "mean_absolute_error": ("keras.metrics", "MeanAbsoluteError", {"name": "mean_absolute_error"}),
    "mean_squared_error": ("keras.metrics", "MeanSquaredError", {"name": "mean_squared_error"}),
    "path_accuracy": ("rnnzoo.losses.crf", "PathAccuracy", {}),
}


def resolve(reference: object) -> Any:
    """Returns what ``"module:name"`` names, imported now; anything but a text as it is.

    Example:
        >>> resolve("math:sqrt")(9.0)
        3.0
    """
    if not isinstance(reference, str):
        return reference
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


def make(
    source: KerasSource,
    table: Mapping[str, tuple[str, str, dict[str, Any]]],
    *,
    quantiles: tuple[float, ...] | None = None,
) -> Any:
    """Makes a fresh Keras loss or metric.

    Args:
        source: See ``KerasSource``.
        table: ``LOSSES`` or ``METRICS``.
        quantiles: The levels of a loss that learns quantiles.
    """
    if isinstance(source, str) and source in table:
        module, name, arguments = table[source]
        if "quantiles" in arguments:
            arguments = {**arguments, "quantiles": quantiles}
        return resolve(f"{module}:{name}")(**arguments)
    found = resolve(source)
    if isinstance(found, type) or not hasattr(found, "get_config"):
        return found()
    return type(found).from_config(arguments_of(found))


def arguments_of(found: Any) -> dict[str, Any]:
    """Returns the arguments that make a Keras object again.

    Losses of Keras that wrap a function, such as ``Huber(delta=2.0)``, leave the arguments of the function out of their
    ``get_config``.
    """
    of_function = getattr(found, "_fn_kwargs", None) if hasattr(found, "reduction") else None
    return {**found.get_config(), **(of_function or {})}


def check_source(what: str, source: object, table: Mapping[str, tuple[str, str, dict[str, Any]]]) -> None:
    """Raises ``ArgumentError`` if nothing can be made of a source."""
    if callable(source) or (isinstance(source, str) and (source in table or ":" in source)):
        return
    raise ArgumentError(
        f"{what}: received {source!r}; expected one of {', '.join(table)}, 'module:Class', a Keras object or a "
        "function without arguments that makes one."
    )
