"""The times of a table as a model is to read those of requests."""

from __future__ import annotations

from rnnzoo.data.readers.time_steps import COMMON, Steps
from rnnzoo.data.readers.timestamps import Times
from rnnzoo.errors import DataError
from rnnzoo.preprocessing.calendar import Calendar
from rnnzoo.preprocessing.time_axis import TimeAxis
from rnnzoo.preprocessing.time_cells import ISO
from rnnzoo.preprocessing.time_step import DAY, MIXED, SIZES

#: What requests call the times that were the index of a frame.
INDEX = "time"


def time_axis(times: Times, steps: Steps) -> TimeAxis:
    """Returns how requests write times, and which come after the last.

    Args:
        times: Those of the table; of an index, requests have them in a column ``"time"``.
        steps: From ``find_steps``.

    Example:
        >>> import pandas as pd
        >>> from rnnzoo.data.readers.time_steps import find_steps
        >>> from rnnzoo.data.readers.timestamps import read_times
        >>> times = read_times(pd.Series(["31.01.2024", "29.02.2024", "31.03.2024"], name="month"))
        >>> axis = time_axis(times, find_steps(times))
        >>> axis.ahead(axis.read(["29.02.2024"]), 2).wall.astype("datetime64[D]").astype(str).tolist()
        ['2024-03-31', '2024-04-30']
    """
    form = (times.form or ISO) if times.are_dates else None
    columns = [str(name) for name in times.columns] or [INDEX]
    step = steps.step if steps.share >= COMMON else None
    return TimeAxis(columns, step, form, times.zone, times.joined)


def refuse_calendar(times: Times, steps: Steps, calendar: Calendar) -> None:
    """Raises ``DataError`` where times do not tell what a calendar has at the steps of the horizon.

    Args:
        times: Those of the table.
        steps: From ``find_steps``.
        calendar: The fields that a model is to read.
    """
    if not calendar.fields:
        return
    if not times.are_dates:
        raise DataError(
            f"calendar: received {', '.join(map(repr, calendar.fields))}, but {times.shown_name} holds numbers; "
            "expected dates. Write the times as dates, or leave the calendar out."
        )
    if times.zone == MIXED and steps.step is not None and steps.step.unit in SIZES and steps.step.unit != DAY:
        raise DataError(
            f"calendar: the offsets of {times.shown_name} from UTC change from row to row, and which those of the "
            "horizon are is not known; expected the zone. Pass zone=, such as zone='Europe/Berlin' (on the command "
            "line --zone)."
        )
