"""Truth of ``rnnzoo_export.serving.model_config``: what Triton's clients read of a model."""

from __future__ import annotations

import httpx

from rnnzoo_export.serving.model_config import model_config
from served_digits import NAME
from serving_client import Server


def test_a_model_of_rows(server: Server) -> None:
    for address in (server.model, f"{server.model}/versions/1"):
        assert httpx.get(f"{address}/config").json() == {
            "name": NAME,
            "platform": "onnxruntime_onnx",
            "backend": "onnxruntime",
            "version_policy": {"all": {}},
            "max_batch_size": 256,
            "input": [
                {"name": "features", "data_type": "TYPE_FP32", "dims": [-1, 8], "format": "FORMAT_NONE"}
            ],
            "output": [{"name": "logits", "data_type": "TYPE_FP32", "dims": [10]}],
        }
    assert httpx.get(f"{server.url}/v2/models/other/config").status_code == 404
    assert httpx.get(f"{server.model}/versions/2/config").status_code == 404


def test_a_model_whose_rows_are_not_free_keeps_them_among_its_sizes() -> None:
    facts = {
        "name": "a",
        "platform": "p",
        "inputs": [
            {"name": "text", "datatype": "BYTES", "shape": [-1]},
            {"name": "scale", "datatype": "FP32", "shape": [1]},
        ],
        "outputs": [{"name": "y", "datatype": "INT64", "shape": [-1, 2]}],
    }
    config = model_config(facts, 256)
    assert config["max_batch_size"] == 0
    assert [(entry["data_type"], entry["dims"]) for entry in config["input"] + config["output"]] == [
        ("TYPE_STRING", [-1]),
        ("TYPE_FP32", [1]),
        ("TYPE_INT64", [-1, 2]),
    ]
