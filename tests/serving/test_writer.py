"""Truth of ``rnnzoo_export.serving.writer``: many texts in one step are those that a generator writes alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handmade_bundles import writer as handmade
from rnnzoo.errors import RequestError
from rnnzoo.preprocessing import TextPreprocessing, TokenPreprocessing
from rnnzoo_export.bundle import load_bundle
from rnnzoo_export.inference.generator import TextGenerator
from rnnzoo_export.serving.generate_request import GenerateRequest
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.writer import Writer, open_writer

WORDS = TokenPreprocessing(["", "[UNK]", "to", "be", "<eos>", "or", "not"])
# A writer writes two words before the first request.
WARMED = [(1, 1), (1, 1)]
# What follows a word is open, and depends on the word.
TABLE = np.random.default_rng(5).normal(size=(7, 7))


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> TextGenerator:
    return TextGenerator(handmade(tmp_path_factory.mktemp("writer") / "b", TABLE, WORDS))


def asked(prompt: str = "to be", *, seed: int = 0, max_tokens: int = 9, **options: Any) -> GenerateRequest:
    return GenerateRequest(prompt=prompt, max_tokens=max_tokens, seed=seed, **options)


def with_writer(generator: TextGenerator, use: Callable[[Writer], Awaitable[Any]], *, most: int = 200) -> Any:
    async def run() -> Any:
        writer = Writer(generator, most=most)
        await writer.start()
        try:
            return await use(writer)
        finally:
            await asyncio.to_thread(writer.stop, 5.0)

    return asyncio.run(run())


async def written(writer: Writer, request: GenerateRequest) -> tuple[str, str | None, int]:
    """The text that is written on, why it ends, and how many tokens it has."""
    with writer.writing(request, writer.generator.encode(request.prompt)) as text:
        shown = ""
        while True:
            piece = await text.next()
            shown += piece.text
            if piece.reason is not None:
                return shown, piece.reason, text.tokens


async def settled(generator: TextGenerator) -> None:
    """Waits until no session is open."""
    async with asyncio.timeout(5):
        while generator.predictor.sessions:
            await asyncio.sleep(0.005)


def test_a_hundred_texts_at_once_are_those_written_alone(generator: TextGenerator) -> None:
    requests = [
        asked("to be or not " * (1 + seed % 40), seed=seed, max_tokens=1 + seed % 30, drawing=drawing)
        for seed in range(100)
        for drawing in ({}, {"temperature": 0.5}, {"top_k": 3}, {"top_p": 0.7}, {"temperature": 0})[
            seed % 5 :
        ][:1]
    ]

    async def use(writer: Writer) -> list[tuple[str, str | None, int]]:
        found = await asyncio.gather(*(written(writer, request) for request in requests))
        await settled(generator)
        return found

    found = with_writer(generator, use)
    for request, (text, reason, tokens) in zip(requests, found, strict=True):
        alone = generator.write(
            request.prompt, length=request.max_tokens, seed=request.seed, **request.drawing
        )
        assert (request.prompt + text, reason, tokens) == (alone, "length", request.max_tokens)


def test_those_that_write_share_their_runs(generator: TextGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes: list[tuple[int, ...]] = []
    run = generator.logits

    def counted(sessions: Any, tokens: np.ndarray) -> np.ndarray:
        shapes.append(tokens.shape)
        return run(sessions, tokens)

    monkeypatch.setattr(generator, "logits", counted)

    async def use(writer: Writer) -> None:
        await asyncio.gather(*(written(writer, asked(seed=seed, max_tokens=20)) for seed in range(30)))

    with_writer(generator, use)
    assert shapes == [*WARMED, (30, 2), *[(30, 1)] * 19]


def test_a_long_prompt_is_read_in_pieces_between_the_steps_of_others(
    generator: TextGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes: list[tuple[int, ...]] = []
    run = generator.logits

    def counted(sessions: Any, tokens: np.ndarray) -> np.ndarray:
        shapes.append(tokens.shape)
        return run(sessions, tokens)

    monkeypatch.setattr(generator, "logits", counted)
    long = asked("to be or not " * 40, max_tokens=2)

    async def use(writer: Writer) -> Any:
        return await asyncio.gather(written(writer, asked(max_tokens=5)), written(writer, long))

    found = with_writer(generator, use)
    assert shapes == [*WARMED, (1, 2), (1, 64), (1, 1), (1, 64), (1, 1), (1, 32), (2, 1), (1, 1)]
    assert found[1][0] == generator.write(long.prompt, length=2)[len(long.prompt) :]


def test_a_stop_ends_a_text_before_it(generator: TextGenerator) -> None:
    whole = generator.write("to", length=200, seed=3)[2:]
    stop = " or not"
    assert stop in whole

    async def use(writer: Writer) -> Any:
        return await written(writer, asked("to", seed=3, max_tokens=200, stops=("nothing like it", stop)))

    text, reason, tokens = with_writer(generator, use)
    assert (text, reason) == (whole[: whole.index(stop)], "stop")
    assert tokens < 200


def test_who_leaves_ends_a_text_at_the_next_step(generator: TextGenerator) -> None:
    async def use(writer: Writer) -> None:
        with writer.writing(asked(max_tokens=10**9), generator.encode("to be")) as text:
            await text.next()
            assert len(writer) == len(generator.predictor.sessions) == 1
        assert len(writer) == 0
        await settled(generator)
        assert text.tokens < 10_000

    with_writer(generator, use)


def test_more_than_allowed_are_refused_until_one_has_ended(generator: TextGenerator) -> None:
    async def use(writer: Writer) -> None:
        ids = generator.encode("to")
        with writer.writing(asked(max_tokens=10**9), ids), writer.writing(asked(max_tokens=10**9), ids):
            with pytest.raises(RequestError) as caught, writer.writing(asked(), ids):
                pass
            assert (str(caught.value), caught.value.status) == (
                "server: 2 texts are being written already. Try again in a second.",
                503,
            )
        assert (await written(writer, asked(max_tokens=4)))[2] == 4

    with_writer(generator, use, most=2)


def test_an_error_ends_one_text_only(generator: TextGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    run = generator.logits

    def failing(sessions: Any, tokens: np.ndarray) -> np.ndarray:
        if tokens.shape[1] == 2 and (tokens == 5).all(1).any():
            raise RuntimeError("broken")
        return run(sessions, tokens)

    monkeypatch.setattr(generator, "logits", failing)

    async def use(writer: Writer) -> list[Any]:
        texts = (written(writer, asked(prompt)) for prompt in ("to be", "or or", "to to"))
        found = await asyncio.gather(*texts, return_exceptions=True)
        await settled(generator)
        assert writer.keeps_up(1.0)
        return found

    first, second, third = with_writer(generator, use)
    assert isinstance(second, RuntimeError)
    monkeypatch.undo()
    for prompt, found in (("to be", first), ("to to", third)):
        assert prompt + found[0] == generator.write(prompt, length=9)


def test_stopping_waits_for_texts_as_long_as_it_may(generator: TextGenerator) -> None:
    async def run(tokens: int, timeout: float) -> Any:
        writer = Writer(generator, most=2)
        await writer.start()
        text = asyncio.create_task(written(writer, asked(max_tokens=tokens)))
        await asyncio.sleep(0.01)
        await asyncio.to_thread(writer.stop, timeout)
        assert not writer.keeps_up(1.0)
        assert not writer.at_work
        return await text

    assert asyncio.run(run(50, 5.0))[2] == 50
    began = time.monotonic()
    with pytest.raises(RequestError, match="server: is stopping"):
        asyncio.run(run(10**9, 0.1))
    assert time.monotonic() - began < 3


def test_only_language_models_with_a_streaming_file_write(tmp_path: Path) -> None:
    for streaming in (True, False):
        bundle = load_bundle(handmade(tmp_path / str(streaming), TABLE, WORDS, streaming=streaming))
        assert (open_writer(bundle, Settings()) is not None) == streaming
    for name, table in (("tags", TABLE[:5, :5]), ("texts", TABLE)):
        words = WORDS if name == "tags" else TextPreprocessing.fit(["to be or"])
        tagger = load_bundle(handmade(tmp_path / name, table, words))
        assert open_writer(tagger, Settings()) is None
