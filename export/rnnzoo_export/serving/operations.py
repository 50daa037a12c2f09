"""What is said of one address and method in an OpenAPI document: its body, its answers, its errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnzoo_export.serving.schemas import Schema

Item = dict[str, Any]
"""What an address takes, by method."""

_STATUSES = {
    400: "The request breaks the protocol, or does not fit the model.",
    401: "The request carries no key, or a wrong one.",
    403: "The server does not do that.",
    404: "There is no such model.",
    408: "The body was not complete in time, or came too slowly.",
    409: "A piece of a sequence waited behind one that failed.",
    413: "The body, its rows or its steps are over the limit.",
    415: "The body is of another type, or encoded otherwise than by gzip or deflate.",
    421: "The request is addressed to another host.",
    500: "An error of the server, or an answer that is not finite.",
    503: "The server is busy, starts or stops.",
    504: "Not answered by the deadline.",
}
_LENGTH_HEADER = "Inference-Header-Content-Length"
_WHEREVER = (421, 500, 503)
_OF_BODIES = (400, 408, 413, 415, *_WHEREVER)
_ERRORS_OF_RUNS = (404, 409, 504)


def error_responses() -> dict[str, Any]:
    """Returns the errors, for the components of the document."""
    content = json_content({"$ref": "#/components/schemas/Error"})
    return {f"E{status}": {"description": text, **content} for status, text in _STATUSES.items()}


def json_content(schema: Schema) -> dict[str, Any]:
    """Returns JSON as what an answer or a body holds."""
    return {"content": {"application/json": {"schema": schema}}}


def get(summary: str, answer: Schema, *, of_model: bool = False, unready: bool = False) -> Item:
    """Returns an address that is read.

    Args:
        summary: What it says.
        answer: The schema of its answer.
        of_model: Whether it is one of a model, which may not be there.
        unready: Whether it answers likewise with status 503, where something is not ready.
    """
    responses = _responses(answer, (404, *_WHEREVER) if of_model else _WHEREVER)
    if unready:
        responses["503"] = {"description": "Not ready.", **json_content(answer)}
    return {"get": {"summary": summary, "responses": responses}}


def post(summary: str, body: Schema, answer: Schema, *, required: bool = True, runs: bool = True) -> Item:
    """Returns an address that takes a JSON body.

    Args:
        summary: What it does.
        body: The schema of its body.
        answer: The schema of its answer.
        required: Whether it needs a body.
        runs: Whether it runs a model.
    """
    statuses = (*_OF_BODIES, *(_ERRORS_OF_RUNS if runs else ()))
    operation = {
        "summary": summary,
        "requestBody": {"required": required, **json_content(body)},
        "responses": _responses(answer, statuses),
    }
    return {"post": operation}


def with_binary(item: Item) -> Item:
    """Adds to an address of tensors that they may be binary, behind the JSON."""
    operation = item["post"]
    tensors: Item = {"application/octet-stream": {}}
    operation["requestBody"]["content"].update(tensors)
    answer = operation["responses"]["200"]
    answer["content"].update(tensors)
    length = {
        "description": "The bytes of the JSON, before its compression; binary tensors follow it.",
        "schema": {"type": "integer", "minimum": 1},
    }
    operation["parameters"] = [{"name": _LENGTH_HEADER, "in": "header", **length}]
    answer["headers"] = {_LENGTH_HEADER: length}
    return item


def with_events(item: Item) -> Item:
    """Says of an address that it answers with server-sent events."""
    content = item["post"]["responses"]["200"]["content"]
    content["text/event-stream"] = content.pop("application/json")
    return item


def _responses(answer: Schema, statuses: Sequence[int]) -> dict[str, Any]:
    errors = {str(status): {"$ref": f"#/components/responses/E{status}"} for status in sorted(statuses)}
    return {"200": {"description": "The answer.", **json_content(answer)}, **errors}
