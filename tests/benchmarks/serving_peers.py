"""Our server beside Triton, FastAPI and itself: answers a second, processor time, start, memory.

    python tests/benchmarks/serving_peers.py --peers peers [--seconds 4] [--rounds 5]

Servers have the last core and the load tool the first. All serve one ONNX file with one thread of onnxruntime: Triton
through its Python backend (``serving_triton_model.py``) with dynamic batching, FastAPI one run a request
(``serving_fastapi_app.py``). Each is installed into an environment of its own below ``--peers``, which is made where it
is not there: ours as on a machine that only serves, the others in versions that are fixed here. In each round all are
asked in turn, by 32 connections that ask again once answered, and what is compared is the ratio within a round. Writes
``results/serving_peers.csv``; ``--table`` prints the table of the documentation.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from serving_peer_servers import CORES, Running, fastapi, installed, rnnzoo, triton
from zoo import machine, read_rows, write_rows

from rnnzoo_export.load_test.load import run_load
from rnnzoo_export.load_test.plan import LoadPlan
from rnnzoo_export.load_test.questions import (
    Question,
    Shape,
    check_question,
    raw_question,
    read_metadata,
    tensors_question,
)
from rnnzoo_export.load_test.target import read_target

RESULTS = Path(__file__).parent / "results" / "serving_peers.csv"
MODEL, FEATURES, STEPS, CLIENTS = "series-classifier-gru", 8, 64, 32
TEXT_MODEL = "text-classifier-gru"
WORDS = ("the", "film", "was", "good", "and", "long", "but", "its", "end", "came", "late", "for", "us", "all")
TEXT = " ".join(WORDS[number % len(WORDS)] for number in range(20))
STARTS = 5


def write_bundles(folder: Path) -> tuple[Path, Path]:
    """Writes a classifier of series and one of texts, both untrained."""
    from rnnzoo import create_model
    from rnnzoo.decoding import LabelDecoding
    from rnnzoo.preprocessing import TextPreprocessing
    from rnnzoo_export import save_bundle

    series, texts = folder / "series", folder / "texts"
    model = create_model(MODEL, units=(64,), num_features=FEATURES, num_classes=3)
    save_bundle(model, series, name=MODEL, task="classification")
    preprocessing = TextPreprocessing.fit(list(WORDS))
    model = create_model(
        TEXT_MODEL,
        units=(64,),
        num_classes=3,
        vocabulary_size=len(preprocessing.vocabulary),
        embedding_size=32,
    )
    save_bundle(
        model,
        texts,
        name=TEXT_MODEL,
        task="classification",
        preprocessing=preprocessing,
        decoding=LabelDecoding("classification", labels=["bad", "fair", "good"]),
    )
    return series, texts


def questions(servers: dict[str, Running]) -> dict[str, tuple[Running, Question]]:
    """Returns who is asked what, by the name of the case."""
    ours, texts = servers["rnnzoo"], servers["texts"]
    metadata = read_metadata(read_target(ours.url), MODEL)
    tensors = tensors_question(metadata, Shape(steps=STEPS))
    binary = tensors_question(metadata, Shape(steps=STEPS), binary=True)
    words = read_metadata(read_target(texts.url), TEXT_MODEL)
    return {
        "rnnzoo, JSON": (ours, tensors),
        "Triton, JSON": (servers["triton"], tensors),
        "FastAPI, JSON": (servers["fastapi"], tensors),
        "rnnzoo, binary": (ours, binary),
        "Triton, binary": (servers["triton"], binary),
        "rnnzoo, ids of a text": (texts, tensors_question(words, Shape(steps=len(TEXT.split())))),
        "rnnzoo, a text": (texts, raw_question(TEXT_MODEL, TEXT)),
    }


def asked(server: Running, question: Question, seconds: float) -> dict[str, Any]:
    """Puts load on a server, and returns what was seen with the processor time of an answer."""
    target = read_target(server.url)
    check_question(target, question)
    message = target.message(question.path, question.body, question.headers)
    used, spent, began = server.used, time.process_time(), time.perf_counter()
    found = asyncio.run(run_load(target, message, LoadPlan(clients=CLIENTS, seconds=seconds))).facts()
    wall = time.perf_counter() - began
    return {
        **{key: found[key] for key in ("answers_per_second", "p50_ms", "p99_ms", "failed")},
        "cpu_us": round(1e6 * (server.used - used) / max(1, found["answers"]), 1),
        "client_cpu": round((time.process_time() - spent) / wall, 3),
        "megabytes": round(server.megabytes, 1),
    }


def seconds_of_imports(programs: Path) -> float:
    """Seconds that Python takes for the packages alone, on the core of the servers."""
    began = time.perf_counter()
    subprocess.run(
        [programs / "python", "-c", "import numpy, onnxruntime"],
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, CORES[-1:]),
    )
    return time.perf_counter() - began


def starts(programs: Path, bundle: Path) -> Iterator[dict[str, Any]]:
    """Starts our server and the packages alone in turn."""
    for number in range(STARTS):
        with rnnzoo(programs, bundle) as server:
            took, memory = server.seconds, server.megabytes
        yield {
            "round": number,
            "case": "start to ready",
            "seconds": round(took, 3),
            "megabytes": round(memory, 1),
        }
        yield {"round": number, "case": "imports", "seconds": round(seconds_of_imports(programs), 3)}


def measure(peers: Path, seconds: float, rounds: int) -> Iterator[dict[str, Any]]:
    """Yields the rows of all rounds."""
    programs = installed(peers)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        series, texts = write_bundles(folder)
        servers = {
            "rnnzoo": stack.enter_context(rnnzoo(programs, series)),
            "texts": stack.enter_context(rnnzoo(programs, texts)),
            "triton": stack.enter_context(triton(series, peers, folder, MODEL)),
            "fastapi": stack.enter_context(fastapi(series, peers)),
        }
        cases = questions(servers)
        os.sched_setaffinity(0, CORES[:1])
        for server, question in cases.values():  # what the first requests take is not measured
            asked(server, question, 0.5)
        for number in range(rounds):
            order = list(cases)[:: 1 if number % 2 == 0 else -1]
            for case in order:
                yield {"round": number, "case": case, **asked(*cases[case], seconds)}
    with tempfile.TemporaryDirectory() as name:
        yield from starts(programs, write_bundles(Path(name))[0])


@dataclass(frozen=True)
class Ratio:
    """A line of the table.

    Attributes:
        title: What is compared.
        key: By which figure.
        of: Of which case.
        to: To which case.
        aim: What is asked of it.
        better: How the ratio is formed: more is better, or less.
    """

    title: str
    key: str
    of: str
    to: str
    aim: str
    inverse: bool = False


RATIOS = (
    Ratio(
        "answers a second, JSON: of Triton's",
        "answers_per_second",
        "rnnzoo, JSON",
        "Triton, JSON",
        "at least 1.0",
    ),
    Ratio(
        "answers a second, binary: of Triton's",
        "answers_per_second",
        "rnnzoo, binary",
        "Triton, binary",
        "goal 0.9",
    ),
    Ratio(
        "answers for one second of a processor, JSON: of FastAPI's",
        "cpu_us",
        "rnnzoo, JSON",
        "FastAPI, JSON",
        "goal 3",
        inverse=True,
    ),
    Ratio("the same, JSON: of Triton's", "cpu_us", "rnnzoo, JSON", "Triton, JSON", "", inverse=True),
    Ratio("the same, binary: of Triton's", "cpu_us", "rnnzoo, binary", "Triton, binary", "", inverse=True),
    Ratio(
        "answers a second to a text (`predict`): of those to its ids (`infer`)",
        "answers_per_second",
        "rnnzoo, a text",
        "rnnzoo, ids of a text",
        "at least 0.7",
    ),
    Ratio(
        "start until ready: of `import numpy, onnxruntime`",
        "seconds",
        "start to ready",
        "imports",
        "at most 2.5",
    ),
)


def of_case(rows: Sequence[dict[str, str]], case: str, key: str) -> list[float]:
    return [float(row[key]) for row in sorted(rows, key=lambda row: int(row["round"])) if row["case"] == case]


def table() -> str:
    """The table of the documentation: medians of the ratios of each round."""
    rows = read_rows(RESULTS)
    lines = ["| what | asked | found |", "|---|---|---|"]
    for line in RATIOS:
        pairs = zip(of_case(rows, line.of, line.key), of_case(rows, line.to, line.key), strict=True)
        shares = [theirs / ours if line.inverse else ours / theirs for ours, theirs in pairs]
        lines.append(
            f"| {line.title} | {line.aim} | {np.median(shares):.2f} ({min(shares):.2f}-{max(shares):.2f}) |"
        )
    memory = max(of_case(rows, "rnnzoo, JSON", "megabytes"))
    lines.append(f"| memory after all requests | under 120 MB | {memory:.0f} MB |")
    failed = sum(int(row["failed"]) for row in rows if row["failed"])
    lines.append(f"| requests not answered with status 200 | none | {failed} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, default=Path("peers"), help="where their environments are")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--table", action="store_true", help="print the table from the results")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    rows: list[dict[str, Any]] = []
    for row in measure(options.peers.resolve(), options.seconds, options.rounds):
        print(row, flush=True)
        rows.append({**row, **machine()})
    write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
