"""What is known of one request, which the middleware and the endpoints write down together."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import Scope

from rnnzoo_export.serving.trace_context import TraceContext

#: Where a scope holds it.
KEY = "rnnzoo.observed"
#: The status where the client has left before an answer.
LEFT = 499


@dataclass(slots=True)
class Observed:
    """What is known of one request.

    Attributes:
        request_id: Its name.
        trace: Its place in a trace, where it has one.
        status: That of its answer.
        kind: What it was refused for, where the status does not say it.
        queue_seconds: How long it has waited for the model.
        bytes_in: Bytes of its body.
        bytes_out: Bytes of the answer.
    """

    request_id: str = ""
    trace: TraceContext | None = None
    status: int = LEFT
    kind: str | None = None
    queue_seconds: float | None = None
    bytes_in: int = 0
    bytes_out: int = 0


def observed(scope: Scope) -> Observed:
    """Returns what is known of a request; one that nobody reads where there is no middleware."""
    found = scope.get(KEY)
    return found if isinstance(found, Observed) else Observed()
