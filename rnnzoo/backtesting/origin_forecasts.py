"""What was forecast at one origin, by the model and by baselines, beside what came."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.errors import DataError
from rnnzoo.evaluation.forecast_scores import Forecasts
from rnnzoo.files import existing_file, replacing
from rnnzoo.tasks import Task

#: What the model is called among the methods.
MODEL = "model"


@dataclass(frozen=True)
class Method:
    """The forecasts of one method.

    Attributes:
        point: ``(windows, horizon, targets)``, in original units.
        quantiles: ``(windows, horizon, targets, levels)``; ``None`` for none.
    """

    point: np.ndarray
    quantiles: np.ndarray | None = None

    @classmethod
    def of_outputs(cls, task: Task, outputs: np.ndarray) -> Method:
        """Makes it of a model's outputs in original units."""
        if task.quantiles is None:
            return cls(outputs)
        every = task.forecast_quantiles(outputs)
        return cls(every[..., task.quantiles.index(0.5)], every)


@dataclass(frozen=True)
class OriginForecasts:
    """What was forecast at one origin.

    Attributes:
        origin: The last step that was known, as tables name it.
        targets: The names of the targets.
        series: The name of the series of each window.
        times: The time of each step ahead ``(windows, horizon)``: dates as a clock on the wall shows them, numbers, or
            the numbers of rows, from 1.
        places: The place of each of them among all times of the table, from 0.
        truth: What came ``(windows, horizon, targets)``.
        naive_errors: What scales MASE ``(windows, targets)``.
        levels: The levels of quantiles; none where models forecast values.
        model: The forecasts of the model, by seed.
        baselines: Those of the baselines by name.
        skipped: Why other baselines were left out.
        weights: How much each step counts ``(windows, horizon)``; ``None`` for all alike.
    """

    origin: str
    targets: Sequence[str]
    series: np.ndarray
    times: np.ndarray
    places: np.ndarray
    truth: np.ndarray
    naive_errors: np.ndarray
    levels: Sequence[float]
    model: Mapping[int, Method]
    baselines: Mapping[str, Method]
    skipped: Mapping[str, str] = field(default_factory=dict)
    weights: np.ndarray | None = None

    def forecasts(self, method: Method) -> Forecasts:
        """Returns the forecasts of a method, to be scored."""
        return Forecasts(
            self.truth, method.point, self.naive_errors, method.quantiles, self.levels, self.weights
        )

    def save(self, path: Path) -> None:
        """Writes it, whole or not at all."""
        header = {
            "origin": self.origin,
            "targets": list(self.targets),
            "levels": list(self.levels),
            "model": list(self.model),
            "baselines": list(self.baselines),
            "skipped": dict(self.skipped),
        }
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        if self.weights is not None:
            arrays["weights"] = self.weights
        for number, method in enumerate((*self.model.values(), *self.baselines.values())):
            arrays[f"point_{number}"] = method.point
            if method.quantiles is not None:
                arrays[f"quantiles_{number}"] = method.quantiles
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, header=np.array(json.dumps(header)), **arrays)

    @classmethod
    def load(cls, path: Path) -> OriginForecasts:
        """Reads it again.

        Raises:
            PathNotFoundError: If there is no such file.
            DataError: If it is damaged.
        """
        try:
            with np.load(existing_file(path, "the forecasts of an origin"), allow_pickle=False) as file:
                arrays = dict(file)
            header = json.loads(str(arrays["header"]))
            found = [
                Method(arrays[f"point_{number}"], arrays.get(f"quantiles_{number}"))
                for number in range(len(header["model"]) + len(header["baselines"]))
            ]
            given: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
            given["weights"] = arrays.get("weights")
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise DataError(
                f"{path}: is damaged ({error}); expected the forecasts of an origin. Delete it, and resume the "
                "backtest."
            ) from error
        seeds = header["model"]
        return cls(
            **given,
            **{name: header[name] for name in ("origin", "targets", "levels", "skipped")},
            model=dict(zip(seeds, found, strict=False)),
            baselines=dict(zip(header["baselines"], found[len(seeds) :], strict=True)),
        )


_ARRAYS = ("series", "times", "places", "truth", "naive_errors")
