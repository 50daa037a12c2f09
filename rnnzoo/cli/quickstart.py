"""`rnnzoo quickstart`: the whole path on embedded data, from a search to a served answer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnzoo.cli.config_file import write_search_config
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.cli.output import note, print_json, print_table, shell_path, stdout, tensorflow_starting
from rnnzoo.evaluation.score_table import score_table

if TYPE_CHECKING:
    from rnnzoo.data.splits import Splits
    from rnnzoo_export.bundle import Bundle

MODEL = "series-classifier-bilstm"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("quickstart")(quickstart)


def quickstart(
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to keep everything.")] = Path(
        "rnnzoo-quickstart"
    ),
    max_trials: Annotated[int, typer.Option(help="Trials of the search.", min=1)] = 4,
    epochs: Annotated[int, typer.Option(help="Epochs of a trial, at most.", min=1)] = 20,
    seed: Annotated[int, typer.Option(help="Seed of split, search and training.", min=0)] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier quickstart.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Search, train, prove, bundle and serve a model of handwritten digits, in a few minutes, offline."""
    from rnnzoo.files import refuse_existing

    started = time.perf_counter()
    refuse_existing(out, overwrite=force)
    splits, result = _search(out, max_trials, epochs, seed, force=force)
    bundle = _bundle(out, result)
    answer = _ask_server(out, bundle, splits)
    seconds = time.perf_counter() - started
    from rnnzoo.cli.quickstart_report import write_quickstart_report

    summary = _summary(out, result, bundle, answer, seconds)
    write_quickstart_report(out / "report.html", result, bundle, answer, summary)
    if as_json:
        print_json(summary)
        return
    _print(out, summary)


def _search(out: Path, max_trials: int, epochs: int, seed: int, *, force: bool) -> tuple[Any, Any]:
    note("1/4  search: handwritten digits, each image a sequence of 8 steps of 8 features")
    with tensorflow_starting("     starting TensorFlow"):
        from rnnzoo.data.sets.datasets import load_dataset
        from rnnzoo.training.config import TrainConfig
        from rnnzoo_tuning.runner import run_search

        splits = load_dataset("digits", seed=seed)
    data = DataOptions("digits", split_seed=seed)
    result = run_search(
        MODEL,
        splits,
        max_trials=max_trials,
        directory=out / "search",
        config=TrainConfig(epochs=epochs, seed=seed),
        seed=seed,
        overwrite=force,
        bundle=False,  # it is exported as a step of its own
        details={"model": MODEL, "data_options": data.to_dict()},
    )
    write_search_config(out / "search", data, splits.description["checksum"])
    return splits, result


def _bundle(out: Path, result: Any) -> Any:
    from rnnzoo.cli.export import export_run

    note("2/4  export: SavedModel and ONNX, each compared with the Keras model")
    return export_run(result.best.directory, out / "bundle", overwrite=True)


def _ask_server(out: Path, bundle: Bundle, splits: Splits) -> dict[str, Any]:
    from rnnzoo.cli.server_process import running_server

    note("3/4  serve: the bundle behind HTTP, asked for one digit of the test part")
    with running_server(out / "bundle") as server:
        test = splits.rows("test")
        assert test.raw is not None, "digits are in memory"
        answer: dict[str, Any] = server.predict(bundle.name, [test.raw[0].tolist()])[0]
    (label,) = test.gather([0])[1]
    truth = splits.get_decoding().label_names(10)[label]
    note(f"4/4  answer: {answer['label']} with probability {answer['probability']:.3f}; the truth is {truth}")
    return {"truth": truth, "first_answer_seconds": server.first_answer_seconds, **answer}


def _summary(
    out: Path, result: Any, bundle: Bundle, answer: dict[str, Any], seconds: float
) -> dict[str, Any]:
    from rnnzoo.training.run.run_directory import RunDirectory

    metrics = RunDirectory(out / "search" / "best").read_metrics()
    return {
        "model": MODEL,
        "trials": len(result.trials),
        "test": metrics["test"],
        "baselines": metrics["baselines"]["scores"],
        "parity": {name: report["max_difference"] for name, report in bundle.parity.items()},
        "operators": next(r["operators"] for r in bundle.parity.values() if r.get("operators")),
        "answer": answer,
        "seconds": round(seconds, 1),
        "paths": {
            "run": str(out / "search" / "best"),
            "bundle": str(out / "bundle"),
            "onnx": str(bundle.onnx_path),
            "report": str(out / "report.html"),
        },
    }


def _print(out: Path, summary: dict[str, Any]) -> None:
    rows = score_table(summary["model"], summary["test"], summary["baselines"])
    stdout.print()
    print_table(rows, title="Scores on the test part", best=0)
    stdout.print()
    print_table([{"": name, " ": value} for name, value in _facts(summary).items()])
    stdout.print("\nnext", style="bold")
    for command in next_commands(out):
        stdout.print(f"  {command}")


def _facts(summary: dict[str, Any]) -> dict[str, str]:
    counts = {
        name: n for name, n in summary["operators"].items() if name in ("LSTM", "GRU", "RNN", "Scan", "Loop")
    }
    return {
        "largest difference to Keras": ", ".join(f"{k} {v:.1e}" for k, v in summary["parity"].items()),
        "recurrent operators in ONNX": ", ".join(f"{n} {name}" for name, n in counts.items()),
        "first answer after start": f"{summary['answer']['first_answer_seconds']:.2f} s",
        "all of it": f"{summary['seconds']:.0f} s",
        "bundle": summary["paths"]["bundle"],
        "report": summary["paths"]["report"],
    }


def next_commands(out: Path) -> list[str]:
    """Returns what to try after a quickstart."""
    return [
        f"rnnzoo serve {shell_path(out / 'bundle')}",
        "rnnzoo models",
        "rnnzoo train text-classifier-bilstm --data FILE.csv --text COLUMN --label COLUMN --out RUN",
    ]
