"""The configuration of a model, as Triton's clients read it.

Reference: Triton's model configuration extension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from rnnzoo_export.serving.answers import json_answer
from rnnzoo_export.serving.models import Models

_TYPES = {"BYTES": "TYPE_STRING"}


class ModelConfig:
    """The endpoint.

    Args:
        models: The models of the server.
        max_rows: The most rows of one request.
    """

    def __init__(self, models: Models, max_rows: int) -> None:
        self._models, self._max_rows = models, max_rows

    async def answer(self, request: Request) -> Response:
        """Answers a request."""
        model = self._models.of_path(request.path_params)
        return json_answer(model_config(model.facts(), self._max_rows))


def model_config(facts: Mapping[str, Any], max_rows: int) -> dict[str, Any]:
    """Returns the configuration of a model.

    Where all its tensors have rows, these are not among its ``dims``, and ``max_batch_size`` says how many there may
    be; it is 0 for others.

    Args:
        facts: The model's metadata, as the protocol has it.
        max_rows: The most rows of one request.

    Example:
        >>> tensor = {"name": "x", "datatype": "FP32", "shape": [-1, -1, 8]}
        >>> config = model_config({"name": "a", "platform": "p", "inputs": [tensor], "outputs": []}, 256)
        >>> config["max_batch_size"], config["input"][0]["dims"]
        (256, [-1, 8])
    """
    inputs, outputs = facts.get("inputs", ()), facts.get("outputs", ())
    firsts = {tuple(tensor["shape"][:1]) for tensor in (*inputs, *outputs)}
    rows = firsts == {(-1,)}
    return {
        "name": facts["name"],
        "platform": facts["platform"],
        "backend": "onnxruntime",
        "version_policy": {"all": {}},
        "max_batch_size": max_rows if rows else 0,
        "input": [{**tensor, "format": "FORMAT_NONE"} for tensor in _tensors(inputs, rows)],
        "output": _tensors(outputs, rows),
    }


def _tensors(tensors: Sequence[Mapping[str, Any]], rows: bool) -> list[dict[str, Any]]:
    return [
        {
            "name": tensor["name"],
            "data_type": _TYPES.get(tensor["datatype"], f"TYPE_{tensor['datatype']}"),
            "dims": tensor["shape"][1:] if rows else tensor["shape"],
        }
        for tensor in tensors
    ]
