"""What a server counts and measures, in the registry of Prometheus's own client."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, Gauge, Metric, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from rnnzoo.version import __version__
from rnnzoo_export.serving.metrics import ROWS, SECONDS, Bins, Metrics


def registry_of(metrics: Metrics) -> CollectorRegistry:
    """Returns a registry of metrics; names begin with ``rnnzoo_``, those of the process with ``process_``."""
    registry = CollectorRegistry()
    registry.register(_Counted(metrics))
    ProcessCollector(registry=registry)
    _add_gauges(metrics, registry)
    _add_info(metrics, registry)
    return registry


class _Counted(Collector):
    """What was counted, read when the registry is."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """Returns what was counted, for the registry."""
        requests = CounterMetricFamily(
            "rnnzoo_requests", "Requests that were answered.", labels=("model", "route", "status")
        )
        for (model, route, hundreds), count in list(self._metrics.requests.items()):
            requests.add_metric((model, route, f"{hundreds}xx"), count)
        refusals = CounterMetricFamily(
            "rnnzoo_refusals", "Requests that were not answered as asked.", labels=("kind",)
        )
        for kind, count in list(self._metrics.refusals.items()):
            refusals.add_metric((kind,), count)
        text = "Seconds from the head of a request to the end of its answer."
        seconds = HistogramMetricFamily("rnnzoo_request_seconds", text, labels=("model", "route"))
        for labels, bins in list(self._metrics.seconds.items()):
            _add(seconds, labels, [bins], SECONDS)
        return [requests, refusals, seconds, *self._of_runs()]

    def _of_runs(self) -> Iterable[Metric]:
        for name, text, bounds in (
            ("queue_seconds", "Seconds that a job waits for its first run.", SECONDS),
            ("batch_rows", "Rows of a run of the model.", ROWS),
            ("run_seconds", "Seconds of a run of the model.", SECONDS),
        ):
            family = HistogramMetricFamily(f"rnnzoo_{name}", text, labels=("model",))
            for model, runs in self._metrics.of_runs.items():
                _add(family, (model,), [getattr(each, name) for each in runs], bounds)
            yield family


def _add_gauges(metrics: Metrics, registry: CollectorRegistry) -> None:
    for asked in metrics.gauges:
        labels = () if set(asked.values) == {""} else ("model",)
        gauge = Gauge(f"rnnzoo_{asked.name}", asked.text, labels, registry=registry)
        for model, value in asked.values.items():
            (gauge.labels(model) if labels else gauge).set_function(value)


def _add_info(metrics: Metrics, registry: CollectorRegistry) -> None:
    server = Gauge("rnnzoo_server_info", "The server.", ("version",), registry=registry)
    server.labels(__version__).set(1)
    names = ("model", "version", "sha256")
    info = Gauge("rnnzoo_model_info", "The models that are served.", names, registry=registry)
    for facts in metrics.models:
        info.labels(*(facts.get(name, "") for name in names)).set(1)


def _add(
    family: HistogramMetricFamily, labels: Sequence[str], bins: Sequence[Bins], bounds: Sequence[float]
) -> None:
    """Adds the sum of bins to a histogram."""
    counts = accumulate(map(sum, zip(*(each.counts for each in bins), strict=True)))
    names = [*map(str, bounds), "+Inf"]
    family.add_metric(labels, list(zip(names, counts, strict=True)), sum(each.total for each in bins))
