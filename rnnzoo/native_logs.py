"""What TensorFlow's native code writes while it starts: kept from users who did not ask for it.

It writes about drivers and CPU features before it reads any setting, so that only the file descriptor of standard
error can be turned, and only while TensorFlow is imported. Whoever imports TensorFlow before rnnzoo, or sets
``TF_CPP_MIN_LOG_LEVEL=0``, sees all of it.
"""

from __future__ import annotations

import importlib.machinery
import os
import re
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import importlib.abc

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
# Notes and warnings of native code are dropped as long as a process lives, its errors are not.
_ERRORS_ONLY = "2"
_STDERR = 2

# A line of TensorFlow's own log in its older and newer form, and the lines that go on with one.
_LOG_LINE = re.compile(
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] |[IWE]\d{4} \d\d:\d\d:|WARNING: All log messages before absl::"
    rb"|To enable the following instructions:|Skipping registering GPU devices"
)
# Where a driver of NVIDIA shows itself, the second in Windows Subsystem for Linux.
_DRIVERS = (Path("/dev/nvidiactl"), Path("/dev/dxg"))


def install_hook() -> None:
    """Keeps the log of native code quiet when TensorFlow is imported later, by whomever."""
    if "tensorflow" not in sys.modules and not any(isinstance(finder, _Hook) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Hook())


@contextmanager
def quiet_native_logs() -> Iterator[None]:
    """Keeps back what TensorFlow's native code logs to standard error within the block.

    What other threads and Python write there meanwhile is passed on at the end. All of it is if the block raises, and
    nothing is kept back where the user set ``TF_CPP_MIN_LOG_LEVEL=0``.
    """
    if os.environ.setdefault(_LEVEL, _ERRORS_ONLY) == "0":
        yield
        return
    import tempfile  # seldom needed, and slow to import

    try:
        saved, log = os.dup(_STDERR), tempfile.TemporaryFile()  # noqa: SIM115 - closed below
    except OSError:  # a daemon without standard error, or a disk that nothing can be written to
        yield
        return
    os.dup2(log.fileno(), _STDERR)
    failed = True
    try:
        yield
        failed = False
    finally:
        os.dup2(saved, _STDERR)
        log.seek(0)
        for line in log:
            if failed or _LOG_LINE.match(line) is None:
                os.write(saved, line)
        log.close()
        os.close(saved)


class _Hook:
    """Finds TensorFlow as Python does, and makes its import quiet, once."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Returns where TensorFlow is; ``None`` for all other modules."""
        if name != "tensorflow":
            return None
        spec = _find_elsewhere(name, path, target)
        if spec is not None and spec.loader is not None:
            self._make_quiet(spec.loader)
        return spec

    def _make_quiet(self, loader: importlib.abc.Loader) -> None:
        execute = loader.exec_module

        def exec_module(module: types.ModuleType) -> None:
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            with quiet_native_logs():
                execute(module)
                if _no_gpu():
                    # Says once that there is none. Where there is one, users may still choose among several.
                    module.config.list_physical_devices()

        loader.exec_module = exec_module  # type: ignore[method-assign]


def _find_elsewhere(
    name: str, path: Sequence[str] | None, target: types.ModuleType | None
) -> importlib.machinery.ModuleSpec | None:
    for finder in list(sys.meta_path):
        if not isinstance(finder, _Hook):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
    return None


def _no_gpu() -> bool:
    """Whether no GPU of NVIDIA can be used, whatever the process does later."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return hidden or not any(driver.exists() for driver in _DRIVERS)
