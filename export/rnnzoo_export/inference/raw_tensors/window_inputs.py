"""What a file takes that forecasts from columns of a table: one input for each column, named after it."""

from __future__ import annotations

from collections.abc import Iterator

from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.series_levels import SeriesLevels
from rnnzoo_export.signature import TensorSpec

_PAST, _AHEAD, _SERIES = ("batch", "time"), ("batch", "horizon"), ("batch",)


def future_name(name: str) -> str:
    """Returns the input of a column, or of a field of the calendar, at the steps ahead."""
    return f"future_{name}"


def series_name(column: str) -> str:
    """Returns the input of a column that names a series."""
    return f"series_{column}"


def field_name(field: str) -> str:
    """Returns the input of a field of the calendar, without the marks in it.

    Example:
        >>> field_name("holiday:DE-BY")
        'holiday_DE_BY'
    """
    return field.replace(":", "_").replace("-", "_")


def series_inputs(preprocessing: WindowPreprocessing) -> list[str]:
    """Returns the inputs that name the series of each row: none, or one for each column that does."""
    levels = preprocessing.levels
    return [series_name(column) for column in levels.columns] if isinstance(levels, SeriesLevels) else []


def window_inputs(preprocessing: WindowPreprocessing) -> tuple[TensorSpec, ...]:
    """Returns the inputs of a file.

    Raises:
        ArgumentError: If two have one name.
    """
    found = tuple(_inputs(preprocessing))
    names = [spec.name for spec in found]
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise ArgumentError(
            f"input {twice!r}: stands for two things, such as a column and a field of the calendar, or a column and "
            "the steps ahead of another; expected names that differ. Rename the column."
        )
    return found


def _inputs(preprocessing: WindowPreprocessing) -> Iterator[TensorSpec]:
    made, covariates = preprocessing, preprocessing.covariates
    yield from _columns(made.past, _PAST, (None, None))
    if covariates is not None:
        horizon = (None, covariates.horizon)
        fields = [field_name(field) for field in covariates.calendar.fields]
        yield from _columns(covariates.future, _PAST, (None, None))
        yield from (TensorSpec(name, "int64", (None, None), _PAST) for name in fields)
        yield from _columns(covariates.future, _AHEAD, horizon, ahead=True)
        yield from (TensorSpec(future_name(name), "int64", horizon, _AHEAD) for name in fields)
        yield from _columns(covariates.static, _SERIES, (None,))
    yield from (TensorSpec(name, "string", (None,), _SERIES) for name in series_inputs(made))


def _columns(
    columns: ScaledColumns, axes: tuple[str, ...], shape: tuple[int | None, ...], *, ahead: bool = False
) -> Iterator[TensorSpec]:
    for kind, names in (("float64", columns.numeric), ("string", columns.categories)):
        for name in names:
            yield TensorSpec(future_name(name) if ahead else name, kind, shape, axes)
