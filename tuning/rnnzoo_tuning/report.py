"""The trials of a search: one line each while it runs, a table and a picture."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from rich.console import Console

from rnnzoo.errors import RunError
from rnnzoo.report import show
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo.training.run.plots import BLUE, GREY, ORANGE, STYLE
from rnnzoo_export.measure_config import ENDS
from rnnzoo_tuning.trial_records import EndedTrial, ranked

#: Up to this many values each gets its own tick, if an axis of so many letters has room for them.
_FEW, _LETTERS = 5, 24


# How many lines of refused trials in a row are printed, and then each of how many.
_REFUSED_LINES, _REFUSED_EVERY = 5, 50
# The ends of the intervals of times, which a line and a picture leave out.
_ENDS = tuple(f"_ms{end}" for end in ENDS)
# What a row says beside the values of a trial.
_FACTS = ("trial", "status", "score", "seconds", "reason")


class TrialTable:
    """Collects trials as they end and prints a line for each.

    Args:
        objective: Metric and direction.
        enabled: Whether anything is printed.
        keep: Called with the table after each trial, to keep it.
        word: What its lines begin with.
        choices: The hyperparameters whose values the study has as JSON text.

    Attributes:
        rows: One dictionary per ended trial, in the order they ended.
    """

    def __init__(
        self,
        objective: Monitor,
        *,
        enabled: bool,
        keep: Callable[[TrialTable], None] = lambda table: None,
        word: str = "trial",
        choices: Collection[str] = (),
    ) -> None:
        self._keep, self._word, self._choices = keep, word, frozenset(choices)
        self.objective, self.direction = objective
        self._sign = objective.sign
        self.rows: list[dict[str, Any]] = []
        self._trials: list[EndedTrial] = []
        self._told: set[int] = set()
        self._enabled = enabled
        self._planned = self._refused = 0
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)

    def start(self, earlier: Iterable[Any], *, planned: int) -> None:
        """Takes up the ended trials of a search that is resumed, in the order they ended, without printing them."""
        self._planned = planned
        self._take(earlier)
        self._told = {trial.origin for trial in self._trials}

    def is_new(self, ended: Sequence[EndedTrial]) -> bool:
        """Whether others have ended than it knows."""
        return list(ended) != self._trials

    def update(self, ended: Iterable[EndedTrial]) -> None:
        """Takes all trials that have ended, keeps the table, and prints a line for each new one."""
        self._take(ended)
        self._keep(self)
        for trial, row in zip(self._trials, self.rows, strict=True):
            if trial.origin not in self._told:
                self._told.add(trial.origin)
                self._tell(row)

    def _tell(self, row: Mapping[str, Any]) -> None:
        """Prints the line of a trial; of many refused ones in a row not each."""
        self._refused = self._refused + 1 if row["status"] == "refused" else 0
        if self._refused <= _REFUSED_LINES or self._refused % _REFUSED_EVERY == 0:
            in_a_row = f"  ({self._refused} in a row)" if self._refused > _REFUSED_LINES else ""
            if self._enabled:
                self._console.print(f"{self._line(row)}{in_a_row}")

    def best_trial(self) -> EndedTrial:
        """Returns the best trial, of those that came to their last epoch if there is one.

        Raises:
            RunError: If none ended well.
        """
        best = ranked(self._trials, self._sign)
        if not best:
            rows = self.counted or self.rows
            raise RunError(
                f"search: none of {len(rows)} trials ended well; {_usual_error(rows)}. Correct that, or narrow the "
                "search space."
            )
        return best[0]

    @property
    def counted(self) -> list[dict[str, Any]]:
        """The rows of trials that count: those that no limit refuses."""
        return [row for row in self.rows if row["status"] != "refused"]

    def rows_of(self, origins: Collection[int]) -> list[dict[str, Any]]:
        """Returns the rows of some trials that ended well, the best score first."""
        best = ranked(self._trials, self._sign)
        return [_row(trial, self._choices) for trial in best if trial.origin in origins]

    @property
    def best_row(self) -> int | None:
        """The number of the best row, counted from 0."""
        if all(trial.score is None for trial in self._trials):
            return None
        return self._trials.index(self.best_trial())

    @property
    def best_place(self) -> int | None:
        """The number of the best trial, from 1; ``None`` where none ended well."""
        return None if self.best_row is None else self.best_trial().place

    def _take(self, ended: Iterable[EndedTrial]) -> None:
        self._trials = list(ended)
        self.rows = [_row(trial, self._choices) for trial in self._trials]

    def _line(self, row: Mapping[str, Any]) -> str:
        width = len(str(self._planned))
        head = f"{self._word} {row['trial'] or '-':>{width}}/{self._planned}  "
        values = "  ".join(f"{name}={show(value)}" for name, value in row.items() if _is_shown(name))
        if row["score"] is None:
            return f"{head}{row['status']}: {row['reason']}  {values}"
        took = f"{row['seconds']:.1f} s{self._left()}"
        return f"{head}{self.objective} {row['score']:.4f}{self._mark(row)}  {took}  {values}"

    def _mark(self, row: Mapping[str, Any]) -> str:
        """Returns which trial is the best so far; nothing where the same is trained with several seeds."""
        if self._word != "trial":
            return ""
        best = self.rows[self.best_row or 0]
        return "  best so far" if best is row else f"  best {best['score']:.4f} (trial {best['trial']})"

    def _left(self) -> str:
        """Returns how long the other trials will take, if they take as long as those that ended."""
        known = [row["seconds"] for row in self.rows if row["score"] is not None]
        left = self._planned - len(self.counted)
        return f", {_duration(left * sum(known) / len(known))} left" if left > 0 and sum(known) else ""


def _is_shown(name: str) -> bool:
    """Whether a field of a row is a value of its trial, or was measured, and no end of an interval."""
    return name not in _FACTS and not name.endswith(_ENDS)


def _usual_error(rows: Sequence[Mapping[str, Any]]) -> str:
    """Returns what most trials failed with."""
    ((reason, count),) = Counter(row["reason"] for row in rows).most_common(1)
    return f"all said: {reason}" if count == len(rows) else f"{count} of them said: {reason}"


def _duration(seconds: float) -> str:
    """Returns a time in the unit that suits it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _row(trial: EndedTrial, choices: Collection[str]) -> dict[str, Any]:
    """Returns a trial as ``trials.json`` has it."""
    values = {name: _value(value) if name in choices else value for name, value in trial.values.items()}
    row = {
        "trial": trial.place,
        "status": trial.status,
        "score": trial.score,
        "seconds": round(trial.seconds, 1),
        **{name: _measure(name, value) for name, value in trial.measures.items()},
        **values,
    }
    return row if trial.score is not None else {**row, "reason": trial.reason}


