"""`rnnzoo export`: from a trained run to a bundle that can be served."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rnnzoo.cli.output import print_json, print_table, shell_path, stdout, tensorflow_starting


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("export")(export)


def export(
    run: Annotated[Path, typer.Argument(help="A run that train has written.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the bundle.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a bundle that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Export a run as SavedModel and ONNX, prove both equal to the model, and bundle them for serving."""
    from rnnzoo.files import refuse_existing
    from rnnzoo.training.run_directory import open_run

    open_run(run)  # before TensorFlow starts
    refuse_existing(out, overwrite=force)
    with tensorflow_starting("starting TensorFlow, exporting and comparing"):
        bundle = export_run(run, out, overwrite=force)
    if as_json:
        print_json({"directory": str(out), "parity": bundle.parity, "sha256": bundle.sha256})
        return
    print_bundle(out, bundle)


def export_run(run: Path, out: Path, *, overwrite: bool) -> Any:
    """Exports a finished run and returns the bundle."""
    from rnnzoo.loading import load_model
    from rnnzoo.training.run_directory import open_run
    from rnnzoo.zoo import list_models
    from rnnzoo_export.bundle_writer import save_bundle

    opened = open_run(run)
    config, metrics = opened.read_config(), opened.read_metrics()
    return save_bundle(
        load_model(opened.model),
        out,
        preprocessing=opened.read_preprocessing(),
        decoding=opened.read_decoding(),
        task=config["task"],
        provenance={
            "data": config["data"],
            "train_config": config["train_config"],
            "details": config["details"],
            "example": opened.read_example(),
        },
        metrics=metrics,
        name=config["model"]["name"],
        parity_inputs=opened.read_samples(),
        strict=config["model"]["name"] in list_models(),
        overwrite=overwrite,
    )


def print_bundle(out: Path, bundle: Any) -> None:
    """Prints what was exported, how it was proved and what to do next."""
    rows = [
        {
            "file": name,
            "operators": _operators(report),
            "largest difference": f"{report['max_difference']:.1e}",
        }
        for name, report in bundle.parity.items()
    ]
    print_table(rows, title="Exported and proved equal to the Keras model")
    stdout.print(f"\nbundle {shell_path(out)}   sha256 {bundle.sha256[:16]}…")
    stdout.print(f"next   rnnzoo serve {shell_path(out)}", style="bold")


def _operators(report: dict[str, Any]) -> str:
    fused = ("LSTM", "GRU", "RNN", "Scan", "Loop")
    counts = report.get("operators") or {}
    return ", ".join(f"{counts[name]} {name}" for name in fused if counts.get(name)) or "-"
