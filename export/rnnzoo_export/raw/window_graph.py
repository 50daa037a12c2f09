"""Windows of a table in their own units, and what is known beside them, to model inputs as ONNX nodes.

The arithmetic is in float64 as in the preprocessing. Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.covariates import Covariates
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.series_levels import SeriesLevels, WindowLevels
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.inference.raw_tensors.window_inputs import field_name, future_name, series_inputs
from rnnzoo_export.raw.calendar_nodes import write_field
from rnnzoo_export.raw.level_nodes import RowLevels, write_levels
from rnnzoo_export.raw.raw_graph import RawGraph, RawValues
from rnnzoo_export.raw.table_nodes import (
    any_of,
    column_features,
    columns_of,
    either,
    filled,
    join_columns,
    not_finite,
    scaled,
    unreadable,
)
from rnnzoo_export.raw.window_examples import WindowExamples

_Level = tuple[str, str] | None


class WindowGraph(RawGraph):
    """A ``WindowPreprocessing``: one input for each column, float64 or, for categories, strings.

    Columns of the past are ``(batch, time)``, of which the last ``window`` steps are read; fewer are an error of the
    runtime. Columns that are known for the horizon have a second input ``future_<column>`` ``(batch, horizon)``, static
    ones are ``(batch,)``. Fields of the calendar are their numbers, int64: ``<field>`` and ``future_<field>``, where
    ``holiday:DE`` is ``holiday_DE``. Where each series is scaled by itself, ``series_<column>`` ``(batch,)`` are the
    texts that name it.

    NaN and the empty string are missing values. A row that holds a missing value that is not filled, an infinite one,
    one beyond float32 once it is scaled, an unknown category, number of a field or series is answered NaN.
    """

    opset: ClassVar[int] = 13

    def __init__(self, preprocessing: WindowPreprocessing) -> None:
        super().__init__(preprocessing)
        self.preprocessing: WindowPreprocessing = preprocessing
        self._covariates = preprocessing.covariates or Covariates(horizon=1)

    @property
    def network_inputs(self) -> tuple[str, ...]:
        """The names that the preprocessing gives."""
        further = {"future": self._covariates.num_future, "static": self._covariates.num_static}
        return ("features", *(name for name, count in further.items() if count))

    def write(self, builder: NodeBuilder) -> RawValues:
        """Writes the nodes from the columns to the inputs of the network."""
        made = self.preprocessing
        table, refused = self._past(builder)
        level = None
        if made.levels is not None:
            level = write_levels(builder, made.levels, table, made.window, series_inputs(made))
            refused += [level.unknown] if level.unknown else []
        past, known = self._of_numbers(builder, level)
        width = len(made.past.names)
        features = self._past_features(builder, columns_of(builder, table, 0, width), past, level, refused)
        ahead = columns_of(builder, table, width, len(made.columns)) if self._covariates.future.names else ""
        features += _features(builder, ahead, self._covariates.future, refused, 1, 2, level=known)
        features += self._fields(builder, refused, ahead=False)
        inputs = {"features": builder.add("Concat", features, axis=2)}
        if self._covariates.num_future:
            parts = self._future(builder, ahead, known, refused)
            parts += self._fields(builder, refused, ahead=True)
            inputs["future"] = builder.add("Concat", parts, axis=2)
        if self._covariates.num_static:
            inputs["static"] = self._static(builder, refused)
        of_rows = None if level is None else (level.mean, level.scale)
        return RawValues(inputs, either(builder, refused), of_rows)

    def _past(self, builder: NodeBuilder) -> tuple[str, list[str]]:
        """Writes the last steps of all columns ``(batch, window, columns)``, and why they cannot be read."""
        add, made = builder.add, self.preprocessing
        columns = [
            column
            for part in (made.past, self._covariates.future)
            for column in join_columns(builder, part, lambda name: name)
        ]
        table = add("Concat", columns, axis=2)
        refused = [any_of(builder, add("IsInf", [table]), 1, 2)]
        if made.missing == "ffill":
            table = filled(builder, table)
        table = self._window(builder, table, len(columns))
        width = len(made.past.names)
        for part, first in ((made.past, 0), (self._covariates.future, width)):
            if part.names:
                own = columns_of(builder, table, first, first + len(part.names))
                refused += unreadable(builder, own, part, 1, 2)
        return table, refused

    def _window(self, builder: NodeBuilder, steps: str, *sizes: int) -> str:
        """Writes the last steps of a window."""
        first, end = builder.integers(-self.preprocessing.window), builder.integers(np.iinfo(np.int64).max)
        last = builder.add("Slice", [steps, first, end, builder.integers(1)])
        # A window that is too short fails here, and not silently in the network.
        return builder.add("Reshape", [last, builder.integers(0, self.preprocessing.window, *sizes)])

    def _of_numbers(self, builder: NodeBuilder, level: RowLevels | None) -> tuple[_Level, _Level]:
        """Writes the levels of the numbers of the past and of those that are known ahead, where series have some."""
        if level is None or not isinstance(self.preprocessing.levels, SeriesLevels):
            return None, None
        count = len(self.preprocessing.numeric)
        both = [builder.add("Unsqueeze", [part, builder.integers(1)]) for part in (level.mean, level.scale)]
        last = count + len(self._covariates.future.numeric)
        (mean, scale), known = (
            [columns_of(builder, part, *place) for part in both] for place in ((0, count), (count, last))
        )
        return (mean, scale), (known[0], known[1])

    def _past_features(
        self,
        builder: NodeBuilder,
        table: str,
        of_numbers: _Level,
        level: RowLevels | None,
        refused: list[str],
    ) -> list[str]:
        """Writes the features of columns that are not known ahead."""
        made = self.preprocessing
        features = _features(builder, table, made.past, refused, 1, 2, level=of_numbers)
        if level is None or not isinstance(made.levels, WindowLevels):
            return features
        count = made.levels.targets
        mean, scale = (
            builder.add("Unsqueeze", [part, builder.integers(1)]) for part in (level.mean, level.scale)
        )
        own = scaled(builder, columns_of(builder, table, 0, count), mean, scale)
        others = [columns_of(builder, features[0], count, len(made.numeric))]
        return [own, *others[: len(made.numeric) - count], *features[1:]]

    def _fields(self, builder: NodeBuilder, refused: list[str], *, ahead: bool) -> list[str]:
        """Writes the features of the calendar at the steps of the window or of the horizon."""
        found, calendar = [], self._covariates.calendar
        for field in calendar.fields:
            name = field_name(field)
            numbers = future_name(name) if ahead else self._window(builder, name)
            written = write_field(builder, calendar, field, numbers)
            refused.append(written.refused)
            found.append(written.features)
        return found

    def _future(self, builder: NodeBuilder, past: str, level: _Level, refused: list[str]) -> list[str]:
        """Writes the features of the columns that are known ahead at the steps of the horizon."""
        columns = self._covariates.future
        if not columns.names:
            return []
        table = builder.add("Concat", join_columns(builder, columns, future_name), axis=2)
        refused.append(any_of(builder, builder.add("IsInf", [table]), 1, 2))
        if self.preprocessing.missing == "ffill":
            end, time = builder.integers(np.iinfo(np.int64).max), builder.integers(1)
            last = builder.add("Slice", [past, builder.integers(-1), end, time])
            table = filled(builder, builder.add("Concat", [last, table], axis=1))
            table = builder.add("Slice", [table, builder.integers(1), end, time])
        refused += unreadable(builder, table, columns, 1, 2)
        return _features(builder, table, columns, refused, 1, 2, level=level)

    def _static(self, builder: NodeBuilder, refused: list[str]) -> str:
        """Writes the features of whole series ``(batch, static features)``."""
        columns = self._covariates.static
        table = builder.add("Concat", join_columns(builder, columns, lambda name: name), axis=1)
        refused.append(any_of(builder, not_finite(builder, table), 1))
        refused += unreadable(builder, table, columns, 1)
        return builder.add("Concat", _features(builder, table, columns, refused, 1), axis=1)

    def examples(self) -> Iterator[list[Any]]:
        """Yields requests with windows and longer histories; with missing values where they are filled."""
        rng = np.random.default_rng(0)
        for rows, steps in ((1, self.preprocessing.window), (4, self.preprocessing.window + 3)):
            yield WindowExamples(self.preprocessing).requests(rng, rows, steps)


def _features(
    builder: NodeBuilder,
    table: str,
    columns: ScaledColumns,
    refused: list[str],
    *axes: int,
    level: _Level = None,
) -> list[str]:
    """Writes the features of a table; rows are refused whose numbers are beyond float32 once they are scaled."""
    features = column_features(builder, table, columns, level)
    if columns.numeric:
        refused.append(any_of(builder, not_finite(builder, features[0]), *axes))
    return features
