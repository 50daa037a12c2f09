"""Missing values of rows ``(time, features)``: refused, filled from the steps before, or the row left out."""

from __future__ import annotations

import numpy as np

from rnnzoo.preprocessing.windows import Missing

#: What messages say of a row with missing values.
FIX = (
    "Pass missing='ffill' (on the command line --missing ffill) to take the last value before, or missing='drop' to "
    "leave such rows out."
)


def fill_steps(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Takes the last value before for each missing one, never one from the future.

    Args:
        values: ``(time, features)``, NaN where one is missing.

    Returns:
        The values from the first step on at which all features are known, none if there is no such step; and the number
        of that step.

    Example:
        >>> values, first = fill_steps(np.array([[np.nan, 1.0], [2.0, np.nan], [np.nan, 3.0]]))
        >>> values.tolist(), first
        ([[2.0, 1.0], [2.0, 3.0]], 1)
    """
    known = np.where(np.isnan(values), -1, np.arange(len(values))[:, None])
    last = np.maximum.accumulate(known, axis=0)
    complete = (last >= 0).all(axis=1)
    first = int(complete.argmax()) if complete.any() else len(values)
    filled = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return filled[first:], first


def treat_row(values: np.ndarray, missing: Missing) -> tuple[np.ndarray, int] | None:
    """Returns a row without missing values, and the step that it begins at; ``None`` if it is to be left out.

    Args:
        values: ``(time, features)``, NaN where one is missing, which ``missing="error"`` must have refused.
        missing: ``"ffill"`` to fill them, ``"drop"`` to leave the row out.
    """
    if not np.isnan(values).any():
        return values, 0
    return None if missing == "drop" else fill_steps(values)
