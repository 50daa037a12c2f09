"""What trials of a search are compared by, and what limits their files keep within."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.training.config import TrainConfig
from rnnzoo_export.measure_config import ENDS, MEASURES, MeasureConfig


@dataclass(frozen=True, kw_only=True)
class Goals:
    """What is sought.

    Attributes:
        score: The metric that training watches, such as ``"val_accuracy"``; ``None`` for that of the config or task.
        measures: What of the file is minimised beside it.
        limits: What a measure may be at most, by name.
        config: How files are measured.
    """

    score: str | None = None
    measures: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    config: MeasureConfig = field(default_factory=MeasureConfig)

    @property
    def wanted(self) -> tuple[str, ...]:
        """What has to be measured."""
        return tuple(name for name in MEASURES if name in self.measures or name in self.limits)

    def applied(self, config: TrainConfig) -> TrainConfig:
        """Returns a training that watches the score.

        Raises:
            ArgumentError: If the config says another one.
        """
        if self.score is None or config.monitor == self.score:
            return config
        if config.monitor is not None:
            raise ArgumentError(
                f"objectives: received {self.score!r} with monitor={config.monitor!r}; expected one of them. Leave "
                "monitor out."
            )
        return dataclasses.replace(config, monitor=self.score)

    def beyond(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Returns what of a bundle is surely beyond its limit: of a time the lower end of its interval.

        Example:
            >>> goals = Goals(limits={"latency_ms": 2.0})
            >>> goals.beyond({"latency_ms": 2.1, "latency_ms_low": 1.9, "latency_ms_high": 2.4})
            {}
        """
        least = {name: measured.get(f"{name}{ENDS[0]}", measured.get(name, 0.0)) for name in self.limits}
        return broken(least, self.limits)

    def to_dict(self) -> dict[str, Any]:
        """Returns the goals as ``search.json`` has them."""
        return {
            "measures": list(self.measures),
            "limits": dict(self.limits),
            "measured": dataclasses.asdict(self.config) if self.wanted else None,
        }


def broken(values: Mapping[str, float], limits: Mapping[str, float]) -> dict[str, float]:
    """Returns the values that break their limits; what has no value breaks none.

    Example:
        >>> broken({"size_mb": 2.0, "step_ms": 0.1}, {"size_mb": 1.0, "latency_ms": 1.0})
        {'size_mb': 2.0}
    """
    return {name: values[name] for name, limit in limits.items() if values.get(name, 0.0) > limit}


def make_goals(
    objectives: str | Sequence[str] | None,
    constraints: Mapping[str, float] | None,
    measure: MeasureConfig | None,
) -> Goals:
    """Reads what a search is for.

    Args:
        objectives: One score, or a score and measures; see ``run_search``.
        constraints: What a measure may be at most.
        measure: How to measure.

    Raises:
        ArgumentError: If there is not one score, or a limit is not above 0.
        UnknownNameError: If a measure is unknown.

    Example:
        >>> make_goals(("accuracy", "latency_ms"), {"size_mb": 1.0}, None).wanted
        ('latency_ms', 'size_mb')
    """
    if not isinstance(objectives, str | Sequence | None):
        raise ArgumentError(
            f"objectives: received {objectives!r}; expected names. Write objectives=('accuracy', 'latency_ms')."
        )
    names = [objectives] if isinstance(objectives, str) else list(objectives or ())
    scores = [name for name in names if name not in MEASURES]
    measures = tuple(name for name in names if name in MEASURES)
    if len(scores) > 1 or (names and not scores):
        raise ArgumentError(
            f"objectives: received {', '.join(names)}; expected one score of training, such as accuracy, and "
            f"beside it some of {', '.join(MEASURES)}. Correct them."
        )
    if len(set(names)) < len(names):
        raise ArgumentError(f"objectives: received {', '.join(names)}; expected each once. Leave one out.")
    limits = checks.mapping("constraints", constraints or {}, fix="Write constraints={'latency_ms': 2.0}.")
    for name, limit in limits.items():
        checks.choice("constraint", name, MEASURES)
        checks.number(f"constraint {name}", limit, above=0)
    if measure is not None and not isinstance(measure, MeasureConfig):
        raise ArgumentError(
            f"measure: received {measure!r}; expected a MeasureConfig. Write MeasureConfig(batch=8)."
        )
    score = None
    if scores:
        score = scores[0] if scores[0].startswith("val_") or scores[0] == "loss" else f"val_{scores[0]}"
    return Goals(
        score=score,
        measures=measures,
        limits={name: float(limit) for name, limit in limits.items()},
        config=measure or MeasureConfig(),
    )
