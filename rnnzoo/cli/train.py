"""`rnnzoo train`: from a file to a trained run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from rnnzoo.cli.baseline_options import BaselineSeconds, NoBaselines, baseline_seconds
from rnnzoo.cli.config_file import ConfigOption, write_run_config
from rnnzoo.cli.data_options import DataOptions, with_data_options
from rnnzoo.cli.interruptions import interruptions
from rnnzoo.cli.output import (
    note,
    print_json,
    print_left_out,
    print_table,
    shell_path,
    stdout,
    tensorflow_starting,
)
from rnnzoo.cli.own_code import Packages, import_options, import_packages
from rnnzoo.cli.settings import gather_settings
from rnnzoo.errors import listed
from rnnzoo.evaluation.score_table import score_table
from rnnzoo.evaluation.verdict import verdict
from rnnzoo.families import FAMILIES
from rnnzoo.training.config import BASELINE_SECONDS, TrainConfig

if TYPE_CHECKING:
    import keras

    from rnnzoo.data.splits import Splits
    from rnnzoo.training.run.run_directory import RunDirectory

#: How many columns are named that were read.
_FEATURES = 12

#: The model, named in the same words by the commands that train one.
Model = Annotated[
    str,
    typer.Argument(help=f"One that rnnzoo models lists: {', '.join(FAMILIES)}."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A builder argument or training field; repeatable."),
]


def default_option(text: str, value: object) -> Any:
    """Returns an option that is ``None`` unless given, whose help shows what it then is."""
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return typer.Option(help=f"{text} {escape(f'[{shown}]')}", show_default=False)


Seed = Annotated[int | None, default_option("Seed of weights, batches and dropout.", TrainConfig.seed)]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("train")(with_data_options(train))


def train(
    *,
    model: Model,
    data: DataOptions,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to keep the run.")],
    epochs: Annotated[int | None, default_option("Epochs at most.", TrainConfig.epochs)] = None,
    batch_size: Annotated[int | None, default_option("Rows per step.", TrainConfig.batch_size)] = None,
    learning_rate: Annotated[float | None, default_option("The rate.", TrainConfig.learning_rate)] = None,
    seed: Seed = None,
    settings: Settings = None,
    config: ConfigOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a run that is there.")] = False,
    no_baselines: NoBaselines = False,
    baseline_time: BaselineSeconds = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    packages: Packages = None,
) -> None:
    """Train a model on your data; keep model, metrics, plots and a report."""
    import_packages(packages, tensorflow=True)
    config.refuse_search()
    given = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    arguments, fields = gather_settings(model, config, settings or (), given)
    seconds = baseline_seconds(no_baselines, baseline_time)
    metrics = run_training(
        model, data, out, arguments, fields, resume=resume, force=force, baseline_seconds=seconds
    )
    if as_json:
        print_json({"directory": str(out), **metrics})
        return
    print_run(out, metrics)
    print_export(out, packages or ())


def run_training(
    model: str,
    data: DataOptions,
    out: Path,
    arguments: dict[str, Any],
    fields: dict[str, Any],
    *,
    resume: bool,
    force: bool,
    baseline_seconds: float = BASELINE_SECONDS,
) -> dict[str, Any]:
    """Trains a model of the zoo and returns the metrics that the run keeps."""
    from rnnzoo.training.run.run_directory import RunDirectory

    config = TrainConfig.from_dict(fields)
    run = RunDirectory(out)
    run.check_free(resume=resume, overwrite=force)  # before anything slow
    data.check_source()
    with tensorflow_starting("reading the data and starting TensorFlow"):
        from rnnzoo.cli.data_loading import check_family, load_data
        from rnnzoo.evaluation.compatibility import check_name_fits
        from rnnzoo.zoo import get_spec

        splits = load_data(data, get_spec(model))
        check_family(get_spec(model), splits)
        check_name_fits(model, splits)
        network = _build(model, {**splits.model_arguments, **arguments}, config.seed)
    _announce(network, splits)

    from rnnzoo.training.trainer import train as train_model

    finished = resume and run.finished
    try:
        with interruptions():
            train_model(
                network,
                splits,
                config=config,
                directory=out,
                resume=resume,
                overwrite=force,
                baseline_seconds=baseline_seconds,
                details=_details(model, arguments, data, splits),
            )
    except KeyboardInterrupt:
        note(_what_is_kept(run))
        raise
    finally:
        write_run_config(run)
    if finished:
        note("the run is finished: nothing is trained again")
    metrics: dict[str, Any] = run.read_metrics()
    return metrics


def _details(model: str, arguments: dict[str, Any], data: DataOptions, splits: Splits) -> dict[str, Any]:
    """Returns what a run keeps of how it was made; the report marks what was changed."""
    return {
        "model": model,
        "model_arguments": arguments,
        "data_arguments": splits.model_arguments,
        "data_options": data.to_dict(),
        "changed_options": [name for name in data.changed() if name != "data"],
    }


def _what_is_kept(run: RunDirectory) -> str:
    """Says what an interruption has left."""
    if not run.finished and not run.checkpoint.is_file():
        return "no epoch was finished: the same command with --resume starts anew"
    if not run.finished:
        return "every finished epoch is kept: the same command with --resume goes on"
    done = len(run.read_metrics()["baselines"]["scores"])
    return (
        f"the run is whole, with {done} baseline{'s' * (done != 1)}: rnnzoo evaluate {shell_path(run.path)} "
        "--baselines fits the others"
    )


def _build(model: str, arguments: dict[str, Any], seed: int) -> Any:
    import keras

    from rnnzoo.zoo import create_model

    keras.utils.set_random_seed(seed)
    return create_model(model, **arguments)


def _announce(network: keras.Model, splits: Splits) -> None:
    from rnnzoo.evaluation.compatibility import choose_task
    from rnnzoo.keras_models.cudnn import explain_cudnn

    rows = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    sizes = ", ".join(f"{len(part)} {name}" for name, part in rows.items() if part is not None)
    note(f"data   {sizes} rows, task {choose_task(network, splits)[0].name}")
    features = splits.description.get("features", [])
    if features:
        note(f"read   {listed(features, _FEATURES)}")
    pieces, series = (splits.description.get(name, 1) for name in ("pieces", "num_series"))
    if pieces > series:
        note(f"times  {pieces:,} pieces; no window crosses a hole between them")
    note(f"model  {network.name}, {network.count_params():,} parameters")
    note(f"cuDNN  on a GPU: {explain_cudnn(network).summary}")


def print_run(out: Path, metrics: dict[str, Any]) -> None:
    """Prints the scores of a finished run beside those of the baselines."""
    part = metrics["baselines"]["part"]
    scores = metrics[part]
    baselines = metrics["baselines"]["scores"]
    print_table(score_table("model", scores, baselines), title=f"Scores on the {part} part", best=0)
    print_left_out(metrics["baselines"].get("skipped", {}))
    if said := verdict(scores, baselines):
        stdout.print(f"\n{said}")
    stdout.print(
        f"\nbest epoch {metrics['best_epoch']} of {metrics['epochs']}; {metrics['stop_reason']}; "
        f"{metrics['seconds']:.0f} s of training"
    )
    if "gradients" in metrics:
        stdout.print(f"gradients  {metrics['gradients']['verdict']}")
    stdout.print(f"report {shell_path(out / 'report.html')}")


def print_export(out: Path, packages: Sequence[str] = ()) -> None:
    """Prints the command that exports a run."""
    stdout.print(
        f"next   rnnzoo export {shell_path(out)} --out {shell_path(str(out) + '-bundle')}{import_options(packages)}",
        style="bold",
    )
