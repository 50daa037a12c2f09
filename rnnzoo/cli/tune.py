"""`rnnzoo tune`: search, then train the best."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rnnzoo.cli.baseline_options import BaselineSeconds, NoBaselines, baseline_seconds
from rnnzoo.cli.data_options import DataOptions, with_data_options
from rnnzoo.cli.output import note, print_json, print_table, shell_path, stdout, tensorflow_starting
from rnnzoo.cli.own_code import Packages, import_packages
from rnnzoo.cli.settings import split_settings
from rnnzoo.cli.train import Settings, print_run


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("tune")(with_data_options(tune))


def tune(
    *,
    model: Annotated[str, typer.Argument(help="A model of the zoo: see rnnzoo models.")],
    data: DataOptions,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to keep the search.")],
    algorithm: Annotated[str, typer.Option(help="bayesian, random, hyperband or grid.")] = "bayesian",
    max_trials: Annotated[int, typer.Option(help="Trials at most.")] = 10,
    epochs: Annotated[int, typer.Option(help="Epochs of a trial, at most.")] = 15,
    seed: Annotated[int, typer.Option(help="Seed of search and training.")] = 0,
    settings: Settings = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with a search that was stopped, or give one more trials: see --max-trials.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a search that is there.")] = False,
    no_baselines: NoBaselines = False,
    baseline_time: BaselineSeconds = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    packages: Packages = None,
) -> None:
    """Search learning rate, width, depth and dropout; train and keep the best."""
    import_packages(packages, tensorflow=True)
    from rnnzoo.training.config import TrainConfig
    from rnnzoo.training.run.run_directory import RunDirectory
    from rnnzoo_tuning.search_directory import check_free

    check_free(out, resume=resume, overwrite=force)  # before anything slow
    arguments, fields = split_settings(model, settings or [])
    allowed = baseline_seconds(no_baselines, baseline_time)
    config = TrainConfig.from_dict({"epochs": epochs, "seed": seed, **fields})
    with tensorflow_starting("reading the data and starting TensorFlow"):
        splits = data.load()
        from rnnzoo_tuning.runner import run_search
    try:
        result = run_search(
            model,
            splits,
            algorithm=algorithm,
            max_trials=max_trials,
            directory=out,
            arguments=arguments,
            config=config,
            seed=seed,
            resume=resume,
            overwrite=force,
            baseline_seconds=allowed,
            details={"model": model, "data_options": data.to_dict()},
        )
    except KeyboardInterrupt:
        note("every finished trial is kept: the same command with --resume goes on")
        raise
    metrics = RunDirectory(out / "best").read_metrics()
    if as_json:
        print_json(
            {"directory": str(out), "trials": result.trials, "objective": result.objective, "best": metrics}
        )
        return
    best = [row["score"] for row in result.trials].index(result.score)
    print_table(result.trials, title="Trials", best=best)
    stdout.print()
    print_run(out / "best", metrics, packages or ())
    stdout.print(f"search {shell_path(out / 'search.png')}")
