"""The repository of models: a list of them. They are loaded when the server starts, and only then.

Reference: Triton's model repository extension.
"""

from __future__ import annotations

from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import shorten
from rnnzoo_export.serving.answers import json_answer
from rnnzoo_export.serving.models import Models, ServedModel
from rnnzoo_export.serving.parameters import check_keys
from rnnzoo_export.serving.protocol import parse_json
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.traffic import Traffic


class Repository:
    """The endpoints.

    Args:
        models: The models of the server.
        settings: How large a body may be.
        traffic: What is under way.
    """

    def __init__(self, models: Models, settings: Settings, traffic: Traffic) -> None:
        self._models, self._settings, self._traffic = models, settings, traffic

    def routes(self) -> list[BaseRoute]:
        """Returns the routes to them."""
        path = "/v2/repository/models/{name}"
        return [
            Route("/v2/repository/index", self.index, methods=["POST"]),
            Route(path + "/load", self.refuse, methods=["POST"], include_in_schema=False),
            Route(path + "/unload", self.refuse, methods=["POST"], include_in_schema=False),
        ]

    async def index(self, request: Request) -> Response:
        """Lists the models; those that are ready, where that is asked."""
        with self._traffic.held(request) as held:
            body = await held.read(self._settings.body_limits)
            ready_only = _ready_only(body) if body else False
        listed = [_entry(model) for model in self._models if model.ready or not ready_only]
        return json_answer(listed)

    async def refuse(self, request: Request) -> NoReturn:
        """Refuses to load and to unload models."""
        self._models.find(request.path_params["name"])
        raise RequestError(
            "repository: models are loaded when the server starts, not by requests. Start it anew with the models "
            "that it shall serve.",
            status=403,
        )


def _ready_only(body: bytes) -> bool:
    message = parse_json(body)
    check_keys("request", message, ("ready",))
    ready = message.get("ready", False)
    if not isinstance(ready, bool):
        raise RequestError(
            f"ready: received {shorten(ready)}; expected true or false. Leave it out for all models."
        )
    return ready


def _entry(model: ServedModel) -> dict[str, Any]:
    entry = {"name": model.name, "version": model.version, "state": "READY"}
    if model.ready:
        return entry
    return {**entry, "state": "UNAVAILABLE", "reason": "it does not answer; see the log of the server"}
