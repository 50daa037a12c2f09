"""Cases of a test that only the slow suite runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def slow_but(names: Iterable[Any], *fast: Any) -> list[Any]:
    """All names; those that are not in ``fast`` are marked slow."""
    return [name if name in fast else pytest.param(name, marks=pytest.mark.slow) for name in names]


def mark_slow(names: Iterable[Any], *slow: Any) -> list[Any]:
    """All names; those in ``slow`` are marked so."""
    names = list(names)
    return slow_but(names, *(name for name in names if name not in slow))
