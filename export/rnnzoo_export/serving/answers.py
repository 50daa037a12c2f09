"""Answers of the server: JSON, and errors as JSON with a status."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from rnnzoo.errors import DataError, OwnCodeError, RequestError, RnnzooError, one_line
from rnnzoo_export.inference.validation import shorten
from rnnzoo_export.serving.addresses import unknown_address
from rnnzoo_export.serving.body import has_unread_body
from rnnzoo_export.serving.observed import observed

_log = logging.getLogger("rnnzoo.serving")
_WIDTH = 500


def json_answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Returns a value as a response."""
    return Response(json_bytes(value), status_code=status, media_type="application/json", headers=headers)


def json_bytes(value: Any) -> bytes:
    """Returns a value, which may hold arrays, as JSON."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def error_answers() -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    """Returns what answers each kind of error."""
    return {
        HTTPException: _http_error,
        RequestError: _request_error,
        OwnCodeError: _own_code_error,
        DataError: _data_error,
        ClientDisconnect: _gone,
        Exception: _fault,  # of an application without the middleware that observes
    }


def error_text(error: Exception) -> str:
    """Returns what is told of an error where no status can be; one that was not expected is logged."""
    if isinstance(error, RnnzooError):
        return _message(error)
    _log.error("an unexpected %s", type(error).__name__, exc_info=error)
    return "server: an unexpected error; it was logged."


def _refusal(request: Request, text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Returns an error; the connection of a body that nobody reads ends, and the client is told so."""
    closing = {"Connection": "close"} if has_unread_body(request) else {}
    return json_answer({"error": text}, status=status, headers={**(headers or {}), **closing})


async def _request_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    status, observed(request.scope).kind = error.status, error.kind
    headers = {"Retry-After": "1"} if status == 503 else None
    return _refusal(request, error_text(error), status, headers)


async def _own_code_error(_: Request, error: Exception) -> Response:
    _log.error("%s", one_line(error))
    return json_answer({"error": error_text(error)}, status=500)


async def _data_error(_: Request, error: Exception) -> Response:
    return json_answer({"error": error_text(error)}, status=400)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if "Allow" in headers:  # in the same order each time
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
    text = _http_message(request, error, headers.get("Allow", "another"))
    return _refusal(request, text, error.status_code, headers)


def _http_message(request: Request, error: HTTPException, allowed: str) -> str:
    if error.status_code == 404:
        return unknown_address(request)
    if error.status_code == 405:
        return f"method: received {shorten(request.method)}; expected {allowed}. Ask the address so."
    return f"{error.detail}."


async def _gone(_: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it: the client has closed the connection


async def _fault(_: Request, error: Exception) -> Response:
    return fault_answer(error)


def fault_answer(error: Exception) -> Response:
    """Logs an error of the server, and returns what a client is told of it."""
    return json_answer({"error": error_text(error)}, status=500)


def _message(error: Exception) -> str:
    """Returns the start of a message, which may quote a request."""
    text = one_line(error)
    return text if len(text) <= _WIDTH else text[:_WIDTH] + "..."
