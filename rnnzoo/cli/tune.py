"""`rnnzoo tune`: search, then train the best."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnzoo import checks
from rnnzoo.cli.baseline_options import NoBaselines, SearchBaselineSeconds, baseline_seconds
from rnnzoo.cli.config_file import ConfigOption, write_search_config
from rnnzoo.cli.data_options import DataOptions, with_data_options
from rnnzoo.cli.full_help import SEARCH, SearchHelp
from rnnzoo.cli.interruptions import TerminationError, terminations
from rnnzoo.cli.output import note, print_json, print_table, shell_path, stdout, tensorflow_starting
from rnnzoo.cli.own_code import Packages, import_packages
from rnnzoo.cli.search_space import Fixed, SpaceFile, fixed_space, fixed_values, read_space
from rnnzoo.cli.settings import gather_settings
from rnnzoo.cli.train import Model, Settings, default_option, print_run
from rnnzoo.cli.worker_processes import Workers, end_with_first, is_worker, share_cores, worker_processes
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo_tuning.algorithms import ALGORITHM, ALGORITHMS, MAX_TRIALS, PRUNERS, TRIAL_EPOCHS
from rnnzoo_tuning.search_directory import BEST, check_free

if TYPE_CHECKING:
    from rnnzoo.data.splits import Splits
    from rnnzoo_tuning.runner import SearchResult

Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="A database for workers of several machines: postgresql://user:password@host/database.",
        rich_help_panel=SEARCH,
        hidden=True,
    ),
]
Study = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The name of the search there; that of the directory.",
        rich_help_panel=SEARCH,
        hidden=True,
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("tune")(with_data_options(tune))


def tune(
    *,
    context: typer.Context,
    model: Model,
    data: DataOptions,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to keep the search.")],
    algorithm: Annotated[str | None, default_option(f"{', '.join(ALGORITHMS)}.", ALGORITHM)] = None,
    max_trials: Annotated[int | None, default_option("Trials at most.", MAX_TRIALS)] = None,
    epochs: Annotated[int | None, default_option("Epochs of a trial, at most.", TRIAL_EPOCHS)] = None,
    pruner: Annotated[
        str | None,
        typer.Option(
            help=f"What ends bad trials early: {', '.join(PRUNERS)}.", rich_help_panel=SEARCH, hidden=True
        ),
    ] = None,
    seed: Annotated[int | None, default_option("Seed of search and training.", TrainConfig.seed)] = None,
    settings: Settings = None,
    space_file: SpaceFile = None,
    fixed: Fixed = None,
    storage: Storage = None,
    study: Study = None,
    workers: Workers = None,
    config: ConfigOption = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with a search, or give it more --max-trials.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a search that is there.")] = False,
    no_baselines: NoBaselines = False,
    baseline_time: SearchBaselineSeconds = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    packages: Packages = None,
    help_search: SearchHelp = False,
) -> None:
    """Search the settings of a model and of its training; train and keep the best."""
    given = {"algorithm": algorithm, "pruner": pruner, "max_trials": max_trials, "seed": seed}
    arguments, fields, search = _settings(model, config, settings, {**given, "workers": workers}, epochs)
    count = checks.integer("workers", search.pop("workers"), minimum=1)
    share_cores(count)
    if is_worker():
        end_with_first()
    import_packages(packages, tensorflow=True)
    from rnnzoo_tuning.study_storage import study_place

    if not is_worker():  # before anything slow
        check_free(out, resume=resume, overwrite=force)
        study_place(out, storage, study).check(resume=resume, overwrite=force)
    data.check_source()
    space = read_space(space_file, config.space)
    values = fixed_values(model, space, fixed or ())
    training = TrainConfig.from_dict({"epochs": TRIAL_EPOCHS, "seed": search["seed"], **fields})
    seconds = baseline_seconds(no_baselines, baseline_time)
    with tensorflow_starting("reading the data and starting TensorFlow"):
        splits = _load(model, data)
        from rnnzoo_tuning.runner import join_search, run_search
    search |= {
        "directory": out,
        "storage": storage,
        "study": study,
        "arguments": arguments,
        "config": training,
    }
    search["space"] = fixed_space(model, splits, space, values, arguments)
    if is_worker():
        join_search(model, splits, **search)
        return
    search |= {"resume": resume, "overwrite": force, "baseline_seconds": seconds}
    search["details"] = {"model": model, "data_options": data.to_dict()}
    typed = context.find_root().obj or ()
    try:
        with terminations(), worker_processes(typed, out, count) as others:
            result = run_search(model, splits, **search, on_begin=others.start)
    except (KeyboardInterrupt, TerminationError):
        note(f"every finished trial is kept; to go on: {_resuming(typed, storage)}")
        raise
    finally:
        write_search_config(out, data, splits.description.get("checksum"))
    if as_json:
        metrics = RunDirectory(out / BEST).read_metrics()
        shown = {"trials": result.trials, "objective": result.objective, "best": metrics}
        print_json({"directory": str(out), **shown})
        return
    _print_result(result, out, packages or ())


def _print_result(result: SearchResult, out: Path, packages: Sequence[str]) -> None:
    """Prints all trials, the scores of the best one, and what to do next."""
    best = [row["score"] for row in result.trials].index(result.score)
    print_table(result.trials, title="Trials", best=best)
    stdout.print()
    print_run(out / BEST, RunDirectory(out / BEST).read_metrics(), packages)
    stdout.print(f"search {shell_path(out / 'search.png')}")


def _settings(
    model: str, config: Any, settings: list[str] | None, given: Mapping[str, Any], epochs: int | None
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Returns the builder's arguments, the training fields and what the search is; options win over the file."""
    arguments, fields = gather_settings(
        model, config, settings or (), {"epochs": epochs, "seed": given["seed"]}
    )
    # The seed is that of the training, if none is named.
    defaults = {
        "algorithm": ALGORITHM,
        "max_trials": MAX_TRIALS,
        "seed": fields.get("seed", TrainConfig.seed),
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    return arguments, fields, {**defaults, "workers": 1, **config.search, **chosen}


def _load(model: str, data: DataOptions) -> Splits:
    from rnnzoo.cli.data_loading import check_family, load_data
    from rnnzoo.zoo import get_spec

    splits = load_data(data, get_spec(model))
    check_family(get_spec(model), splits)
    return splits


def _resuming(typed: Sequence[str], storage: str | None) -> str:
    """Returns the command that goes on with a search, if it may be shown: an address may hold a password."""
    if not typed or storage is not None:
        return "the same command with --resume"
    kept = [argument for argument in typed if argument not in ("--force", "--resume")]
    return f"rnnzoo {shlex.join(kept)} --resume"
