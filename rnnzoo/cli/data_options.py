"""The options that say where the data are and how to read them, shared by `train` and `tune`."""

from __future__ import annotations

import copy
import csv
import dataclasses
import inspect
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args

import typer

from rnnzoo.cli.full_help import FullHelp
from rnnzoo.cli.option_groups import keyword_option, with_options
from rnnzoo.defaults import FRACTION, MAX_TOKENS
from rnnzoo.errors import UnknownNameError
from rnnzoo.tasks import TASKS

PANEL = "Data"
#: The groups of the options that `--help-data` shows.
_FILES, _ROWS, _TIME = "Data: files", "Data: rows, labels and parts", "Data: series and time"
#: What options of a run were called before, and are called now.
_RENAMED = {"stream": "from_disk"}


def _option(
    flag: str, text: str, *others: str, shown: bool = False, default: bool = False, group: str = _ROWS
) -> Any:
    """Returns an option; of those that are not ``shown``, `--help-data` tells, in their ``group``."""
    panel = PANEL if shown else group
    return typer.Option(
        flag, *others, help=text, rich_help_panel=panel, show_default=default, hidden=not shown
    )


def _data_tasks() -> str:
    """Returns the names of the tasks that data can be read for."""
    return ", ".join(name for name, task in TASKS.items() if task.data_of is None)


@dataclass(frozen=True)
class DataOptions:
    """Where the data are and how to read them; kept with a run so that `evaluate` reads them again."""

    data: Annotated[
        str, _option("--data", "A file, a folder of sounds, or a set of rnnzoo datasets.", shown=True)
    ]
    test: Annotated[
        str | None,
        _option("--test", "A file or folder of test rows, where the data come with one.", shown=True),
    ] = None
    columns: Annotated[
        str | None,
        _option("--columns", "Names of the columns, if the table has no header.", group=_FILES),
    ] = None
    separator: Annotated[
        str | None, _option("--separator", "What separates cells, if not found.", group=_FILES)
    ] = None
    decimal: Annotated[
        str | None, _option("--decimal", "The decimal mark, . or , if not found.", group=_FILES)
    ] = None
    encoding: Annotated[
        str | None, _option("--encoding", "The encoding of a text file, if not UTF-8.", group=_FILES)
    ] = None
    sheet: Annotated[
        str | None, _option("--sheet", "The sheet of an Excel file, if not the first.", group=_FILES)
    ] = None
    text: Annotated[str | None, _option("--text", "The column with the texts.", shown=True)] = None
    label: Annotated[str | None, _option("--label", "The column with the labels.", shown=True)] = None
    label_separator: Annotated[
        str | None, _option("--label-separator", "What separates several labels in one cell.")
    ] = None
    labels: Annotated[
        str | None, _option("--labels", "A .npy file with the labels of the rows in --data.", group=_FILES)
    ] = None
    task: Annotated[
        str | None, _option("--task", f"If it does not follow from the model: {_data_tasks()}.")
    ] = None
    rare: Annotated[
        str,
        _option(
            "--rare",
            "Classes of few rows: error, drop or train.",
            default=True,
        ),
    ] = "error"
    unlabelled: Annotated[
        str,
        _option("--unlabelled", "Steps without a tag: refuse, leave_out.", default=True),
    ] = "refuse"
    weight: Annotated[str | None, _option("--weight", "The column that says how much a row counts.")] = None
    group: Annotated[
        str | None, _option("--group", "The column of what must be in one part, such as patients.")
    ] = None
    max_tokens: Annotated[int, _option("--max-tokens", "Size of the vocabulary, at most.", default=True)] = (
        MAX_TOKENS
    )
    max_length: Annotated[int | None, _option("--max-length", "Words per text, at most.")] = None
    characters: Annotated[
        bool,
        _option("--characters", "Read words by their characters too, or text by them."),
    ] = False
    from_disk: Annotated[
        bool,
        _option("--from-disk", "Leave a table on disk that memory cannot hold.", "--stream", group=_FILES),
    ] = False
    target: Annotated[
        str | None, _option("--target", "The columns to forecast, comma-separated.", shown=True)
    ] = None
    window: Annotated[int | None, _option("--window", "Steps of the past to read.", shown=True)] = None
    horizon: Annotated[int | None, _option("--horizon", "Steps ahead to forecast.", shown=True)] = None
    series: Annotated[
        str | None, _option("--series", "The column that says which series a row belongs to.", shown=True)
    ] = None
    categorical: Annotated[
        str | None, _option("--categorical", "Columns of categories, comma-separated.", group=_TIME)
    ] = None
    static: Annotated[
        str | None, _option("--static", "Columns that are the same in all rows of a series.", group=_TIME)
    ] = None
    future: Annotated[
        str | None,
        _option("--future", "Columns that are known for the horizon, comma-separated.", group=_TIME),
    ] = None
    calendar: Annotated[
        str | None, _option("--calendar", "Fields of the time: hour, weekday, holiday:DE ...", group=_TIME)
    ] = None
    scaling: Annotated[
        str, _option("--scaling", "Scale by: all, series or window.", default=True, group=_TIME)
    ] = "all"
    ignore: Annotated[
        str | None, _option("--ignore", "Columns to leave out; '' for one without a name.", group=_TIME)
    ] = None
    time: Annotated[str | None, _option("--time", "The column of times, or date and clock.", shown=True)] = (
        None
    )
    time_format: Annotated[
        str | None,
        _option("--time-format", "How dates are written, such as %d.%m.%Y.", group=_TIME),
    ] = None
    zone: Annotated[
        str | None,
        _option("--zone", "The zone whose clock times are of, such as Europe/Berlin.", group=_TIME),
    ] = None
    gaps: Annotated[
        str, _option("--gaps", "Holes in the times: refuse, break or fill.", default=True, group=_TIME)
    ] = "refuse"
    missing: Annotated[
        str,
        _option("--missing", "Missing values: error, ffill or drop.", default=True, group=_TIME),
    ] = "error"
    seasonality: Annotated[
        int | None, _option("--seasonality", "Steps of a season, for the naive baseline.", group=_TIME)
    ] = None
    validation_fraction: Annotated[
        float, _option("--validation-fraction", "Share of validation rows.", default=True)
    ] = FRACTION
    test_fraction: Annotated[
        float, _option("--test-fraction", "Share of test rows, without --test.", default=True)
    ] = FRACTION
    split_seed: Annotated[int, _option("--split-seed", "Seed of the split into parts.", default=True)] = 0

    def changed(self) -> dict[str, Any]:
        """Returns the options that are not left at their defaults, by their names."""
        values = self.to_dict()
        return {o.name: values[o.name] for o in dataclasses.fields(self) if values[o.name] != o.default}

    @property
    def is_file(self) -> bool:
        """Whether ``data`` names a file; a path that a folder forbids to look at is none."""
        return os.path.isfile(self.data)  # noqa: PTH113

    @property
    def is_set(self) -> bool:
        """Whether ``data`` names a set: a file of its name hides it, a folder does not."""
        from rnnzoo.data.sets.datasets import DATASETS

        return self.data in DATASETS and not self.is_file

    def check_source(self) -> None:
        """Checks that there is something to read, of a kind that is read: at once, before anything slow.

        Raises:
            UnknownNameError: If it is neither a file nor a folder, but seems to be a data set.
            PathNotFoundError: If there is nothing.
            DataError: If files of this kind are not read.
        """
        from rnnzoo.data.readers.file_kinds import find_file_kind
        from rnnzoo.data.sets.datasets import DATASETS

        if self.is_set:
            return
        named = self.text or self.target or self.series
        if re.fullmatch(r"\w+", self.data) and not (os.path.exists(self.data) or named):  # noqa: PTH110
            raise UnknownNameError("data set", self.data, DATASETS)
        find_file_kind(self.data)

    def to_dict(self) -> dict[str, Any]:
        """Returns the options as kept with a run; files and folders by their absolute path."""
        values = dataclasses.asdict(self)
        for name in ("data", "test", "labels"):
            path = values[name]
            if path is not None and os.path.exists(path) and not (name == "data" and self.is_set):  # noqa: PTH110
                values[name] = os.path.abspath(path)  # noqa: PTH100
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DataOptions:
        """Makes the options that ``to_dict`` gave, of runs of 0.2.0 too."""
        options = cls(**{_RENAMED.get(name, name): value for name, value in values.items()})
        return dataclasses.replace(options, gaps="refuse") if options.gaps == "error" else options


