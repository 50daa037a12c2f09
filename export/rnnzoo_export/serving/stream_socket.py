"""`stream`: a WebSocket for one sequence that comes while it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from rnnzoo.errors import DataError, OwnCodeError, RequestError
from rnnzoo_export.serving.answers import error_text, json_answer, json_bytes
from rnnzoo_export.serving.bundle_model import BundleModel
from rnnzoo_export.serving.endpoint import Endpoint
from rnnzoo_export.serving.host_check import is_known_origin
from rnnzoo_export.serving.models import Models
from rnnzoo_export.serving.observed import observed
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.stream_model import StreamModel, stream_of
from rnnzoo_export.serving.traffic import Traffic
from rnnzoo_export.serving.work import Work

if TYPE_CHECKING:
    from rnnzoo_export.serving.live_stream import LiveStream

_log = logging.getLogger("rnnzoo.serving")
# Why a stream ends, as RFC 6455 has it.
_DONE, _GOING_AWAY, _UNFIT, _TOO_LARGE, _FAULT = 1000, 1001, 1008, 1009, 1011
# Seconds that a client has to take the end of a stream.
_FAREWELL = 1.0


class _EndError(Exception):
    """A stream is to be closed, with a code and the reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class StreamSocket(Endpoint):
    """The endpoint.

    Args:
        models: The models of the server.
        settings: How much may be asked, and by which pages.
        traffic: What is under way.
        work: Where things are done.
    """

    def __init__(self, models: Models, settings: Settings, traffic: Traffic, work: Work) -> None:
        super().__init__(models, settings, traffic, work)
        self._open = 0

    async def answer(self, socket: WebSocket) -> None:
        """Answers a connection until one side ends it."""
        try:
            model, stream = self._admitted(socket)
            with stream.sequences.held(), self._counted():
                await self._serve(socket, model, stream)
        except RequestError as error:
            await _refuse(socket, error)

    def _admitted(self, socket: WebSocket) -> tuple[BundleModel, StreamModel]:
        """Returns the model that a connection is for, or raises ``RequestError``."""
        if not is_known_origin(socket.headers, self._settings.allowed_origins):
            raise RequestError(
                "Origin: expected a page of this server. Start it with that origin allowed: allowed_origins.",
                status=403,
            )
        if self._traffic.closing:
            raise RequestError(
                "server: is stopping. Ask another, or try again in a second.", status=503, kind="stopping"
            )
        model = self._models.of_path(socket.path_params)
        stream = stream_of(self._models, model) if isinstance(model, BundleModel) else None
        if not isinstance(model, BundleModel) or stream is None:
            raise RequestError(
                f"stream: {model.name} answers whole sequences only, for its bundle holds no streaming.onnx. Export "
                "the model again with that file: rnnzoo export RUN --out BUNDLE --streaming"
            )
        if self._open >= self._settings.max_streams:
            raise RequestError(
                f"streams: {self._settings.max_streams} are open, the most allowed. Try again later.",
                status=503,
                kind="sessions",
            )
        return model, stream

    @contextlib.contextmanager
    def _counted(self) -> Any:
        """Counts a stream among what is under way, so that the server waits for its end."""
        self._open += 1
        self._traffic.enter()
        try:
            yield
        finally:
            self._open -= 1
            self._traffic.leave()

    async def _serve(self, socket: WebSocket, model: BundleModel, stream: StreamModel) -> None:
        await socket.accept()
        try:
            from rnnzoo_export.serving.live_stream import LiveStream  # a server starts sooner without

            await self._talk(socket, LiveStream(model, stream), stream)
            end = _EndError(_DONE, "")
        except WebSocketDisconnect:
            return
        except _EndError as error:
            end = error
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told that it was
            _log.error("an unexpected %s", type(error).__name__, exc_info=error)
            end = _EndError(_FAULT, "an unexpected error; it was logged")
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            await asyncio.wait_for(socket.close(end.code, str(end)), _FAREWELL)

    async def _talk(self, socket: WebSocket, live: LiveStream, stream: StreamModel) -> None:
        """Answers one message after the other; the next is read when the answer to the last has been taken."""
        await self._send(socket, live.greeting())
        while True:
            content = await self._next(socket)
            if len(content) > self._settings.max_body_bytes:
                raise _EndError(_TOO_LARGE, f"more than {self._settings.max_body_bytes} bytes in one message")
            try:
                ended, reply = await self._reply(live, stream, content)
            except (RequestError, DataError, OwnCodeError) as error:
                ended, reply = False, json_bytes({"error": error_text(error), "status": _status(error)})
            await self._send(socket, reply)
            if ended:
                return

    async def _reply(self, live: LiveStream, stream: StreamModel, content: str | bytes) -> tuple[bool, bytes]:
        since, size = time.monotonic(), len(content)
        piece = await self._work.turn(stream.batcher, since, size, live.read, content)
        outputs = await live.answer(piece, partial(stream.batcher.submit, since=since))
        size = sum(array.nbytes for array in (outputs or {}).values())
        # The sequence has moved on: from here it is answered, however late it is.
        now = time.monotonic()
        return piece.message.end, await self._work.turn(
            stream.batcher, now, size, live.render, piece, outputs
        )

    async def _next(self, socket: WebSocket) -> str | bytes:
        """Returns the next message, unless the server stops, the client leaves or is silent for too long."""
        receiving = asyncio.ensure_future(socket.receive())
        stopping = asyncio.ensure_future(self._traffic.told.wait())
        idle = self._settings.sequence_idle_timeout
        try:
            await asyncio.wait({receiving, stopping}, timeout=idle, return_when=asyncio.FIRST_COMPLETED)
            if self._traffic.closing:
                raise _EndError(_GOING_AWAY, "the server is stopping")
            if not receiving.done():
                raise _EndError(_UNFIT, f"no piece within {idle:g} s")
            message = receiving.result()
        finally:
            receiving.cancel()
            stopping.cancel()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        content: str | bytes | None = message.get("text")
        return message["bytes"] if content is None else content

    async def _send(self, socket: WebSocket, content: bytes) -> None:
        """Sends an answer to a client, who must take it in time."""
        try:
            await asyncio.wait_for(socket.send_text(content.decode()), self._settings.deadline)
        except TimeoutError:
            raise _EndError(_UNFIT, "answers are not taken") from None
        except (OSError, RuntimeError) as error:
            raise WebSocketDisconnect(1006) from error


async def _refuse(socket: WebSocket, error: RequestError) -> None:
    """Answers a handshake with an error, where the server that runs the application can; else it is just closed."""
    observed(socket.scope).kind = error.kind
    headers = {"Retry-After": "1"} if error.status == 503 else None
    response: Response = json_answer({"error": error_text(error)}, status=error.status, headers=headers)
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(response)
    else:
        await socket.close(_UNFIT)


def _status(error: RequestError | DataError | OwnCodeError) -> int:
    """Returns the status that `infer` would answer."""
    if isinstance(error, RequestError):
        return error.status
    return 500 if isinstance(error, OwnCodeError) else 400
