"""The checksum of rows, by which two data are told apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def checksum_of(parts: Mapping[str, tuple[Any, ...]]) -> str:
    """Returns the SHA-256 of the rows and targets, and weights, of each part, in hexadecimal digits."""
    digest = hashlib.sha256()
    for name, pair in parts.items():
        digest.update(name.encode())
        for part in pair:
            for row in part:
                digest.update(_bytes(row))
    return digest.hexdigest()


def _bytes(row: Any) -> bytes:
    if isinstance(row, Mapping):
        return b"".join(name.encode() + np.asarray(row[name], np.float64).tobytes() for name in sorted(row))
    if isinstance(row, str | list | tuple):
        return json.dumps(row, default=str).encode()
    return np.asarray(row).tobytes()
