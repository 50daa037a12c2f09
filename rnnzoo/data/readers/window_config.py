"""What of a series a model reads, and what it forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing.calendar import Calendar
from rnnzoo.preprocessing.series_levels import SCALINGS, Scaling
from rnnzoo.preprocessing.windows import MISSING, Missing
from rnnzoo.value_objects import checked_fields

Gaps = Literal["refuse", "break", "fill", "error"]
#: ``"error"`` is the older name of ``"refuse"``.
GAPS = ("refuse", "break", "fill", "error")


@checked_fields
@dataclass(frozen=True)
class Windows:
    """What of a series a model reads, and what it forecasts.

    Attributes:
        window: Steps to look back on.
        horizon: Steps ahead.
        gaps: What a hole in the times means, a step that is not the common one. ``"refuse"``: the table is refused.
            ``"break"``: no window crosses it, in any part. ``"fill"``: the rows that are not there are put in with
            missing values, and ``missing`` says what stands there. Months, quarters and years are even, so are business
            days without weekends; a holiday is a hole. Needs the column of times.
        missing: What an empty cell, NA, NaN, null or ? means. ``"error"``: the table is refused. ``"ffill"``: the last
            value before it is taken, in features and targets alike and never from the future; rows before the first
            complete one are dropped. ``"drop"``: windows that touch one are left out.
        calendar: Fields of the time that a model reads of the past and of the horizon: ``"minute"``, ``"hour"``,
            ``"weekday"``, ``"day"``, ``"month"``, ``"hour_of_week"``, ``"holiday:DE"``; see ``Calendar``. Needs the
            column of times.
        scaling: By what numbers are scaled. ``"all"``: by mean and deviation of all training rows. ``"series"``: of the
            series' own training rows; a series that has none is left out, and refused in serving. ``"window"``: targets
            by the mean absolute value of the window's own past, other numbers by all training rows; any series can be
            answered.
        seasonality: Steps of a season, for the seasonal naive baseline; ``None`` for none.

    Raises:
        ArgumentError: If one is out of range.
    """

    window: int
    horizon: int
    gaps: Gaps = "refuse"
    missing: Missing = "error"
    seasonality: int | None = None
    calendar: str | Sequence[str] = ()
    scaling: Scaling = "all"

    def __post_init__(self) -> None:
        checks.integer("window", self.window, minimum=1)
        checks.integer("horizon", self.horizon, minimum=1)
        checks.choice("gaps", self.gaps, GAPS)
        checks.choice("missing", self.missing, MISSING)
        checks.choice("scaling", self.scaling, SCALINGS)
        object.__setattr__(self, "calendar", Calendar(self.calendar).fields)
        if self.gaps == "fill" and self.missing == "error":
            raise ArgumentError(
                "gaps: received 'fill' with missing='error'; expected missing='ffill' or 'drop', for rows that are put "
                "in have no values. Pass missing='ffill' (on the command line --missing ffill) too."
            )
        if self.seasonality is not None:
            checks.integer("seasonality", self.seasonality, minimum=1)
