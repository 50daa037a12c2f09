"""What a person sees while training: a bar on a terminal, and one plain line per epoch everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.status import Status

_HIDDEN = ("epoch", "seconds", "learning_rate")


def epoch_reporter(epochs: int) -> Callable[[dict[str, float]], None]:
    """Returns a function that prints one line per epoch to standard error.

    Args:
        epochs: How many epochs there will be at most.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    width = len(str(epochs))

    def report(row: dict[str, float]) -> None:
        metrics = "  ".join(f"{k} {v:.4f}" for k, v in row.items() if k not in _HIDDEN)
        console.print(f"epoch {int(row['epoch']):>{width}}/{epochs}  {metrics}  {row['seconds']:.1f} s")

    return report


class BaselineReporter:
    """One line per baseline on standard error, and on a terminal a spinner while one is fitted.

    Args:
        names: The baselines that will be fitted.
        seconds: Seconds for all of them together.
        enabled: Whether anything is printed at all.
    """

    def __init__(self, names: Sequence[str], seconds: float, *, enabled: bool) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._enabled, self._names = enabled, list(names)
        self._status: Status | None = None
        if enabled and names:
            count = f"{len(names)} baseline{'s' * (len(names) != 1)}"
            self._console.print(
                f"the run is written; fitting {count} on the same rows, {seconds:g} s at most"
            )

    def start(self, name: str) -> None:
        """Says what is fitted now, where there is a terminal that can forget it again."""
        if self._enabled and self._console.is_terminal and not self._console.is_dumb_terminal:
            self._status = self._console.status(f"{self._place(name)}  {name}")
            self._status.start()

    def end(self, name: str, outcome: Mapping[str, float] | str, seconds: float) -> None:
        """Prints the line of a baseline: its scores, or why it was left out."""
        self.close()
        if self._enabled:
            scores = (
                outcome if isinstance(outcome, str) else "  ".join(f"{k} {v:.4f}" for k, v in outcome.items())
            )
            said = f"left out: {scores}" if isinstance(outcome, str) else scores
            self._console.print(f"{self._place(name)}  {name}  {said}  {seconds:.1f} s")

    def close(self) -> None:
        """Removes the spinner, also after an interruption."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _place(self, name: str) -> str:
        return f"baseline {self._names.index(name) + 1}/{len(self._names)}"


class BatchBar(keras.callbacks.Callback):
    """A bar over the batches of the running epoch; it vanishes when the epoch's line is printed.

    Args:
        steps: Batches per epoch.
        epochs: How many epochs there will be at most.
    """

    def __init__(self, steps: int, epochs: int) -> None:
        super().__init__()
        self._steps, self._epochs = steps, epochs
        self._bar: Progress | None = None

    @staticmethod
    def wanted() -> bool:
        """Whether standard error is a terminal that can show a bar."""
        console = Console(stderr=True)
        return console.is_terminal and not console.is_dumb_terminal

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Draws the bar."""
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.add_task(f"epoch {epoch + 1}/{self._epochs}", total=self._steps)
        self._bar.start()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Moves the bar."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=min(batch + 1, self._steps))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Removes the bar."""
        self.close()

    def close(self) -> None:
        """Removes the bar, also after an interruption."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
