"""What a server counts and measures, as Prometheus and whatever reads its format ask for it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rnnzoo_export.serving.metrics import Metrics
from rnnzoo_export.serving.traffic import METRICS

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class Exposition:
    """The metrics of one application, for those who read them.

    Prometheus's client is imported when they are first read: a server starts sooner without.

    Args:
        metrics: What is counted.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @cached_property
    def registry(self) -> CollectorRegistry:
        """Prometheus's registry of them, which takes metrics of your own too."""
        from rnnzoo_export.serving.prometheus_registry import registry_of

        return registry_of(self._metrics)

    def text(self) -> bytes:
        """Returns all of them as Prometheus reads them."""
        from prometheus_client.exposition import generate_latest

        return generate_latest(self.registry)

    def routes(self) -> list[Route]:
        """Returns the address where they are read."""

        async def metrics(_: Request) -> Response:
            text = self.text()
            from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

            return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)

        return [Route(METRICS, metrics)]
