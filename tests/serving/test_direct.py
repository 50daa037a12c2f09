"""Truth of ``rnnzoo_export.serving.direct``: what goes past the router goes where the router would have sent it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Match
from starlette.testclient import TestClient

from handmade_bundles import scorer
from rnnzoo_export import OnnxPredictor, create_app
from rnnzoo_export.serving.direct import Direct

WORDS = (
    "",
    "v2",
    "models",
    "films",
    "versions",
    "1",
    "infer",
    "predict",
    "ready",
    "stream",
    "generate",
    "health",
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Starlette:
    return create_app(OnnxPredictor(scorer(tmp_path_factory.mktemp("bundle"), np.ones((4, 2)))))


@pytest.fixture(scope="module")
def client(app: Starlette) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def matched(routes: list[BaseRoute], scope: dict[str, Any]) -> tuple[BaseRoute, Any] | None:
    """The route that a router takes, with what the path names."""
    for route in routes:
        found, more = route.matches(scope)
        if found is Match.FULL:
            return route, more["path_params"]
    return None


def asked(path: str, method: str = "POST", root: str = "") -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "root_path": root, "headers": []}


@hypothesis.given(
    st.one_of(
        st.lists(st.sampled_from(WORDS), max_size=7).map(lambda parts: "/" + "/".join(parts)),
        st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS)).map(
            lambda two: "/v2/models/{}/{}".format(*two)
        ),
        st.tuples(*[st.sampled_from(WORDS)] * 3).map(
            lambda three: "/v2/models/{}/versions/{}/{}".format(*three)
        ),
    ),
    st.sampled_from(("POST", "GET", "HEAD")),
)
def test_it_takes_the_route_of_the_router_or_none(app: Starlette, path: str, method: str) -> None:
    scope = asked(path, method)
    found = Direct(app, routes=app.routes, errors={})._route(scope)
    if found is not None:
        assert (found, scope["path_params"]) == matched(app.routes, asked(path, method))


@pytest.mark.parametrize("path", ["/v2/models/films/infer", "/v2/models/films/versions/1/predict"])
def test_what_is_asked_most_goes_past_the_router(path: str, app: Starlette) -> None:
    direct = Direct(app, routes=app.routes, errors={})
    assert direct._route(asked(path)) is not None
    assert direct._route(asked(path, "GET")) is None
    assert direct._route(asked(path, root="/below")) is None


def test_its_errors_are_answered_as_those_of_the_router(client: TestClient) -> None:
    for path in ("/v2/models/films/infer", "/v2/models/films/predict"):
        answer = client.post(path, json={})
        assert answer.status_code == 404
        assert answer.json() == {"error": "model: received 'films'; expected 'handmade'."}
    wrong = client.post("/v2/models/handmade/infer", json={"inputs": []})
    assert wrong.status_code == 400
    assert client.get("/v2/models/handmade/infer").status_code == 405
