"""`predict`: raw rows to answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from starlette.requests import Request
from starlette.responses import Response

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import shorten
from rnnzoo_export.serving import protocol
from rnnzoo_export.serving.bundle_model import BundleModel
from rnnzoo_export.serving.endpoint import Endpoint
from rnnzoo_export.serving.models import ServedModel
from rnnzoo_export.serving.parameters import check_keys

if TYPE_CHECKING:  # a server of bundles starts sooner without
    from rnnzoo_export.serving.translator_model import TranslatorModel

    #: The models that take raw rows.
    RowModel = BundleModel | TranslatorModel


class Predict(Endpoint):
    """The endpoint."""

    async def answer(self, request: Request) -> Response:
        """Answers a request."""
        model = self._model(request)
        since = time.monotonic()
        with self._traffic.held(request) as held:
            body = await held.read(self._body_limits)
            work, batcher = self._work, model.batcher
            message = await work.turn(batcher, since, len(body), protocol.parse_json, body)
            raw = self._raw_inputs(model, message)
            asked = [message.get(key) for key in model.predict_keys]
            encoded, inputs = await work.paced(batcher, since, len(body), model.encoding, *asked)
            outputs = await work.outputs(batcher, inputs, request, since)
            size = max(len(body), *(array.nbytes for array in outputs.values()))
            content = await work.paced(batcher, since, size, model.decoding, outputs, encoded, raw)
        return Response(content, media_type="application/json")

    def _model(self, request: Request) -> RowModel:
        model = self._models.of_path(request.path_params)
        if not takes_rows(model):
            raise RequestError(
                f"predict: {model.name} is asked by infer alone; expected another model.", status=404
            )
        return model

    def _raw_inputs(self, model: RowModel, message: Mapping[str, Any]) -> list[Any]:
        check_keys("request", message, model.predict_keys)
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


def takes_rows(model: ServedModel) -> TypeGuard[RowModel]:
    """Whether a model takes raw rows."""
    return hasattr(model, "predict_keys")
