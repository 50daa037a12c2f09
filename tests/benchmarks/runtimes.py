"""Looks which runtimes answer exported files as onnxruntime does, over layers, masks and kinds of file.

    python tests/benchmarks/runtimes.py --peers peers

Every file is proved in onnxruntime when it is made. Then OpenVINO and onnx's reference evaluator run it in a virtual
environment of their own at ``--peers``, which is made if it is not there, in a process of their own.
``results/runtimes.csv`` holds a row for each file and runtime: right, refused or wrong.
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
from collections import defaultdict
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import onnx
from keras import layers
from zoo import machine, write_rows

from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo_export import export_onnx, export_streaming_onnx
from rnnzoo_export.formats.dynamic_quantization import quantize_dynamically
from rnnzoo_export.formats.weight_compression import compress_weights

RESULTS = Path(__file__).parent / "results" / "runtimes.csv"
ROOT = Path(__file__).parents[2]
OPENVINO = "2026.4.1"
RUNTIMES = ("openvino", "reference")
LAYERS: dict[str, tuple[type[keras.Layer], dict[str, Any]]] = {
    "LSTM": (layers.LSTM, {}),
    "GRU": (layers.GRU, {}),
    "GRU, reset before": (layers.GRU, {"reset_after": False}),
    "SimpleRNN": (layers.SimpleRNN, {}),
}
# Direction, answer, and whether there is a mask.
FORMS = (
    ("forwards", "sequences", True),
    ("forwards", "states", True),
    ("backwards", "last", True),
    ("both", "last", True),
    ("both", "sequences", False),
)
KINDS = ("plain", "streaming", "raw", "weights int8", "dynamic int8")
# Runs in the peers' environment, which has no TensorFlow.
CHECK = """
import json, sys
from pathlib import Path
from rnnzoo_export.parity.file_checks import check_files
for path in sorted(Path(sys.argv[1]).glob("*.onnx")):
    for runtime in sys.argv[2:]:
        report = check_files(path, runtime)
        (check,) = report.files
        row = [path.stem, runtime, report.runtime, check.status, check.max_difference, check.detail]
        print(json.dumps(row), flush=True)
"""


def python_of_peers(folder: Path) -> Path:
    """Returns the Python of an environment with OpenVINO and this environment's versions of what both need."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        same = [
            f"{name}=={metadata.version(name)}" for name in ("onnx", "onnxruntime", "numpy", "lazy_loader")
        ]
        subprocess.run([python, "-m", "pip", "install", "-q", f"openvino=={OPENVINO}", *same], check=True)
    return python


def network(layer: str, direction: str, answer: str, *, masked: bool) -> keras.Model:
    """Two layers of one kind, with random biases."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, 3), name="x")
    x = layers.Masking()(inputs) if masked else inputs
    kind, arguments = LAYERS[layer]

    def recurrent(**more: Any) -> keras.Layer:
        made = kind(
            4, bias_initializer="glorot_uniform", go_backwards=direction == "backwards", **arguments, **more
        )
        return layers.Bidirectional(made) if direction == "both" else made

    if direction != "backwards":  # whose sequence stands the other way round than the mask
        x = recurrent(return_sequences=True)(x)
    outputs = recurrent(return_sequences=answer == "sequences", return_state=answer == "states")(x)
    return keras.Model(inputs, outputs)


def write_cases(folder: Path) -> Iterator[dict[str, Any]]:
    """Writes every file; yields what each is."""
    for number, (layer, (direction, answer, masked)) in enumerate(itertools.product(LAYERS, FORMS)):
        model = network(layer, direction, answer, masked=masked)
        case = {"layer": layer, "direction": direction, "answer": answer, "masked": masked}
        path = folder / f"{number:03}-plain.onnx"
        export_onnx(model, path)
        yield {**case, "kind": "plain", "file": path.stem}
        small = onnx.load(path)
        compress_weights(small, int8=True)
        path = folder / f"{number:03}-weights.onnx"
        onnx.save(small, path)
        yield {**case, "kind": "weights int8", "file": path.stem}
        if layer == "LSTM":  # onnxruntime has no other layer in 8 bits
            path = folder / f"{number:03}-dynamic.onnx"
            quantize_dynamically(onnx.load(folder / f"{number:03}-plain.onnx"), path)
            yield {**case, "kind": "dynamic int8", "file": path.stem}
        if direction == "forwards" and answer == "sequences":  # streams are read forwards
            path = folder / f"{number:03}-streaming.onnx"
            export_streaming_onnx(model, path)
            yield {**case, "kind": "streaming", "file": path.stem}
        if direction == "both" and masked:
            path = folder / f"{number:03}-raw.onnx"
            export_onnx(text_network(model), path, text=TextPreprocessing(["", "[UNK]", "a", "the", "blue"]))
            yield {**case, "kind": "raw", "file": path.stem}


def text_network(model: keras.Model) -> keras.Model:
    """The same layers behind an embedding that masks."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(5, 3, mask_zero=True)(tokens)
    for layer in model.layers:
        if isinstance(layer, layers.RNN | layers.Bidirectional):
            x = type(layer).from_config({**layer.get_config(), "name": layer.name})(x)
    return keras.Model(tokens, x)


def rows_of(peers: Path, folder: Path) -> list[dict[str, Any]]:
    """Writes every file and lets the runtimes answer."""
    cases = {case.pop("file"): case for case in write_cases(folder)}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "export")])}
    command = [str(python_of_peers(peers)), "-c", CHECK, str(folder), *RUNTIMES]
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    rows = []
    for line in printed.splitlines():
        file, runtime, version, status, difference, detail = json.loads(line)
        found = {"runtime": runtime, "status": status, "difference": difference, "version": version}
        rows.append({**cases[file], **found, "detail": detail[:120]})
    return rows


def table() -> str:
    """The table of the results: for each kind of layer, mask and file, the networks by what the runtime made of it."""
    with RESULTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    versions = {row["runtime"]: row["version"] for row in rows}
    cells: defaultdict[tuple[str, ...], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        masked = "masked" if row["masked"] == "True" else "no mask"
        answer = "states" if row["answer"] == "states" else "outputs"
        cells[row["kind"], row["layer"], masked, answer][row["runtime"]].append(row["status"])
    head = ["kind of file", "layer", "mask", "answers", *(versions[runtime] for runtime in RUNTIMES)]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for key in sorted(cells, key=lambda key: (KINDS.index(key[0]), list(LAYERS).index(key[1]), *key[2:])):
        lines.append(f"| {' | '.join([*key, *(_summary(cells[key][runtime]) for runtime in RUNTIMES)])} |")
    return "\n".join(lines)


def _summary(statuses: list[str]) -> str:
    names = [name for name in ("right", "refused", "wrong") if name in statuses]
    if len(names) == 1:
        return names[0]
    return ", ".join(f"{statuses.count(name)} {name}" for name in names)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--peers", type=Path, help="where the peers' virtual environment is or goes")
    action.add_argument("--table", action="store_true", help="print the table from the results")
    arguments = parser.parse_args()
    if arguments.table:
        print(table())
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = rows_of(arguments.peers, Path(folder))
    write_rows(RESULTS, [{**row, **machine()} for row in rows])


if __name__ == "__main__":
    main()
