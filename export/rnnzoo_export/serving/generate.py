"""`generate` and `generate_stream`: a language model writes on, in one answer or piece by piece.

Messages have the shapes of Triton's generate extension.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from rnnzoo.errors import ArgumentError, RequestError
from rnnzoo_export.serving import protocol
from rnnzoo_export.serving.answers import json_answer
from rnnzoo_export.serving.bundle_model import BundleModel
from rnnzoo_export.serving.endpoint import Endpoint
from rnnzoo_export.serving.event_stream import EventStream
from rnnzoo_export.serving.generate_request import GenerateRequest, parse_generate
from rnnzoo_export.serving.generation import Generation, Piece
from rnnzoo_export.serving.models import ServedModel
from rnnzoo_export.serving.presence import while_there
from rnnzoo_export.serving.writer import STOPPING, Writer

# Seconds before the server cuts its connections, so that a stream can say why it ends.
_BEFORE_THE_END = 0.5


@dataclass(frozen=True)
class _Asked:
    """A request that can be carried out, and when it arrived."""

    model: BundleModel
    writer: Writer
    request: GenerateRequest
    ids: np.ndarray
    since: float


class Generate(Endpoint):
    """The endpoints."""

    async def answer(self, request: Request) -> Response:
        """Answers with the whole text."""
        asked = await self._asked(request, streamed=False)
        with asked.writer.writing(asked.request, asked.ids) as text:
            written = await while_there(request.receive, self._whole(text, asked.since))
        return json_answer({**_names(asked.model), **written})

    async def stream(self, request: Request) -> EventStream:
        """Answers with events, one for each piece."""
        return EventStream(self._messages(await self._asked(request, streamed=True)))

    # What is asked

    async def _asked(self, request: Request, *, streamed: bool) -> _Asked:
        model = self._models.of_path(request.path_params)
        writer = getattr(model, "writer", None)
        if not isinstance(model, BundleModel) or writer is None:
            raise RequestError(_no_writer(model))
        since = time.monotonic()
        with self._traffic.held(request) as held:
            body = await held.read(self._body_limits)
            turn = self._work.turn
            message = await turn(model.batcher, since, len(body), protocol.parse_json, body)
            parsed = parse_generate(message, self._settings.max_new_tokens, streamed=streamed)
            ids = await turn(model.batcher, since, len(body), self._ids, writer, parsed.prompt)
        return _Asked(model, writer, parsed, ids, since)

    def _ids(self, writer: Writer, prompt: str) -> np.ndarray:
        try:
            ids = writer.generator.encode(prompt)
        except ArgumentError as error:
            raise RequestError(f"text_input{str(error).removeprefix('prompt')}") from error
        if len(ids) > self._settings.max_steps:
            raise RequestError(
                f"text_input: received {len(ids)} words or characters; expected at most {self._settings.max_steps}. "
                "Send the last of them.",
                status=413,
            )
        return ids

    # What is answered

    async def _whole(self, text: Generation, since: float) -> dict[str, Any]:
        pieces = []
        while True:
            piece = await self._next(text, since, self._settings.deadline)
            pieces.append(piece.text)
            if piece.reason is not None:
                return _last(text, "".join(pieces), piece.reason)

    async def _messages(self, asked: _Asked) -> AsyncGenerator[dict[str, Any]]:
        names, seconds = _names(asked.model), self._settings.deadline
        with asked.writer.writing(asked.request, asked.ids) as text:
            while True:
                piece = await self._next(text, asked.since, seconds)
                if piece.reason is not None:
                    yield {**names, **_last(text, piece.text, piece.reason)}
                    return
                yield {**names, "text_output": piece.text}
                seconds = self._settings.generation_timeout

    async def _next(self, text: Generation, since: float, seconds: float) -> Piece:
        """Waits for a piece until so long after the arrival of the request, or until the server is about to end."""
        left = since + seconds - time.monotonic()
        if self._traffic.closing:
            left = min(left, self._traffic.seconds_left(0.0) - _BEFORE_THE_END)
        try:
            async with asyncio.timeout(left):  # wait_for loses what cancels it while a piece comes
                return await text.next()
        except TimeoutError as error:
            if self._traffic.closing:
                raise RequestError(STOPPING, status=503, kind="stopping") from error
            raise RequestError(
                f"server: not written within {seconds:g} s of the arrival of the request; expected fewer tokens, or "
                "less load. Ask for fewer, or ask generate_stream, which gives out what there is.",
                status=504,
            ) from error


def _names(model: BundleModel) -> dict[str, str]:
    return {"model_name": model.name, "model_version": model.version}


def _last(text: Generation, shown: str, reason: str) -> dict[str, Any]:
    facts = {"finish_reason": reason, "tokens": text.tokens, "seed": text.request.seed}
    return {"text_output": shown, **facts}


def _no_writer(model: ServedModel) -> str:
    return (
        f"generate: {model.name} does not write texts; expected a language model with a streaming file. Train one on "
        "running_text_splits, and export it with also=['streaming'], or rnnzoo export --streaming."
    )
