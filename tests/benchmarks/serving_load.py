"""How a server answers under load: many clients, long requests beside short ones, clients that dawdle.

    python tests/benchmarks/serving_load.py [--seconds 5] [--rounds 3]

Server and clients have a core each where there are two. Clients keep their connections and ask again as soon as they
are answered; what is not answered in time counts as failed. Health is asked by a process of its own, which has none of
the other clients to attend to. Cases are asked in turn. Writes ``results/serving_load.csv``; ``--table`` prints the
table of the documentation.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import psutil
from zoo import machine, read_rows, write_rows

from rnnzoo_export.load_test.load import run_load
from rnnzoo_export.load_test.plan import LoadPlan
from rnnzoo_export.load_test.questions import Shape, tensors_question
from rnnzoo_export.load_test.seen import Seen
from rnnzoo_export.load_test.target import Target, read_target

RESULTS = Path(__file__).parent / "results" / "serving_load.csv"
MODEL, FEATURES = "series-classifier-gru", 8
#: Rows and steps of the long requests, with how many clients ask each.
LONG = ((1, 2000, 2), (32, 2000, 8))
TIMEOUT = 30.0


def request(target: Target, rows: int, steps: int) -> bytes:
    """Returns an inference request in JSON."""
    features = {"name": "features", "datatype": "FP32", "shape": [-1, -1, FEATURES]}
    question = tensors_question({"name": MODEL, "inputs": [features]}, Shape(rows=rows, steps=steps))
    return target.message(question.path, question.body, question.headers)


async def dawdling(port: int, message: bytes, ends: float) -> None:
    """Sends a byte of a body now and then."""
    with contextlib.suppress(ConnectionError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head, _, body = message.partition(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        for byte in body:
            if time.perf_counter() > ends:
                break
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.5)
        writer.close()


async def idle(port: int, ends: float) -> None:
    """Keeps a connection open that asks nothing."""
    with contextlib.suppress(ConnectionError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.read(), max(0.0, ends - time.perf_counter()))
        writer.close()


@dataclass(frozen=True)
class Case:
    """Who asks at once.

    Attributes:
        clients: Of those that are timed.
        long: Whether long requests are asked beside.
        drips: Clients that send their bodies slowly.
        idle: Connections that ask nothing.
        health: Whether health is timed in place of the model.
    """

    clients: int = 1
    long: bool = False
    drips: int = 0
    idle: int = 0
    health: bool = False


CASES: dict[str, Case] = {
    "one client": Case(),
    "one client beside ten long requests": Case(long=True),
    "32 clients": Case(32),
    "1,000 clients": Case(1000),
    "health, idle": Case(health=True),
    "health beside 1,000 clients": Case(1000, health=True),
    "one client beside 130 slow bodies, 1,000 idle": Case(drips=130, idle=1000),
}


async def measured(process: psutil.Process, port: int, case: Case, seconds: float) -> dict[str, Any]:
    """Runs one case and returns what its clients saw, and what share of a processor the server took."""
    target, others = read_target(f"http://127.0.0.1:{port}"), list[Seen]()
    short, ends = request(target, 1, 8), time.perf_counter() + seconds
    crowd: list[Any] = []

    def also(message: bytes, clients: int) -> None:
        """Lets others ask beside those that are timed."""
        plan = LoadPlan(clients=clients, seconds=seconds, timeout=TIMEOUT)
        crowd.append(run_load(target, message, plan, others.append))

    if case.long:
        for rows, steps, clients in LONG:
            also(request(target, rows, steps), clients)
    crowd += [dawdling(port, short, ends) for _ in range(case.drips)]
    crowd += [idle(port, ends) for _ in range(case.idle)]
    if case.health and case.clients > 1:
        also(short, case.clients)
    tasks = [asyncio.create_task(one) for one in crowd]
    await asyncio.sleep(1.0 if tasks else 0.0)
    began, used = time.perf_counter(), sum(process.cpu_times()[:2])
    if case.health:
        seen = await health(port, seconds - 1.0)
    else:
        plan = LoadPlan(clients=case.clients, seconds=max(0.1, ends - began), timeout=TIMEOUT)
        seen = await run_load(target, short, plan)
    wall = time.perf_counter() - began
    share = (sum(process.cpu_times()[:2]) - used) / wall
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    found, beside = seen.facts(), {id(one): one for one in others}.values()
    return {
        **{key: found[key] for key in ("answers_per_second", "p50_ms", "p99_ms", "max_ms", "failed")},
        "server_cpu": round(share, 3),
        "others": sum(one.statuses[200] for one in beside),
        "others_failed": sum(one.failed for one in beside),
    }


PROBE = """
import socket, sys, time
port, seconds = int(sys.argv[1]), float(sys.argv[2])
with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        began = time.perf_counter()
        connection.sendall(b"GET /v2/health/ready HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
        status = connection.recv(65536).split()[1].decode()
        print(status, time.perf_counter() - began)
        time.sleep(0.01)
"""


async def health(port: int, seconds: float) -> Seen:
    """Asks for the health of the server from a process of its own."""
    command = (sys.executable, "-c", PROBE, str(port), str(seconds))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    text, _ = await process.communicate()
    seen = Seen()
    for line in text.decode().splitlines():
        status, took = line.split()
        seen.answer(int(status), b"", 0.0, float(took))
    seen.last = seconds
    return seen


@contextlib.contextmanager
def server(folder: Path) -> Iterator[tuple[psutil.Process, int]]:
    """Serves an untrained model on the last core, and keeps this process to the first; yields it and its port."""
    from rnnzoo import create_model
    from rnnzoo_export import save_bundle

    model = create_model(MODEL, units=(64,), num_features=FEATURES, num_classes=3)
    save_bundle(model, folder / "bundle", name=MODEL, task="classification")
    cores = sorted(os.sched_getaffinity(0))
    process = subprocess.Popen(
        [sys.executable, "-m", "rnnzoo", "serve", str(folder / "bundle"), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores[-1:]),
    )
    os.sched_setaffinity(0, cores[:1])
    try:
        assert process.stderr is not None
        port = re.search(r":(\d+)/", process.stderr.readline())
        assert port is not None
        yield psutil.Process(process.pid), int(port[1])
    finally:
        process.terminate()
        process.wait(30)
        os.sched_setaffinity(0, cores)


#: What is asked of the server: a figure of one case as a share of that of another.
RATIOS = (
    (
        "short requests beside ten long ones: median",
        "p50_ms",
        "one client beside ten long requests",
        "one client",
    ),
    (
        "the same: 99th percentile, of that of 32 clients without",
        "p99_ms",
        "one client beside ten long requests",
        "32 clients",
    ),
    ("1,000 clients: answers a second, of those of 32", "answers_per_second", "1,000 clients", "32 clients"),
    (
        "health beside 1,000 clients: 99th percentile, of an idle server's",
        "p99_ms",
        "health beside 1,000 clients",
        "health, idle",
    ),
    (
        "beside 130 slow bodies and 1,000 idle connections: median",
        "p50_ms",
        "one client beside 130 slow bodies, 1,000 idle",
        "one client",
    ),
)


def table() -> str:
    """The table of the documentation: medians of the ratios of each round."""
    lines = ["| what | ratio | longest answer | not answered well |", "|---|---|---|---|"]
    rows = read_rows(RESULTS)
    for title, key, case, other in RATIOS:
        ours, theirs = ([row for row in rows if row["case"] == name] for name in (case, other))
        shares = [float(one[key]) / float(two[key]) for one, two in zip(ours, theirs, strict=True)]
        longest = max(float(row["max_ms"]) for row in ours)
        failed = sum(int(row["failed"]) + int(row["others_failed"]) for row in ours)
        lines.append(
            f"| {title} | {np.median(shares):.2f} ({min(shares):.2f}-{max(shares):.2f}) | {longest:.0f} ms | {failed} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--table", action="store_true", help="print the table from the results")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as (process, port):
        for _ in range(options.rounds):
            for name, case in CASES.items():
                found = asyncio.run(measured(process, port, case, options.seconds))
                rows.append({"case": name, **found, **machine()})
                print({"case": name, **found}, flush=True)
    write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
