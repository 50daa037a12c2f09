"""The web application: Open Inference Protocol v2 over REST, raw inputs, and a page to try the models.

    GET  /                                    the page
    GET  /v2                                  server metadata
    GET  /v2/health/live  /v2/health/ready    health
    GET  /v2/models/NAME  .../ready           model metadata, readiness (also below .../versions/VERSION)
    POST /v2/models/NAME/infer                tensors to tensors
    POST /v2/models/NAME-raw/infer            tensors of raw rows to tensors
    POST /v2/models/NAME/predict              raw inputs to answers: {"inputs": [...]} to {"answers": [...]}
    GET  /v2/models/NAME/stream               a WebSocket for one sequence that comes piece by piece
    POST /v2/models/NAME/generate             the beginning of a text to what a language model writes on
    POST /v2/models/NAME/generate_stream      the same, piece by piece as it is written
    GET  /metrics                             what is counted and measured

Errors are JSON, ``{"error": "..."}``, with a 4xx status where the request is to blame.

Reference: https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from rnnzoo_export.inference.predictor import OnnxPredictor
from rnnzoo_export.serving.access_log import AccessLog
from rnnzoo_export.serving.addresses import TrailingSlash, not_offered
from rnnzoo_export.serving.answers import error_answers
from rnnzoo_export.serving.api_keys import KeyCheck, is_public, keys_of
from rnnzoo_export.serving.bundle_model import BundleModel
from rnnzoo_export.serving.compression import Compression
from rnnzoo_export.serving.direct import Direct
from rnnzoo_export.serving.exposition import Exposition
from rnnzoo_export.serving.generate import Generate
from rnnzoo_export.serving.host_check import HostCheck
from rnnzoo_export.serving.infer import Infer
from rnnzoo_export.serving.information import Information
from rnnzoo_export.serving.metrics import Metrics
from rnnzoo_export.serving.model_config import ModelConfig
from rnnzoo_export.serving.models import Load, Models, ServedModel
from rnnzoo_export.serving.observation import Observation
from rnnzoo_export.serving.page import Page
from rnnzoo_export.serving.predict import Predict
from rnnzoo_export.serving.repository import Repository
from rnnzoo_export.serving.root_path import RootPath
from rnnzoo_export.serving.rows_model import rows_models
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.stream_model import stream_models
from rnnzoo_export.serving.stream_socket import StreamSocket
from rnnzoo_export.serving.traffic import Traffic, TrafficControl
from rnnzoo_export.serving.turns import Turns
from rnnzoo_export.serving.work import Work

_MODEL = "/v2/models/{name}"


def create_app(
    models: OnnxPredictor | Sequence[OnnxPredictor | ServedModel], *, settings: Settings | None = None
) -> Starlette:
    """Makes the application that serves one model or several.

    It is an ASGI application: any ASGI server can run it.

    Args:
        models: The model, or all of them. Those of one name differ in the version of their bundle, and the newest
            answers where a request names none. Requests are held to ``settings`` by the limits of the predictors, which
            are set here.
        settings: What may be asked, and how much of it.

    Returns:
        The application. Its ``state.traffic`` is what is under way and its ``state.models`` what answers, for a server
        that wants to stop. Its ``state.metrics.registry`` takes metrics of your own.

    Raises:
        ArgumentError: If there is no model, two have one name and version, or one is called ``NAME-raw`` beside
            ``NAME``.
    """
    settings = settings or Settings()
    served = _served([models] if isinstance(models, OnnxPredictor) else models, settings)
    traffic, turns = Traffic(settings.max_requests, settings.max_bytes), Turns()
    keys, metrics = keys_of(settings.api_key, settings.api_key_file), _measured(served, traffic)
    log = None if settings.access_log == "off" else AccessLog(settings.access_log_file)
    exposition = Exposition(metrics)
    routes = [*_routes(served, settings, traffic, Work(turns)), *exposition.routes()]
    app = _Application(
        routes=routes,
        lifespan=_lifespan(served, settings, traffic, log),
        exception_handlers=error_answers(),
    )
    app.router.redirect_slashes = False  # where a slash means nothing, none need be sent elsewhere
    app.state.traffic, app.state.models, app.state.metrics = traffic, served, exposition
    # The last that is added is the first that sees a request.
    app.add_middleware(Direct, routes=routes, errors=error_answers())
    app.add_middleware(Compression)
    app.add_middleware(TrafficControl, traffic=traffic, turns=turns)
    app.add_middleware(KeyCheck, keys=keys, is_public=partial(is_public, settings))
    app.add_middleware(HostCheck, allowed=settings.known_hosts)
    app.add_middleware(Observation, metrics=metrics, models=served.all_names, log=log)
    app.add_middleware(TrailingSlash)
    if settings.root_path:
        app.add_middleware(RootPath, prefix=settings.root_path)
    return app


class _Application(Starlette):
    """Without Starlette's outermost layer, for ``Observation`` answers errors that nobody expects."""

    def build_middleware_stack(self) -> ASGIApp:
        """Returns the layers."""
        known = {kind: answer for kind, answer in self.exception_handlers.items() if kind is not Exception}
        app: ASGIApp = ExceptionMiddleware(self.router, handlers=known)
        for layer, arguments, options in reversed(self.user_middleware):
            app = layer(app, *arguments, **options)
        return app


