"""Looks which runtimes answer exported files as onnxruntime does: layers and masks, the zoo, operators, own models.

    python tests/benchmarks/runtimes.py --peers peers

Every file is proved in onnxruntime when it is made. Then OpenVINO, onnx's reference evaluator and onnxruntime-web, as
wasm in node, run it. They live at ``--peers``, in a virtual environment and a folder of npm that are made if they are
not there. ``results/runtimes.csv`` holds a row for each file and runtime: right, refused or wrong.
``runtimes_files.py`` makes the files, ``runtimes_run.py`` runs them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from zoo import machine, read_rows, write_rows

RESULTS = Path(__file__).parent / "results" / "runtimes.csv"
RUNNER = Path(__file__).parent / "runtimes_run.py"
ROOT = Path(__file__).resolve().parents[2]
OPENVINO, WEB = "2026.4.1", "1.30.0"
RUNTIMES = ("openvino", "reference", "web")
STATUSES = ("right", "refused", "wrong")
KINDS = ("plain", "streaming", "raw", "weights int8", "dynamic int8")


def python_of_peers(folder: Path) -> Path:
    """Returns the Python of an environment with OpenVINO and this environment's versions of what both need.

    Raises:
        subprocess.CalledProcessError: If pip cannot install it.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        same = [
            f"{name}=={metadata.version(name)}" for name in ("onnx", "onnxruntime", "numpy", "lazy_loader")
        ]
        subprocess.run([python, "-m", "pip", "install", "-q", f"openvino=={OPENVINO}", *same], check=True)
    return python


def web_of_peers(folder: Path) -> Path:
    """Returns the folder in which npm has installed onnxruntime-web.

    Raises:
        RuntimeError: If node or npm is missing, or npm cannot install it.
    """
    web = folder / "web"
    if not (web / "node_modules" / "onnxruntime-web").exists():
        web.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--silent", "--prefix", str(web), f"onnxruntime-web@{WEB}"]
        try:
            subprocess.run(["node", "--version"], check=True, capture_output=True)
            subprocess.run(command, check=True, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise RuntimeError(f"onnxruntime-web runs in node: {error}") from error
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"npm cannot install onnxruntime-web: {error.stderr}") from error
    return web


def rows_of(peers: Path, folder: Path, runtimes: Iterable[str] = RUNTIMES) -> list[dict[str, Any]]:
    """Writes every file and lets the runtimes answer."""
    tests = str(ROOT / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    from runtimes_files import write_files  # needs the models of the tests

    cases = {case.pop("file"): case for case in write_files(folder)}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "export")])}
    command = [str(python_of_peers(peers)), str(RUNNER), str(folder), str(peers / "web"), *runtimes]
    rows = []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for found in map(json.loads, process.stdout):
            rows.append({**cases[found.pop("file")], **found})
    if process.returncode:
        raise RuntimeError(f"{RUNNER.name} failed with {process.returncode}")
    return rows


# The tables of the page.


def reason(row: dict[str, str]) -> str:
    """Says in one line what a runtime said of a file that it refused."""
    said = re.sub(r"^.*? cannot (load|run) it \((.*?)(\)\.\s*)?$", r"\2", row["detail"])
    return " ".join(said.split()).removeprefix("-- ").replace("<", "&lt;").rstrip(".")[:110]


def distance(row: dict[str, str]) -> str:
    """Says how far the answers of a wrong file are off."""
    off = float(row["difference"])
    return f"{off:.2g}" if off > 1e-5 else "another shape"


def counted(statuses: Sequence[str]) -> str:
    """Says how many are right, refused and wrong."""
    names = [name for name in STATUSES if name in statuses]
    return ", ".join(f"{statuses.count(name)} {name}" for name in names)


def markdown(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    head = list(head)
    cells = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def summary(rows: list[dict[str, str]], versions: dict[str, str]) -> str:
    """For each group and kind of file, how many files are right."""
    found: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[group_of(row)][row["runtime"]].append(row["status"])
    lines = (
        [group, *(counted(by_runtime[runtime]) for runtime in versions)]
        for group, by_runtime in found.items()
    )
    return markdown(["files", *versions.values()], lines)


def group_of(row: dict[str, str]) -> str:
    return f"{row['group']}, {'streaming' if row['kind'] == 'streaming' else 'whole sequences'}"


def not_right(rows: list[dict[str, str]], versions: dict[str, str]) -> str:
    """Each file that is not right: how far it is off, or under what the runtime said."""
    lines = []
    for runtime, version in versions.items():
        found = [row for row in rows if row["runtime"] == runtime and row["status"] != "right"]
        if not found:
            continue
        lines.append(f"\n**{version}**:\n")
        wrong = [f"{named(row)}: {distance(row)}" for row in found if row["status"] == "wrong"]
        if wrong:
            lines.append(f"* wrong: {'; '.join(wrong)}.")
        refused: defaultdict[str, list[str]] = defaultdict(list)
        for row in found:
            if row["status"] == "refused":
                refused[reason(row)].append(named(row))
        lines += [f'* refused, "{said}": {"; ".join(names)}.' for said, names in refused.items()]
    return "\n".join(lines).strip()


def named(row: dict[str, str]) -> str:
    return row["name"] if row["kind"] == "plain" else f"{row['name']} ({row['kind']})"


def matrix(rows: list[dict[str, str]], versions: dict[str, str]) -> str:
    """What becomes of each layer, mask and kind of file; layers of which the same is true stand in one line."""
    cells: defaultdict[tuple[str, ...], defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        masked = "masked" if row["masked"] == "True" else "no mask"
        answer = "states" if row["answer"] == "states" else "outputs"
        cells[row["kind"], row["layer"], f"{masked}, {answer}"][row["runtime"]].append(row["status"])
    same: defaultdict[tuple[str, ...], dict[str, list[str]]] = defaultdict(dict)
    for (kind, layer, form), found in cells.items():
        verdicts = tuple(verdict(found[runtime]) for runtime in versions)
        same[kind, form, *verdicts].setdefault(layer, [])
    order = sorted(same, key=lambda key: KINDS.index(key[0]))
    lines = ([kind, "; ".join(same[kind, form, *rest]), form, *rest] for kind, form, *rest in order)
    return markdown(["file", "layers", "answers", *versions.values()], lines)


def verdict(statuses: Sequence[str]) -> str:
    return statuses[0] if len(set(statuses)) == 1 else counted(statuses)


def tables() -> str:
    rows = read_rows(RESULTS)
    versions = {runtime: row["version"] for runtime in RUNTIMES for row in rows if row["runtime"] == runtime}
    layers = [row for row in rows if row["group"] == "layers"]
    others = [row for row in rows if row["group"] != "layers"]
    parts = [summary(others, versions), "Not right among them:", not_right(others, versions)]
    return "\n\n".join([*parts, "By layer, mask and kind of file:", matrix(layers, versions)])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--peers", type=Path, help="where the peers are or go")
    action.add_argument("--table", action="store_true", help="print the tables from the results")
    arguments = parser.parse_args()
    if arguments.table:
        print(tables())
        return
    web_of_peers(arguments.peers)
    with tempfile.TemporaryDirectory() as folder:
        rows = rows_of(arguments.peers, Path(folder))
    write_rows(RESULTS, [{**row, "detail": row["detail"][:200], **machine()} for row in rows])


if __name__ == "__main__":
    main()
