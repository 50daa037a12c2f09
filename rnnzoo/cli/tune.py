"""`rnnzoo tune`: search, then train the best."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnzoo import checks
from rnnzoo.cli.baseline_options import NoBaselines, SearchBaselineSeconds, baseline_seconds
from rnnzoo.cli.config_file import ConfigOption, write_search_config
from rnnzoo.cli.data_options import DataOptions, with_data_options
from rnnzoo.cli.full_help import SearchHelp, search_option
from rnnzoo.cli.interruptions import TerminationError, terminations
from rnnzoo.cli.output import note, tensorflow_starting
from rnnzoo.cli.own_code import Packages, import_packages
from rnnzoo.cli.search_goals import (
    Confirm,
    Constraints,
    MeasureBatch,
    MeasureSteps,
    NoBundle,
    Objectives,
    Precision,
    Refit,
    read_goals,
)
from rnnzoo.cli.search_report import SearchReport
from rnnzoo.cli.search_result import show_result
from rnnzoo.cli.search_space import Fixed, SpaceFile, fixed_space, fixed_values, read_space
from rnnzoo.cli.settings import gather_settings
from rnnzoo.cli.train import Model, Settings, default_option
from rnnzoo.cli.worker_processes import Workers, is_worker, share_cores, worker_processes
from rnnzoo.training.config import TrainConfig
from rnnzoo_tuning.algorithms import ALGORITHM, ALGORITHMS, MAX_TRIALS, PRUNERS, TRIAL_EPOCHS
from rnnzoo_tuning.search_directory import check_free

if TYPE_CHECKING:
    from rnnzoo.data.splits import Splits

# What becomes of the best model, which ``config.yaml`` keeps beside the settings of the search.
_ENDING = ("confirm", "refit", "bundle", "baseline_seconds")

Storage = Annotated[
    str | None,
    search_option(
        "A database for workers of several machines: postgresql://user:password@host/database.",
        metavar="URL",
        is_eager=True,  # --report reads it
    ),
]
Study = Annotated[
    str | None,
    search_option("The name of the search there; that of the directory.", metavar="NAME"),
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
        search_option(f"What ends bad trials early: {', '.join(PRUNERS)}."),
    ] = None,
    seed: Annotated[int | None, default_option("Seed of search and training.", TrainConfig.seed)] = None,
    settings: Settings = None,
    space_file: SpaceFile = None,
    fixed: Fixed = None,
    objectives: Objectives = None,
    constraints: Constraints = None,
    precision: Precision = None,
    measure_batch: MeasureBatch = None,
    measure_steps: MeasureSteps = None,
    confirm: Confirm = None,
    refit: Refit = None,
    no_bundle: NoBundle = False,
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
    report: SearchReport = None,
    help_search: SearchHelp = False,
) -> None:
    """Search the settings of a model and of its training; train and keep the best."""
    given = {"algorithm": algorithm, "pruner": pruner, "max_trials": max_trials, "seed": seed}
    given |= {"confirm": confirm, "refit": refit, "workers": workers}
    arguments, fields, search = _settings(model, config, settings, given, epochs)
    count = checks.integer("workers", search.pop("workers"), minimum=1)
    share_cores(count)
    import_packages(packages, tensorflow=True)
    if not is_worker():
        _check_place(out, storage, study, resume=resume, force=force)  # before anything slow
    data.check_source()
    measured = {"precision": precision, "batch": measure_batch, "steps": measure_steps}
    search |= read_goals(objectives, constraints or (), measured, config.search)
    space = read_space(model, space_file, config.space)
    values = fixed_values(model, space, fixed or ())
    training = TrainConfig.from_dict({"epochs": TRIAL_EPOCHS, "seed": search["seed"], **fields})
    search |= _end(search, no_bundle=no_bundle, no_baselines=no_baselines, baseline_time=baseline_time)
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
    search |= {"resume": resume, "overwrite": force}
    typed = context.find_root().obj or ()
    try:
        with worker_processes(typed, out, count) as others, terminations():
            result = run_search(model, splits, **search, details=_details(model, data), on_begin=others.start)
    except (KeyboardInterrupt, TerminationError):
        note(f"every finished trial is kept; to go on: {_resuming(typed, storage)}")
        raise
    finally:
        with contextlib.suppress(OSError):  # a full disk is told of by what it ended
            end = {name: value for name, value in search.items() if name in _ENDING}
            write_search_config(out, data, splits.description.get("checksum"), end)
    show_result(result, out, packages or (), as_json=as_json)


def _end(
    search: Mapping[str, Any], *, no_bundle: bool, no_baselines: bool, baseline_time: float | None
) -> dict[str, Any]:
    """Returns what becomes of the best model, as far as it is said; options win over the file."""
    found: dict[str, Any] = {}
    if no_bundle or "bundle" in search:
        found["bundle"] = not no_bundle and checks.flag("bundle", search["bundle"])
    if no_baselines or baseline_time is not None:
        found["baseline_seconds"] = baseline_seconds(no_baselines, baseline_time)
    elif "baseline_seconds" in search:
        found["baseline_seconds"] = baseline_seconds(False, search["baseline_seconds"])
    return found


def _details(model: str, data: DataOptions) -> dict[str, Any]:
    """Returns what the best run keeps of how it was made; the reports mark what was changed."""
    changed = [name for name in data.changed() if name != "data"]
    return {"model": model, "data_options": data.to_dict(), "changed_options": changed}


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


def _check_place(out: Path, storage: str | None, study: str | None, *, resume: bool, force: bool) -> None:
    """Refuses a directory and a database that a search cannot be kept in."""
    from rnnzoo_tuning.study_storage import study_place

    check_free(out, resume=resume, overwrite=force)
    study_place(out, storage, study).check(resume=resume, overwrite=force)


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
