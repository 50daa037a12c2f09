"""Truth of ``rnnzoo_export.serving.generate``: texts over real sockets are those that a generator writes."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from handmade_bundles import scorer, writer
from rnnzoo.preprocessing import TextPreprocessing, TokenPreprocessing
from rnnzoo_export import Settings, create_app
from rnnzoo_export.inference.generator import TextGenerator
from rnnzoo_export.inference.predictor import OnnxPredictor
from serving_client import Server, running

WORDS = TokenPreprocessing(["", "[UNK]", "to", "be", "<eos>", "or", "not"])
TABLE = np.random.default_rng(5).normal(size=(7, 7))
NAME = "handmade"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return writer(tmp_path_factory.mktemp("generate") / "b", TABLE, WORDS)


@pytest.fixture(scope="module")
def server(bundle: Path) -> Iterator[Server]:
    with running(bundle, NAME) as server:
        yield server


def events(server: Server, message: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages of a stream, each an event of its own."""
    with httpx.stream("POST", f"{server.model}/generate_stream", json=message, timeout=30) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        text = "".join(response.iter_text())
    parts = text.split("\n\n")
    assert parts.pop() == ""
    assert all(part.startswith("data: ") for part in parts)
    return [json.loads(part.removeprefix("data: ")) for part in parts]


def test_one_answer_and_joined_pieces_are_what_a_generator_writes(server: Server, bundle: Path) -> None:
    generator = TextGenerator(bundle)
    asked: list[dict[str, Any]] = [
        {"seed": 1, "max_tokens": 30},
        {"seed": 2, "max_tokens": 30, "temperature": 0.6, "top_k": 3},
        {"seed": 3, "max_tokens": 1, "top_p": 0.8},
    ]
    for parameters in asked:
        options = dict(parameters)
        prompt, length = "to be or", options.pop("max_tokens")
        alone = generator.write(prompt, length=length, **options)[len(prompt) :]
        answer = httpx.post(f"{server.model}/generate", json={"text_input": prompt, "parameters": parameters})
        assert answer.json() == {
            "model_name": NAME,
            "model_version": "1",
            "text_output": alone,
            "finish_reason": "length",
            "tokens": length,
            "seed": parameters["seed"],
        }
        messages = events(server, {"text_input": prompt, **parameters})
        assert "".join(message["text_output"] for message in messages) == alone
        assert len(messages) == length
        assert messages[-1] == {**answer.json(), "text_output": messages[-1]["text_output"]}
        assert all(
            message.keys() == {"model_name", "model_version", "text_output"} for message in messages[:-1]
        )


def test_the_seed_that_was_drawn_writes_the_same_again(server: Server) -> None:
    address = f"{server.url}/v2/models/{NAME}/versions/1/generate"
    first = httpx.post(address, json={"text_input": "to", "max_tokens": 60}).json()
    again = httpx.post(address, json={"text_input": "to", "max_tokens": 60, "seed": first["seed"]}).json()
    other = httpx.post(address, json={"text_input": "to", "max_tokens": 60}).json()
    assert first == again
    assert other["text_output"] != first["text_output"]


def test_a_stop_is_not_given_out(server: Server, bundle: Path) -> None:
    whole = TextGenerator(bundle).write("to", length=200, seed=3)[2:]
    asked = {"text_input": "to", "seed": 3, "max_tokens": 200, "stop": [" or not", "never"]}
    wanted = whole[: whole.index(" or not")]
    answer = httpx.post(f"{server.model}/generate", json=asked).json()
    assert (answer["text_output"], answer["finish_reason"]) == (wanted, "stop")
    messages = events(server, asked)
    assert "".join(message["text_output"] for message in messages) == wanted
    assert messages[-1]["finish_reason"] == "stop"


WRONG: list[tuple[Any, int, str]] = [
    ([], 400, "body: "),
    ({}, 400, 'text_input: received None; expected a text. Send e.g. {"text_input": "to be"}.'),
    ({"text_input": " "}, 400, "text_input: received ' '; expected one word or character at least."),
    (
        {"text_input": "to " * 4097},
        413,
        "text_input: received 4097 words or characters; expected at most 4096. Send the last of them.",
    ),
    (
        {"text_input": "to", "max_tokens": 2001},
        400,
        "max_tokens: received 2001; expected an integer of at least 1 and at most 2000.",
    ),
    ({"text_input": "to", "top_k": 1.5}, 400, "top_k: received 1.5; expected an integer of at least 1."),
]


