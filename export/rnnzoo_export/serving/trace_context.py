"""W3C Trace Context: which trace a request belongs to, as level 1 of the recommendation has it.

Reference: https://www.w3.org/TR/trace-context-1/
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

# Version, trace, parent, flags; what a later version adds comes after another dash.
_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_KEY = r"(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
_MEMBER = re.compile(rf"({_KEY})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{{0,255}}[\x21-\x2b\x2d-\x3c\x3e-\x7e]")
_MOST_MEMBERS = 32
_SAMPLED = 1


@dataclass(frozen=True)
class TraceContext:
    """The place of a request in a trace.

    Attributes:
        trace_id: The trace, 32 hexadecimal digits.
        span_id: What this server does for the request, 16 hexadecimal digits.
        parent_id: What the client does that asks for it; ``None`` where the trace begins here.
        sampled: Whether the client records the trace.
        state: What vendors keep with it, passed on as it is.
    """

    trace_id: str
    span_id: str
    parent_id: str | None = None
    sampled: bool = False
    state: str = ""

    @property
    def traceparent(self) -> str:
        """The header that names this request as the parent."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def trace_context(parents: Sequence[bytes], states: Sequence[bytes]) -> TraceContext:
    """Goes on with the trace of a request, or begins one where its header is missing or malformed.

    Args:
        parents: The ``traceparent`` headers; one is expected.
        states: The ``tracestate`` headers, whose lists make one.

    Example:
        >>> header = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        >>> context = trace_context([header], [b"shop=7"])
        >>> context.trace_id, context.parent_id, context.sampled, context.state
        ('4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', True, 'shop=7')
        >>> trace_context([b"nonsense"], []).parent_id is None
        True
    """
    span = _identifier(64)
    found = _PARENT.fullmatch(parents[0].decode("latin-1").strip()) if len(parents) == 1 else None
    if found is None:
        return TraceContext(_identifier(128), span)
    version, trace, parent, flags, more = found.groups()
    is_known = version == "00" and more is None
    if not (is_known or "00" < version < "ff") or not int(trace, 16) or not int(parent, 16):
        return TraceContext(_identifier(128), span)
    return TraceContext(trace, span, parent, bool(int(flags, 16) & _SAMPLED), _state(states))


def _state(headers: Sequence[bytes]) -> str:
    """Returns the lists of the headers as one; nothing where a member is malformed or there are too many."""
    members = [part.strip(" \t") for header in headers for part in header.decode("latin-1").split(",")]
    members = [member for member in members if member]
    found = [_MEMBER.fullmatch(member) for member in members[: _MOST_MEMBERS + 1]]
    keys = [match[1] for match in found if match is not None]
    if len(keys) != len(members) or len(keys) > _MOST_MEMBERS or len(set(keys)) != len(keys):
        return ""
    return ",".join(members)


def _identifier(bits: int) -> str:
    return f"{random.getrandbits(bits) or 1:0{bits // 4}x}"
