"""Runs the tools that people run over ONNX files on files of rnnzoo, and says what becomes of them.

    python tests/benchmarks/file_tools.py --tools tools

The tools are installed into a virtual environment of their own at ``--tools``, which is made if it is not there; their
versions are fixed here. ``results/file_tools.csv`` holds one row for each file and tool: why the file was refused, or
the largest difference of an answer from the file's own, and whether the metadata survived. ``file_tools_run.py`` is the
part that runs there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from keras import layers
from zoo import machine, read_rows, write_rows

from rnnzoo import build_classifier, create_model
from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo_export import export_onnx, export_streaming_onnx

RESULTS = Path(__file__).parent / "results" / "file_tools.csv"
RUNNER = Path(__file__).parent / "file_tools_run.py"
PACKAGES = (
    "onnx==1.23.2",
    "onnxruntime==1.32.0",
    "onnxslim==0.1.98",
    "onnxsim==0.8.1",
    "onnxoptimizer==0.4.2",
    "onnxscript==0.7.2",
    "onnxconverter-common==1.16.0",
    "sympy==1.14.0",  # quant_pre_process needs it and does not ask for it
)
#: Entries of the zoo whose files hold different operators.
ZOO = (
    "text-classifier-gru-transformer",
    "series-classifier-simple-rnn",
    "series-classifier-lstm-fcn",
    "series-classifier-mlstm",
    "series-tagger-bigru",
    "dna-classifier-cnn-gru",
    "irregular-gru-d",
    "forecaster-seq2seq-gru",
    "forecaster-revin-gru",
    "text-tagger-bilstm-crf",
    "language-model-gru",
    "video-convlstm",
)
#: Up to these differences a file is called exact, or close; float16 has 11 bits.
ROUNDING, HALF = 1e-6, 1e-2


def masked_bilstm(path: Path) -> None:
    model = build_classifier(
        num_classes=3, vocabulary_size=30, cell="lstm", units=(8, 8), bidirectional=True, embedding_size=6
    )
    export_onnx(model, path)


def streaming_gru(path: Path) -> None:
    stack = [layers.GRU(8, return_sequences=True), layers.Dense(2)]
    export_streaming_onnx(keras.Sequential([keras.Input((None, 3), name="x"), *stack]), path)


def streaming_last(path: Path) -> None:
    """Writes a stream of one answer, without biases: nodes whose inputs and outputs are left out in places."""
    stack = [layers.LSTM(8, use_bias=False, return_sequences=True), layers.SimpleRNN(8, use_bias=False)]
    export_streaming_onnx(keras.Sequential([keras.Input((None, 3), name="x"), *stack]), path)


def raw_text(path: Path) -> None:
    text = TextPreprocessing.fit(["a good film", "the worst film", "don't", "the end"])
    model = build_classifier(
        num_classes=2, vocabulary_size=len(text.vocabulary), cell="gru", units=(8,), embedding_size=6
    )
    export_onnx(model, path, text=text)


def scan(path: Path) -> None:
    export_onnx(
        build_classifier(num_classes=2, num_features=3, cell="slstm", units=(8, 8)), path, strict=False
    )


OWN: dict[str, Callable[[Path], object]] = {
    "masked BiLSTM": masked_bilstm,
    "streaming GRU": streaming_gru,
    "streaming LSTM, no bias": streaming_last,
    "raw text": raw_text,
    "sLSTM, a Scan": scan,
}


def write_files(folder: Path, zoo: tuple[str, ...] = ZOO) -> None:
    """Writes one file of each kind, and the entries of the zoo."""
    for name, write in OWN.items():
        keras.utils.set_random_seed(4)
        write(folder / f"{name}.onnx")
    for name in zoo:
        keras.utils.set_random_seed(4)
        export_onnx(create_model(name), folder / f"{name}.onnx", strict=False)


def python_of_tools(folder: Path) -> Path:
    """Makes the environment of the tools, where it is not there yet.

    Raises:
        RuntimeError: If a tool cannot be installed; the message is the last line of pip.
    """
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True)
        command = [str(python), "-m", "pip", "install", "-q", *PACKAGES]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the tools cannot be installed: {(done.stderr.splitlines() or [''])[-1]}")
        (folder / "complete").touch()
    return python


def judgements(python: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Runs every tool over every file of a folder."""
    command = [str(python), str(RUNNER), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield from map(json.loads, process.stdout)
    if process.returncode:
        raise RuntimeError(f"{RUNNER.name} failed with {process.returncode}")


def verdict(row: dict[str, Any]) -> str:
    """Says in a few words what a tool makes of a file."""
    if row["load"]:
        return str(row["load"]).partition(":")[0].partition(" within")[0]
    difference = float(row["difference"])
    near = "close" if difference <= HALF else "differs"
    answer = "exact" if difference <= ROUNDING else f"{near}, by {difference:.0e}"
    return answer if str(row["metadata"]) == "True" else f"{answer}, metadata lost"


def table() -> str:
    """The page's table: a row for each tool, a column for each kind of file, the zoo in one."""
    rows = read_rows(RESULTS)
    own = list(OWN)
    lines = [f"| | {' | '.join(own)} | {len(ZOO)} of the zoo |", "|---|" + "---|" * (len(own) + 1)]
    for tool in dict.fromkeys(row["tool"] for row in rows):
        found = {row["file"]: verdict(row) for row in rows if row["tool"] == tool}
        zoo = [found[name] for name in ZOO]
        exact = zoo.count("exact")
        others = ", ".join(
            f"{word}: {number}" for word, number in _kinds([word for word in zoo if word != "exact"]).items()
        )
        rest = ", ".join([*([f"exact: {exact}"] if exact else []), *([others] if others else [])])
        lines.append(f"| {tool} | {' | '.join(found[name] for name in own)} | {rest} |")
    return "\n".join(lines)


def _kinds(words: list[str]) -> dict[str, int]:
    kinds = [word.partition(", by ")[0] for word in words]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--tools", type=Path, help="where the tools' virtual environment is or goes")
    action.add_argument("--table", action="store_true", help="print the page's table from the results")
    arguments = parser.parse_args()
    if arguments.table:
        print(table())
        return
    python = python_of_tools(arguments.tools)
    versions = {"packages": " ".join(PACKAGES), **machine()}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder))
        for row in judgements(python, Path(folder)):
            rows.append({**row, **versions})
            print(f"{row['file']}: {row['tool']}: {verdict(row)}", flush=True)
    write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
