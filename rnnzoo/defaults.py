"""Defaults that several functions and the command share."""

from __future__ import annotations

#: Size of a vocabulary, at most.
MAX_TOKENS = 20_000
#: Share of rows for validation, and for the test where it is not given.
FRACTION = 0.15
