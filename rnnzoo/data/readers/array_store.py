"""Where the arrays of large tables lie: in memory, or in files of a temporary folder."""

from __future__ import annotations

import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np


class ArrayStore:
    """Makes arrays in memory."""

    def empty(self, shape: tuple[int, ...], dtype: type[Any]) -> np.ndarray:
        """Returns an array to be written to."""
        return np.empty(shape, dtype)


class DiskStore(ArrayStore):
    """Makes arrays that are mapped to files, which are removed once nobody holds the store, or at exit.

    The files lie where ``tempfile.gettempdir()`` says, which the variable ``TMPDIR`` sets: a disk, best no memory.

    Attributes:
        folder: The folder of the files.

    Example:
        >>> store = DiskStore()
        >>> numbers = store.empty((2, 3), np.float32)
        >>> numbers[:] = 1.0
        >>> [file.stat().st_size for file in store.folder.iterdir()]
        [24]
    """

    def __init__(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="rnnzoo-table-", ignore_cleanup_errors=True)
        self.folder = Path(folder.name)
        self._count = 0
        weakref.finalize(self, folder.cleanup)

    def empty(self, shape: tuple[int, ...], dtype: type[Any]) -> np.ndarray:
        """Returns an array to be written to, whose numbers lie in a file."""
        self._count += 1
        mapped = np.memmap(self.folder / f"{self._count}.bin", dtype=dtype, mode="w+", shape=shape)
        return np.asarray(mapped)
