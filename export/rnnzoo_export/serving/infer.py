"""`infer`: tensors to tensors."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import shorten
from rnnzoo_export.serving import protocol
from rnnzoo_export.serving.endpoint import Endpoint
from rnnzoo_export.serving.stream_model import stream_of
from rnnzoo_export.serving.tensor_model import TensorModel

_LENGTH_HEADER = "Inference-Header-Content-Length"


class Infer(Endpoint):
    """The endpoint."""

    async def answer(self, request: Request) -> Response:
        """Answers a request."""
        model = self._model(request)
        since = time.monotonic()
        async with self._traffic.body(self._settings.body_limits, request) as body:
            length = request.headers.get(_LENGTH_HEADER)
            turn = partial(self._work.turn, model.batcher, since)
            parsed, inputs, context = await turn(model.work_of(len(body)), self._parsed, model, body, length)
            outputs = await self._outputs(model, parsed, inputs, request, since)
            size = sum(array.nbytes for array in outputs.values())
            if parsed.piece is not None:  # its sequence has moved on: it is answered, however late it is
                turn = partial(self._work.turn, model.batcher, time.monotonic())
            content, length_of_json = await turn(size, _rendered, model, parsed, outputs, context)
        if length_of_json is None:
            return Response(content, media_type="application/json")
        headers = {_LENGTH_HEADER: str(length_of_json)}
        return Response(content, media_type="application/octet-stream", headers=headers)

    async def _outputs(
        self, model: TensorModel, parsed: protocol.InferRequest, inputs: Any, request: Request, since: float
    ) -> dict[str, np.ndarray]:
        stream = None if parsed.piece is None else stream_of(self._models, model)
        if parsed.piece is None or stream is None:
            return await self._work.outputs(model.batcher, inputs, request, since)
        run = partial(self._work.outputs, stream.batcher, request=request, since=since)
        return await stream.sequences.step(parsed.piece, inputs, run, since=since)

    def _model(self, request: Request) -> TensorModel:
        model = self._models.of_path(request.path_params)
        if not isinstance(model, TensorModel):
            raise RequestError(f"infer: {model.name} takes no tensors; expected another address.", status=404)
        return model

    def _parsed(self, model: TensorModel, body: bytes, length: str | None) -> tuple[Any, Any, Any]:
        """Returns a request, what the session takes in its place, and what is needed to finish its answer."""
        stream, limits = stream_of(self._models, model), self._settings.limits
        pieces = None if stream is None else stream.pieces
        parsed = protocol.parse_infer(
            body, length, model.signature, limits, leeway=model.leeway, pieces=pieces
        )
        check_named(model, parsed.model_name, parsed.model_version)
        if parsed.piece is not None and stream is not None:
            return parsed, stream.check_piece(parsed.inputs), None
        return parsed, *model.prepare(parsed.inputs)


def check_named(model: TensorModel, name: Any, version: Any) -> None:
    """Raises ``RequestError`` where the body of a request names another model than its address."""
    if name not in (None, model.name):
        raise RequestError(f"model: received {shorten(name)}; expected {model.name!r}.")
    if version not in (None, model.version):
        raise RequestError(f"version: received {shorten(version)}; expected {model.version!r}.")


def _rendered(
    model: TensorModel, parsed: protocol.InferRequest, outputs: Any, context: Any
) -> tuple[bytes, int | None]:
    found = outputs if parsed.piece is not None else model.finish(outputs, context)
    return protocol.render_infer(parsed, found, model.name, model.version)
