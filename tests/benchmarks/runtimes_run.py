"""The other half of ``runtimes.py``: runs where the other runtimes are, and no TensorFlow.

    python runtimes_run.py FOLDER WEB RUNTIME ...

Every file of the folder is compared in every runtime with onnxruntime. WEB is where npm has installed onnxruntime-web.
One line of JSON each says what became of it: ``{"file", "runtime", "version", "status", "difference", "detail"}``.
"""

from __future__ import annotations

import base64
import functools
import json
import signal
import subprocess
import sys
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.errors import ExportError, one_line
from rnnzoo_export.parity.file_checks import check_file
from rnnzoo_export.parity.other_runtimes import Run
from rnnzoo_export.parity.runtimes import open_run, runtime_version

SCRIPT = Path(__file__).parent / "runtimes_web.mjs"
# For all batches of one file.
SECONDS = 180


class WebRun:
    """A file in onnxruntime-web, in a process of node."""

    def __init__(self, folder: Path, path: Path) -> None:
        self._process = subprocess.Popen(
            ["node", str(SCRIPT), str(folder), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        weakref.finalize(self, _end, self._process)
        self._answer("load")

    def __call__(self, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        assert self._process.stdin is not None
        batch = {name: tensor_of(array) for name, array in arrays.items()}
        self._process.stdin.write(json.dumps(batch) + "\n")
        self._process.stdin.flush()
        return [array_of(tensor) for tensor in self._answer("run")["answers"]]

    def _answer(self, does: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        reason = json.loads(line).get("error") if line else "the file ends the process of the runtime"
        if reason is not None:
            raise ExportError(f"onnxruntime-web cannot {does} it ({one_line(ValueError(reason), 300)}).")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def tensor_of(array: np.ndarray) -> dict[str, Any]:
    """Returns an array in the words of ``runtimes_web.mjs``."""
    if array.dtype.kind == "O":
        return {"type": "string", "dims": array.shape, "data": array.ravel().tolist()}
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"type": str(array.dtype), "dims": array.shape, "data": data}


def array_of(tensor: dict[str, Any]) -> np.ndarray:
    """Returns the array of a tensor that ``runtimes_web.mjs`` wrote."""
    if tensor["type"] == "string":
        return np.array(tensor["data"], object).reshape(tensor["dims"])
    data = base64.b64decode(tensor["data"])
    return np.frombuffer(data, np.dtype(tensor["type"])).reshape(tensor["dims"])


def opened(runtime: str, web: Path, path: Path) -> Run:
    if runtime == "web":
        return WebRun(web, path)
    return open_run(path, runtime, name=path.name, fix="")


def version_of(runtime: str, web: Path) -> str:
    if runtime != "web":
        return runtime_version(runtime)
    package = json.loads((web / "node_modules" / "onnxruntime-web" / "package.json").read_text("utf-8"))
    return f"onnxruntime-web {package['version']}"


def too_long(*_: object) -> None:
    raise ExportError(f"no answer within {SECONDS} s")


def main() -> None:
    folder, web, runtimes = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    signal.signal(signal.SIGALRM, too_long)
    for path in sorted(folder.glob("*.onnx")):
        for runtime in runtimes:
            signal.alarm(SECONDS)
            check = check_file(path, functools.partial(opened, runtime, web))
            signal.alarm(0)
            row = {"file": path.stem, "runtime": runtime, "version": version_of(runtime, web)}
            found = {"status": check.status, "difference": check.max_difference, "detail": check.detail}
            print(json.dumps(row | found), flush=True)


if __name__ == "__main__":
    main()
