"""Series, windows, sounds and films whose steps and features are hidden."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from rnnzoo.preprocessing.base import Preprocessing
from rnnzoo.preprocessing.calendar import Calendar
from rnnzoo.preprocessing.log_mel import LogMelPreprocessing
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.windows import EncodedWindow, WindowPreprocessing
from rnnzoo_export.explanation.explanation import ExamplePart, Kind
from rnnzoo_export.explanation.variants import Hiding, Inputs, Variant, groups, range_name


class NumberHiding:
    """Series, windows, sounds and films: what is hidden is 0 after scaling, which is the mean of the training rows."""

    def __init__(self, preprocessing: Preprocessing, example: Any, encoded: Any, inputs: Inputs) -> None:
        self._preprocessing, self._example, self._encoded, self._inputs = (
            preprocessing,
            example,
            encoded,
            inputs,
        )

    def hide(self, width: int | None) -> Hiding:
        """Hides the parts one by one; see ``hide_parts``."""
        variants = []
        for name, array in self._inputs.items():
            if array.dtype.kind != "f":
                continue
            if array.ndim > 2:
                variants += self._steps(name, array, width)
            if array.ndim < 4 and self._preprocessing.takes != "sound":
                variants += self._features(name, array)
        return Hiding(
            self._inputs,
            len(self._encoded),
            "each part replaced by the mean of the training rows",
            variants,
            lines=self._lines(),
        )

    def _steps(self, name: str, array: np.ndarray, width: int | None) -> list[Variant]:
        takes = self._preprocessing.takes
        kind: Kind = "frames" if takes in ("frames", "sound") else "steps"
        rate = _frames_per_second(self._preprocessing)
        return [
            self._variant(
                ExamplePart(kind, self._of(name, range_name(kind, first, end, rate)), name, first, end),
                (slice(None), slice(first, end)),
            )
            for first, end in groups(array.shape[1], kind, width)
        ]

    def _features(self, name: str, array: np.ndarray) -> list[Variant]:
        names, kind = self._names(name, array.shape[-1])
        bounds = [0, *itertools.accumulate(size for _, size in names)]
        cut = groups(len(names), kind, None)
        if len(cut) == 1 and array.ndim > 2:
            return []  # hidden with all steps
        return [
            self._variant(
                ExamplePart(
                    kind,
                    self._of(name, ", ".join(label for label, _ in names[first:end])),
                    name,
                    bounds[first],
                    bounds[end],
                ),
                (..., slice(bounds[first], bounds[end])),
            )
            for first, end in cut
        ]

    def _names(self, name: str, count: int) -> tuple[list[tuple[str, int]], Kind]:
        """Returns what the features of an input are called, each with how many of them it has."""
        preprocessing = self._preprocessing
        if isinstance(preprocessing, WindowPreprocessing):
            columns = _columns(preprocessing, name)
            if sum(size for _, size in columns) == count:
                return columns, "columns"
        return [(f"channel {number}", 1) for number in range(count)], "channels"

    def _of(self, name: str, text: str) -> str:
        """Says which input a part is in, where it is not the one that all models have."""
        return text if name in ("features", "frames") or len(self._float_names()) == 1 else f"{name}: {text}"

    def _float_names(self) -> list[str]:
        return [name for name, array in self._inputs.items() if array.dtype.kind == "f"]

    def _variant(self, part: ExamplePart, place: Any) -> Variant:
        def make() -> Inputs:
            hidden = np.array(self._inputs[part.input])
            hidden[place] = 0.0
            return {**self._inputs, part.input: hidden}

        return Variant(part, make, len(self._encoded))

    def _lines(self) -> dict[str, tuple[float, ...]]:
        """Returns what can be drawn of the example: columns and channels, or the loudness of a sound."""
        encoded, level = self._encoded, None
        if isinstance(encoded, EncodedWindow):
            level, encoded = encoded.level, encoded.features
        scaled = np.asarray(encoded, np.float64)
        if scaled.ndim != 2:
            return {}
        preprocessing = self._preprocessing
        if isinstance(preprocessing, LogMelPreprocessing):
            return {
                "mean log energy": tuple(
                    (scaled * preprocessing.scale + preprocessing.mean).mean(axis=1).tolist()
                )
            }
        names, _ = self._names("features", scaled.shape[1])
        scaling = preprocessing.scaling
        if isinstance(preprocessing, WindowPreprocessing):
            scaling = preprocessing.mean.copy(), preprocessing.scale.copy()
            for part, own in zip(scaling, level or (), strict=level is not None):
                part[: len(own)] = own[: len(part)]
        if scaling is None:
            return {}
        values = scaled[:, : len(scaling[0])] * scaling[1] + scaling[0]
        return {
            name: tuple(values[:, place].tolist()) for place, (name, _) in enumerate(names[: values.shape[1]])
        }


def _frames_per_second(preprocessing: Preprocessing) -> float | None:
    if not isinstance(preprocessing, LogMelPreprocessing):
        return None
    return preprocessing.sample_rate / preprocessing.frame_step


def _columns(preprocessing: WindowPreprocessing, name: str) -> list[tuple[str, int]]:
    """Returns the columns and fields of the calendar that an input holds, each with how many features it has."""
    covariates, known = preprocessing.covariates, list[tuple[str, int]]()
    if covariates is not None:
        fields = covariates.calendar.fields
        known = [*_widths(covariates.future), *((field, Calendar.field_width(field)) for field in fields)]
        if name == "static":
            return _widths(covariates.static)
    return known if name == "future" else [*_widths(preprocessing.past), *known]


def _widths(columns: ScaledColumns) -> list[tuple[str, int]]:
    categories = ((name, len(known)) for name, known in columns.categories.items())
    return [*((name, 1) for name in columns.numeric), *categories]