@pytest.mark.parametrize(("message", "status", "told"), WRONG)
def test_errors_before_the_first_event_are_plain_json(
    server: Server, message: Any, status: int, told: str
) -> None:
    for address in ("generate", "generate_stream"):
        answer = httpx.post(f"{server.model}/{address}", json=message)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"].startswith(told)
    assert server.healthy()


def test_other_addresses_methods_and_models(server: Server, tmp_path: Path) -> None:
    assert httpx.get(f"{server.model}/generate").status_code == 405
    other = f"{server.url}/v2/models/other/generate_stream"
    assert httpx.post(other, json={"text_input": "to"}).status_code == 404
    assert httpx.post(f"{server.model}/generate", content="to be").status_code == 400


def ask(app: Any, address: str, message: Any) -> httpx.Response:
    """What an application answers, without a socket."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport) as client:
            return await client.post(f"http://localhost/v2/models/{NAME}/{address}", json=message)

    return asyncio.run(asked())


def test_what_writes_no_texts_says_how_to_get_it(tmp_path: Path) -> None:
    texts = scorer(
        tmp_path / "texts", np.eye(4, 2), preprocessing=TextPreprocessing(["", "[UNK]", "to", "be"])
    )
    for bundle in (texts, writer(tmp_path / "whole", TABLE, WORDS, streaming=False)):
        answer = ask(create_app(OnnxPredictor(bundle)), "generate", {"text_input": "to"})
        assert answer.status_code == 400
        assert answer.json()["error"] == (
            "generate: handmade does not write texts; expected a language model with a streaming file. Train one on "
            "running_text_splits, and export it with also=['streaming'], or rnnzoo export --streaming."
        )


def test_what_takes_too_long_is_told_so(bundle: Path) -> None:
    settings = Settings(max_new_tokens=10**9, deadline=0.2, generation_timeout=0.4)
    endless = {"text_input": "to", "max_tokens": 10**9}
    app = create_app(OnnxPredictor(bundle), settings=settings)
    answer = ask(app, "generate", endless)
    advice = "Ask for fewer, or ask generate_stream, which gives out what there is."
    assert (answer.status_code, answer.json()["error"]) == (
        504,
        "server: not written within 0.2 s of the arrival of the request; expected fewer tokens, or less load. "
        + advice,
    )
    answer = ask(create_app(OnnxPredictor(bundle), settings=settings), "generate_stream", endless)
    *pieces, last = answer.text.strip().split("\n\n")
    assert answer.status_code == 200
    assert all('"text_output":" ' in piece or '"text_output":"\\n"' in piece for piece in pieces)
    assert json.loads(last.removeprefix("data: "))["error"].startswith("server: not written within 0.4 s")


def test_an_error_in_the_middle_is_the_last_event(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(OnnxPredictor(bundle))
    model = app.state.models.find(NAME)
    run, runs = model.writer.generator.logits, []

    def failing(sessions: Any, tokens: np.ndarray) -> np.ndarray:
        runs.append(tokens)
        if len(runs) == 6:
            raise RuntimeError("secret of the server")
        return np.asarray(run(sessions, tokens))

    monkeypatch.setattr(model.writer.generator, "logits", failing)
    # Two runs warm the writer, three write a word each.
    answer = ask(app, "generate_stream", {"text_input": "to"})
    assert answer.status_code == 200
    *pieces, last = [json.loads(part.removeprefix("data: ")) for part in answer.text.strip().split("\n\n")]
    assert len(pieces) == 3
    assert last == {"error": "server: an unexpected error; it was logged."}


def test_a_hundred_texts_at_once(server: Server, bundle: Path) -> None:
    generator = TextGenerator(bundle)
    with (
        httpx.Client(timeout=30, limits=httpx.Limits(max_connections=None)) as client,
        ThreadPoolExecutor(100) as pool,
    ):

        def written(seed: int) -> str:
            message = {"text_input": "to be", "seed": seed, "max_tokens": 20}
            if seed % 2:
                answer = client.post(f"{server.model}/generate", json=message)
                return str(answer.json()["text_output"])
            with client.stream("POST", f"{server.model}/generate_stream", json=message) as response:
                lines = [json.loads(line[6:]) for line in response.iter_lines() if line]
            return "".join(line["text_output"] for line in lines)

        texts = list(pool.map(written, range(100)))
    assert ["to be" + text for text in texts] == [
        generator.write("to be", length=20, seed=seed) for seed in range(100)
    ]


@contextmanager
def serving(bundle: Path, settings: Settings) -> Iterator[Server]:
    """A server with settings that no option of the command has."""
    code = f"from rnnzoo_export.serving.server import *; serve({str(bundle)!r}, settings={settings!r})"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        found = re.search(r":(\d+)/", process.stderr.readline())
        assert found
        yield Server(process, int(found[1]), NAME)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def begun(server: Server, tokens: int = 2000) -> socket.socket:
    """A connection over which a stream is asked for, by default a long one."""
    body = json.dumps({"text_input": "to", "max_tokens": tokens}).encode()
    head = (
        f"POST /v2/models/{NAME}/generate_stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(head.encode() + body)
    return connection


def text_of(connection: socket.socket) -> str:
    """All that comes over a connection."""
    text = b""
    while part := connection.recv(65536):
        text += part
    return text.decode()


def test_more_than_allowed_are_refused_until_some_leave(bundle: Path) -> None:
    settings = Settings(port=0, max_generations=3, max_new_tokens=10**9)
    with ExitStack() as stack:
        server = stack.enter_context(serving(bundle, settings))
        for _ in range(3):
            with ExitStack() as streams:
                for _ in range(3):
                    connection = streams.enter_context(closing(begun(server, 10**9)))
                    assert connection.recv(20).startswith(b"HTTP/1.1 200")
                refused = httpx.post(f"{server.model}/generate", json={"text_input": "to"}, timeout=30)
                assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
                assert refused.json()["error"] == (
                    "server: 3 texts are being written already. Try again in a second."
                )
            ends = time.monotonic() + 5
            while (
                httpx.post(f"{server.model}/generate", json={"text_input": "to"}, timeout=30).status_code
                != 200
            ):
                assert time.monotonic() < ends


@pytest.mark.parametrize(
    ("timeout", "streams", "tokens", "ends_early"), [("20", 2, 500, False), ("1", 60, 2000, True)]
)
def test_streams_are_written_to_their_end_or_told_why_not(
    bundle: Path, timeout: str, streams: int, tokens: int, ends_early: bool
) -> None:
    with ExitStack() as stack, running(bundle, NAME, "--shutdown-timeout", timeout) as server:
        connections = [stack.enter_context(closing(begun(server, tokens))) for _ in range(streams)]
        for connection in connections:
            assert connection.recv(20).startswith(b"HTTP/1.1 200")
        with ThreadPoolExecutor(streams) as pool:
            texts = pool.map(text_of, connections)
            server.process.send_signal(signal.SIGTERM)
            for text in texts:
                last = text.strip().removesuffix("\r\n0").strip().rpartition("data: ")[2]
                if ends_early:
                    assert "server: is stopping. Ask another, or try again in a second." in last
                else:
                    assert f'"finish_reason":"length","tokens":{tokens}' in last


@pytest.mark.slow
def test_short_requests_do_not_wait_for_texts(tmp_path: Path) -> None:
    words = TokenPreprocessing(["", "[UNK]", *(f"w{number}" for number in range(2_000))])
    table = np.random.default_rng(0).normal(size=(2_002, 2_002))
    tensor = {"name": "tokens", "datatype": "INT32", "shape": [1, 8], "data": [5] * 8}
    with running(writer(tmp_path / "b", table, words), NAME) as server, httpx.Client(timeout=30) as client:

        def seconds() -> float:
            began = time.perf_counter()
            answer = client.post(
                f"{server.model}/infer", json={"inputs": [tensor], "outputs": [{"name": "logits"}]}
            )
            assert answer.status_code == 200
            return time.perf_counter() - began

        seconds()
        alone = np.median([seconds() for _ in range(100)])
        with ExitStack() as stack:
            for _ in range(32):
                connection = stack.enter_context(closing(begun(server)))
                assert connection.recv(20).startswith(b"HTTP/1.1 200")
            beside = np.median([seconds() for _ in range(100)])
        assert beside < 4 * alone
