"""`rnnzoo cross-validate`: a model trained and scored on every fold of a file, beside its baselines."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnzoo.cli.baseline_options import BaselineSeconds, NoBaselines, baseline_seconds
from rnnzoo.cli.config_file import ConfigOption
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
from rnnzoo.cli.own_code import Packages, import_packages
from rnnzoo.cli.settings import gather_settings
from rnnzoo.cli.train import Model, Seed, Settings, default_option
from rnnzoo.errors import ArgumentError
from rnnzoo.tasks import get_task
from rnnzoo.training.config import TrainConfig
from rnnzoo.zoo import get_spec

if TYPE_CHECKING:
    from rnnzoo.cross_validation.result import CrossValidation
    from rnnzoo.data.splits import Splits


def register(app: typer.Typer) -> None:
    """Adds the command."""
    # What is for forecasts, and test rows of their own, are refused here.
    hidden = ("test", "target", "window", "horizon")
    app.command("cross-validate")(with_data_options(cross_validate, hidden=hidden))


def cross_validate(
    *,
    model: Model,
    data: DataOptions,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to keep the results.")],
    folds: Annotated[int, typer.Option("--folds", help="How many folds.")] = 5,
    keep_runs: Annotated[
        bool, typer.Option("--keep-runs", help="Keep the run of every fold, with its model.")
    ] = False,
    epochs: Annotated[int | None, default_option("Epochs at most.", TrainConfig.epochs)] = None,
    seed: Seed = None,
    settings: Settings = None,
    config: ConfigOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on; folds that are done stay.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    no_baselines: NoBaselines = False,
    baseline_time: BaselineSeconds = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    packages: Packages = None,
) -> None:
    """Train and score a model on every fold of your data; with --group, no group is in two parts."""
    import_packages(packages, tensorflow=True)
    config.refuse_search()
    arguments, fields = gather_settings(model, config, settings or (), {"epochs": epochs, "seed": seed})
    _check(model, data)
    seconds = baseline_seconds(no_baselines, baseline_time)
    from rnnzoo.cross_validation.folder import CrossValidationFolder

    CrossValidationFolder(out).check_free(resume=resume, overwrite=force)  # before anything slow
    data.check_source()
    with tensorflow_starting("starting TensorFlow"):
        from rnnzoo.cross_validation.runner import cross_validate as validate
    details = {"model": model, "model_arguments": arguments, "data_options": data.to_dict()}
    try:
        with interruptions():
            result = validate(
                partial(_build, model, arguments),
                partial(_read, data, model),
                folds=folds,
                config=TrainConfig.from_dict(fields),
                directory=out,
                resume=resume,
                overwrite=force,
                keep_runs=keep_runs,
                baseline_seconds=seconds,
                details=details,
            )
    except KeyboardInterrupt:
        note("every finished fold and epoch is kept: the same command with --resume goes on")
        raise
    if as_json:
        print_json({"directory": str(out), **result.to_dict()})
        return
    _print(out, result, keep_runs)


def _check(model: str, data: DataOptions) -> None:
    """Checks that data can be cut into folds, and that nothing says otherwise what the test rows are."""
    if get_task(get_spec(model).task).data in ("windows", "running text"):
        from rnnzoo.cross_validation.runner import refuse_other_data

        refuse_other_data(get_spec(model).task)
    if data.test is not None:
        raise ArgumentError(
            f"--test: received {data.test!r}; expected none, for each fold is the test once. Leave it out, and score "
            "the final model on it: rnnzoo train with --test."
        )


def _read(data: DataOptions, model: str, *, fold: tuple[int, int]) -> Splits:
    """Reads the data of a fold, and checks that they are for the model."""
    from rnnzoo.cli.data_loading import check_family, load_data
    from rnnzoo.evaluation.compatibility import check_name_fits

    splits = load_data(data, get_spec(model), fold=fold)
    check_family(get_spec(model), splits)
    check_name_fits(model, splits)
    return splits


def _build(model: str, arguments: dict[str, Any], splits: Splits) -> Any:
    from rnnzoo.zoo import create_model

    return create_model(model, **{**splits.model_arguments, **arguments})


def _print(out: Path, result: CrossValidation, keep_runs: bool) -> None:
    means, folds = result.tables()
    print_table(means.rows, title=means.caption, best=0)
    print_left_out(result.left_out)
    stdout.print("")
    print_table(folds.rows, title=folds.caption)
    if result.verdict:
        stdout.print(f"\n{result.verdict}")
    stdout.print(f"\nresults {shell_path(out / 'results.csv')}, picture {shell_path(out / 'scores.png')}")
    if keep_runs:
        stdout.print(f"runs    {shell_path(out / 'fold-0')} to fold-{len(result.folds) - 1}")
