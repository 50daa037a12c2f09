"""The page to try a model: one file, no request to anywhere else."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

from rnnzoo.errors import RequestError
from rnnzoo_export.serving.bundle_model import BundleModel
from rnnzoo_export.serving.models import Models

_MARK = "/*MODEL*/null"
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Page:
    """The endpoint.

    Args:
        models: The models of the server.
    """

    def __init__(self, models: Models) -> None:
        self._models = models

    async def answer(self, request: Request) -> Response:
        """Answers with the page of the model that ``?model=NAME`` names, else of the first."""
        name = request.query_params.get("model")
        model = next(iter(self._models)) if name is None else self._models.find(name)
        if not isinstance(model, BundleModel):
            raise RequestError(f"model: {model.name} has no page; expected another.", status=404)
        return render_page(model)


def render_page(model: BundleModel) -> Response:
    """Renders the page for one model."""
    bundle = model.predictor.bundle
    takes = bundle.preprocessing.takes if bundle.preprocessing is not None else None
    facts = {
        "name": model.name,
        "task": bundle.provenance.get("task"),
        "takes": "request" if takes == "windows" and bundle.signature.request is not None else takes,
        "example": bundle.provenance.get("example"),
        "inputs": [spec.to_config() for spec in bundle.signature.inputs],
        "sha256": bundle.sha256,
        "versions": bundle.provenance.get("versions"),
        "metrics": (bundle.provenance.get("metrics") or {}).get("test"),
    }
    # "</script>" inside a text would end the script.
    text = json.dumps(facts).replace("<", "\\u003c")
    headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
    return Response(_template().replace(_MARK, text), media_type="text/html", headers=headers)


@cache
def _template() -> str:
    return resources.files("rnnzoo_export.serving").joinpath("page.html").read_text(encoding="utf-8")
