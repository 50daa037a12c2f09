"""What the endpoints that run models have in common."""

from __future__ import annotations

from rnnzoo_export.serving.models import Models
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.traffic import Traffic
from rnnzoo_export.serving.work import Work


class Endpoint:
    """An endpoint.

    Args:
        models: The models of the server.
        settings: How much may be asked.
        traffic: What is under way.
        work: Where things are done.
    """

    def __init__(self, models: Models, settings: Settings, traffic: Traffic, work: Work) -> None:
        self._models, self._settings, self._traffic, self._work = models, settings, traffic, work
        self._limits, self._body_limits = settings.limits, settings.body_limits
