"""The web application: Open Inference Protocol v2 over REST, raw inputs, and a page to try the model.

    GET  /                                    the page
    GET  /v2                                  server metadata
    GET  /v2/health/live  /v2/health/ready    health
    GET  /v2/models/NAME  .../ready           model metadata, readiness (also below .../versions/1)
    POST /v2/models/NAME/infer                tensors to tensors
    POST /v2/models/NAME/predict              raw inputs to answers: {"inputs": [...]} to {"answers": [...]}

Errors are JSON, ``{"error": "..."}``, with a 4xx status where the request is to blame.

Reference: https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from rnnzoo.errors import DataError, OwnCodeError, RequestError, one_line
from rnnzoo.version import __version__
from rnnzoo_export.inference.predictor import OnnxPredictor
from rnnzoo_export.inference.validation import shorten
from rnnzoo_export.serving import protocol
from rnnzoo_export.serving.batching import Batcher, LeftError
from rnnzoo_export.serving.host_check import HostCheck
from rnnzoo_export.serving.page import render_page
from rnnzoo_export.serving.parameters import check_keys
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.traffic import Traffic, TrafficControl
from rnnzoo_export.serving.turns import Turns
from rnnzoo_export.signature import Signature

VERSION = "1"
_LENGTH_HEADER = "Inference-Header-Content-Length"
# Bytes above which a body is parsed, and an answer written, beside the event loop.
_LARGE = 256_000
# Steps of the run from which it is learned what a step takes.
_WARM_STEPS = 64
_log = logging.getLogger("rnnzoo.serving")


def create_app(predictor: OnnxPredictor, *, settings: Settings | None = None) -> Starlette:
    """Makes the application that serves one model.

    It is an ASGI application: any ASGI server can run it.

    Args:
        predictor: The model. Requests are held to ``settings`` by its limits, which are set here.
        settings: What may be asked, and how much of it.

    Returns:
        The application. Its ``state.traffic`` is what is under way and its ``state.batcher`` what runs the model, for
        a server that wants to stop.
    """
    settings = settings or Settings()
    traffic = Traffic(settings.max_requests, settings.max_bytes)
    endpoints = _Endpoints(predictor, settings, traffic)
    model = "/v2/models/{name}"
    routes = [
        Route("/", endpoints.page),
        Route("/v2", endpoints.server_metadata),
        Route("/v2/health/live", endpoints.live),
        Route("/v2/health/ready", endpoints.ready),
    ]
    for path in (model, model + "/versions/{version}"):
        routes += [
            Route(path, endpoints.model_metadata),
            Route(path + "/ready", endpoints.model_ready),
            Route(path + "/infer", endpoints.infer, methods=["POST"]),
            Route(path + "/predict", endpoints.predict, methods=["POST"]),
        ]
    app = Starlette(
        routes=routes,
        lifespan=endpoints.lifespan,
        exception_handlers={
            HTTPException: _http_error,
            RequestError: _request_error,
            OwnCodeError: _own_code_error,
            DataError: _data_error,
            ClientDisconnect: _gone,
            Exception: _fault,
        },
    )
    app.state.traffic, app.state.batcher = traffic, endpoints.batcher
    app.add_middleware(TrafficControl, traffic=traffic, turns=endpoints.turns)
    app.add_middleware(HostCheck, allowed=settings.known_hosts)
    return app


class _Endpoints:
    """What the routes call."""

    def __init__(self, predictor: OnnxPredictor, settings: Settings, traffic: Traffic) -> None:
        predictor.limits = settings.limits
        self._predictor, self._settings, self._traffic = predictor, settings, traffic
        self._name = predictor.bundle.name
        self.turns = Turns()
        self._large = asyncio.Lock()
        self.batcher = Batcher(
            predictor.execute,
            max_batch=settings.max_batch if predictor.rows_are_free else None,
            max_queue=settings.max_queue,
            deadline=settings.deadline,
            free=_stepped(predictor.signature),
        )

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Starts the worker and lets it answer, so that the first request finds everything warm, and its cost known."""
        self.batcher.start()
        signature = self._predictor.signature
        await self.batcher.submit(_some_inputs(signature, signature.least_steps))
        self.batcher.costs.forget()  # the first run takes longer than those that follow
        most = max(signature.least_steps, min(_WARM_STEPS, self._settings.max_steps))
        for steps in (signature.least_steps, most):
            await self.batcher.submit(_some_inputs(signature, steps))
        yield
        await run_in_threadpool(
            self.batcher.stop, self._traffic.seconds_left(self._settings.shutdown_timeout)
        )

    async def page(self, _: Request) -> Response:
        return render_page(self._predictor)

    async def server_metadata(self, _: Request) -> Response:
        return _json({"name": "rnnzoo", "version": __version__, "extensions": ["binary_tensor_data"]})

    async def live(self, _: Request) -> Response:
        return _json({"live": True})

    @property
    def _is_ready(self) -> bool:
        return self.batcher.ready and not self._traffic.closing

    async def ready(self, _: Request) -> Response:
        ready = self._is_ready
        return _json({"ready": ready}, status=200 if ready else 503)

    async def model_ready(self, request: Request) -> Response:
        self._check_model(request)
        ready = self._is_ready
        return _json({"name": self._name, "ready": ready}, status=200 if ready else 503)

    async def model_metadata(self, request: Request) -> Response:
        self._check_model(request)
        signature = self._predictor.signature
        facts = {
            "name": self._name,
            "versions": [VERSION],
            "platform": "onnxruntime_onnx",
            "inputs": protocol.describe_tensors(signature.inputs),
            "outputs": protocol.describe_tensors(signature.outputs),
        }
        return _json(facts if signature.request is None else {**facts, "request": signature.request})

    async def infer(self, request: Request) -> Response:
        self._check_model(request)
        since = time.monotonic()
        async with self._traffic.body(self._settings.body_limits, request) as body:
            length = request.headers.get(_LENGTH_HEADER)
            parsed = await self._turn(since, len(body), self._parsed, body, length)
            outputs = await self._outputs(parsed.inputs, request, since)
            size = sum(array.nbytes for array in outputs.values())
            render = partial(protocol.render_infer, parsed, outputs, self._name, VERSION)
            content, length_of_json = await self._turn(since, size, render)
        if length_of_json is None:
            return Response(content, media_type="application/json")
        headers = {_LENGTH_HEADER: str(length_of_json)}
        return Response(content, media_type="application/octet-stream", headers=headers)

    def _parsed(self, body: bytes, length: str | None) -> protocol.InferRequest:
        """Returns a request with inputs that the model takes."""
        parsed = protocol.parse_infer(body, length, self._predictor.signature, self._settings.limits)
        self._check_named(parsed.model_name, parsed.model_version, status=400)
        return dataclasses.replace(parsed, inputs=self._predictor.check(parsed.inputs))

    async def predict(self, request: Request) -> Response:
        self._check_model(request)
        since = time.monotonic()
        async with self._traffic.body(self._settings.body_limits, request) as body:
            raw = self._raw_inputs(await self._turn(since, len(body), protocol.parse_json, body))
            encoded, inputs = await self._beside(len(body), self._encode, raw)
            outputs = await self._outputs(inputs, request, since)
            size = max(len(body), *(array.nbytes for array in outputs.values()))
            content = await self._beside(size, self._answers, outputs, encoded, raw)
        return Response(content, media_type="application/json")

    async def _turn(self, since: float, size: int, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a function that works on so many bytes in a turn of its own, or beside the loop where they are many."""
        if size > _LARGE:
            return await self._beside(size, function, *arguments)
        await self.turns.next()
        self.batcher.check_time(since)
        return function(*arguments)

    async def _beside(self, size: int, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a function on another thread; those that work on many bytes one after the other.

        Python runs one thread at a time: many that parse at once would leave little time to the event loop.
        """
        async with self._large if size > _LARGE else contextlib.nullcontext():
            return await run_in_threadpool(function, *arguments)

    async def _outputs(
        self, inputs: Mapping[str, np.ndarray], request: Request, since: float
    ) -> dict[str, np.ndarray]:
        """Runs the model, as long as the client of the request is there."""
        try:
            return await self.batcher.submit(inputs, since=since, left=partial(_has_left, request))
        except LeftError:
            raise ClientDisconnect from None

    def _answers(self, outputs: Mapping[str, np.ndarray], encoded: Sequence[Any], raw: list[Any]) -> bytes:
        answers = self._predictor.decode(outputs, encoded, raw)
        message = {"model_name": self._name, "model_version": VERSION, "answers": answers}
        return _dumped(message)

    def _encode(self, raw: list[Any]) -> tuple[Sequence[Any], dict[str, np.ndarray]]:
        encoded = self._predictor.encode(raw)
        return encoded, self._predictor.check(self._predictor.collate(encoded))

    def _raw_inputs(self, message: Mapping[str, Any]) -> list[Any]:
        check_keys("request", message, ("inputs",))
        raw = message.get("inputs")
        if not isinstance(raw, list) or not raw:
            fix = "" if raw in (None, []) else ' Put a single input in a list too: {"inputs": [input]}.'
            raise RequestError(
                f'inputs: received {shorten(raw)}; expected {{"inputs": [...]}} with at least one raw input.{fix}'
            )
        if len(raw) > self._settings.max_rows:
            raise RequestError(
                f"inputs: received {len(raw)} rows; expected at most {self._settings.max_rows}. "
                "Send them in several requests.",
                status=413,
            )
        return raw

    def _check_model(self, request: Request) -> None:
        parameters = request.path_params
        self._check_named(parameters["name"], parameters.get("version"), status=404)

    def _check_named(self, name: Any, version: Any, *, status: int) -> None:
        if name not in (None, self._name):
            raise RequestError(f"model: received {shorten(name)}; expected {self._name!r}.", status=status)
        if version not in (None, VERSION):
            raise RequestError(f"version: received {shorten(version)}; expected {VERSION!r}.", status=status)


async def _has_left(request: Request) -> None:
    """Waits until the client of a request has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)


def _some_inputs(signature: Signature, steps: int) -> dict[str, np.ndarray]:
    """Returns one row of so many steps."""
    free = (1, steps)
    return {
        spec.name: np.zeros(
            [size or (free[axis] if axis < 2 else 1) for axis, size in enumerate(spec.shape)], spec.dtype
        )
        for spec in signature.inputs
    }


def _stepped(signature: Signature) -> list[str]:
    """Returns the names of the inputs whose number of steps is free."""
    return [spec.name for spec in signature.inputs if len(spec.shape) > 1 and spec.shape[1] is None]


def _json(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(_dumped(value), status_code=status, media_type="application/json", headers=headers)


def _dumped(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


async def _request_error(_: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, RequestError) else 400
    headers = {"Retry-After": "1"} if status == 503 else None
    return _json({"error": _message(error)}, status=status, headers=headers)


async def _own_code_error(_: Request, error: Exception) -> Response:
    _log.error("%s", one_line(error))
    return _json({"error": _message(error)}, status=500)


async def _data_error(_: Request, error: Exception) -> Response:
    return _json({"error": _message(error)}, status=400)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    expected = " See / for the addresses." if error.status_code == 404 else ""
    text = f"{request.method}: {error.detail}.{expected}"
    return _json({"error": text}, status=error.status_code, headers=error.headers)


async def _gone(_: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it: the client has closed the connection


async def _fault(_: Request, error: Exception) -> Response:
    _log.error("an unexpected %s", type(error).__name__, exc_info=error)
    return _json({"error": "server: an unexpected error; it was logged."}, status=500)


def _message(error: Exception, width: int = 500) -> str:
    """Returns the start of a message, which may quote a request."""
    text = one_line(error)
    return text if len(text) <= width else text[:width] + "..."
