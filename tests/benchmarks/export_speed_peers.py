"""The peers' half of ``export_speed.py``: runs where PyTorch, OpenVINO and onnxruntime are, and no TensorFlow.

    python export_speed_peers.py FOLDER

For each case in FOLDER it builds the same network in PyTorch from the same weights, checks that all answers agree and
prints one JSON line with the seconds of each.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import torch
from timing import medians, session

CALLS = 30
UNITS = 128


class Network(torch.nn.Module):
    """Two recurrent layers; the last valid output of the second."""

    def __init__(self, cell: str, features: int) -> None:
        super().__init__()
        kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "simple_rnn": torch.nn.RNN}[cell]
        self.rnn = kind(features, UNITS, num_layers=2, batch_first=True)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        if lengths is None:
            return self.rnn(x)[0][:, -1]
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        state = self.rnn(packed)[1]
        return (state[0] if isinstance(state, tuple) else state)[-1]


def load_weights(network: Network, cell: str, weights: list[np.ndarray]) -> None:
    """Gives Keras's weights to PyTorch, whose gates have another order and whose biases come in pairs."""
    for layer in range(2):
        kernel, recurrent, bias = weights[3 * layer : 3 * layer + 3]
        pair = [bias[0], bias[1]] if bias.ndim == 2 else [bias, np.zeros_like(bias)]
        arrays = [kernel.T, recurrent.T, *pair]
        if cell == "gru":  # z r h in Keras, r z n in PyTorch
            arrays = [np.concatenate([a[UNITS : 2 * UNITS], a[:UNITS], a[2 * UNITS :]]) for a in arrays]
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        for name, array in zip(names, arrays, strict=True):
            getattr(network.rnn, f"{name}_l{layer}").data = torch.tensor(np.ascontiguousarray(array))


def export(network: Network, inputs: tuple[torch.Tensor, ...], path: Path) -> None:
    names = ["x", "lengths"][: len(inputs)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, inputs, str(path), input_names=names, opset_version=18, dynamo=False)


def openvino_call(path: Path, inputs: dict[str, np.ndarray]) -> Callable[[], np.ndarray]:
    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)
    names = {name for port in compiled.inputs for name in port.names}
    request = compiled.create_infer_request()
    given = {name: value for name, value in inputs.items() if name in names}
    return lambda: np.asarray(next(iter(request.infer(given).values())))


def run(folder: Path) -> dict[str, Any]:
    case = json.loads((folder / "case.json").read_text())
    arrays = dict(np.load(folder / "inputs.npz"))
    x, mask = arrays["x"], arrays.get("mask")
    given = {"x": x} if mask is None else {"x": x, "mask": mask}
    weights = [arrays[f"weight_{i}"] for i in range(6)]
    network = Network(case["cell"], x.shape[-1]).eval()
    load_weights(network, case["cell"], weights)
    tensors = [torch.tensor(x)]
    torch_given = {"x": x}
    if mask is not None:
        torch_given["lengths"] = mask.sum(axis=1).astype(np.int64)
        tensors.append(torch.tensor(torch_given["lengths"]))
    export(network, tuple(tensors), folder / "torch.onnx")
    ours, again, stock = (session(folder / name) for name in ("ours.onnx", "ours.onnx", "stock.onnx"))
    exported = session(folder / "torch.onnx")
    stock_given = {node.name: given[case["stock_inputs"][node.name]] for node in stock.get_inputs()}
    calls: dict[str, Callable[[], Any]] = {
        "ours": lambda: ours.run(None, given)[0],
        "ours again": lambda: again.run(None, given)[0],
        "Keras's exporter": lambda: stock.run(None, stock_given)[0],
        "PyTorch's exporter": lambda: exported.run(None, torch_given)[0],
        "PyTorch": lambda: network(*tensors).numpy(),
    }
    failed = {}
    try:
        calls["OpenVINO"] = openvino_call(folder / "torch.onnx", torch_given)
        calls["OpenVINO"]()
    except Exception as error:  # noqa: BLE001 - whatever OpenVINO says is the result
        calls.pop("OpenVINO", None)
        failed["OpenVINO"] = " ".join(str(error).split())[:200]
    expected = calls["ours"]()
    for name, call in calls.items():
        difference = float(np.abs(call() - expected).max())
        if difference > 1e-4:
            failed[name] = f"differs by {difference:.2g}"
    for name in failed:
        calls.pop(name, None)
    return {"case": case, "seconds": medians(calls, calls_each=CALLS), "failed": failed}


def main() -> None:
    torch.set_num_threads(1)
    versions = {"torch": torch.__version__, "openvino": openvino.__version__.split("-")[0]}
    print(json.dumps({"versions": versions}), flush=True)
    with torch.inference_mode():
        for folder in sorted(Path(sys.argv[1]).iterdir()):
            print(json.dumps(run(folder)), flush=True)


if __name__ == "__main__":
    main()
