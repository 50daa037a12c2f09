"""What a server counts and measures, for Prometheus and whatever reads its format.

No label comes from a request: models are those that are served, routes are their templates, kinds and statuses are few.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

#: The bounds of bins of seconds, and of rows.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
#: What a request was refused for, where its status alone says it.
KINDS: Mapping[int, str] = {
    400: "invalid",
    401: "key",
    404: "unknown_name",
    405: "method",
    408: "slow_body",
    413: "too_large",
    415: "media_type",
    421: "host",
    499: "client_left",
    500: "error",
    503: "busy",
    504: "deadline",
}


class Bins:
    """Counts values in bins; written by one thread at a time."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self._bounds = bounds
        self.counts, self.total = [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """Counts a value."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value


class RunMetrics:
    """What is measured where a model runs, in one place at a time."""

    def __init__(self) -> None:
        self.queue_seconds, self.batch_rows, self.run_seconds = Bins(), Bins(ROWS), Bins()

    def waited(self, seconds: float) -> None:
        """Takes in how long a job has waited for its first run."""
        self.queue_seconds.add(seconds)

    def ran(self, rows: int, seconds: float) -> None:
        """Takes in a run."""
        self.batch_rows.add(rows)
        self.run_seconds.add(seconds)


@dataclass(frozen=True)
class AskedGauge:
    """A value that is asked when it is read.

    Attributes:
        name: Its name, after ``rnnzoo_``.
        text: What it is.
        values: What returns its value, by model; by nothing for that of the whole server.
    """

    name: str
    text: str
    values: Mapping[str, Callable[[], float]]


class Metrics:
    """The metrics of one application.

    What is counted for each request is counted in plain numbers, which cost a fraction of the locks of Prometheus's
    own; the event loop and each place where a model runs have numbers of their own.

    Attributes:
        requests: Requests by model, route and hundreds of their status.
        seconds: What they took, by model and route.
        refusals: Those that were not answered as asked, by kind.
        of_runs: What the threads of models measure, by model.
        gauges: What is asked when it is read.
        models: Names, versions and checksums of the models.
    """

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, int], int] = {}
        self.seconds: dict[tuple[str, str], Bins] = {}
        self.refusals: dict[str, int] = dict.fromkeys(KINDS.values(), 0)
        self.of_runs: dict[str, list[RunMetrics]] = {}
        self.gauges: list[AskedGauge] = []
        self.models: list[Mapping[str, str]] = []

    def answered(self, model: str, route: str, status: int, seconds: float, kind: str | None) -> None:
        """Counts a request.

        Args:
            model: The name of a model that is served, or nothing.
            route: The template of the address; nothing where there is none.
            status: The status of the answer.
            seconds: How long it took.
            kind: What it was refused for, where it was.
        """
        key = (model, route, status // 100)
        self.requests[key] = self.requests.get(key, 0) + 1
        if status != 101:  # a WebSocket lasts as long as its client likes
            bins = self.seconds.get((model, route))
            if bins is None:
                bins = self.seconds[model, route] = Bins()
            bins.add(seconds)
        if kind is not None:
            self.refusals[kind] = self.refusals.get(kind, 0) + 1

    def runs(self, model: str) -> RunMetrics:
        """Returns what a thread of a model tells its runs."""
        made = RunMetrics()
        self.of_runs.setdefault(model, []).append(made)
        return made

    def gauge(self, name: str, text: str, values: Mapping[str, Callable[[], float]]) -> None:
        """Adds a gauge that is asked when it is read.

        Args:
            name: Its name, after ``rnnzoo_``.
            text: What it is.
            values: What returns its value, by model; by nothing for that of the whole server.
        """
        self.gauges.append(AskedGauge(name, text, values))

    def info(self, models: Iterable[Mapping[str, str]]) -> None:
        """Adds what never changes: the names, versions and checksums of models."""
        self.models.extend(models)
