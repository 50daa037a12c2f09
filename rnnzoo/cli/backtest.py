"""`rnnzoo backtest`: what a model would have forecast at points of the past."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnzoo.cli.baseline_options import BaselineSeconds, NoBaselines, baseline_seconds
from rnnzoo.cli.config_file import ConfigOption
from rnnzoo.cli.data_errors import naming_data
from rnnzoo.cli.data_options import DATA_OPTIONS, DataOptions, with_data_options
from rnnzoo.cli.interruptions import interruptions
from rnnzoo.cli.output import (
    note,
    noting_warnings,
    print_json,
    print_left_out,
    print_table,
    shell_path,
    stdout,
    tensorflow_starting,
)
from rnnzoo.cli.own_code import Packages, import_packages
from rnnzoo.cli.settings import gather_settings
from rnnzoo.cli.train import Settings, default_option
from rnnzoo.errors import ArgumentError
from rnnzoo.training.config import TrainConfig

if TYPE_CHECKING:
    from rnnzoo.backtesting.result import BacktestResult


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("backtest")(with_data_options(backtest))


def backtest(
    *,
    model: Annotated[str, typer.Argument(help="A forecaster of rnnzoo models, a run or a bundle.")],
    data: DataOptions,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to keep tables, picture and forecasts.")
    ] = None,
    origins: Annotated[int | None, default_option("Points of the past to forecast from.", 5)] = None,
    stride: Annotated[int | None, default_option("Steps from one to the next.", "the horizon")] = None,
    no_refit: Annotated[
        bool, typer.Option("--no-refit", help="Train once, before the first, not at each.")
    ] = False,
    seeds: Annotated[str | None, default_option("Seeds to train with, comma-separated.", 0)] = None,
    settings: Settings = None,
    config: ConfigOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished backtest.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a backtest that is there.")] = False,
    no_baselines: NoBaselines = False,
    baseline_time: BaselineSeconds = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    packages: Packages = None,
) -> None:
    """Forecast from points of the past with what was known then, beside baselines."""
    import_packages(packages, tensorflow=True)
    config.refuse_search()
    plan: dict[str, Any] = {
        "origins": origins,
        "stride": stride,
        "refit": False if no_refit else None,
        "seeds": None if seeds is None else _numbers(seeds),
    }
    plan = {name: value for name, value in {**config.backtest, **_given(plan)}.items() if name != "checksum"}
    if (resume or force) and out is None:
        raise ArgumentError(
            f"--{'resume' if resume else 'force'}: received without --out; expected the backtest. Give --out."
        )
    seconds = baseline_seconds(no_baselines, baseline_time)
    with tensorflow_starting("starting TensorFlow"):
        from rnnzoo.backtesting.backtests import backtest as run_backtest
        from rnnzoo.backtesting.ready_model import is_ready
        from rnnzoo.backtesting.rolling_origin import RollingOrigin
        from rnnzoo.cli.data_loading import series_arguments
        from rnnzoo.zoo import get_spec

    trained: dict[str, Any] = {}
    if is_ready(model):
        _refuse_training(model, {"set": settings, "seeds": seeds, "no_refit": no_refit or None})
        data, spec = _known_options(Path(model), data), None
    else:
        arguments, fields = gather_settings(model, config, settings or (), {})
        trained = {"model_arguments": arguments, "config": TrainConfig.from_dict(fields)}
        spec = get_spec(model)
    options = series_arguments(data, spec)
    if options.pop("test_fraction") != DataOptions.test_fraction:
        raise ArgumentError(
            f"--test-fraction: received {data.test_fraction:g}; expected none, for the origins say what is forecast. "
            "Give --origins and --stride in place of it."
        )
    rolling_origin = RollingOrigin(**plan)  # here, for what is wrong with it is not about the data
    with naming_data(data), noting_warnings(), interruptions():
        result = run_backtest(
            model,
            data.data,
            rolling_origin=rolling_origin,
            **trained,
            directory=out,
            resume=resume,
            overwrite=force,
            baseline_seconds=seconds,
            **options,
        )
    _print(result, as_json=as_json)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise ArgumentError(
            f"--seeds: received {text!r}; expected whole numbers with commas between them. Write e.g. --seeds 0,1,2."
        ) from error


def _refuse_training(model: str, given: dict[str, Any]) -> None:
    """Raises ``ArgumentError`` for what is said of training to a model that is trained already."""
    for name, value in _given(given).items():
        raise ArgumentError(
            f"--{name.replace('_', '-')}: received {value!r:.60} with {model}, which is trained already; expected "
            "none. Leave it out."
        )


def _known_options(path: Path, given: DataOptions) -> DataOptions:
    """Returns how tables are read for a run or a bundle: as in training, but for what is given."""
    from rnnzoo.backtesting.ready_model import ReadyModel
    from rnnzoo.training.run.run_directory import RunDirectory

    kept: dict[str, Any] = {}
    run = RunDirectory(path)
    if run.config.is_file():
        kept = dict(run.read_config().get("details", {}).get("data_options", {}))
    said = ReadyModel(path).reading_options({})
    as_options = {
        name: ",".join(map(str, value)) if isinstance(value, list) else value
        for name, value in said.items()
        if name in DATA_OPTIONS
    }
    fractions = {name: getattr(given, name) for name in ("validation_fraction", "test_fraction")}
    known = DataOptions.from_dict({**kept, **as_options, "data": given.data, **fractions})
    return dataclasses.replace(known, **given.changed())


def _print(result: BacktestResult, *, as_json: bool) -> None:
    rows = [{str(name): value for name, value in row.items()} for row in result.scores.to_dict("records")]
    if as_json:
        place = None if result.directory is None else str(result.directory)
        print_json({"directory": place, "verdict": result.verdict, "scores": rows, "skipped": result.skipped})
        return
    print_table(rows, title="Scores over all origins", best=0)
    print_left_out(result.skipped)
    if result.verdict:
        stdout.print(f"\n{result.verdict}")
    if result.directory is not None:
        note(f"tables and picture are in {shell_path(result.directory)}")
