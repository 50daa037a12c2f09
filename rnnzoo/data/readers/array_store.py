"""Where the arrays of large tables lie: in memory, or in files of a temporary folder."""

from __future__ import annotations

import math
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.errors import DataError


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
        """Returns an array to be written to, whose numbers lie in a file.

        Raises:
            DataError: If the disk is too small.
        """
        self._count += 1
        path = self.folder / f"{self._count}.bin"
        size = math.prod(shape) * np.dtype(dtype).itemsize
        try:
            with path.open("wb") as file:
                # A map of a file that has no place on the disk yet ends the program when it is written to.
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)
                else:
                    file.truncate(size)
        except OSError as error:
            raise DataError(
                f"{self.folder.parent}: received {size / 1e9:.1f} GB of numbers for this folder ({error.strerror}); "
                "expected a disk that has room for them. Set the variable TMPDIR to a folder on another."
            ) from error
        return np.asarray(np.memmap(path, dtype=dtype, mode="r+", shape=shape))