#: The options that list names of columns: with commas between them, or given several times.
LISTED = (
    "columns",
    "label",
    "target",
    "series",
    "categorical",
    "static",
    "future",
    "calendar",
    "ignore",
    "time",
)
#: The names of the options.
DATA_OPTIONS = tuple(field.name for field in dataclasses.fields(DataOptions))


def option_name(field: str) -> str:
    """Returns what an option is called on the command line.

    Example:
        >>> option_name("split_seed")
        '--split-seed'
    """
    return f"--{field.replace('_', '-')}"


def with_data_options(command: Callable[..., None], *, hidden: Collection[str] = ()) -> Callable[..., None]:
    """Adds the data options to a command; it receives them as one argument ``data``.

    Args:
        command: The command.
        hidden: The options that its `--help` leaves out beside those that it leaves out everywhere.
    """
    hints = inspect.get_annotations(DataOptions, eval_str=True)
    for name in {*LISTED, *hidden}:
        kind, option = get_args(hints[name])
        option = copy.copy(option)
        option.hidden = option.hidden or name in hidden
        if name in LISTED:
            option.metavar = "<str>"  # a wider word would leave no place for the help
            kind = list[str] | None
        hints[name] = Annotated[kind, option]
    extra = [
        keyword_option(
            f.name, hints[f.name], inspect.Parameter.empty if f.default is dataclasses.MISSING else f.default
        )
        for f in dataclasses.fields(DataOptions)
    ]
    extra.append(keyword_option("help_data", FullHelp, False))

    def gather(given: dict[str, Any]) -> DataOptions:
        del given["help_data"]  # which has ended the command already where it was given
        for name in LISTED:
            given[name] = ",".join(given[name]) if given[name] else None
        return DataOptions(**given)

    return with_options(command, "data", extra, gather)


def listed_names(text: str | None) -> list[str] | None:
    """Returns the names that an option lists, ``None`` for none.

    Example:
        >>> listed_names('load, price, "Temp, C"')
        ['load', 'price', 'Temp, C']
    """
    if text is None:
        return None
    names = next(csv.reader([text], skipinitialspace=True), [])
    return [name.strip() for name in names if name.strip()]
