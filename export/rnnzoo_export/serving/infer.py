"""`infer`: tensors to tensors."""

from __future__ import annotations

import time
from functools import cached_property, partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import shorten
from rnnzoo_export.serving import protocol
from rnnzoo_export.serving.body import header
from rnnzoo_export.serving.endpoint import Endpoint
from rnnzoo_export.serving.models import ServedModel
from rnnzoo_export.serving.stream_model import StreamModel, stream_of
from rnnzoo_export.serving.tensor_model import TensorModel

_LENGTH_HEADER = "Inference-Header-Content-Length"
_LENGTH_KEY = _LENGTH_HEADER.lower().encode()


class Infer(Endpoint):
    """The endpoint."""

    @cached_property
    def _streams(self) -> dict[ServedModel, StreamModel]:
        """What answers the pieces of models, where there is something."""
        found = {model: stream_of(self._models, model) for model in self._models}
        return {model: stream for model, stream in found.items() if stream is not None}

    async def answer(self, request: Request) -> Response:
        """Answers a request."""
        model = self._model(request)
        since = time.monotonic()
        with self._traffic.held(request) as held:
            body = await held.read(self._body_limits)
            length = header(request, _LENGTH_KEY)
            turn, batcher = self._work.turn, model.batcher
            size = model.work_of(len(body))
            parsed, inputs, context = await turn(batcher, since, size, self._parsed, model, body, length)
            stream = self._streams.get(model)
            if parsed.piece is None or stream is None:
                outputs = await self._work.outputs(batcher, inputs, request, since)
            else:
                run = partial(self._work.outputs, stream.batcher, request=request, since=since)
                outputs = await stream.sequences.step(parsed.piece, inputs, run, since=since)
                since = time.monotonic()  # it has moved on: it is answered, however late it is
            size = sum(array.nbytes for array in outputs.values())
            content, length_of_json = await turn(
                batcher, since, size, _rendered, model, parsed, outputs, context
            )
        if length_of_json is None:
            return Response(content, media_type="application/json")
        headers = {_LENGTH_HEADER: str(length_of_json)}
        return Response(content, media_type="application/octet-stream", headers=headers)

    def _model(self, request: Request) -> TensorModel:
        model = self._models.of_path(request.path_params)
        if not isinstance(model, TensorModel):
            raise RequestError(f"infer: {model.name} takes no tensors; expected another address.", status=404)
        return model

    def _parsed(self, model: TensorModel, body: bytes, length: str | None) -> tuple[Any, Any, Any]:
        """Returns a request, what the session takes in its place, and what is needed to finish its answer."""
        stream = self._streams.get(model)
        pieces = None if stream is None else stream.pieces
        parsed = protocol.parse_infer(
            body, length, model.signature, self._limits, leeway=model.leeway, pieces=pieces
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
