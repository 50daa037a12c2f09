"""The model of a Triton repository: onnxruntime in its Python backend, one run for all requests of a batch.

Triton imports this file as ``model.py``, beside ``model.onnx``. Its backend of onnxruntime is in its container only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import triton_python_backend_utils as backend


class TritonPythonModel:
    """What Triton calls."""

    def initialize(self, arguments: dict[str, str]) -> None:
        """Opens the file with one thread."""
        config = json.loads(arguments["model_config"])
        self._inputs = [tensor["name"] for tensor in config["input"]]
        self._outputs = [tensor["name"] for tensor in config["output"]]
        folder = Path(arguments["model_repository"]) / arguments["model_version"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def execute(self, requests: list[Any]) -> list[Any]:
        """Runs the rows of all requests at once; they have one shape."""
        parts = [
            [backend.get_input_tensor_by_name(request, name).as_numpy() for request in requests]
            for name in self._inputs
        ]
        rows = [len(part) for part in parts[0]]
        arrays = {name: np.concatenate(part) for name, part in zip(self._inputs, parts, strict=True)}
        found = self._session.run(self._outputs, arrays)
        answers, first = [], 0
        for count in rows:
            tensors = [
                backend.Tensor(name, array[first : first + count])
                for name, array in zip(self._outputs, found, strict=True)
            ]
            answers.append(backend.InferenceResponse(output_tensors=tensors))
            first += count
        return answers
