"""The page to try a model: one answer with its style and its script within, and no request to anywhere else.

Its parts lie in ``page_files``. The browser runs this style and this script alone, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import shorten
from rnnzoo_export.serving.models import Models

#: The parts of the style: the frame, and what is shown in it.
STYLES = ("page", "content")
#: The parts of the script, in the order in which they are put together.
SCRIPTS = (
    "dom",
    "values",
    "chart",
    "editors",
    "series_editors",
    "drawing",
    "media_editors",
    "answers",
    "requests",
    "snippets",
    "uses",
    "main",
)
_POLICY = (
    "default-src 'none'",
    "connect-src 'self'",
    "img-src data:",
    "media-src blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
)


@dataclass(frozen=True)
class _Template:
    """The page without facts, in two halves, and what it allows a browser to do."""

    before: str
    after: str
    policy: str


class Page:
    """The endpoint.

    Args:
        models: The models of the server; those that say nothing for the page are not offered there.
    """

    def __init__(self, models: Models) -> None:
        self._models = models

    async def answer(self, request: Request) -> Response:
        """Answers with the page of the model that ``?model=NAME`` names, else of the first."""
        shown = {model.name: model for model in self._models if model.page_facts() is not None}
        name = request.query_params.get("model") or next(iter(shown), None)
        facts = self._models.find(name).page_facts()
        if facts is None:
            raise RequestError(
                f"model: received {shorten(name)}, which has no page; expected one of {', '.join(shown)}.",
                status=404,
            )
        return render_page(facts, list(shown))


def render_page(model: Mapping[str, Any], models: Sequence[str] = ()) -> Response:
    """Renders the page for one model.

    Args:
        model: What ``describe_bundle`` says of it.
        models: The names of all models that have a page, to choose from.
    """
    # "</script>" inside a text would end the script.
    facts = json.dumps({"model": dict(model), "models": list(models)}).replace("<", "\\u003c")
    template = _template()
    headers = {
        "Content-Security-Policy": template.policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
    return Response(template.before + facts + template.after, media_type="text/html", headers=headers)


@cache
def _template() -> _Template:
    style = "\n".join(_text(f"{name}.css") for name in STYLES)
    script = "\n".join(['"use strict";', "{", *(_text(f"{name}.js") for name in SCRIPTS), "}"])
    page = _text("index.html")
    for mark, content in (("/*STYLE*/", style), ("/*SCRIPT*/", script)):
        page = page.replace(mark, content, 1)
    before, _, after = page.partition("/*FACTS*/")
    hashes = (f"style-src '{_hash(style)}'", f"script-src '{_hash(script)}'")
    return _Template(before, after, "; ".join((*hashes, *_POLICY)))


def _text(name: str) -> str:
    return resources.files("rnnzoo_export.serving").joinpath("page_files", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Returns the name of a text in a policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
