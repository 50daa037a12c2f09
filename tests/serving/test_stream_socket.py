"""Truth of ``rnnzoo_export.serving.stream_socket``: one sequence each, and clients that do not behave."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from rnnzoo.decoding.ctc import best_symbols
from rnnzoo_export import OnnxPredictor, Settings, create_app, load_bundle
from rnnzoo_export.serving.bundle_model import BundleModel
from serving_client import Server, running
from streamed_models import (
    FEATURES,
    LETTERS,
    MELS,
    RATE,
    SPOTTER,
    TAGGER,
    TRANSCRIBER,
    WHOLE,
    Recurrence,
    series,
    sound,
)
from websocket_client import ClosedError, WebSocketClient


def connect(server: Server, model: str = TAGGER, **headers: str) -> WebSocketClient:
    return WebSocketClient(server.port, f"/v2/models/{model}/stream", headers=headers)


@contextmanager
def opened(server: Server, model: str = TAGGER) -> Iterator[WebSocketClient]:
    with connect(server, model) as client:
        assert client.status == 101
        client.greeting = client.receive()  # type: ignore[attr-defined]
        yield client


def tensors(x: np.ndarray) -> list[dict[str, Any]]:
    return [{"name": "features", "datatype": "FP32", "shape": list(x.shape), "data": x.ravel().tolist()}]


def features_of(bundle: Path, raw: Any) -> np.ndarray:
    preprocessing = load_bundle(bundle).preprocessing
    assert preprocessing is not None
    return preprocessing.apply([raw])["features"]


def test_pieces_of_a_series_are_tagged_as_the_whole_is(streams: Server, streamed: dict[str, Path]) -> None:
    raw = 3 + 2 * series(9, seed=5)[0]
    (whole,) = OnnxPredictor(streamed[TAGGER]).predict([raw])
    with opened(streams) as client:
        assert client.greeting["input"] == {"takes": "series", "shape": [None, FEATURES], "binary": "FP32"}  # type: ignore[attr-defined]
        answers = [
            client.ask({"input": raw[:2].tolist(), "id": "first"}),
            client.ask(raw[2:5].astype("<f4").tobytes()),
            client.ask({"inputs": tensors(features_of(streamed[TAGGER], raw)[:, 5:6])}),
            client.ask({"input": raw[6:].tolist(), "end": True}),
        ]
        assert client.end().code == 1000
    assert [answer.get("steps") for answer in answers] == [2, 3, None, 3]
    assert (answers[0]["id"], answers[3]["end"]) == ("first", True)
    (output,) = answers[2]["outputs"]
    assert (output["name"], output["datatype"], output["shape"]) == ("logits", "FP32", [1, 1, 4])
    labels = [tag for number in (0, 1, 3) for tag in answers[number]["answer"]["labels"]]
    assert labels == whole["labels"][:5] + whole["labels"][6:]
    found = np.concatenate([answers[number]["answer"]["probabilities"] for number in (0, 1, 3)])
    expected = np.delete(whole["probabilities"], 5)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("cuts", [[], [1, 30, 31, 1000], list(range(80, 4000, 80))])
def test_speech_is_written_down_while_it_is_heard(
    cuts: list[int], streams: Server, streamed: dict[str, Path]
) -> None:
    samples, truth = sound(seed=7), Recurrence.of(MELS)
    logits = truth(features_of(streamed[TRANSCRIBER], samples))[0]
    spoken = "".join(LETTERS[symbol] for symbol in best_symbols(logits))
    assert len(spoken) > 3
    with opened(streams, TRANSCRIBER) as client:
        assert client.greeting["input"] == {  # type: ignore[attr-defined]
            "takes": "sound",
            "shape": [None],
            "binary": "INT16",
            "sample_rate": RATE,
        }
        frames, said = 0, ""
        for number, piece in enumerate(np.split(samples, cuts)):
            as_bytes = piece.astype("<i2").tobytes()
            answer = client.ask(as_bytes if number % 2 else {"input": (piece / 32768).tolist()})
            frames += answer["steps"]
            said += answer["answer"]["new"]
            so_far = "".join(LETTERS[symbol] for symbol in best_symbols(logits[:frames]))
            assert answer["answer"]["text"] == said == so_far
        last = client.ask({"end": True, "id": "z"})
        assert client.end().code == 1000
    assert last == {"id": "z", "steps": 0, "answer": {"text": spoken, "new": ""}, "end": True}
    (whole,) = OnnxPredictor(streamed[TRANSCRIBER]).predict([samples])
    assert whole["text"] == spoken


def test_a_spotter_answers_to_all_that_it_has_heard(streams: Server, streamed: dict[str, Path]) -> None:
    samples = sound(seed=8)
    predictor = OnnxPredictor(streamed[SPOTTER])
    with opened(streams, SPOTTER) as client:
        assert client.ask({"input": [0.0] * 50}) == {"steps": 0, "answer": None}
        for end in (400, 1000, 4000):
            begin = {400: 0, 1000: 400, 4000: 1000}[end]
            answer = client.ask(samples[begin:end].astype("<i2").tobytes())["answer"]
            heard = np.concatenate([np.zeros(50, np.int16), samples[:end]])
            (whole,) = predictor.predict([heard])
            assert answer["label"] == whole["label"]
            assert answer["probability"] == pytest.approx(whole["probability"], rel=1e-4)


WRONG: dict[str, tuple[Any, int, str]] = {
    "no JSON": ("{", 400, "body: not valid JSON"),
    "a list": ("[]", 400, "received a JSON list; expected an object"),
    "unknown key": (
        {"input": [[0, 0, 0]], "more": 1},
        400,
        "message: received the unknown key 'more'; expected in",
    ),
    "nothing": ({}, 400, 'message: received no piece; expected "input"'),
    "both": ({"input": [[0, 0, 0]], "inputs": []}, 400, 'message: received "input" and "inputs"'),
    "end": ({"end": 1}, 400, "end: received 1; expected true or false"),
    "id": ({"end": True, "id": 4}, 400, "id: received 4; expected a string"),
    "no bytes": (b"", 400, "piece: received no bytes"),
    "part of a step": (bytes(13), 400, "piece: received 13 bytes; expected whole steps [-1, 3] of FP32"),
    "not finite": (
        np.full(3, np.nan, "<f4").tobytes(),
        400,
        "piece: received nan at step 0, feature 0; expected fin",
    ),
    "width": ({"input": [[1.0]]}, 400, "piece: received shape (1, 1); expected (time, 3)"),
    "empty": ({"input": []}, 400, "piece: received an empty series; expected at least one step"),
    "text": ({"input": "hello"}, 400, "piece: received"),
    "too long": (
        {"input": [[0, 0, 0]] * 4097},
        413,
        "piece: received 4097 values, up to 4097 steps; expected at most",
    ),
    "no tensor": (
        {"inputs": [{"name": "other"}]},
        400,
        "inputs: received unknown name 'other'; expected features",
    ),
    "two rows": ({"inputs": tensors(np.zeros((2, 1, 3)))}, 400, "must specify batch-size 1"),
}


def test_wrong_messages_move_nothing(streams: Server) -> None:
    x = series(4, seed=6)
    with opened(streams) as client:
        first = client.ask({"inputs": tensors(x[:, :2])})["outputs"][0]["data"]
        for name, (content, status, message) in WRONG.items():
            answer = client.ask(content)
            assert (answer["status"], message in answer["error"]) == (status, True), (name, answer)
        last = client.ask({"inputs": tensors(x[:, 2:])})["outputs"][0]["data"]
    found = np.reshape(first + last, (1, 4, -1))
    np.testing.assert_allclose(found, Recurrence.of(FEATURES)(x), rtol=1e-5, atol=1e-5)


def test_wrong_sound_moves_nothing(streams: Server) -> None:
    samples = sound(seed=7)[:2000]
    with opened(streams, TRANSCRIBER) as client:
        alone = [client.ask(piece.astype("<i2").tobytes()) for piece in np.split(samples, [333])]
    with opened(streams, TRANSCRIBER) as client:
        first = client.ask(samples[:333].astype("<i2").tobytes())
        for wrong, message in (
            ({"input": [0.5, 50.0]}, "piece: received 50.0 at sample 1"),
            (b"abc", "piece: received 3 bytes; expected whole steps [-1] of INT16"),
            (
                {"input": [0.1] * 800_000},
                "piece: received 800000 values, up to 10001 steps; expected at most 4096",
            ),
        ):
            assert message in client.ask(wrong)["error"]
        assert [first, client.ask(samples[333:].astype("<i2").tobytes())] == alone


# Who may connect


@pytest.mark.parametrize(
    ("model", "headers", "status", "message"),
    [
        ("other", {}, 404, "model: received 'other'"),
        (
            WHOLE,
            {},
            400,
            "stream: whole answers whole sequences only, for its bundle holds no streaming.onnx. Export",
        ),
        (f"{TAGGER}-streaming", {}, 400, "answers whole sequences only"),
        (TAGGER, {"Origin": "https://example.org"}, 403, "Origin: expected a page of this server"),
        (TAGGER, {"Origin": "null"}, 403, "Origin: expected a page of this server"),
        (TAGGER, {"Origin": "http://127.0.0.1:1"}, 403, "Origin: expected a page of this server"),
        (TAGGER, {"Host": "example.org"}, 421, "Host: expected a name of this server"),
        (TAGGER, {"Host": "example.org", "Origin": "http://example.org"}, 421, "Host: expected"),
    ],
)
def test_others_are_refused_at_the_door(
    model: str, headers: dict[str, str], status: int, message: str, streams: Server
) -> None:
    with connect(streams, model, **headers) as client:
        assert (client.status, message in json.loads(client.body)["error"]) == (status, True)


def test_the_servers_own_page_may_connect(streams: Server) -> None:
    for host in ("127.0.0.1", "localhost"):
        address = f"{host}:{streams.port}"
        with connect(streams, Host=address, Origin=f"http://{address}") as client:
            assert client.status == 101


def test_pages_of_others_may_connect_where_they_are_allowed(streamed: dict[str, Path]) -> None:
    settings = Settings(allowed_origins=("https://example.org",))
    with in_process(streamed[TAGGER], settings) as client:
        with client.websocket_connect(ADDRESS, headers={"Origin": "https://example.org"}) as socket:
            assert socket.receive_json()["model_name"] == TAGGER
        with (
            pytest.raises(WebSocketDenialResponse),
            client.websocket_connect(ADDRESS, headers={"Origin": "https://example.com"}),
        ):
            pass


# Limits

ADDRESS = f"ws://localhost/v2/models/{TAGGER}/stream"


@contextmanager
def in_process(bundle: Path, settings: Settings) -> Iterator[TestClient]:
    """An application without a socket, whose limits can be small."""
    app = create_app([BundleModel(OnnxPredictor(bundle), settings, name=TAGGER)], settings=settings)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(("limit", "word"), [("max_streams", "streams"), ("max_sessions", "sequences")])
def test_no_more_streams_are_open_than_allowed(limit: str, word: str, streamed: dict[str, Path]) -> None:
    with in_process(streamed[TAGGER], Settings(**{limit: 2})) as client:  # type: ignore[arg-type]
        with client.websocket_connect(ADDRESS), client.websocket_connect(ADDRESS):
            with pytest.raises(WebSocketDenialResponse) as found, client.websocket_connect(ADDRESS):
                pass
            assert (found.value.status_code, found.value.headers["Retry-After"]) == (503, "1")
            assert found.value.json()["error"].startswith(f"{word}: 2 are open, the most allowed.")
        with client.websocket_connect(ADDRESS) as socket:
            assert socket.receive_json()["model_name"] == TAGGER


def test_a_silent_one_is_closed(streamed: dict[str, Path]) -> None:
    settings = Settings(sequence_idle_timeout=0.3)
    with in_process(streamed[TAGGER], settings) as client, client.websocket_connect(ADDRESS) as socket:
        socket.receive_json()
        with pytest.raises(WebSocketDisconnect) as found:
            socket.receive_json()
        assert (found.value.code, found.value.reason) == (1008, "no piece within 0.3 s")


def test_a_message_that_is_too_large_ends_it(streamed: dict[str, Path]) -> None:
    settings = Settings(max_body_bytes=1000)
    with in_process(streamed[TAGGER], settings) as client, client.websocket_connect(ADDRESS) as socket:
        socket.receive_json()
        socket.send_bytes(bytes(1200))
        with pytest.raises(WebSocketDisconnect) as found:
            socket.receive_json()
        assert (found.value.code, found.value.reason) == (1009, "more than 1000 bytes in one message")


# Clients that do not behave


def test_broken_clients_disturb_nobody(streams: Server) -> None:
    for _ in range(5):
        client = connect(streams)
        client.send({"input": [[0.0] * FEATURES] * 1000})
        client.connection.close()  # without a word
        client = connect(streams)
        client.connection.sendall(b"\x81\xfe\xff")  # the beginning of a message
        client.connection.close()
        client = connect(streams)
        client.connection.sendall(b"\xff" * 100)  # no frame at all
        assert client.end().code in (1002, 1005, 1006)
        client.connection.close()
        client = connect(streams)
        client.send(bytes(17 * 2**20)[: 2**16], last=False)  # one that never ends
        client.connection.close()
    x = series(3)
    with opened(streams) as client:
        client.send(b"", kind=9)  # a ping
        found = client.ask({"inputs": tensors(x)})["outputs"][0]["data"]
    np.testing.assert_allclose(
        np.reshape(found, (1, 3, -1)), Recurrence.of(FEATURES)(x), rtol=1e-5, atol=1e-5
    )
    assert streams.healthy()


def test_who_does_not_take_answers_is_sent_no_more(streams: Server) -> None:
    with connect(streams) as client:
        message = json.dumps({"inputs": tensors(series(1000))})
        client.connection.settimeout(1.0)
        with pytest.raises(TimeoutError):
            _send_often(client, message)
        assert streams.healthy()
    with opened(streams) as other:
        assert "outputs" in other.ask({"inputs": tensors(series(2))})


def _send_often(client: WebSocketClient, message: str) -> None:
    for _ in range(3000):
        client.send(message)


def test_many_at_once_get_their_own_answers(streams: Server) -> None:
    truth, found = Recurrence.of(FEATURES), {}

    def one(seed: int) -> None:
        x = series(12, seed=seed)
        with opened(streams) as client:
            data = [
                value
                for step in range(12)
                for value in client.ask({"inputs": tensors(x[:, step : step + 1])})["outputs"][0]["data"]
            ]
        found[seed] = np.allclose(np.reshape(data, (1, 12, -1)), truth(x), rtol=1e-5, atol=1e-5)

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(20), True)


def test_a_server_that_stops_says_goodbye(streamed: dict[str, Path]) -> None:
    with running(streamed[TAGGER], "handmade") as server, connect(server, "handmade") as client:
        client.receive()
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        closed = client.end()
        assert (closed.code, closed.reason) == (1001, "the server is stopping")
        assert server.process.wait(timeout=20) == 0
        assert time.monotonic() - began < 5
    assert isinstance(closed, ClosedError)
