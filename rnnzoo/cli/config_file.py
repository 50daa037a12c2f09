"""`--config FILE`: what `train` or `tune` is to do, in a file: YAML, TOML or JSON by its ending.

    model                the model of the zoo
    data                 the options that say where the data are and how to read them, as `--help-data` lists them,
                         without the two dashes; `-` and `_` are the same, a list may stand for names with commas
    arguments            arguments of the model's builder
    training             fields of ``TrainConfig``
    search               of `tune`: algorithm, pruner, max_trials, seed, workers; objectives, constraints, measure,
                         confirm, refit, bundle and baseline_seconds of ``run_search``
    space                of `tune`: what varies, as of `--space`: model and training, each name a list of values or
                         {low, high, log, step}; conditions, each name {on, values}
    backtest             of `backtest`: origins, stride, refit, seeds

Every key may be left out; an option on the command line wins over the file, one argument or field at a time. Paths are
taken as on the command line: from the current directory. A run and a search keep such a file, ``config.yaml``, whose
paths are absolute: it makes the same run again. An example:

    model: text-classifier-bilstm
    data: {data: reviews.csv, text: review, label: stars}
    arguments: {units: [64, 64]}
    training: {epochs: 12, learning_rate: 1e-3}

YAML is read as its standard 1.2 says: ``1e-3`` is a number, and ``no`` is a text.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from rnnzoo.cli.data_options import DATA_OPTIONS, LISTED, DataOptions
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError
from rnnzoo.files import read_json, read_text, replacing
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo_tuning.search_directory import BEST, SETTINGS

#: What a run and a search keep.
KEPT = "config.yaml"
_SECTIONS = ("data", "arguments", "training", "search", "space", "backtest")
_TRAINING = tuple(field.name for field in dataclasses.fields(TrainConfig))
_SEARCH = (
    "algorithm",
    "pruner",
    "max_trials",
    "seed",
    "workers",
    "objectives",
    "constraints",
    "measure",
    "confirm",
    "refit",
    "bundle",
    "baseline_seconds",
)
#: A backtest keeps the checksum of its data too.
_BACKTEST = ("origins", "stride", "refit", "seeds", "checksum")


@dataclass(frozen=True)
class CommandConfig:
    """What a file says that a command is to do.

    Attributes:
        path: The file; empty where there is none.
        model: The model; ``None`` where it is not named.
        data: Options of the data by the names of their fields.
        arguments: Builder arguments, not checked: the builder may be that of a package that is not imported yet.
        training: Training fields.
        search: Settings of the search.
        space: What a search varies, not checked.
        backtest: Fields of ``RollingOrigin``.
    """

    path: str = ""
    model: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    search: Mapping[str, Any] = field(default_factory=dict)
    space: Mapping[str, Any] = field(default_factory=dict)
    backtest: Mapping[str, Any] = field(default_factory=dict)

    def refuse_search(self) -> None:
        """Raises ``ArgumentError`` if there are settings of a search, which training has no use for."""
        for name in ("search", "space"):
            if getattr(self, name):
                raise ArgumentError(
                    f"{self.path}: received {name}, which is for rnnzoo tune; expected none for rnnzoo train. Leave it "
                    "out."
                )


def read_config(path: str) -> CommandConfig:
    """Reads a file.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it cannot be read, or a part of it is of another kind.
        ArgumentError: If its ending is unknown.
        UnknownNameError: If a key is unknown; the nearest is suggested.
    """
    values = _section(path, "it", parse_file(path, "--config"))
    _check_keys(values, ("model", *_SECTIONS), f"key of {path}")
    parts = {name: _section(path, name, values.get(name)) for name in _SECTIONS}
    parts["data"] = {str(name).replace("-", "_"): value for name, value in parts["data"].items()}
    _check_keys(parts["data"], DATA_OPTIONS, f"data option of {path}")
    _check_keys(parts["training"], _TRAINING, f"training field of {path}")
    _check_keys(parts["search"], _SEARCH, f"search setting of {path}")
    _check_keys(parts["backtest"], _BACKTEST, f"backtest setting of {path}")
    model = values.get("model")
    if not isinstance(model, str | None):
        raise DataError(f"{path}: model: received {model!r}; expected the name of a model. Correct it.")
    parts["data"] = {name: _as_option(value) for name, value in parts["data"].items() if value is not None}
    return CommandConfig(path, model, **parts)


def write_run_config(run: RunDirectory) -> None:
    """Writes into a run what ``--config`` makes it again by; nothing where the run is not one of the command."""
    if not run.config.is_file():
        return
    config = run.read_config()
    details = config.get("details", {})
    if {"model", "model_arguments", "data_options"} <= details.keys():
        _write(
            run.path,
            model=details["model"],
            data=DataOptions.from_dict(details["data_options"]).changed(),
            arguments=details["model_arguments"],
            training=config["train_config"],
        )


def write_search_config(
    directory: Path, data: DataOptions, checksum: object, ending: Mapping[str, Any] | None = None
) -> None:
    """Writes into a search what ``--config`` makes it again by, and into its best run likewise.

    Args:
        directory: The directory of the search; nothing is written where it holds none of these data.
        data: How the data were read.
        checksum: That of the data.
        ending: How the search ends: ``confirm``, ``refit``, ``bundle`` and ``baseline_seconds``, as far as they were
            given.
    """
    if not (directory / SETTINGS).is_file():
        return
    kept = read_json(directory / SETTINGS, "the settings of a search")
    settings = kept["settings"]
    if settings["data"].get("checksum") != checksum:
        return
    _write(
        directory,
        model=settings["model"],
        data=data.changed(),
        arguments=settings["arguments"],
        training=settings["train_config"],
        search={
            "algorithm": settings["algorithm"],
            **({} if settings["pruner"] is None else {"pruner": settings["pruner"]}),
            "max_trials": kept["max_trials"],
            "seed": settings["seed"],
            **_goals(settings),
            **(ending or {}),
        },
        space={
            part.removesuffix("_space"): dimensions
            for part in ("model_space", "training_space", "conditions")
            if (dimensions := settings.get(part))
        },
    )
    write_run_config(RunDirectory(directory / BEST))


def _goals(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns objectives, limits and how they are measured, where anything of the exported file is."""
    if not settings.get("measured"):
        return {}
    found = {
        "objectives": [settings["objective"], *settings["measures"]] if settings["measures"] else None,
        "constraints": settings["limits"],
        "measure": {name: value for name, value in settings["measured"].items() if value is not None},
    }
    return {name: value for name, value in found.items() if value}


