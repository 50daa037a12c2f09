"""What the server says of itself and its models: health and metadata."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from rnnzoo.version import __version__
from rnnzoo_export.serving.answers import json_answer
from rnnzoo_export.serving.models import Models, ServedModel
from rnnzoo_export.serving.traffic import Traffic

_EXTENSIONS = ("binary_tensor_data", "generate", "model_configuration", "model_repository", "sequence")


class Information:
    """The endpoints.

    Args:
        models: The models of the server.
        traffic: What is under way.
    """

    def __init__(self, models: Models, traffic: Traffic) -> None:
        self._models, self._traffic = models, traffic

    async def server_metadata(self, _: Request) -> Response:
        """Says what the server is."""
        return json_answer({"name": "rnnzoo", "version": __version__, "extensions": list(_EXTENSIONS)})

    async def live(self, _: Request) -> Response:
        """Says that the process runs."""
        return json_answer({"live": True})

    async def ready(self, _: Request) -> Response:
        """Says whether all models take requests."""
        ready = not self._traffic.closing and await self._models.check()
        return json_answer({"ready": ready}, status=200 if ready else 503)

    async def model_ready(self, request: Request) -> Response:
        """Says whether one model takes requests."""
        model = self._model(request)
        ready = not self._traffic.closing and await model.check()
        return json_answer({"name": model.name, "ready": ready}, status=200 if ready else 503)

    async def model_metadata(self, request: Request) -> Response:
        """Says what one model takes and gives."""
        model = self._model(request)
        facts = model.facts()
        return json_answer(
            {"name": facts.pop("name"), "versions": self._models.versions(model.name), **facts}
        )

    def _model(self, request: Request) -> ServedModel:
        return self._models.of_path(request.path_params)