def _measured(models: Models, traffic: Traffic) -> Metrics:
    """Returns the metrics of an application."""
    metrics = Metrics()
    metrics.gauge("requests_in_flight", "Requests under way.", {"": lambda: traffic.count})
    metrics.gauge("bytes_in_flight", "Bytes of the bodies of all requests.", {"": lambda: traffic.bytes_held})
    metrics.info({"model": model.name, "version": model.version, "sha256": model.sha256} for model in models)
    for model in models:
        model.observe(metrics)
    for name, text, of in (
        ("jobs_waiting", "Requests that wait for the model.", lambda load: load.jobs),
        ("work_waiting_seconds", "How long the model takes for all it has to do.", lambda load: load.seconds),
        ("sessions_open", "Sequences that are open.", lambda load: load.sessions),
    ):
        metrics.gauge(name, text, {name: partial(_load, models, name, of) for name in models.all_names})
    return metrics


def _load(models: Models, name: str, of: Callable[[Load], float]) -> float:
    """Returns a figure of all versions of a model."""
    return sum(of(model.load) for model in models if model.name == name)


def _served(models: Sequence[OnnxPredictor | ServedModel], settings: Settings) -> Models:
    opened = [BundleModel(model, settings) if isinstance(model, OnnxPredictor) else model for model in models]
    of_rows, missing = rows_models(opened)
    return Models([*opened, *of_rows, *stream_models(opened, settings)], missing)


def _routes(models: Models, settings: Settings, traffic: Traffic, work: Work) -> list[BaseRoute]:
    information = Information(models, traffic)
    infer, predict = Infer(models, settings, traffic, work), Predict(models, settings, traffic, work)
    socket = StreamSocket(models, settings, traffic, work)
    generate = Generate(models, settings, traffic, work)
    routes: list[BaseRoute] = [
        Route("/", Page(models).answer),
        Route("/openapi.json", _openapi(models, settings)),
        Route("/v2", information.server_metadata),
        Route("/v2/health/live", information.live),
        Route("/v2/health/ready", information.ready),
        *Repository(models, settings, traffic).routes(),
    ]
    config = ModelConfig(models, settings.max_rows)
    for path in (_MODEL, _MODEL + "/versions/{version}"):
        routes += [
            Route(path, information.model_metadata),
            Route(path + "/ready", information.model_ready),
            Route(path + "/config", config.answer),
            Route(path + "/infer", infer.answer, methods=["POST"]),
            Route(path + "/predict", predict.answer, methods=["POST"]),
            WebSocketRoute(path + "/stream", socket.answer),
            Route(path + "/generate", generate.answer, methods=["POST"]),
            Route(path + "/generate_stream", generate.stream, methods=["POST"]),
        ]
    return [*routes, *not_offered()]


def _openapi(models: Models, settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        from rnnzoo_export.serving.openapi import OpenApi  # a server starts sooner without

        return await OpenApi(models, settings).answer(request)

    return answer


def _lifespan(
    models: Models, settings: Settings, traffic: Traffic, log: AccessLog | None
) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await models.start()
        yield
        await models.stop(traffic.seconds_left(settings.shutdown_timeout))
        if log is not None:
            await asyncio.to_thread(log.close)

    return lifespan
