"""The options that say where the data are and how to read them, shared by `train` and `tune`."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnzoo.defaults import FRACTION, MAX_TOKENS
from rnnzoo.errors import ArgumentError, UnknownNameError

if TYPE_CHECKING:
    from rnnzoo.data.splits import Splits

_PANEL = "Data"


_DATA_HELP = "A CSV or TSV file (.gz too), or a named set such as digits or imdb: see `rnnzoo datasets`."
#: Options that say how texts are read, and how series are.
_OF_TEXTS = (
    "test",
    "text",
    "label",
    "label_separator",
    "task",
    "max_tokens",
    "max_length",
    "characters",
)
_OF_SERIES = (
    "window",
    "horizon",
    "categorical",
    "ignore",
    "time",
    "time_format",
    "gaps",
    "missing",
    "seasonality",
)
_OF_NAMED_TEXTS = ("task", "max_tokens", "max_length", "characters")
_OF_FILES = (
    *(name for name in _OF_TEXTS if name not in _OF_NAMED_TEXTS),
    *(name for name in _OF_SERIES if name not in ("window", "horizon")),
    "columns",
    "target",
    "from_disk",
)


#: What options of a run were called before, and are called now.
_RENAMED = {"stream": "from_disk"}


def _option(flag: str, text: str, *others: str, show_default: bool = False) -> Any:
    return typer.Option(flag, *others, help=text, rich_help_panel=_PANEL, show_default=show_default)


@dataclass(frozen=True)
class DataOptions:
    """Where the data are and how to read them; kept with a run so that `evaluate` reads them again."""

    data: Annotated[str, _option("--data", _DATA_HELP)]
    test: Annotated[str | None, _option("--test", "A file of test rows, where the data come with one.")] = (
        None
    )
    columns: Annotated[
        str | None,
        _option("--columns", "Names of the columns, comma-separated, for a file without a header."),
    ] = None
    text: Annotated[str | None, _option("--text", "The column with the texts.")] = None
    label: Annotated[str | None, _option("--label", "The column with the labels.")] = None
    label_separator: Annotated[
        str | None, _option("--label-separator", "What separates several labels in one cell.")
    ] = None
    task: Annotated[str | None, _option("--task", "The task, if the data do not say it: see the README.")] = (
        None
    )
    max_tokens: Annotated[
        int, _option("--max-tokens", "Size of the vocabulary, at most.", show_default=True)
    ] = MAX_TOKENS
    max_length: Annotated[
        int | None, _option("--max-length", "Words per text, at most; longer texts are cut.")
    ] = None
    characters: Annotated[
        bool, _option("--characters", "Words come with their characters, for taggers that read those too.")
    ] = False
    from_disk: Annotated[
        bool,
        _option(
            "--from-disk",
            "Leave the table on disk: for one that does not fit into memory, of texts or of a series.",
            "--stream",  # its older name
        ),
    ] = False
    target: Annotated[str | None, _option("--target", "The column(s) to forecast, comma-separated.")] = None
    window: Annotated[int | None, _option("--window", "Steps of the past to read.")] = None
    horizon: Annotated[int | None, _option("--horizon", "Steps ahead to forecast.")] = None
    categorical: Annotated[
        str | None, _option("--categorical", "Columns of categories, comma-separated.")
    ] = None
    ignore: Annotated[
        str | None, _option("--ignore", "Columns to leave out, comma-separated; '' for one without a name.")
    ] = None
    time: Annotated[str | None, _option("--time", "The column of timestamps, checked to rise.")] = None
    time_format: Annotated[
        str | None,
        _option(
            "--time-format", "How dates are written, such as %d.%m.%Y; found by itself unless ambiguous."
        ),
    ] = None
    gaps: Annotated[
        str,
        _option("--gaps", "Holes in the times: error, or break (no window crosses one).", show_default=True),
    ] = "error"
    missing: Annotated[
        str,
        _option(
            "--missing",
            "Missing values of a series: error, ffill (from the past) or drop.",
            show_default=True,
        ),
    ] = "error"
    seasonality: Annotated[
        int | None,
        _option("--seasonality", "Steps of a season (24 for hours of a day), for the naive baseline."),
    ] = None
    validation_fraction: Annotated[
        float, _option("--validation-fraction", "Share of validation rows.", show_default=True)
    ] = FRACTION
    test_fraction: Annotated[
        float,
        _option("--test-fraction", "Share of test rows, where there is no test file.", show_default=True),
    ] = FRACTION
    split_seed: Annotated[
        int, _option("--split-seed", "Seed of the split into parts.", show_default=True)
    ] = 0

    def load(self) -> Splits:
        """Reads the data."""
        from rnnzoo.data.sets.datasets import DATASETS

        if self.data in DATASETS and not self._is_file:
            return self._load_set(DATASETS[self.data])
        if self._seems_a_name:
            raise UnknownNameError("data set", self.data, DATASETS)
        if self.label_separator == "" or (self.label_separator and not self._several_labels):
            raise ArgumentError(
                f"--label-separator: received {self.label_separator!r} for the task {self.task or 'of one label'}; "
                "expected one character at least, and a row that has several labels. Leave it out, or give --task "
                "multilabel_classification."
            )
        if self.target is not None:
            return self._load_series(self.target)
        if self.text is None or self.label is None:
            raise ArgumentError(
                f"--data: received the file {self.data} without --text and --label, or --target; expected to be told "
                "which columns to read. Give --text and --label for texts, --target, --window and --horizon for a "
                "series."
            )
        return self._load_texts(self.text, self.label)

    @property
    def _fractions(self) -> dict[str, Any]:
        return {"validation_fraction": self.validation_fraction, "test_fraction": self.test_fraction}

    def _load_set(self, load: Callable[..., Splits]) -> Splits:
        from rnnzoo.data.sets.datasets import load_dataset

        taken = inspect.signature(load).parameters
        others = tuple(name for name in _OF_NAMED_TEXTS if name != "task" and name not in taken)
        self._refuse((*_OF_FILES, *others), f"for the named data set {self.data!r}")
        options = {
            option.name: getattr(self, option.name)
            for option in dataclasses.fields(self)
            if option.name in (*_OF_NAMED_TEXTS, "window", "horizon")
            and getattr(self, option.name) != option.default
        }
        return load_dataset(self.data, seed=self.split_seed, **self._fractions, **options)

    def _load_texts(self, text: str, label: str) -> Splits:
        from rnnzoo.data.readers.texts import read_texts

        self._refuse(_OF_SERIES, "with --text, which is for texts")
        if self.from_disk:
            self._refuse(("characters",), "with --from-disk")
        return read_texts(
            self.data,
            text=text,
            label=label,
            task=self.task,
            from_disk=self.from_disk,
            column_names=_names(self.columns),
            label_separator=self.label_separator,
            test=self.test,
            max_tokens=self.max_tokens,
            max_length=self.max_length,
            characters=self.characters,
            seed=self.split_seed,
            **self._fractions,
        )

    def _load_series(self, target: str) -> Splits:
        from rnnzoo.data.readers.series import read_series

        self._refuse(_OF_TEXTS, "with --target, which is for series")
        self._refuse(("split_seed",), "with --target: a series is split in time")
        if self.window is None or self.horizon is None:
            raise ArgumentError(
                "--target: received without --window and --horizon; expected both. "
                "Say how many steps to read and how many to forecast, e.g. --window 72 --horizon 24."
            )
        return read_series(
            self.data,
            column_names=_names(self.columns),
            target=_names(target) or (),
            window=self.window,
            horizon=self.horizon,
            categorical=_names(self.categorical) or (),
            ignore=[""] if self.ignore == "" else _names(self.ignore) or (),
            time=self.time,
            time_format=self.time_format,
            gaps=self.gaps,  # type: ignore[arg-type]
            missing=self.missing,  # type: ignore[arg-type]
            seasonality=self.seasonality,
            from_disk=self.from_disk,
            **self._fractions,
        )

    @property
    def _several_labels(self) -> bool:
        """Whether the task, if one is named, has several labels in a row."""
        from rnnzoo.tasks import get_task

        return self.task is None or get_task(self.task).targets == "labels"

    @property
    def _is_file(self) -> bool:
        return os.path.isfile(self.data)  # noqa: PTH113 - a path that a folder forbids to look at is none

    @property
    def _seems_a_name(self) -> bool:
        """Whether a word was given where neither a file is nor columns are named: a misspelt data set."""
        return re.fullmatch(r"\w+", self.data) is not None and not (self._is_file or self.text or self.target)

    def _refuse(self, names: tuple[str, ...], where: str) -> None:
        """Raises ``ArgumentError`` for options that would do nothing here."""
        for option in dataclasses.fields(self):
            value = getattr(self, option.name)
            if option.name in names and value != option.default:
                raise ArgumentError(
                    f"--{option.name.replace('_', '-')}: received {value!r} {where}; expected it elsewhere. Leave it "
                    "out."
                )

    def to_dict(self) -> dict[str, Any]:
        """Returns the options as kept with a run; files by their absolute path."""
        values = dataclasses.asdict(self)
        for name in ("data", "test"):
            if values[name] is not None and os.path.isfile(values[name]):  # noqa: PTH113
                values[name] = os.path.abspath(values[name])  # noqa: PTH100
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DataOptions:
        """Makes the options that ``to_dict`` gave."""
        return cls(**{_RENAMED.get(name, name): value for name, value in values.items()})


def with_data_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the data options to a command; it receives them as one argument ``data``."""
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "data"]
    hints = inspect.get_annotations(DataOptions, eval_str=True)
    extra = [
        inspect.Parameter(
            f.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if f.default is dataclasses.MISSING else f.default,
            annotation=hints[f.name],
        )
        for f in dataclasses.fields(DataOptions)
    ]

    @functools.wraps(command)
    def wrapped(**arguments: Any) -> None:
        data = DataOptions(**{f.name: arguments.pop(f.name) for f in dataclasses.fields(DataOptions)})
        command(data=data, **arguments)

    parameters = sorted([*own, *extra], key=lambda p: p.kind)
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapped


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]
