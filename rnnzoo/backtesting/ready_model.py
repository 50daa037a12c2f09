"""A model that was trained before, a run or a bundle, and what it forecasts without being trained again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.backtesting.origin_forecasts import Method
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError
from rnnzoo.evaluation.evaluation import forward_function
from rnnzoo.keras_models.loading import load_model
from rnnzoo.preprocessing import Preprocessing, WindowPreprocessing
from rnnzoo.preprocessing.time_axis import TimeAxis
from rnnzoo.preprocessing.time_step import MIXED
from rnnzoo.tasks import Task, get_task
from rnnzoo.training.run.run_directory import RunDirectory, open_run
from rnnzoo_export.bundle import SIGNATURE_FILE, load_bundle
from rnnzoo_export.inference.predictor import OnnxPredictor

#: Windows that are forecast at a time.
_AT_A_TIME = 256


def is_ready(path: str | Path) -> bool:
    """Whether a path names a run or a bundle."""
    return RunDirectory(path).model.is_file() or (Path(path) / SIGNATURE_FILE).is_file()


@dataclass(frozen=True)
class ReadyModel:
    """A run or a bundle.

    Args:
        path: Its directory.
    """

    path: Path

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.path)

    def describe(self) -> dict[str, Any]:
        """Returns what makes the same again, as JSON has it."""
        return {"model": str(self.path.resolve())}

    @property
    def task(self) -> Task:
        """What it forecasts, with the levels of its quantiles."""
        task = get_task(self._decoding.task)
        levels = self._decoding.quantiles
        return dataclasses.replace(task, quantiles=levels) if levels else task

    @property
    def trained_until(self) -> str | int | None:
        """The last time that it has seen in training; ``None`` where it does not say."""
        found = self._data.get("trained_until")
        return found if isinstance(found, str | int) else None

    def reading_options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Returns how tables are read that it forecasts: what is given, and otherwise what it was trained with.

        Args:
            given: Keywords of ``read_series``.
        """
        made, covariates = self._preprocessing, self._preprocessing.covariates
        known: dict[str, Any] = {
            "target": list(self._decoding.target_names or ()),
            "window": made.window,
            "horizon": self._data.get("horizon") or (covariates.horizon if covariates else None),
            "missing": made.missing,
            "seasonality": self._data.get("seasonality"),
            "weight": self._data.get("weight"),
            "categorical": list(made.scaled_columns.categories),
            "gaps": self._data.get("gaps"),
            "scaling": "all" if made.levels is None else made.levels.to_config()["by"],
        }
        if covariates is not None:
            known["future"] = covariates.future.names
            known["static"] = covariates.static.names
            known["categorical"] += list(covariates.static.categories)
            known["calendar"] = list(covariates.calendar.fields)
            known["series"] = list(covariates.series)
            known |= _time_options(covariates.time)
        if {"columns", "windows"} & given.keys():
            return dict(given)
        return {**{name: value for name, value in known.items() if value}, **given}

    def forecast(self, windows: Sequence[Any]) -> Method:
        """Forecasts raw windows, in original units."""
        parts = [
            self._forecast(windows[first : first + _AT_A_TIME])
            for first in range(0, len(windows), _AT_A_TIME)
        ]
        every = [part.quantiles for part in parts if part.quantiles is not None]
        point = np.concatenate([part.point for part in parts])
        return Method(point, np.concatenate(every) if every else None)

    def _forecast(self, windows: Sequence[Any]) -> Method:
        if self._predictor is not None:
            return _of_answers(self._predictor.predict(windows), self._decoding)
        encoded = self._preprocessing.encode(windows)
        outputs = self._forward(self._preprocessing.batch(encoded))
        level = self._preprocessing.level_of_rows(encoded)
        decoding = self._decoding if level is None else self._decoding.with_level(*level)
        return Method.of_outputs(self.task, decoding.outputs_in_original_units(outputs))

    @cached_property
    def _run(self) -> RunDirectory | None:
        return open_run(self.path) if RunDirectory(self.path).model.is_file() else None

    @cached_property
    def _predictor(self) -> OnnxPredictor | None:
        return None if self._run is not None else OnnxPredictor(load_bundle(self.path))

    @cached_property
    def _forward(self) -> Any:
        assert self._run is not None
        return forward_function(load_model(self._run.model))

    @cached_property
    def _data(self) -> Mapping[str, Any]:
        """What is known of the data that it was trained on."""
        if self._run is not None:
            found = self._run.read_config()["data"]
        else:
            assert self._predictor is not None
            found = self._predictor.bundle.provenance.get("data")
        return found if isinstance(found, Mapping) else {}

    @cached_property
    def _preprocessing(self) -> WindowPreprocessing:
        found: Preprocessing | None
        if self._run is not None:
            found = self._run.read_preprocessing()
        else:
            assert self._predictor is not None
            found = self._predictor.bundle.preprocessing
        if not isinstance(found, WindowPreprocessing):
            raise ArgumentError(
                f"model: received {self.path}, which reads no windows of a table of series; expected a forecaster. "
                "Backtest one, or use rnnzoo evaluate."
            )
        return found

    @cached_property
    def _decoding(self) -> Decoding:
        found = (
            self._run.read_decoding()
            if self._run is not None
            else self._predictor.bundle.decoding
            if self._predictor is not None
            else None
        )
        assert found is not None, "a forecaster has a decoding"
        return found


def _time_options(axis: TimeAxis | None) -> dict[str, Any]:
    """Returns how times are read, as keywords of ``read_series``."""
    if axis is None:
        return {}
    known_zone = axis.zone is not None and axis.zone != MIXED
    return {"time": list(axis.columns), **({"zone": axis.zone} if known_zone else {})}


def _of_answers(answers: Sequence[Mapping[str, Any]], decoding: Decoding) -> Method:
    """Returns the forecasts that answers of a bundle hold."""
    names, levels = decoding.target_names or (), decoding.quantiles
    point = np.stack([np.stack([a["values"][name] for name in names], axis=-1) for a in answers])
    if not levels:
        return Method(point)
    every = [
        np.stack(
            [
                np.stack([answer["quantiles"][name][f"{level:g}"] for level in levels], axis=-1)
                for name in names
            ],
            axis=1,
        )
        for answer in answers
    ]
    return Method(point, np.stack(every))
