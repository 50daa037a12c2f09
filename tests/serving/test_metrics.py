"""Truth of ``rnnzoo_export.serving.metrics`` and ``rnnzoo_export.serving.exposition``: Prometheus can read them."""

from __future__ import annotations

import asyncio

import httpx
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from rnnzoo_export.serving.exposition import Exposition
from rnnzoo_export.serving.metrics import KINDS, Metrics


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Values by name and labels."""
    families = text_string_to_metric_families(Exposition(metrics).text().decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_requests_are_counted_by_model_route_and_class_of_status() -> None:
    metrics = Metrics()
    for status, seconds in ((200, 0.003), (201, 0.03), (404, 0.3), (503, 99.0)):
        metrics.answered("films", "/infer", status, seconds, None if status < 400 else "other")
    found = samples(metrics)
    labels = (("model", "films"), ("route", "/infer"))
    counted = {
        status: found["rnnzoo_requests_total", (*labels, ("status", status))]
        for status in ("2xx", "4xx", "5xx")
    }
    assert counted == {"2xx": 2, "4xx": 1, "5xx": 1}
    assert found["rnnzoo_request_seconds_bucket", (("le", "0.005"), *labels)] == 1
    assert found["rnnzoo_request_seconds_bucket", (("le", "+Inf"), *labels)] == 4
    assert found["rnnzoo_request_seconds_sum", labels] == 99.333


def test_refusals_are_counted_by_kind_and_begin_at_nothing() -> None:
    metrics = Metrics()
    metrics.answered("", "", 503, 0.1, "queue")
    metrics.answered("", "", 504, 0.1, "deadline")
    found = {labels[0][1]: value for (name, labels), value in samples(metrics).items() if "refusals" in name}
    assert found == {**dict.fromkeys(KINDS.values(), 0.0), "queue": 1, "deadline": 1}


def test_a_websocket_is_counted_and_its_length_is_not() -> None:
    metrics = Metrics()
    metrics.answered("films", "/stream", 101, 1000.0, None)
    found = samples(metrics)
    labels = (("model", "films"), ("route", "/stream"))
    assert found["rnnzoo_requests_total", (*labels, ("status", "1xx"))] == 1
    assert ("rnnzoo_request_seconds_count", labels) not in found


def test_runs_and_gauges_are_those_of_their_models() -> None:
    metrics, waiting = Metrics(), [3.0]
    for model in ("films", "shops"):
        metrics.runs(model).ran(8, 0.002)
    metrics.runs("films").waited(0.5)
    metrics.gauge("work_waiting_seconds", "Work.", {"films": lambda: waiting[0], "shops": lambda: 0.0})
    metrics.gauge("requests_in_flight", "Requests.", {"": lambda: 7.0})
    metrics.info([{"model": "films", "version": "1", "sha256": "ab"}])
    found = samples(metrics)
    assert found["rnnzoo_batch_rows_sum", (("model", "shops"),)] == 8
    assert found["rnnzoo_run_seconds_count", (("model", "films"),)] == 1
    assert found["rnnzoo_queue_seconds_sum", (("model", "films"),)] == 0.5
    assert found["rnnzoo_work_waiting_seconds", (("model", "films"),)] == 3
    waiting[0] = 4.0
    assert samples(metrics)["rnnzoo_work_waiting_seconds", (("model", "films"),)] == 4
    assert found["rnnzoo_requests_in_flight", ()] == 7
    info = (("model", "films"), ("sha256", "ab"), ("version", "1"))
    assert found["rnnzoo_model_info", info] == 1


def test_two_applications_share_nothing_and_no_times_of_making_are_there() -> None:
    one, other = Metrics(), Metrics()
    one.answered("films", "/infer", 200, 0.1, None)
    assert not any("rnnzoo_requests_total" in name for name, _ in samples(other))
    assert not any(name.endswith("_created") for name, _ in samples(one))
    assert ("process_resident_memory_bytes", ()) in samples(one)


def test_they_are_read_at_an_address() -> None:
    metrics = Metrics()
    transport = httpx.ASGITransport(Starlette(routes=Exposition(metrics).routes()))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/metrics", headers={"Accept": "text/plain;version=?"})

    answer = asyncio.run(ask())
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# TYPE rnnzoo_refusals_total counter" in answer.text
