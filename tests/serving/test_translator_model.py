"""Truth of ``rnnzoo_export.serving.translator_model``: what is served is what a translator answers."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from handmade_bundles import scorer
from handmade_bundles import translator as handmade
from rnnzoo.errors import RequestError
from rnnzoo.preprocessing import PairPreprocessing, WordPreprocessing, save_preprocessing
from rnnzoo.preprocessing.text_coding import END, START
from rnnzoo_export.inference.translator import Translator
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.translator_model import TranslatorModel
from serving_client import Server, running

PAIRS = PairPreprocessing(WordPreprocessing.fit(["a dog"]), WordPreprocessing.fit(["ein hund hund"]))
HUND, EIN = 4, 5
SETTINGS = Settings(max_new_tokens=40, max_beams=8, max_steps=50, deadline=5.0)


def table() -> np.ndarray:
    """After the start "ein" or, less likely, "hund"; "ein" follows itself or not; after "hund" the end."""
    logits = np.full((6, 6), -40.0)
    logits[START, EIN], logits[START, HUND] = np.log(0.6), np.log(0.4)
    logits[EIN, EIN], logits[EIN, HUND] = np.log(0.7), np.log(0.3)
    logits[HUND, END] = 0.0
    return logits


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = handmade(tmp_path_factory.mktemp("translator") / "t", table(), source_vocabulary=6)
    save_preprocessing(PAIRS, made / "preprocessing.json")
    return made


def with_model(
    folder: Path, use: Callable[[TranslatorModel], Awaitable[Any]], settings: Settings = SETTINGS
) -> Any:
    async def run() -> Any:
        model = TranslatorModel(Translator(folder), settings, name="de")
        await model.start()
        assert model.ready
        try:
            return await use(model)
        finally:
            await asyncio.to_thread(model.stop, 5.0)
            assert not model.ready
            assert not model.at_work

    return asyncio.run(run())


async def translated(model: TranslatorModel, texts: Sequence[str], **parameters: Any) -> list[dict[str, Any]]:
    encoded, inputs = model.encoding(1, texts, parameters)
    answer = json.loads(model.decoding(1, await model.batcher.submit(inputs), encoded, texts))
    assert (answer["model_name"], answer["model_version"]) == ("de", "1")
    return list(answer["answers"])


def test_a_crowd_of_requests_gets_what_a_translator_answers(folder: Path) -> None:
    asked: list[tuple[list[str], dict[str, Any]]] = [
        (texts, {"beams": 1 + number % 5, "alpha": number % 3 / 2, "max_length": 1 + number % 7})
        for number, texts in enumerate([["a dog"], ["dog", "a", "a dog a dog a"], ["a"] * 40] * 30)
    ]

    async def use(model: TranslatorModel) -> Any:
        return await asyncio.gather(*(translated(model, texts, **options) for texts, options in asked))

    alone = Translator(folder)
    for (texts, options), found in zip(asked, with_model(folder, use), strict=True):
        expected = [asdict(answer) for answer in alone.translate(texts, **options)]
        for answer, wanted in zip(found, expected, strict=True):
            assert answer.pop("score") == pytest.approx(wanted.pop("score"))
            assert answer == wanted


def test_what_is_not_given_is_as_in_a_translator(folder: Path) -> None:
    async def use(model: TranslatorModel) -> Any:
        return await translated(model, ["a dog"]), await translated(model, ["a dog"], beams=None, alpha=None)

    (expected,) = Translator(folder).translate(["a dog"], max_length=40)
    for (found,) in with_model(folder, use):
        assert (found["text"], found["ended"]) == (expected.text, expected.ended)
        assert found["score"] == pytest.approx(expected.score)


def test_tokens_are_answered_with_tokens(folder: Path) -> None:
    async def use(model: TranslatorModel) -> Any:
        assert model.facts() == {
            "name": "de",
            "platform": "onnxruntime_onnx",
            "inputs": [{"name": "tokens", "datatype": "INT32", "shape": [-1, -1]}],
            "outputs": [
                {"name": "tokens", "datatype": "INT32", "shape": [-1, -1]},
                {"name": "score", "datatype": "FP64", "shape": [-1]},
                {"name": "ended", "datatype": "BOOL", "shape": [-1]},
            ],
        }
        inputs, context = model.prepare({"tokens": np.array([[4, 5, END], [4, END, 0]])})
        return model.finish(await model.batcher.submit(inputs), context)

    found = with_model(folder, use)
    for row, answers in enumerate(
        Translator(folder).search(np.array([[4, 5, END], [4, END, 0]]), max_length=40)
    ):
        assert found["tokens"][row].tolist() == list(answers[0].tokens)
        assert found["score"][row] == pytest.approx(answers[0].score)
        assert found["ended"][row] == answers[0].ended


WRONG: list[tuple[list[Any], dict[str, Any], str, int]] = [
    (["a"], {"beams": 0}, "beams: received 0; expected an integer of at least 1 and at most 8.", 400),
    (["a"], {"beams": 9}, "beams: received 9; expected an integer of at least 1 and at most 8.", 400),
    (["a"], {"beams": "4"}, "beams: received '4'; expected a number.", 400),
    (["a"], {"beams": True}, "beams: received True; expected an integer of at least 1 and at most 8.", 400),
    (["a"], {"alpha": -1}, "alpha: received -1; expected a finite number at least 0 and at most 10.", 400),
    (
        ["a"],
        {"alpha": 11.5},
        "alpha: received 11.5; expected a finite number at least 0 and at most 10.",
        400,
    ),
    (
        ["a"],
        {"max_length": 41},
        "max_length: received 41; expected an integer of at least 1 and at most 40.",
        400,
    ),
    (
        ["a"],
        {"beam": 4},
        "parameters: received the unknown key 'beam'; expected beams, alpha, max_length. Leave it out.",
        400,
    ),
    (["a " * 50], {}, "inputs: row 0: received 51 tokens; expected at most 50. Cut it.", 413),
]


@pytest.mark.parametrize(("texts", "parameters", "told", "status"), WRONG)
def test_wrong_values_are_refused_by_name(
    folder: Path, texts: list[Any], parameters: dict[str, Any], told: str, status: int
) -> None:
    model = TranslatorModel(Translator(folder), SETTINGS, name="de")
    with pytest.raises(RequestError) as caught:
        model.encoding(1, texts, parameters)
    assert (str(caught.value), caught.value.status) == (told, status)


def test_rows_of_padding_and_unknown_ids_are_refused(folder: Path) -> None:
    model = TranslatorModel(Translator(folder), SETTINGS, name="de")
    for tokens, told in (
        (
            [[4, 3], [0, 0]],
            r"tokens: row 1 is padding alone; expected at least one step\. Leave the row out\.",
        ),
        (
            [[6]],
            "tokens: received ids from 6 to 6, the first wrong one at batch 0, source 0; expected 0 to 5",
        ),
    ):
        with pytest.raises(RequestError, match=told):
            model.prepare({"tokens": np.array(tokens)})


def test_a_model_of_ids_alone_says_so(tmp_path: Path) -> None:
    made = handmade(tmp_path / "t", table(), source_vocabulary=6)
    with pytest.raises(
        RequestError, match=r"predict: de was exported without preprocessing, so that it takes ids"
    ):
        TranslatorModel(Translator(made), SETTINGS, name="de").encoding(1, ["a"], {})


class Slow(Translator):
    """A translator that takes its time over each step, and counts them."""

    steps_taken, begun = 0, threading.Event()

    def search(self, tokens: np.ndarray, **options: Any) -> Any:
        check = options["before_step"]

        def slowly() -> None:
            check()
            type(self).steps_taken += 1
            self.begun.set()
            time.sleep(0.01)

        return super().search(tokens, **{**options, "before_step": slowly})


def test_a_search_ends_when_nobody_waits(folder: Path) -> None:
    async def run() -> None:
        model = TranslatorModel(Slow(folder), SETTINGS, name="de")
        await model.start()
        Slow.steps_taken = 0
        Slow.begun.clear()
        task = asyncio.create_task(translated(model, ["a dog"] * 8, max_length=40))
        await asyncio.to_thread(Slow.begun.wait, 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        model.stop(5.0)
        assert not model.at_work
        assert Slow.steps_taken < 10

    asyncio.run(run())


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with running(folder, "t") as server:
        yield server


def test_texts_are_translated_over_http(server: Server, folder: Path) -> None:
    alone = Translator(folder)
    asked: list[dict[str, Any]] = [{}, {"beams": 1, "alpha": 0.0, "max_length": 3}]
    for parameters in asked:
        body = {"inputs": ["a dog", "dog"], **({"parameters": parameters} if parameters else {})}
        answer = httpx.post(f"{server.model}/predict", json=body).json()
        assert (answer["model_name"], answer["model_version"]) == ("t", "1")
        expected = [asdict(wanted) for wanted in alone.translate(["a dog", "dog"], **parameters)]
        for found, wanted in zip(answer["answers"], expected, strict=True):
            assert found.pop("score") == pytest.approx(wanted.pop("score"))
            assert found == wanted


def test_tokens_and_facts_over_http(server: Server, folder: Path) -> None:
    assert httpx.get(server.model).json()["versions"] == ["1"]
    assert httpx.get(f"{server.model}/ready").json() == {"name": "t", "ready": True}
    tokens = {"name": "tokens", "datatype": "INT64", "shape": [1, 2], "data": [4, END]}
    outputs = httpx.post(f"{server.model}/infer", json={"inputs": [tokens]}).json()["outputs"]
    ((best, *_),) = Translator(folder).search(np.array([[4, END]]))
    assert [output["name"] for output in outputs] == ["tokens", "score", "ended"]
    assert outputs[0]["data"] == list(best.tokens)
    assert outputs[1]["data"] == [pytest.approx(best.score)]
    assert outputs[2]["data"] == [best.ended]


def test_wrong_requests_over_http(server: Server) -> None:
    for body, told in (
        ({"inputs": []}, "inputs: received []; expected"),
        ({"inputs": ["a", ""]}, "row 1: received an empty text; expected at least one word. Drop the row."),
        ({"inputs": ["a", 3]}, "row 1: received int; expected a text. Pass strings."),
        (
            {"inputs": ["a"], "beams": 4},
            "request: received the unknown key 'beams'; expected inputs, parameters.",
        ),
        ({"inputs": ["a"], "parameters": [4]}, "parameters: received [4]; expected an object."),
        (
            {"inputs": ["a"], "parameters": {"beams": 17}},
            "beams: received 17; expected an integer of at least 1",
        ),
    ):
        answer = httpx.post(f"{server.model}/predict", json=body)
        assert answer.status_code == 400
        assert answer.json()["error"].startswith(told)
    assert httpx.post(f"{server.model}/generate", json={"text_input": "a"}).status_code == 400
    assert server.healthy()


def test_a_name_may_be_given_beside_a_bundle(folder: Path, tmp_path: Path) -> None:
    bundle = scorer(tmp_path / "b", np.eye(4, 2))
    with running(folder, "german", str(bundle), "--name", "german", "--name", "films") as server:
        answer = httpx.post(f"{server.model}/predict", json={"inputs": ["a dog"]})
        assert answer.status_code == 200
        assert httpx.get(f"{server.url}/v2/models/films").status_code == 200
