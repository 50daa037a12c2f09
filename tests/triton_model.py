"""The model of a Triton repository: its Python backend, which the package holds, runs the ONNX file by onnxruntime.

Triton imports this file as ``model.py``, in an environment of its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class TritonPythonModel:
    """What Triton calls."""

    def initialize(self, arguments: dict[str, str]) -> None:
        import onnxruntime

        config = json.loads(arguments["model_config"])
        self._inputs = [tensor["name"] for tensor in config["input"]]
        self._outputs = [tensor["name"] for tensor in config["output"]]
        path = Path(arguments["model_repository"]) / arguments["model_version"] / "model.onnx"
        self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def execute(self, requests: list[Any]) -> list[Any]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        import triton_python_backend_utils as backend

        inputs = {name: backend.get_input_tensor_by_name(request, name).as_numpy() for name in self._inputs}
        found = self._session.run(self._outputs, inputs)
        return backend.InferenceResponse(
            [backend.Tensor(name, array) for name, array in zip(self._outputs, found, strict=True)]
        )
