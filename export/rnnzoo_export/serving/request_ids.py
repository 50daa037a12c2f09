"""Names of requests, by which a client, the gateways and this server speak of one."""

from __future__ import annotations

import random
import re

_WELL_FORMED = re.compile(rb"[A-Za-z0-9._~+/=:@-]{1,128}")


def request_id(given: bytes | None) -> str:
    """Returns the name that a client has given a request, or a new one where it is none to be repeated.

    One has 1 to 128 letters, digits and ``._~+/=:@-``, so that it can stand in a header, a log and a query.

    Example:
        >>> request_id(b"order-17"), len(request_id(None)), len(request_id(b"two words"))
        ('order-17', 32, 32)
    """
    if given is not None and _WELL_FORMED.fullmatch(given):
        return given.decode("ascii")
    return f"{random.getrandbits(128):032x}"
