"""Times rnnzoo's ONNX files against every other way to run the same network on a CPU, in one process.

    python tests/benchmarks/export_speed.py --peers peers

Two recurrent layers of 128 units read 100 steps of 64 features; the last output is the answer. The same weights run as
the file of ``export_onnx``, as that of Keras's own exporter, as that of PyTorch's exporter, in PyTorch itself and in
OpenVINO (which reads PyTorch's file), one thread each, calls taking turns. The peers are installed into a virtual
environment of their own at ``--peers``, which is made if it is not there. ``results/export_speed.csv`` holds the times
as multiples of rnnzoo's; "ours again" is the same file opened twice, which shows the noise.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import subprocess
import tempfile
import venv
from importlib import metadata
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import onnx
from keras import layers
from zoo import machine, write_rows

from rnnzoo_export import export_onnx

RESULTS = Path(__file__).parent / "results" / "export_speed.csv"
PEERS = Path(__file__).parent / "export_speed_peers.py"
PACKAGES = ("torch", "openvino", "onnx", "numpy")
STEPS, FEATURES, UNITS = 100, 64, 128
LAYERS = {"lstm": layers.LSTM, "gru": layers.GRU, "simple_rnn": layers.SimpleRNN}


def python_of_peers(folder: Path) -> Path:
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        onnxruntime = f"onnxruntime=={metadata.version('onnxruntime')}"
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES, onnxruntime], check=True)
    return python


def write_case(folder: Path, cell: str, masked: bool, rows: int) -> None:
    keras.utils.set_random_seed(0)
    x = keras.Input((None, FEATURES), name="x")
    mask = keras.Input((None,), dtype="bool", name="mask")
    kind = LAYERS[cell]
    bias = {"bias_initializer": "glorot_uniform"}
    hidden = kind(UNITS, return_sequences=True, **bias)(x, mask=mask if masked else None)
    output = kind(UNITS, **bias)(hidden, mask=mask if masked else None)
    model = keras.Model([x, mask] if masked else x, output)
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(rows, STEPS, FEATURES)).astype(np.float32)}
    if masked:
        lengths = np.r_[STEPS, rng.integers(STEPS // 2, STEPS + 1, rows - 1)]
        arrays["mask"] = np.arange(STEPS) < lengths[:, None]
    model(list(arrays.values()) if masked else arrays["x"])  # Keras's exporter wants a model that was called
    folder.mkdir()
    export_onnx(model, folder / "ours.onnx", strict=True)
    model.export(folder / "stock.onnx", format="onnx", verbose=False)
    content: dict[str, Any] = dict(arrays)
    content |= {f"weight_{i}": weight for i, weight in enumerate(model.get_weights())}
    np.savez(folder / "inputs.npz", **content)
    stock = [node.name for node in onnx.load(folder / "stock.onnx").graph.input]
    case = {
        "cell": cell,
        "masked": masked,
        "rows": rows,
        "stock_inputs": dict(zip(stock, arrays, strict=True)),
    }
    (folder / "case.json").write_text(json.dumps(case))


def as_row(result: dict[str, Any], versions: dict[str, str]) -> dict[str, Any]:
    seconds, case = result["seconds"], result["case"]
    ratios = {name: round(value / seconds["ours"], 2) for name, value in seconds.items() if name != "ours"}
    return {
        "cell": case["cell"],
        "masked": case["masked"],
        "rows": case["rows"],
        "milliseconds": round(1000 * seconds["ours"], 3),
        **{
            name: ratios.get(name, result["failed"].get(name, ""))
            for name in ("ours again", "Keras's exporter", "PyTorch's exporter", "PyTorch", "OpenVINO")
        },
        **versions,
        **machine(),
    }


def table() -> str:
    """The README's table."""
    with RESULTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    peers = ("PyTorch's exporter", "Keras's exporter", "PyTorch", "OpenVINO")
    lines = [f"| one thread, 1 / 8 / 32 / 128 rows | {' | '.join(peers)} |", "|---|" + "---|" * len(peers)]
    for cell, masked in dict.fromkeys((row["cell"], row["masked"]) for row in rows):
        own = [row for row in rows if (row["cell"], row["masked"]) == (cell, masked)]
        name = LAYERS[cell].__name__ + (", masked" if masked == "True" else "")
        ratios = (" / ".join(f"{float(row[peer]):.2f}" for row in own) for peer in peers)
        lines.append(f"| {name} | {' | '.join(ratios)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--peers", type=Path, help="where the peers' virtual environment is or goes")
    action.add_argument("--table", action="store_true", help="print the README's table from the results")
    arguments = parser.parse_args()
    if arguments.table:
        print(table())
        return
    python = python_of_peers(arguments.peers)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        cases = itertools.product(LAYERS, (False, True), (1, 8, 32, 128))
        for number, (cell, masked, count) in enumerate(cases):
            write_case(Path(folder) / f"{number:02}", cell, masked, count)
        command = [str(python), str(PEERS), folder]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            versions = json.loads(process.stdout.readline())["versions"]
            for line in process.stdout:
                rows.append(as_row(json.loads(line), versions))
                print(rows[-1], flush=True)
        if process.returncode:
            raise SystemExit(f"the peers failed with {process.returncode}")
    write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
