"""Truth of ``rnnzoo_export.serving.sequences``: each sequence as if it were alone, in order, and forgotten in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.streaming_file import StreamingFile
from rnnzoo_export.serving.batching import Batcher
from rnnzoo_export.serving.parameters import PieceOf
from rnnzoo_export.serving.sequences import Sequences
from streamed_models import FEATURES, TAGGER, Recurrence, series

DEADLINE = 30.0


TRUTH = Recurrence.of(FEATURES)


@pytest.fixture(scope="session")
def file(streamed: dict[str, Path]) -> StreamingFile:
    return StreamingFile(streamed[TAGGER])


@contextmanager
def batching(file: StreamingFile) -> Iterator[tuple[Batcher, list[int]]]:
    """What runs the file, and the rows of each run."""
    rows: list[int] = []

    def execute(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows.append(len(inputs["features"]))
        return file.execute(inputs)

    batcher = Batcher(execute, max_batch=32, max_queue=4096, deadline=DEADLINE, free=["features"])
    batcher.start()
    try:
        yield batcher, rows
    finally:
        batcher.stop()


def opened(file: StreamingFile, **arguments: Any) -> Sequences:
    chosen: dict[str, Any] = {"most": 8, "idle": 60.0, "deadline": DEADLINE} | arguments
    return Sequences(file, "tagger", **chosen)


def test_a_thousand_interleaved_sequences_are_answered_as_in_one_pass(file: StreamingFile) -> None:
    count, rng = 1000, np.random.default_rng(0)
    whole = {name: series(int(rng.integers(3, 13)), seed=name) for name in range(1, count + 1)}
    found: dict[int, list[np.ndarray]] = {name: [] for name in whole}
    largest = 0

    async def client(name: int, sequences: Sequences, run: Callable[..., Awaitable[Any]]) -> None:
        nonlocal largest
        own = np.random.default_rng([name])
        cuts = np.flatnonzero(own.random(whole[name].shape[1] - 1) < 0.4) + 1
        pieces = np.split(whole[name], cuts, axis=1)
        for number, features in enumerate(pieces):
            piece = PieceOf(name, start=number == 0, end=number == len(pieces) - 1)
            outputs = await sequences.step(piece, {"features": features}, run)
            largest = max(largest, sequences.open_sessions)
            found[name].append(outputs["logits"])

    async def crowd(batcher: Batcher) -> int:
        sequences = opened(file, most=count)
        await asyncio.gather(*(client(name, sequences, batcher.submit) for name in whole))
        return sequences.open_sessions

    with batching(file) as (batcher, rows):
        assert asyncio.run(crowd(batcher)) == 0
    assert largest == count
    assert sum(rows) == sum(map(len, found.values())) > 2 * len(rows)  # they shared runs
    for name, features in whole.items():
        answer = np.concatenate(found[name], axis=1)
        np.testing.assert_allclose(answer, TRUTH(features), rtol=1e-5, atol=1e-5)


# The order of pieces of one sequence


def run_with(
    file: StreamingFile, script: Callable[[Sequences], Coroutine[Any, Any, None]], **arguments: Any
) -> None:
    asyncio.run(script(opened(file, **arguments)))


def direct(file: StreamingFile) -> Callable[[Mapping[str, np.ndarray]], Awaitable[dict[str, np.ndarray]]]:
    async def run(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        await asyncio.sleep(0.001)
        return file.execute(inputs)

    return run


async def outcome(work: Awaitable[dict[str, np.ndarray]]) -> tuple[int, dict[str, np.ndarray]]:
    """The status and the outputs of a piece."""
    try:
        return 200, await work
    except RequestError as error:
        return error.status, {"error": np.array(str(error))}


async def failing(_: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    await asyncio.sleep(0.001)
    raise RequestError("the model answered a value that is not finite", status=500)


def test_pieces_that_come_at_once_are_answered_in_order(file: StreamingFile) -> None:
    x = series(12)

    async def script(sequences: Sequences) -> None:
        waiting = [
            sequences.step(PieceOf("a", start=step == 0), {"features": x[:, step : step + 1]}, direct(file))
            for step in range(12)
        ]
        found = await asyncio.gather(*waiting)
        logits = np.concatenate([outputs["logits"] for outputs in found], axis=1)
        np.testing.assert_allclose(logits, TRUTH(x), rtol=1e-5, atol=1e-5)

    run_with(file, script)


def test_what_waits_behind_a_failed_piece_is_refused_and_nothing_has_moved(file: StreamingFile) -> None:
    x = series(6)

    async def script(sequences: Sequences) -> None:
        run = direct(file)
        await sequences.step(PieceOf(7, start=True), {"features": x[:, :2]}, run)
        results = await asyncio.gather(
            outcome(sequences.step(PieceOf(7), {"features": x[:, 2:4]}, failing)),
            outcome(sequences.step(PieceOf(7), {"features": x[:, 4:5]}, run)),
            outcome(sequences.step(PieceOf(7), {"features": x[:, 5:]}, run)),
        )
        assert [status for status, _ in results] == [500, 409, 409]
        assert str(results[1][1]["error"]) == (
            "sequence 7: a piece that was sent before this one was not answered; nothing of either was taken. Send "
            "them again in order."
        )
        found = await sequences.step(PieceOf(7), {"features": x[:, 2:]}, run)
        np.testing.assert_allclose(found["logits"], TRUTH(x)[:, 2:], rtol=1e-5, atol=1e-5)

    run_with(file, script)


def test_a_new_start_needs_none_of_those_before_it(file: StreamingFile) -> None:
    x = series(3)

    async def script(sequences: Sequences) -> None:
        run = direct(file)
        pieces = (
            (PieceOf(7, start=True), failing),
            (PieceOf(7), run),
            (PieceOf(7, start=True), run),
            (PieceOf(7, end=True), run),
            (PieceOf(7), run),
            (PieceOf(7, start=True), run),
        )
        results = await asyncio.gather(
            *(outcome(sequences.step(piece, {"features": x}, way)) for piece, way in pieces)
        )
        assert [status for status, _ in results] == [500, 409, 200, 200, 400, 200]
        twice = TRUTH(np.concatenate([x, x], axis=1))
        np.testing.assert_allclose(results[3][1]["logits"], twice[:, 3:], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(results[5][1]["logits"], twice[:, :3], rtol=1e-5, atol=1e-5)
        assert sequences.open_sessions == 1

    run_with(file, script)


def test_a_piece_waits_no_longer_than_its_deadline(file: StreamingFile) -> None:
    async def script(sequences: Sequences) -> None:
        async def slow(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            await asyncio.sleep(0.3)
            return file.execute(inputs)

        first = asyncio.create_task(sequences.step(PieceOf(1, start=True), {"features": series(1)}, slow))
        await asyncio.sleep(0)
        with pytest.raises(RequestError, match=r"the pieces before this one took more than 0\.1 s") as found:
            await sequences.step(PieceOf(1), {"features": series(1)}, direct(file))
        assert found.value.status == 504
        await first
        await sequences.step(PieceOf(1), {"features": series(1)}, direct(file))

    run_with(file, script, deadline=0.1)


def test_idle_sequences_leave_without_being_asked_for(file: StreamingFile) -> None:
    async def script(sequences: Sequences) -> None:
        for name in range(3):
            await sequences.step(PieceOf(name, start=True), {"features": series(1)}, direct(file))
        assert sequences.open_sessions == 3
        async with asyncio.timeout(10):
            while sequences.open_sessions:
                await asyncio.sleep(0.02)

    run_with(file, script, idle=0.1)


# Any history


class Histories(RuleBasedStateMachine):
    """What clients may do, beside what should come of it: the pieces of each sequence, run in one pass."""

    file: StreamingFile

    def __init__(self, most: int = 3, idle: float = 10.0) -> None:
        super().__init__()
        self.most, self.idle = most, idle
        self.clock, self.seed = 0.0, 0
        self.loop = asyncio.new_event_loop()
        self.sequences = opened(self.file, most=most, idle=idle, now=lambda: self.clock)
        self.said: dict[int | str, np.ndarray] = {}
        self.used: dict[int | str, float] = {}
        self.connections: list[Any] = []

    def teardown(self) -> None:
        self.loop.close()

    @property
    def full(self) -> bool:
        return len(self.said) + len(self.connections) >= self.most

    @rule(
        name=st.sampled_from([1, 2, 3, 4, "1", "b"]),
        steps=st.integers(1, 3),
        start=st.booleans(),
        end=st.booleans(),
        fails=st.sampled_from([False, False, False, True]),
    )
    def piece(self, name: int | str, steps: int, start: bool, end: bool, fails: bool) -> None:
        self.forget()
        self.seed += 1
        features = series(steps, self.seed)
        expected = self.expected_status(name, start, fails)
        run = failing if fails else direct(self.file)
        work = self.sequences.step(PieceOf(name, start, end), {"features": features}, run)
        status, outputs = self.loop.run_until_complete(outcome(work))
        assert status == expected
        if name in self.said:
            self.used[name] = self.clock
        if status == 200:
            before = np.zeros((1, 0, FEATURES), np.float32) if start else self.said[name]
            whole = np.concatenate([before, features], axis=1)
            truth = TRUTH(whole)[:, before.shape[1] :]
            np.testing.assert_allclose(outputs["logits"], truth, rtol=1e-5, atol=1e-5)
            self.said[name], self.used[name] = whole, self.clock
            if end:
                del self.said[name], self.used[name]
        assert self.sequences.open_sessions == len(self.said) + len(self.connections)

    def expected_status(self, name: int | str, start: bool, fails: bool) -> int:
        if name not in self.said:
            if not start:
                return 400
            if self.full:
                return 503
        return 500 if fails else 200

    @rule(seconds=st.sampled_from([1.0, 6.0, 11.0]))
    def wait(self, seconds: float) -> None:
        self.clock += seconds

    @rule()
    def connect(self) -> None:
        self.forget()
        held = self.sequences.held()
        if self.full:
            with pytest.raises(RequestError, match="sequences: 3 are open, the most allowed"):
                held.__enter__()
        else:
            held.__enter__()
            self.connections.append(held)
        assert self.sequences.open_sessions == len(self.said) + len(self.connections)

    @precondition(lambda self: self.connections)
    @rule()
    def hang_up(self) -> None:
        self.connections.pop().__exit__(None, None, None)

    def forget(self) -> None:
        for name in [name for name, used in self.used.items() if used <= self.clock - self.idle]:
            del self.said[name], self.used[name]


def test_any_history_of_pieces_is_answered_as_in_one_pass(file: StreamingFile) -> None:
    limits = settings(max_examples=25, stateful_step_count=25, deadline=None)
    Histories.file = file
    run_state_machine_as_test(Histories, settings=limits)
