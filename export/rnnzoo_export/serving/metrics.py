"""What a server counts and measures, for Prometheus and whatever reads its format.

No label comes from a request: models are those that are served, routes are their templates, kinds and statuses are few.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, Gauge, Metric, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rnnzoo.version import __version__
from rnnzoo_export.serving.traffic import METRICS

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
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


class _Bins:
    """Counts values in bins; written by one thread."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = _SECONDS) -> None:
        self._bounds = bounds
        self.counts, self.total = [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value


class RunMetrics:
    """What one thread of a model measures."""

    def __init__(self) -> None:
        self.queue_seconds, self.batch_rows, self.run_seconds = _Bins(), _Bins(_ROWS), _Bins()

    def waited(self, seconds: float) -> None:
        """Takes in how long a job has waited for its first run."""
        self.queue_seconds.add(seconds)

    def ran(self, rows: int, seconds: float) -> None:
        """Takes in a run."""
        self.batch_rows.add(rows)
        self.run_seconds.add(seconds)


class Metrics(Collector):
    """The metrics of one application.

    What is counted for each request is counted in plain numbers, which cost a fraction of the locks of Prometheus's
    own; the event loop and each thread of a model have numbers of their own.

    Attributes:
        registry: For metrics of your own beside them; names begin with ``rnnzoo_``, those of the process with
            ``process_``.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests: dict[tuple[str, str, int], int] = {}
        self._seconds: dict[tuple[str, str], _Bins] = {}
        self._refusals: dict[str, int] = dict.fromkeys(KINDS.values(), 0)
        self._runs: dict[str, list[RunMetrics]] = {}
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

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
        self._requests[key] = self._requests.get(key, 0) + 1
        if status != 101:  # a WebSocket lasts as long as its client likes
            bins = self._seconds.get((model, route))
            if bins is None:
                bins = self._seconds[model, route] = _Bins()
            bins.add(seconds)
        if kind is not None:
            self._refusals[kind] = self._refusals.get(kind, 0) + 1

    def runs(self, model: str) -> RunMetrics:
        """Returns what a thread of a model tells its runs."""
        made = RunMetrics()
        self._runs.setdefault(model, []).append(made)
        return made

    def gauge(self, name: str, text: str, values: Mapping[str, Callable[[], float]]) -> None:
        """Adds a gauge that is asked when it is read.

        Args:
            name: Its name, after ``rnnzoo_``.
            text: What it is.
            values: What returns its value, by model; by nothing for that of the whole server.
        """
        labels = () if set(values) == {""} else ("model",)
        gauge = Gauge(f"rnnzoo_{name}", text, labels, registry=self.registry)
        for model, value in values.items():
            (gauge.labels(model) if labels else gauge).set_function(value)

    def info(self, models: Iterable[Mapping[str, str]]) -> None:
        """Adds what never changes: the server's version, and the names, versions and checksums of the models."""
        server = Gauge("rnnzoo_server_info", "The server.", ("version",), registry=self.registry)
        server.labels(__version__).set(1)
        names = ("model", "version", "sha256")
        info = Gauge("rnnzoo_model_info", "The models that are served.", names, registry=self.registry)
        for facts in models:
            info.labels(*(facts.get(name, "") for name in names)).set(1)

    def collect(self) -> Iterable[Metric]:
        """Returns what was counted, for the registry."""
        requests = CounterMetricFamily(
            "rnnzoo_requests", "Requests that were answered.", labels=("model", "route", "status")
        )
        for (model, route, hundreds), count in list(self._requests.items()):
            requests.add_metric((model, route, f"{hundreds}xx"), count)
        refusals = CounterMetricFamily(
            "rnnzoo_refusals", "Requests that were not answered as asked.", labels=("kind",)
        )
        for kind, count in list(self._refusals.items()):
            refusals.add_metric((kind,), count)
        text = "Seconds from the head of a request to the end of its answer."
        seconds = HistogramMetricFamily("rnnzoo_request_seconds", text, labels=("model", "route"))
        for labels, bins in list(self._seconds.items()):
            _add(seconds, labels, [bins], _SECONDS)
        return [requests, refusals, seconds, *self._of_runs()]

    def _of_runs(self) -> Iterable[Metric]:
        for name, text, bounds in (
            ("queue_seconds", "Seconds that a job waits for its first run.", _SECONDS),
            ("batch_rows", "Rows of a run of the model.", _ROWS),
            ("run_seconds", "Seconds of a run of the model.", _SECONDS),
        ):
            family = HistogramMetricFamily(f"rnnzoo_{name}", text, labels=("model",))
            for model, runs in self._runs.items():
                _add(family, (model,), [getattr(each, name) for each in runs], bounds)
            yield family

    def text(self) -> bytes:
        """Returns all of them as Prometheus reads them."""
        return generate_latest(self.registry)

    def routes(self) -> list[Route]:
        """Returns the address where they are read."""

        async def metrics(_: Request) -> Response:
            return Response(self.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

        return [Route(METRICS, metrics)]


def _add(
    family: HistogramMetricFamily, labels: Sequence[str], bins: Sequence[_Bins], bounds: Sequence[float]
) -> None:
    """Adds the sum of bins to a histogram."""
    counts = accumulate(map(sum, zip(*(each.counts for each in bins), strict=True)))
    names = [*map(str, bounds), "+Inf"]
    family.add_metric(labels, list(zip(names, counts, strict=True)), sum(each.total for each in bins))
