"""DNA and series at irregular times, whose parts are hidden in the raw example."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from rnnzoo.errors import EmptyRowError
from rnnzoo.preprocessing.dna import BASES
from rnnzoo.preprocessing.irregular import IrregularPreprocessing
from rnnzoo_export.explanation.explanation import ExamplePart
from rnnzoo_export.explanation.variants import Hiding, Inputs, Variant, groups, range_name
from rnnzoo_export.inference.predictor import OnnxPredictor

_ANY_BASE = "N"
# Bases that are named at most.
_SHOWN = 12


class BaseHiding:
    """DNA: bases become N, which may be any."""

    def __init__(self, predictor: OnnxPredictor, example: str, encoded: np.ndarray, inputs: Inputs) -> None:
        self._predictor, self._example, self._encoded, self._inputs = predictor, example, encoded, inputs

    def hide(self, width: int | None) -> Hiding:
        """Hides the parts one by one; see ``hide_parts``."""
        name = next(iter(self._inputs))
        variants = []
        for first, end in groups(len(self._example), "bases", width):
            bases = self._example[first:end]
            shown = bases if len(bases) <= _SHOWN else f"{bases[:_SHOWN]}…"
            where = f"base {first}" if end - first == 1 else f"bases {first}-{end - 1}"
            part = ExamplePart("bases", f"{where} ({shown})", name, first, end)
            row = self._example[:first] + _ANY_BASE * (end - first) + self._example[end:]
            variants.append(Variant(part, partial(self._make, row), len(self._encoded)))
        how = f"each base replaced by {_ANY_BASE}, any of {BASES}"
        return Hiding(self._inputs, len(self._encoded), how, variants)

    def _make(self, row: str) -> Inputs:
        return self._predictor.collate(self._predictor.encode([row]))


class ObservationHiding:
    """Series at irregular times: what is hidden was not observed."""

    def __init__(
        self, predictor: OnnxPredictor, example: Mapping[str, Any], encoded: np.ndarray, inputs: Inputs
    ) -> None:
        self._predictor, self._encoded, self._inputs = predictor, encoded, inputs
        self._times = np.asarray(example["times"], np.float64)
        self._values = np.array(
            [[np.nan if value is None else value for value in row] for row in example["values"]], np.float64
        )

    def hide(self, width: int | None) -> Hiding:
        """Hides the parts one by one; see ``hide_parts``."""
        name = next(iter(self._inputs))
        variants = [
            self._variant(
                ExamplePart("steps", range_name("steps", first, end), name, first, end), (slice(first, end),)
            )
            for first, end in groups(len(self._values), "steps", width)
        ]
        channels = self._values.shape[1]
        if channels > 1:
            variants += [
                self._variant(
                    ExamplePart("channels", range_name("channels", first, end), name, first, end),
                    (slice(None), slice(first, end)),
                )
                for first, end in groups(channels, "channels", None)
            ]
        lines = {f"channel {number}": tuple(self._values[:, number].tolist()) for number in range(channels)}
        how = "each part taken as not observed"
        return Hiding(self._inputs, len(self._encoded), how, variants, lines=lines)

    def _variant(self, part: ExamplePart, place: Any) -> Variant:
        def make() -> Inputs:
            values = np.array(self._values)
            values[place] = np.nan
            return self._predictor.collate([self._encode(values)])

        return Variant(part, make, len(self._encoded))

    def _encode(self, values: np.ndarray) -> np.ndarray:
        try:
            return self._predictor.encode([{"times": self._times, "values": values}])[0]
        except EmptyRowError:
            # Nothing is left that was observed: no request is so, but the model can be asked what it says then.
            preprocessing = self._predictor.bundle.preprocessing
            assert isinstance(preprocessing, IrregularPreprocessing)
            nothing = np.zeros((len(values), 2 * values.shape[1]))
            gaps = np.repeat(
                (self._times - self._times[0])[:, None] / preprocessing.step, values.shape[1], axis=1
            )
            return np.concatenate([nothing, gaps], axis=1).astype(np.float32)