def _value(label: Any) -> Any:
    """Returns a value of a ``Choice``, which the study has as JSON text."""
    return json.loads(label) if isinstance(label, str) else label


def _measure(name: str, value: float) -> float:
    """Returns what was measured with four digits; counts are exact."""
    return int(value) if name == "parameters" else float(f"{value:.4g}")


def search_figure(table: TrialTable) -> Figure:
    """Draws the score of each trial with the best so far, and against each hyperparameter."""
    done = [row for row in table.rows if row["score"] is not None]
    scores = np.array([row["score"] for row in done])
    names = [name for name in done[0] if _is_shown(name)]
    columns = min(3, 1 + len(names))
    lines = -(-(1 + len(names)) // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2 * columns, 3.0 * lines))
        panels = list(np.atleast_1d(figure.subplots(lines, columns)).reshape(-1))
        for unused in panels[1 + len(names) :]:
            unused.set_visible(False)
        running = np.maximum.accumulate if table.direction == "max" else np.minimum.accumulate
        numbers = [row["trial"] for row in done]
        panels[0].scatter(numbers, scores, color=BLUE, s=18, label="trial")
        panels[0].step(numbers, running(scores), color=ORANGE, where="post", label="best so far")
        panels[0].set(xlabel="trial", ylabel=table.objective, title="Search")
        panels[0].xaxis.get_major_locator().set_params(integer=True)
        panels[0].legend(frameon=False)
        best = int(scores.argmax() if table.direction == "max" else scores.argmin())
        for panel, name in zip(panels[1:], names, strict=False):
            _panel(panel, name, [row.get(name) for row in done], scores, best)
        figure.tight_layout()
    return figure


def _panel(panel: Any, name: str, values: list[Any], scores: np.ndarray, best: int) -> None:
    numeric = [number for value in values if (number := _number(value)) is not None]
    if len(numeric) < len(values):
        panel.scatter([in_words(value) for value in values], scores, color=GREY, s=18)
        panel.scatter([in_words(values[best])], [scores[best]], color=ORANGE, s=40)
    else:
        panel.scatter(numeric, scores, color=GREY, s=18)
        panel.scatter([numeric[best]], [scores[best]], color=ORANGE, s=40)
        if name.endswith("rate"):
            panel.set_xscale("log")
            panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            panel.xaxis.set_major_formatter("{x:g}")
            panel.xaxis.set_minor_locator(NullLocator())
        elif _stand_apart(ticks := sorted(set(numeric))):
            panel.set_xticks(ticks)
            panel.margins(x=0.2)
    panel.set(xlabel=name.replace("_", " "))


def in_words(value: Any) -> str:
    """Returns a value of a choice for a picture.

    Example:
        >>> in_words({"jitter": 0.1}), in_words(None), in_words("mean"), in_words([8, 8])
        ('jitter 0.1', 'none', 'mean', '[8, 8]')
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return "none" if value is None else str(value)


def _stand_apart(ticks: list[float]) -> bool:
    """Whether there are few enough values, far enough from each other, for each to have its own tick."""
    longest = max(len(f"{tick:g}") for tick in ticks)
    room = np.diff(ticks) * _LETTERS >= (1 + longest) * (ticks[-1] - ticks[0])
    return len(ticks) <= _FEW and bool(np.all(room))


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
