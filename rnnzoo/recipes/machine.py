"""What a result was measured with: processor, memory and versions, nothing that says whose machine it was."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("rnnzoo", "tensorflow", "keras", "onnxruntime", "scikit-learn", "numpy")


def describe_machine() -> dict[str, Any]:
    """Returns CPU model, cores and memory; the memory is ``None`` where the system does not say it (Windows).

    Example:
        >>> sorted(describe_machine())
        ['cores', 'cpu', 'memory_gib']
    """
    return {"cpu": _cpu(), "cores": os.cpu_count(), "memory_gib": _memory_gib()}


def describe_versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that a result depends on."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in _PACKAGES}}


def _memory_gib() -> int | None:
    if not hasattr(os, "sysconf"):
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):  # no Linux, or a processor that does not name itself
        return platform.processor() or platform.machine()