def _write(directory: Path, **values: Any) -> None:
    from rnnzoo.yaml_text import write_yaml

    with replacing(directory / KEPT) as path:
        path.write_text(
            write_yaml({name: value for name, value in values.items() if value}), encoding="utf-8"
        )


def parse_file(path: str, option: str) -> Any:
    """Reads YAML, TOML or JSON, by the ending.

    Args:
        path: The file.
        option: The option that names it.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it cannot be read.
        ArgumentError: If its ending is unknown.
    """
    ending = Path(path).suffix.lower()
    if ending not in (".yaml", ".yml", ".toml", ".json"):
        raise ArgumentError(
            f"{option}: received {path}; expected a file that ends in .yaml, .yml, .toml or .json. Rename it."
        )
    text = read_text(path, "a file of settings")
    try:
        if ending == ".toml":
            return tomllib.loads(text)
        if ending == ".json":
            return json.loads(text)
    except ValueError as error:
        raise DataError(f"{path}: {error}; expected {ending[1:].upper()}. Correct it.") from error
    from rnnzoo.yaml_text import read_yaml  # a server has no YAML

    return read_yaml(text, of=path)


def _section(path: str, name: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DataError(f"{path}: {name}: received {value!r}; expected keys with values. Correct it.")
    return value


def _check_keys(values: Mapping[str, Any], known: Collection[str], kind: str) -> None:
    for name in values:
        if name not in known:
            raise UnknownNameError(kind, name, known)


def _as_option(value: Any) -> Any:
    """Returns a value as the command line would have it."""
    return ",".join(map(str, value)) if isinstance(value, list) else value


def _take(context: typer.Context, path: str | None) -> CommandConfig:
    """Reads the file before all other options, whose defaults it then gives."""
    if path is None:
        return CommandConfig()
    config = read_config(path)
    data = {name: [value] if name in LISTED else value for name, value in config.data.items()}
    context.default_map = {**data, **({} if config.model is None else {"model": config.model})}
    return config


#: The option. The command receives a ``CommandConfig``, of which the data and the model are in its other arguments.
ConfigOption = Annotated[
    Any,
    typer.Option(
        "--config",
        metavar="FILE",
        parser=str,
        callback=_take,
        is_eager=True,
        help="A file of all this, such as config.yaml of a run.",
        show_default=False,
    ),
]
