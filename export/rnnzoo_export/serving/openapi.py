"""The OpenAPI document: every address of the server, with the names and tensors of the models that it serves.

What a schema cannot say is said by the error that answers a request: that ``data`` must fill ``shape``, for instance.

Reference: https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from rnnzoo.version import __version__
from rnnzoo_export.serving import schemas
from rnnzoo_export.serving.answers import json_answer
from rnnzoo_export.serving.api_keys import is_public
from rnnzoo_export.serving.bundle_model import BundleModel
from rnnzoo_export.serving.models import Models, ServedModel
from rnnzoo_export.serving.operations import Item, error_responses, get, post, with_binary, with_events
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.stream_model import stream_of
from rnnzoo_export.serving.tensor_model import TensorModel
from rnnzoo_export.serving.translator_model import TranslatorModel


class OpenApi:
    """The endpoint.

    Args:
        models: The models of the server.
        settings: What may be asked of them.
    """

    def __init__(self, models: Models, settings: Settings) -> None:
        self._models, self._settings = models, settings

    async def answer(self, request: Request) -> Response:
        """Answers a request."""
        document = describe_api(self._models, self._settings)
        root = self._settings.root_path or request.scope.get("root_path", "")
        return json_answer({**document, "servers": [{"url": root}]} if root else document)


def describe_api(models: Models, settings: Settings) -> dict[str, Any]:
    """Returns the document.

    Args:
        models: The models of the server.
        settings: What may be asked of them.
    """
    paths = _of_server()
    for model in models:
        items = _of_model(model, settings, sequences=stream_of(models, model) is not None)
        for address in _addresses(models, model):
            paths.update({address + place: item for place, item in items.items()})
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "rnnzoo",
            "version": __version__,
            "summary": "Open Inference Protocol v2 over REST, and raw rows to answers",
        },
        "paths": paths,
        "components": {"schemas": {"Error": schemas.ERROR}, "responses": error_responses()},
    }
    return _with_keys(document, settings) if settings.has_keys else document


def _with_keys(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Adds that requests must carry a key."""
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    document["security"] = [{"bearer": []}, {"key": []}]
    for path, item in document["paths"].items():
        for operation in item.values():
            if is_public(settings, path):
                operation["security"] = []
            else:
                operation["responses"]["401"] = {"$ref": "#/components/responses/E401"}
    return document


def _addresses(models: Models, model: ServedModel) -> list[str]:
    """Returns where a model is: below its version, and if it is the newest without one."""
    address = "/v2/models/" + quote(model.name, safe="")
    own = f"{address}/versions/{model.version}"
    return [address, own] if models.find(model.name) is model else [own]


def _of_server() -> dict[str, Item]:
    page = get("A page to try the models", {"type": "string"})
    metrics = get("What is counted and measured, for Prometheus", {"type": "string"})
    for item, media in ((page, "text/html"), (metrics, "text/plain")):
        answer = item["get"]["responses"]["200"]
        answer["content"] = {media: answer["content"].pop("application/json")}
    return {
        "/": page,
        "/openapi.json": get("This document", {"type": "object"}),
        "/metrics": metrics,
        "/v2": get("What the server is", schemas.SERVER),
        "/v2/health/live": get("Whether the process runs", schemas.LIVE),
        "/v2/health/ready": get("Whether all models take requests", schemas.READY, unready=True),
        "/v2/repository/index": post(
            "Lists the models, or those that are ready",
            schemas.INDEX_REQUEST,
            schemas.INDEX,
            required=False,
            runs=False,
        ),
    }


def _of_model(model: ServedModel, settings: Settings, *, sequences: bool) -> dict[str, Item]:
    ready = get("Whether the model takes requests", schemas.MODEL_READY, of_model=True, unready=True)
    items = {
        "": get("What the model takes and gives", schemas.METADATA, of_model=True),
        "/ready": ready,
        "/config": get("How the model is configured", schemas.CONFIG, of_model=True),
    }
    if isinstance(model, TensorModel):
        facts = model.facts()
        body = schemas.infer_request(facts, model.version, settings, model.leeway, sequences=sequences)
        items["/infer"] = with_binary(post("Tensors to tensors", body, schemas.infer_answer(facts)))
    if isinstance(model, TranslatorModel):
        body = schemas.translate_request(settings)
        items["/predict"] = post("Texts to their translations", body, schemas.PREDICT_ANSWER)
    if isinstance(model, BundleModel):
        items["/predict"] = post(
            "Raw rows to answers", schemas.predict_request(settings), schemas.PREDICT_ANSWER
        )
        example = model.predictor.bundle.provenance.get("example")
        if example is not None:
            content = items["/predict"]["post"]["requestBody"]["content"]["application/json"]
            content["example"] = {"inputs": [example]}
        if model.writer is not None:
            items.update(_of_writer(settings))
    return items


def _of_writer(settings: Settings) -> dict[str, Item]:
    """Returns where a language model writes."""
    whole, streamed = (schemas.generate_request(settings, streamed=streamed) for streamed in (False, True))
    return {
        "/generate": post("Writes a text on", whole, schemas.GENERATE_ANSWER),
        "/generate_stream": with_events(
            post("Writes a text on, piece by piece", streamed, schemas.GENERATE_EVENT)
        ),
    }
