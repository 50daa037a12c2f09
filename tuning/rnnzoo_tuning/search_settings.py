"""What a search is, as ``search.json`` keeps it: a search is only gone on with by the same settings.

    format_version       2
    settings
      model              its name in the zoo, or module and name of the function or the class that builds it
      algorithm          "tpe", "random", "nsga2" or "grid"
      pruner             "asha", "hyperband", "median" or null
      objective          the metric that trials are compared by, such as "val_accuracy"
      direction          "max" or "min"
      model_space        what may vary of the builder's arguments, by name: {"kind": "choice", "values": [32, 64]},
                         {"kind": "integer", "low": 1, "high": 2, "step": 1} or
                         {"kind": "real", "low": 0.0005, "high": 0.01, "log": true, "step": null}
      training_space     what may vary of the training fields, likewise
      conditions         where one varies only with some values of another, by its name: {"on": "optimizer",
                         "values": ["adamw"]}; only if there are any
      arguments          builder arguments that are the same in all trials; an array by its shape and SHA-256
      train_config       all fields of ``TrainConfig``, of which those of ``training_space`` vary
      measures           what of the exported file is minimised beside the objective, such as ["latency_ms"]
      limits             what of it may be at most so much: {"size_mb": 1.0}
      measured           how: batch, steps, precision, rounds, threads; null where nothing of it is measured
      seed               of the algorithm
      data               ``Splits.description``: source, checksum, sizes of the parts
    max_trials           trials at most; may be raised on resume
    finished             whether the best model of all trials is trained

Nothing of it belongs to the engine that proposes the trials. Whether data that came as ``tf.data`` are the same nobody
can tell: their checksum is null.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnzoo.errors import ArgumentError
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo_tuning.goals import Goals
from rnnzoo_tuning.space import SearchSpace


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """What makes two searches the same.

    Attributes:
        model: The name in the zoo, or module and name of what builds it.
        algorithm: The name of the algorithm.
        pruner: The name of the pruner; ``None`` for none.
        objective: Metric and direction.
        space: What may vary.
        arguments: Builder arguments that are the same in all trials.
        config: Training fields that are the same in all trials.
        seed: Seed of the algorithm.
        data: The description of the data.
        goals: What is measured of the exported file.
        study: The name of the study in a database; ``None`` where it is a file of the directory.
    """

    model: str
    algorithm: str
    pruner: str | None
    objective: Monitor
    space: SearchSpace
    arguments: Mapping[str, Any]
    config: TrainConfig
    seed: int
    data: Mapping[str, Any]
    goals: Goals = field(default_factory=Goals)
    study: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the settings as JSON has them.

        Raises:
            ArgumentError: If an argument cannot be kept.
        """
        return {
            "model": self.model,
            "algorithm": self.algorithm,
            "pruner": self.pruner,
            "objective": self.objective[0],
            "direction": self.objective[1],
            **self.space.to_dict(),
            "arguments": plain_arguments(self.arguments),
            "train_config": self.config.to_dict(),
            **self.goals.to_dict(),
            "seed": self.seed,
            "data": dict(self.data),
            "study": self.study,
        }


def plain_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns builder arguments as JSON has them; an array is named by its shape and SHA-256.

    Raises:
        ArgumentError: If one is of a type that cannot be kept.

    Example:
        >>> plain_arguments({"units": (8, 8), "dropout": 0.2})
        {'units': [8, 8], 'dropout': 0.2}
    """
    return {name: _plain(name, value) for name, value in arguments.items()}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return {"shape": list(value.shape), "dtype": str(value.dtype), "sha256": digest}
    if isinstance(value, np.generic):
        return value.item()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(name, {field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if isinstance(value, Mapping):
        return {str(key): _plain(name, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(name, item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ArgumentError(
        f"arguments: received {type(value).__name__} for {name}; expected what search.json can keep: numbers, texts, "
        "lists, mappings, arrays and dataclasses. Pass the name that the builder knows it by."
    )
