"""Asks a server with KServe's client, in an environment that has it: ``python kserve_calls.py URL NAME ARRAY``.

Prints what it was answered as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import numpy as np


async def main(url: str, name: str, path: str) -> dict[str, Any]:
    from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
    from kserve.protocol.infer_type import RequestedOutput

    x = np.load(path, allow_pickle=False)
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    answers = []
    for binary_in in (True, False):
        for binary_out in (True, False):
            tensor = InferInput("features", list(x.shape), "FP32")
            tensor.set_data_from_numpy(x, binary_data=binary_in)
            request = InferRequest(
                name,
                [tensor],
                request_id="mine",
                request_outputs=[RequestedOutput("logits", parameters={"binary_data": binary_out})],
            )
            answer = await client.infer(url, request, model_name=name)
            assert answer.id == "mine"
            answers.append(answer.outputs[0].as_numpy().tolist())
    found = {
        "live": await client.is_server_live(url),
        "ready": await client.is_server_ready(url),
        "model_ready": await client.is_model_ready(url, name),
    }
    await client.close()
    return {**found, "answers": answers}


if __name__ == "__main__":
    json.dump(asyncio.run(main(*sys.argv[1:])), sys.stdout)
