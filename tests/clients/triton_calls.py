"""Asks a server with Triton's client, in an environment that has it: ``python triton_calls.py HOST:PORT NAME ARRAY``.

Prints what it was answered as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import numpy as np


def main(address: str, name: str, path: str) -> dict[str, Any]:
    from tritonclient import http

    x = np.load(path, allow_pickle=False)
    client = http.InferenceServerClient(address)
    found = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready()
        and client.is_model_ready(name)
        and client.is_model_ready(name, "1"),
        "other_ready": client.is_model_ready("other"),
        "extensions": client.get_server_metadata()["extensions"],
        "metadata": client.get_model_metadata(name, "1"),
        "config": client.get_model_config(name),
        "fields": _fields(client.get_model_config(name)),
        "index": client.get_model_repository_index(),
        "refused": [
            _refused(client.load_model, name),
            _refused(client.unload_model, name),
            _refused(client.get_inference_statistics, name),
            _refused(client.get_system_shared_memory_status),
            _refused(client.get_log_settings),
            _refused(client.get_trace_settings),
            _refused(client.infer, "other", [_input(x, binary=True)]),
            _refused(client.infer, name, [_input(x, binary=True)], priority=3),
            _refused(client.infer, name, [_input(x[:, :, :7], binary=False)]),
        ],
    }
    answers = []
    for binary_in in (True, False):
        for binary_out in (True, False):
            for packed in (None, "gzip", "deflate"):
                answer = client.infer(
                    name,
                    [_input(x, binary=binary_in)],
                    outputs=[http.InferRequestedOutput("logits", binary_data=binary_out)],
                    request_id="mine",
                    request_compression_algorithm=packed,
                    response_compression_algorithm=packed,
                )
                assert answer.get_response()["id"] == "mine"
                answers.append(answer.as_numpy("logits").tolist())
    answers.append(client.infer(name, [_input(x, binary=True)]).as_numpy("logits").tolist())
    answers.append(
        client.async_infer(name, [_input(x, binary=True)]).get_result().as_numpy("logits").tolist()
    )
    answers.append(asyncio.run(_aio(address, name, x)))
    client.close()
    return {**found, "answers": answers}


def _input(x: np.ndarray, *, binary: bool) -> Any:
    from tritonclient import http

    tensor = http.InferInput("features", list(x.shape), "FP32")
    tensor.set_data_from_numpy(x, binary_data=binary)
    return tensor


async def _aio(address: str, name: str, x: np.ndarray) -> Any:
    from tritonclient.http import aio

    async with aio.InferenceServerClient(address) as client:
        answer = await client.infer(name, [_input(x, binary=True)], response_compression_algorithm="gzip")
        return answer.as_numpy("logits").tolist()


def _refused(function: Any, *arguments: Any, **more: Any) -> list[str]:
    from tritonclient.utils import InferenceServerException

    try:
        function(*arguments, **more)
    except InferenceServerException as error:
        return [error.status(), error.message()]
    raise AssertionError(f"{function.__name__} was answered")


def _fields(config: dict[str, Any]) -> list[str]:
    """Returns the fields of a configuration, all of which Triton's message must have."""
    from google.protobuf.json_format import ParseDict
    from tritonclient.grpc import model_config_pb2

    message = ParseDict(config, model_config_pb2.ModelConfig())
    return sorted(field.name for field, _ in message.ListFields())


if __name__ == "__main__":
    json.dump(main(*sys.argv[1:]), sys.stdout)
