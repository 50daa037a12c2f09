"""Classifiers that put attention or convolutions around recurrent layers: the problem of ``build_classifier``."""

from __future__ import annotations

from typing import Any

from rnnzoo import ModelSpec
from zoo_cases.classifier import ClassifierCase

# Narrow enough that no convolution reaches from the last step back to the one that is asked for.
_KERNEL = 2


class AttentionCase(ClassifierCase):
    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        return super().arguments(spec) | {"heads": 2}

    def looks_ahead(self, spec: ModelSpec) -> str:
        return super().looks_ahead(spec) or "SelfAttention"


class CnnCase(ClassifierCase):
    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        filters = (6,) * len(spec.arguments["filters"])
        return super().arguments(spec) | {"filters": filters, "kernel_size": _KERNEL}

    def looks_ahead(self, spec: ModelSpec) -> str:
        return "PackSteps"


class FcnCase(ClassifierCase):
    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        return super().arguments(spec) | {"filters": (6, 6), "kernel_size": (3, 2)}

    def looks_ahead(self, spec: ModelSpec) -> str:
        return "PackSteps"

    def needs_recurrence(self, spec: ModelSpec) -> bool:
        """Not here: the convolutions beside the recurrent layers find the ends of a row, and so its middle."""
        return False
