"""Search over the models of the zoo with Keras Tuner."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnzoo_tuning.runner import SearchResult, run_search
    from rnnzoo_tuning.space import Choice, Integer, Real, SearchSpace, default_space

_HOMES = {
    "Choice": "rnnzoo_tuning.space",
    "Integer": "rnnzoo_tuning.space",
    "Real": "rnnzoo_tuning.space",
    "SearchResult": "rnnzoo_tuning.runner",
    "SearchSpace": "rnnzoo_tuning.space",
    "default_space": "rnnzoo_tuning.space",
    "run_search": "rnnzoo_tuning.runner",
}

__all__ = ["Choice", "Integer", "Real", "SearchResult", "SearchSpace", "default_space", "run_search"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rnnzoo_tuning' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
