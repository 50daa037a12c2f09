"""Truth of ``rnnzoo_export.load_test.questions`` and ``rnnzoo_export.load_test.bare_runs``: what a model is asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo.errors import ArgumentError, RunError, UnknownNameError
from rnnzoo_export.load_test import questions
from rnnzoo_export.load_test.bare_runs import BareRuns
from rnnzoo_export.load_test.questions import Question, Shape
from rnnzoo_export.load_test.target import read_target
from scripted_server import Script, http, scripted
from served_digits import NAME
from serving_client import Server

ROW = [[0.5] * 8] * 8


def says(answers: dict[bytes, bytes]) -> Script:
    """What answers each address with a text, and others with 404."""

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split()[1]
        writer.write(http(answers[path]) if path in answers else http(b'{"error": "no such model."}', 404))

    return script


def index(*names: str) -> dict[bytes, bytes]:
    return {b"/v2/repository/index": json.dumps([{"name": name} for name in names]).encode()}


def test_the_only_model_is_found() -> None:
    with scripted(says(index("films", "films-raw", "films-streaming"))) as server:
        assert questions.find_model(read_target(server.url)) == "films"
        assert questions.find_model(read_target(server.url), "films-raw") == "films-raw"


def test_of_several_models_one_must_be_named() -> None:
    with scripted(says(index("b", "a", "a"))) as server, pytest.raises(ArgumentError) as caught:
        questions.find_model(read_target(server.url))
    assert str(caught.value) == (
        f"--model: received none, and {server.url} has 2 models (a, b); expected one of them. Pass --model NAME."
    )


def test_a_model_that_is_not_there_is_named() -> None:
    with scripted(says(index("films"))) as server, pytest.raises(UnknownNameError) as caught:
        questions.read_metadata(read_target(server.url), "film")
    assert str(caught.value) == (
        "unknown served model: received 'film'; did you mean 'films'? expected one of films."
    )


def test_another_kind_of_server_is_told() -> None:
    with scripted(says({b"/v2/models/x": b"<html>"})) as server:
        with pytest.raises(RunError) as caught:
            questions.find_model(read_target(server.url))
        assert str(caught.value) == (
            f"{server.url}: does not say which models it has (status 404: no such model.); expected a list of them. "
            "Pass --model NAME, or the address of a server of the Open Inference Protocol."
        )
        with pytest.raises(RunError) as caught:
            questions.read_metadata(read_target(server.url), "x")
        assert str(caught.value) == (
            f"{server.url}: no metadata of x (status 200: <html>); expected its inputs. Check the address."
        )


def described(**inputs: Any) -> dict[str, Any]:
    specs = [{"name": name, "datatype": kind, "shape": shape} for name, (kind, shape) in inputs.items()]
    return {"name": "a model", "inputs": specs}


def test_numbers_are_made_for_every_kind_of_input() -> None:
    metadata = described(
        x=("FP32", [-1, -1, 3]), tokens=("INT32", [-1, 7]), mask=("BOOL", [-1, -1]), h=("FP64", [-1, 4, -1])
    )
    question = questions.tensors_question(metadata, Shape(rows=2, steps=5))
    assert question.path == "/v2/models/a%20model/infer"
    assert question.inputs is not None
    assert {name: (array.shape, array.dtype.name) for name, array in question.inputs.items()} == {
        "x": ((2, 5, 3), "float32"),
        "tokens": ((2, 7), "int32"),
        "mask": ((2, 5), "bool"),
        "h": ((2, 4, 1), "float64"),
    }
    sent = {tensor["name"]: tensor for tensor in json.loads(question.body)["inputs"]}
    np.testing.assert_array_equal(
        np.array(sent["x"]["data"], np.float32).reshape(2, 5, 3), question.inputs["x"]
    )
    assert (sent["tokens"]["data"], sent["mask"]["data"]) == ([1] * 14, [True] * 10)
    assert questions.tensors_question(metadata, Shape(rows=2, steps=5)).body == question.body


def test_tensors_as_bytes() -> None:
    metadata = described(x=("FP32", [-1, -1, 3]), y=("INT64", [-1, 2]))
    question = questions.tensors_question(metadata, Shape(steps=4), binary=True)
    assert question.inputs is not None
    length = int(question.headers["Inference-Header-Content-Length"])
    head, tail = json.loads(question.body[:length]), question.body[length:]
    assert head["parameters"] == {"binary_data_output": True}
    assert [tensor["parameters"]["binary_data_size"] for tensor in head["inputs"]] == [48, 16]
    assert tail == question.inputs["x"].tobytes() + question.inputs["y"].tobytes()


def test_texts_cannot_be_made() -> None:
    with pytest.raises(ArgumentError) as caught:
        questions.tensors_question(described(text=("BYTES", [-1])), Shape())
    assert str(caught.value) == (
        "text: is BYTES, which no number can be made for; expected a model of tensors. Pass --predict, or --body FILE."
    )


@pytest.mark.parametrize("body", [b"", b"[1]", b"{}", b"text"])
def test_a_body_that_predict_does_not_take(body: bytes) -> None:
    with pytest.raises(ArgumentError, match=r"^--body: not what predict takes \(.*\); expected JSON. Write"):
        questions.own_question("m", body, predict=True)


@pytest.mark.parametrize("binary", [False, True])
def test_a_real_server_answers_what_is_made(server: Server, binary: bool) -> None:
    target = read_target(server.url)
    metadata = questions.read_metadata(target, NAME)
    questions.check_question(
        target, questions.tensors_question(metadata, Shape(rows=2, steps=8), binary=binary)
    )
    questions.check_question(target, questions.raw_question(NAME, ROW, 3))
    with pytest.raises(RunError) as caught:
        questions.check_question(
            target, questions.tensors_question(metadata, Shape(steps=9999), binary=binary)
        )
    assert str(caught.value).startswith(f"{server.model}/infer: answered 413: features: ")
    assert str(caught.value).endswith(" Expected 200 before load is put on it. Change the request.")


def test_the_model_alone_runs_what_the_server_is_asked(server: Server, digits_bundle: Path) -> None:
    metadata = questions.read_metadata(read_target(server.url), NAME)
    for question in (
        questions.tensors_question(metadata, Shape(steps=8)),
        questions.raw_question(NAME, ROW),
        questions.own_question(NAME, json.dumps({"inputs": [ROW]}).encode(), predict=True),
    ):
        bare = BareRuns(digits_bundle, question)
        assert bare.run(0.05) > 20
        facts = bare.facts([0.5, 0.1, 0.3])
        assert facts["runs_per_second"] > 20
        assert 0 < facts["p50_ms"] < 50
        assert (facts["ratio"], facts["ratios"]) == (0.3, [0.5, 0.1, 0.3])
    with pytest.raises(ArgumentError) as caught:
        BareRuns(digits_bundle, Question("/v2/models/m/infer", b"{}"))
    assert str(caught.value) == (
        "--bundle: received with a --body of tensors; expected inputs that are made here, or --predict. Leave one of "
        "them out."
    )
