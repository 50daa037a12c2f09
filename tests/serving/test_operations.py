"""Truth of ``rnnzoo_export.serving.server``: a server as it is put into production, asked as its neighbours ask it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from certificates import make_certificate
from rnnzoo.errors import ArgumentError
from rnnzoo_export.serving import server as server_module
from rnnzoo_export.serving.settings import Settings
from served_digits import NAME, X, tensor
from serving_client import Server, running

KEYS = ("first-key-of-the-shop", "second-key-of-the-shop")
FIRST = {"Authorization": f"Bearer {KEYS[0]}"}
SECOND = {"X-API-Key": KEYS[1]}


class Production:
    """A server with all of it, and what it writes."""

    def __init__(self, server: Server, certificate: str, log: Path) -> None:
        self.server, self.log = server, log
        context = ssl.create_default_context(cafile=certificate)
        self.client = httpx.Client(base_url=server.url, verify=context, timeout=30)

    def infer(self, headers: dict[str, str], path: str = "", rows: int = 1) -> httpx.Response:
        body = {"inputs": [tensor(X.repeat(rows, axis=0))]}
        return self.client.post(f"{path}/v2/models/{NAME}/infer", json=body, headers=headers)


@pytest.fixture(scope="module")
def production(digits_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    folder = tmp_path_factory.mktemp("production")
    made = make_certificate(folder)
    (folder / "keys").write_text("\n".join(("# of the shop", *KEYS)))
    settings = {"api-key-file": str(folder / "keys"), "root_path": "/digits", "max_rows": 2, "threads": 2}
    settings |= {"access_log": "json", "access-log-file": str(folder / "access.log")}
    (folder / "serve.toml").write_text(
        "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    )
    options = ("--config", str(folder / "serve.toml"), "--tls-cert", made.cert, "--tls-key", made.key)
    with running(digits_bundle, NAME, *options, "--threads", "1") as server:
        one = Production(server, made.cert, folder / "access.log")
        yield one
        one.client.close()


def test_a_request_needs_a_key_and_the_page_and_health_do_not(production: Production) -> None:
    assert production.infer(FIRST).status_code == production.infer(SECOND).status_code == 200
    answer = production.infer({})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="rnnzoo"')
    public = ("/", "/v2/health/live", "/v2/health/ready", f"/v2/models/{NAME}/ready")
    for path in (*public, "/v2", "/metrics", f"/v2/models/{NAME}", "/nowhere"):
        for prefix in ("", "/digits"):
            expected = 200 if path in public else 401
            assert production.client.get(prefix + path).status_code == expected, path


def test_the_addresses_are_there_below_the_path_of_the_proxy(production: Production) -> None:
    assert production.infer(FIRST, "/digits").status_code == 200
    assert production.infer(FIRST, "/letters").status_code == 404
    assert production.client.get("/digits").headers["location"] == "/digits/"


def test_the_settings_of_the_file_hold(production: Production) -> None:
    answer = production.infer(FIRST, rows=3)
    assert answer.status_code == 413
    assert "at most 2" in answer.json()["error"]


def test_a_request_goes_by_its_names_through_answer_and_log(production: Production) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    names = {
        "X-Request-Id": "order-17",
        "traceparent": f"00-{trace}-00f067aa0ba902b7-01",
        "tracestate": "shop=7",
    }
    answer = production.infer({**FIRST, **names})
    assert answer.headers["x-request-id"] == "order-17"
    assert answer.headers["tracestate"] == "shop=7"
    production.infer({**FIRST, "X-Request-Id": "the-next"})
    lines = [json.loads(line) for line in production.log.read_text().splitlines()]
    (line,) = (line for line in lines if line["request_id"] == "order-17")
    assert (line["status"], line["model"], line["route"]) == (200, NAME, "/v2/models/{name}/infer")
    assert (line["trace_id"], line["span_id"]) == (trace, answer.headers["traceparent"].split("-")[2])
    assert line["bytes_in"] == int(answer.request.headers["content-length"])
    assert line["bytes_out"] == len(answer.content)
    assert 0 <= line["queue_seconds"] < line["seconds"]


def samples(production: Production) -> dict[tuple[str, tuple[str, ...]], float]:
    answer = production.client.get("/metrics", headers=FIRST)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(answer.text))
    return {
        (one.name, tuple(one.labels.values())): one.value for family in families for one in family.samples
    }


def test_what_was_asked_is_counted_and_what_clients_write_is_no_label(production: Production) -> None:
    before = samples(production)
    production.infer(FIRST)
    production.client.post("/v2/models/evil/infer", json={}, headers=FIRST)
    production.client.post(f"/v2/models/{NAME}/infer", json={"inputs": []}, headers=FIRST)
    production.client.get("/evil", headers=FIRST)
    production.client.get("/v2", headers={**FIRST, "Host": "evil"})
    after = samples(production)
    grown = {key for key, value in after.items() if value != before.get(key, 0.0)}
    route = "/v2/models/{name}/infer"
    for key, by in {
        ("rnnzoo_requests_total", (NAME, route, "2xx")): 1,
        ("rnnzoo_requests_total", (NAME, route, "4xx")): 1,
        ("rnnzoo_requests_total", ("", route, "4xx")): 1,
        ("rnnzoo_request_seconds_count", (NAME, route)): 2,
        ("rnnzoo_refusals_total", ("unknown_name",)): 2,
        ("rnnzoo_refusals_total", ("invalid",)): 1,
        ("rnnzoo_refusals_total", ("host",)): 1,
        ("rnnzoo_batch_rows_sum", (NAME,)): 1,
        ("rnnzoo_run_seconds_count", (NAME,)): 1,
        ("rnnzoo_queue_seconds_count", (NAME,)): 1,
    }.items():
        assert after[key] - before.get(key, 0.0) == by, key
        assert key in grown
    for name in ("jobs_waiting", "work_waiting_seconds", "sessions_open"):
        assert after[f"rnnzoo_{name}", (NAME,)] == 0
    assert after["rnnzoo_requests_in_flight", ()] == after["rnnzoo_bytes_in_flight", ()] == 0
    assert "evil" not in str(after)


WARNINGS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": (
        {},
        "without a key or encryption; put a gateway before it, or give --api-key-file, --tls-cert and ",
    ),
    "keys": ({"api_key": "k" * 20}, "without encryption, so that keys can be read on their way; "),
    "tls": (
        {"tls_cert": "c", "tls_key": "k"},
        "without a key; put a gateway before it, or give --api-key-file.",
    ),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_what_a_server_that_others_can_reach_lacks_is_said(case: str) -> None:
    given, text = WARNINGS[case]
    (line,) = server_module._warnings(Settings(host="0.0.0.0", **given))
    assert line.startswith("warning: 0.0.0.0 can be reached by other machines, ")
    assert text in line
    assert server_module._warnings(Settings(**given)) == []


def test_what_lacks_nothing_is_not_warned_of() -> None:
    assert (
        server_module._warnings(Settings(host="0.0.0.0", api_key="k" * 20, tls_cert="c", tls_key="k")) == []
    )


def test_what_cannot_be_started_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(
        ArgumentError, match="tls_cert: received none; expected both a certificate and its key"
    ):
        server_module.serve(tmp_path / "no bundle", settings=Settings(port=0, tls_key="key.pem"))
