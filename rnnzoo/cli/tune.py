"""`rnnzoo tune`: search, then train the best."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from rnnzoo.cli.baseline_options import NoBaselines, SearchBaselineSeconds, baseline_seconds
from rnnzoo.cli.config_file import ConfigOption, write_search_config
from rnnzoo.cli.data_options import DataOptions, with_data_options
from rnnzoo.cli.full_help import SearchHelp, search_option
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
from rnnzoo.training.config import TrainConfig
from rnnzoo_tuning.algorithms import ALGORITHM, ALGORITHMS, MAX_TRIALS, PRUNERS, TRIAL_EPOCHS

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
    import_packages(packages, tensorflow=True)
    from rnnzoo_tuning.search_directory import check_free
    from rnnzoo_tuning.study_storage import study_place

    check_free(out, resume=resume, overwrite=force)  # before anything slow
    data.check_source()
    study_place(out, storage, study).check(resume=resume, overwrite=force)
    arguments, fields = gather_settings(model, config, settings or (), {"epochs": epochs, "seed": seed})
    chosen = {"algorithm": algorithm, "pruner": pruner, "max_trials": max_trials, "seed": seed}
    chosen |= {"confirm": confirm, "refit": refit}
    search = _search_settings(config.search, chosen, fields)
    measured = {"precision": precision, "batch": measure_batch, "steps": measure_steps}
    search |= read_goals(objectives, constraints or (), measured, config.search)
    space = read_space(space_file, config.space)
    values = fixed_values(model, space, fixed or ())
    training = TrainConfig.from_dict({"epochs": TRIAL_EPOCHS, "seed": search["seed"], **fields})
    with tensorflow_starting("reading the data and starting TensorFlow"):
        from rnnzoo.cli.data_loading import check_family, load_data
        from rnnzoo.zoo import get_spec

        splits = load_data(data, get_spec(model))
        check_family(get_spec(model), splits)
        from rnnzoo_tuning.runner import run_search
    try:
        result = run_search(
            model,
            splits,
            **search,
            space=fixed_space(model, splits, space, values, arguments),
            directory=out,
            storage=storage,
            study=study,
            bundle=not no_bundle,
            arguments=arguments,
            config=training,
            resume=resume,
            overwrite=force,
            baseline_seconds=baseline_seconds(no_baselines, baseline_time),
            details=_details(model, data),
        )
    except KeyboardInterrupt:
        note("every finished trial is kept: the same command with --resume goes on")
        raise
    finally:
        write_search_config(out, data, splits.description.get("checksum"))
    show_result(result, out, packages or (), as_json=as_json)


def _details(model: str, data: DataOptions) -> dict[str, Any]:
    """Returns what the best run keeps of how it was made; the reports mark what was changed."""
    changed = [name for name in data.changed() if name != "data"]
    return {"model": model, "data_options": data.to_dict(), "changed_options": changed}


def _search_settings(
    kept: Mapping[str, Any], chosen: Mapping[str, Any], fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns what the search is: options win over the file; the seed is that of the training, if none is named."""
    given = {name: value for name, value in chosen.items() if value is not None}
    seed = fields.get("seed", TrainConfig.seed)
    return {"algorithm": ALGORITHM, "max_trials": MAX_TRIALS, "seed": seed, **kept, **given}
