"""A server of digits, and requests to it."""

# mypy: disable-error-code="index, union-attr"

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest

from rnnzoo import load_dataset
from serving_client import Server, running

NAME = "series-classifier-gru"
X = np.zeros((1, 8, 8), np.float32)


@pytest.fixture(scope="session")
def server(digits_bundle: Path) -> Iterator[Server]:
    with running(digits_bundle, NAME) as server:
        yield server


@pytest.fixture(scope="session")
def images() -> list[np.ndarray]:
    return list(load_dataset("digits").test.raw[:20])


def tensor(x: np.ndarray, **changes: Any) -> dict[str, Any]:
    return {
        "name": "features",
        "datatype": "FP32",
        "shape": list(x.shape),
        "data": x.ravel().tolist(),
        **changes,
    }


def infer(server: Server, *tensors: dict[str, Any], **more: Any) -> httpx.Response:
    return httpx.post(f"{server.model}/infer", json={"inputs": list(tensors), **more}, timeout=30)


def memory(pid: int) -> int:
    """Proportional memory (PSS) of a process and its children."""
    process = psutil.Process(pid)
    return sum(p.memory_full_info().pss for p in (process, *process.children(recursive=True)))
