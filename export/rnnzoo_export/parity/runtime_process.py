"""A runtime in a process of its own: a file that ends the process of a runtime leaves that of the caller alone.

The process is this module, called with a file and the name of a runtime. It reads arrays from its input and writes
answers, both pickled: ``(True, outputs)``, or ``(False, message)``.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.errors import one_line
from rnnzoo_export.parity.other_runtimes import OPENED


class RuntimeProcess:
    """Answers arrays by input name with a file's outputs; its process ends with it.

    Args:
        path: The file.
        runtime: One of ``OPENED``, installed.

    Raises:
        RuntimeError: With what the runtime said where it cannot load the file, or how its process ended.
    """

    def __init__(self, path: Path, runtime: str) -> None:
        places = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(path), runtime],
            env={**os.environ, "PYTHONPATH": places},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        weakref.finalize(self, _end, self._process)
        self._answer()

    def __call__(self, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Answers a batch.

        Raises:
            RuntimeError: With what the runtime said where it cannot answer, or how its process ended.
        """
        assert self._process.stdin is not None
        try:
            pickle.dump(dict(arrays), self._process.stdin)
            self._process.stdin.flush()
        except BrokenPipeError:  # it ended at the batch before
            pass
        found: list[np.ndarray] = self._answer()
        return found

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        try:
            answered, found = pickle.load(self._process.stdout)
        except EOFError:
            raise RuntimeError(
                f"the file ends the process of the runtime: {_reason(self._process)}"
            ) from None
        if not answered:
            raise RuntimeError(found)
        return found


def _reason(process: subprocess.Popen[bytes]) -> str:
    code = process.wait()
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def main() -> None:
    """Opens the file, and answers until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a runtime prints is no answer

    def write(answered: bool, found: Any) -> None:
        pickle.dump((answered, found), answers)
        answers.flush()

    try:
        run = OPENED[sys.argv[2]](Path(sys.argv[1]))
    except Exception as error:  # noqa: BLE001 - runtimes' exceptions have no common base but this
        write(False, one_line(error, 300))
        return
    write(True, None)
    while True:
        try:
            arrays = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            found = run(arrays)
        except Exception as error:  # noqa: BLE001 - as above
            write(False, one_line(error, 300))
        else:
            write(True, found)


if __name__ == "__main__":
    main()
