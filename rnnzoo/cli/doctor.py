"""`rnnzoo doctor`: is everything here that rnnzoo needs?"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from rnnzoo.cli.output import print_json, print_table, start_tensorflow, working

_PACKAGES = (
    "tensorflow",
    "keras",
    "keras-tuner",
    "tensorboard",
    "tf2onnx",
    "onnx",
    "onnxruntime",
    "numpy",
    "scikit-learn",
    "pandas",
    "granian",
    "starlette",
)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("doctor")(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check packages, GPU, export and disk; exit with 1 if something is wrong."""
    with working("looking"):
        with suppress(ModuleNotFoundError):  # the checks say so
            start_tensorflow()
        rows = [_check(name, look) for name, look in _CHECKS]
    if as_json:
        print_json(rows)
    else:
        print_table(rows)
    if any(row["status"] == "bad" for row in rows):
        raise typer.Exit(1)


def _check(name: str, look: Callable[[], str]) -> dict[str, str]:
    try:
        return {"check": name, "status": "ok", "found": look()}
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a machine is what this reports
        return {"check": name, "status": "bad", "found": f"{type(error).__name__}: {error}"}


def _versions() -> str:
    found, missing = [], []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        raise ModuleNotFoundError(
            f"not installed: {', '.join(missing)}. Run: pip install rnnzoo. A machine that only serves needs none of "
            "them."
        )
    return ", ".join(found)


def _machine() -> str:
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"


def _gpu() -> str:
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    return f"{len(found)} GPU; LSTM and GRU run on cuDNN" if found else "no GPU; training runs on the CPU"


def _export() -> str:
    from rnnzoo.zoo import create_model
    from rnnzoo_export.formats.onnx_export import export_onnx

    with tempfile.TemporaryDirectory() as folder:
        model = create_model("series-classifier-gru", units=(4,))
        report = export_onnx(model, Path(folder) / "model.onnx")
    return f"a GRU exported to ONNX, equal to Keras to {report.parity.max_difference:.0e}"


def _disk() -> str:
    with tempfile.TemporaryFile(dir=".") as file:
        file.write(b"x")
    return f"{shutil.disk_usage('.').free / 2**30:.0f} GiB free here, and writable"


def _data() -> str:
    folder = os.environ.get("RNNZOO_DATA")
    if folder is None:
        return "RNNZOO_DATA is not set; only the embedded digits are there"
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"RNNZOO_DATA names {folder}, which is no directory")
    return f"RNNZOO_DATA names a folder of {sum(1 for _ in Path(folder).iterdir())} entries"


_CHECKS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("machine", _machine),
    ("packages", _versions),
    ("gpu", _gpu),
    ("export", _export),
    ("disk", _disk),
    ("data", _data),
)
