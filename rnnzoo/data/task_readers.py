"""Tasks whose data are no rows with targets: who reads those."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rnnzoo.errors import ArgumentError
from rnnzoo.tasks import TASKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnnzoo.data.splits import Splits

_READERS = {
    "windows": "A table whose rows follow each other in time is read by read_series(file, target=..., window=..., "
    "horizon=...); windows that you have cut, by Splits.from_arrays(inputs, targets, task='forecasting').",
    "running text": "Running text is read by running_text_splits(Path(file)).",
    "pairs": "Texts and their translations are read by read_pairs, or by read_texts(file, text=..., label=..., "
    "task='translation').",
}


def read_own_windows(*arguments: Any) -> Splits:
    """Makes splits of windows that were cut already: see ``own_windows``.

    It is imported when it is called, for readers make splits.
    """
    read: Callable[..., Splits] = importlib.import_module("rnnzoo.data.readers.own_windows").own_windows
    return read(*arguments)


def check_row_task(task: str, what: str) -> None:
    """Checks that a task is one of rows that have targets.

    Args:
        task: A name in the task table; of others nothing is said.
        what: What is read, for messages.

    Raises:
        ArgumentError: If its data are of another kind; the message says who reads those.

    Example:
        >>> check_row_task("forecasting", "arrays")
        Traceback (most recent call last):
        ...
        rnnzoo.errors.ArgumentError: task: received 'forecasting' for arrays; expected a task of rows that have targets.
        A table whose rows follow each other in time is read by read_series(file, target=..., window=..., horizon=...);
        windows that you have cut, by Splits.from_arrays(inputs, targets, task='forecasting').
    """
    known = TASKS.get(task) if isinstance(task, str) else None
    if known is None or known.data == "rows":
        return  # what else is wrong with it is said when rows are split
    raise ArgumentError(
        f"task: received {task!r} for {what}; expected a task of rows that have targets. {_READERS[known.data]}"
    )
