"""A model behind FastAPI, written with its speed in mind: orjson, no pydantic model of tensors, one run a request."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import onnxruntime
import orjson
from fastapi import FastAPI, Request, Response  # type: ignore[import-not-found]

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
app = FastAPI()


@app.get("/v2/health/ready")
async def ready() -> dict[str, bool]:
    return {"ready": True}


@app.post("/v2/models/{name}/infer")
async def infer(name: str, request: Request) -> Any:
    message = orjson.loads(await request.body())
    arrays = {
        tensor["name"]: np.array(tensor["data"], np.float32).reshape(tensor["shape"])
        for tensor in message["inputs"]
    }
    outputs = [
        {"name": output, "datatype": "FP32", "shape": list(array.shape), "data": array.ravel().tolist()}
        for output, array in zip(names, session.run(names, arrays), strict=True)
    ]
    content = orjson.dumps({"model_name": name, "model_version": "1", "outputs": outputs})
    return Response(content, media_type="application/json")
