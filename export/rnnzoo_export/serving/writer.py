"""Writing texts with a language model, many at once: a step of all of them is one run.

They are written on a thread of their own, behind whatever else the processor has to do, so that other requests do not
wait for them. A text whose client leaves ends at the next step.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo_export.bundle import Bundle
from rnnzoo_export.inference.generator import UNKNOWN, TextGenerator, writes_texts
from rnnzoo_export.serving.generate_request import GenerateRequest
from rnnzoo_export.serving.generation import Generation
from rnnzoo_export.serving.niceness import INTERRUPTIONS, step_back
from rnnzoo_export.serving.settings import Settings

#: What is said to whoever is cut.
STOPPING = "server: is stopping. Ask another, or try again in a second."
# Tokens of prompts that are read in a row, after which those that write have a step.
_READ_AT_ONCE = 64
_POLL_SECONDS = 0.02
_WARM = GenerateRequest(prompt="", max_tokens=2, seed=0)

# What a step gave a text: a token, or what went wrong.
_Result = tuple[Generation, int | Exception]


class Writer:
    """Writes texts on a thread of its own, a token of each in one run.

    Args:
        generator: The model.
        most: The most texts that are written at once.
    """

    def __init__(self, generator: TextGenerator, *, most: int) -> None:
        self.generator, self._most = generator, most
        self._texts: list[Generation] = []
        self._runs, self._stopped = 0, False
        self._wanted = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._began: float | None = None

    def __len__(self) -> int:
        """How many texts are being written."""
        return sum(not text.is_over for text in self._texts)

    @property
    def at_work(self) -> bool:
        """Whether a step is being taken."""
        return self._began is not None

    def keeps_up(self, seconds: float) -> bool:
        """Whether it works, and no step has lasted so long."""
        late = self._began is not None and time.monotonic() - self._began > seconds
        return self._task is not None and not self._task.done() and not late

    async def start(self) -> None:
        """Starts to write, on the event loop that runs, and writes a little: the first request finds all warm."""
        self._loop, self._thread = (
            asyncio.get_running_loop(),
            ThreadPoolExecutor(1, "rnnzoo-writer", step_back),
        )
        self._task = self._loop.create_task(self._work(self._thread))
        with self.writing(_WARM, np.array([UNKNOWN])) as text:
            while (await text.next()).reason is None:
                pass

    def stop(self, timeout: float) -> None:
        """Stops once all texts are written, or after so many seconds; called from any thread but that of the loop."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._end(timeout), self._loop).result()

    async def _end(self, timeout: float) -> None:
        ends = time.monotonic() + timeout
        while len(self) and time.monotonic() < ends:
            await asyncio.sleep(_POLL_SECONDS)
        for text in self._texts:
            text.fail(RequestError(STOPPING, status=503, kind="stopping"))
        self._stopped = True
        self._wanted.set()
        if self._task is not None and self._thread is not None:
            await asyncio.wait([self._task], timeout=max(_POLL_SECONDS, ends - time.monotonic()))
            self._task.cancel()
            self._thread.shutdown(wait=False)

    @contextlib.contextmanager
    def writing(self, request: GenerateRequest, ids: np.ndarray) -> Iterator[Generation]:
        """Begins a text, which ends with the block at the latest.

        Args:
            request: What is asked.
            ids: The tokens of its prompt.

        Raises:
            RequestError: With status 503 if too many are being written.
        """
        if len(self) >= self._most:
            raise RequestError(
                f"server: {self._most} texts are being written already. Try again in a second.",
                status=503,
                kind="texts",
            )
        text = Generation(request, ids)
        self._texts.append(text)
        self._wanted.set()
        try:
            yield text
        finally:
            text.leave()
            self._wanted.set()

    async def _work(self, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopped or self._texts:
            await self._wanted.wait()
            over = [text for text in self._texts if text.is_over]
            self._texts = [text for text in self._texts if not text.is_over]
            if not self._texts:
                self._wanted.clear()
            self._began = time.monotonic()
            results = await loop.run_in_executor(thread, self._turn, self._texts[:], over)
            self._began = None
            for text, result in results:
                if isinstance(result, Exception):
                    text.fail(result)
                else:
                    text.add(self.generator.decode(result))

    # The thread

    def _turn(self, texts: Sequence[Generation], over: Sequence[Generation]) -> list[_Result]:
        """Takes a step of all texts that write, and reads on in the prompts of others."""
        for text in over:
            if text.session is not None:
                self.generator.predictor.close(text.session)
        results = []
        with INTERRUPTIONS.allowed():
            for group in _groups(texts):
                results += self._together(group)
        return results

    def _together(self, texts: Sequence[Generation]) -> list[_Result]:
        try:
            return self._step(texts)
        except Exception as error:  # noqa: BLE001 - one text's error must not end the others
            if len(texts) == 1:
                return [(texts[0], error)]
        return [result for text in texts for result in self._together([text])]

    def _step(self, texts: Sequence[Generation]) -> list[_Result]:
        sessions = [self._session(text) for text in texts]
        size = _next_size(texts[0])
        tokens = np.stack([text.unread[:size] for text in texts])
        logits = self.generator.logits(sessions, tokens)
        self._runs += 1
        results: list[_Result] = []
        for text, row in zip(texts, logits, strict=True):
            text.unread, text.run = text.unread[size:], self._runs
            if not len(text.unread):
                results.append((text, _drawn(text, row)))
        return results

    def _session(self, text: Generation) -> str:
        if text.session is None:
            text.session = self.generator.predictor.open()
        return text.session


def _drawn(text: Generation, logits: np.ndarray) -> int | Exception:
    try:
        return text.draw(logits)
    except Exception as error:  # noqa: BLE001 - the others have made their step
        return error


def _next_size(text: Generation) -> int:
    return min(len(text.unread), _READ_AT_ONCE)


def _groups(texts: Sequence[Generation]) -> list[list[Generation]]:
    """Returns those that go into one run each: all that write, and of those that read who has waited longest."""
    reading = sorted((text for text in texts if len(text.unread) > 1), key=lambda text: text.run)
    writing = [text for text in texts if len(text.unread) == 1]
    groups, left = ([writing] if writing else []), _READ_AT_ONCE
    while reading and left > 0:
        size = _next_size(reading[0])
        left -= size
        groups.append([text for text in reading if _next_size(text) == size])
        reading = [text for text in reading if _next_size(text) != size]
    return groups


def open_writer(bundle: Bundle, settings: Settings) -> Writer | None:
    """Opens what writes texts with a bundle; ``None`` if it is no language model, or holds no streaming file."""
    if not (writes_texts(bundle) and bundle.streaming_path.is_file()):
        return None
    return Writer(TextGenerator(bundle, threads=settings.threads), most=settings.max_generations)
