"""Which reader reads the data that options name: by the kind of the file, the model and the columns that are named."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnzoo.cli.data_errors import naming_data
from rnnzoo.cli.data_options import DataOptions, listed_names
from rnnzoo.cli.output import noting_warnings
from rnnzoo.cli.reading import Reading, data_task
from rnnzoo.data.readers.arrays import read_arrays
from rnnzoo.data.readers.file_kinds import find_file_kind
from rnnzoo.data.readers.running_text import running_text_splits
from rnnzoo.data.readers.sentences import read_sentences
from rnnzoo.data.readers.sequences import read_sequences
from rnnzoo.data.readers.series import read_series
from rnnzoo.data.readers.sounds import read_sounds
from rnnzoo.data.readers.texts import read_texts
from rnnzoo.data.readers.ts_files import read_ts
from rnnzoo.data.sets.datasets import DATASETS, load_dataset
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.families import FAMILIES, family_of
from rnnzoo.tasks import ONE_LABEL, STEP_LABELS, Task, get_task, row_tasks
from rnnzoo.zoo import ModelSpec, get_spec


def load_data(
    options: DataOptions, spec: ModelSpec | None = None, *, fold: tuple[int, int] | None = None
) -> Splits:
    """Reads data.

    Args:
        options: Where they are, and how to read them.
        spec: The model that they are for; ``None`` for classification and forecasting.
        fold: Which fold of the rows is the test, and how many there are; ``None`` for a share.

    Raises:
        ArgumentError: If an option would do nothing, one is missing, or the model is for another task.
        UnknownNameError: If there is no such data set or task; the nearest is suggested.
        DataError: If the data cannot be used.
    """
    if options.is_set:
        return _load_set(options, spec, fold)
    options.check_source()
    reading = Reading(options, spec, fold)
    reading.check_separator()
    way = _find_way(reading)
    takes, because = way.takes, dict(way.because)
    if reading.preprocessing is not None:
        takes = [name for name in takes if name not in _OF_WORDS]
        because |= dict.fromkeys(_OF_WORDS, f"for the model {reading.name!r}, which reads no words")
    reading.refuse(takes, way.where.format(data=options.data), because)
    with naming_data(options), noting_warnings():
        return way.read(reading)


def check_family(spec: ModelSpec, splits: Splits) -> None:
    """Checks that a model's family is for rows of the kind that was read, before anything is trained.

    Raises:
        ArgumentError: If it is for others; the family to take is named.
    """
    family, kind = family_of(spec), getattr(splits.preprocessing, "takes", "other")
    if family is None or kind == "other" or kind in family.takes:
        return
    data = data_task(spec.task)
    others = [other for other in FAMILIES.values() if kind in other.takes]
    others.sort(key=lambda other: (data_task(get_spec(other.start).task) != data, other.takes[0] != kind))
    fix = f"For them, start with {others[0].start}" if others else "Choose another model (rnnzoo models)"
    raise ArgumentError(
        f"model {spec.name!r}: is for {family.rows}; the data hold rows of another kind ({kind}). {fix}, or give it "
        f"{family.file}, such as {family.data}."
    )


@dataclass(frozen=True)
class Way:
    """A way to read data.

    Attributes:
        where: What messages say of options that do nothing here.
        takes: The options that do something.
        read: Reads them.
        because: What messages say of single options instead.
    """

    where: str
    takes: Sequence[str]
    read: Callable[[Reading], Splits]
    because: Mapping[str, str] = field(default_factory=dict)


def _read_texts(reading: Reading) -> Splits:
    options = reading.options
    return read_texts(
        options.data,
        text=options.text or "",
        label=_labels(reading),
        task=reading.task,
        from_disk=options.from_disk,
        preprocessing=reading.preprocessing,
        file_format=reading.file_format,
        label_separator=options.label_separator,
        weight=options.weight,
        **reading.words,
        **reading.split,
    )


def _read_series(reading: Reading) -> Splits:
    return read_series(reading.options.data, **_series_arguments(reading))


def series_arguments(options: DataOptions, spec: ModelSpec | None = None) -> dict[str, Any]:
    """Returns what ``read_series`` is called with for a table of series, beside the file, as ``load_data`` does."""
    options.check_source()
    reading = Reading(options, spec)
    if options.is_set or _find_way(reading) is not _SERIES:
        raise ArgumentError(
            f"--data: received {options.data!r} to forecast; expected a table of series in a file. Give that, with "
            "--target, --window and --horizon."
        )
    reading.refuse(_SERIES.takes, _SERIES.where, _SERIES.because)
    return _series_arguments(reading)


def _series_arguments(reading: Reading) -> dict[str, Any]:
    options = reading.options
    if options.window is None or options.horizon is None:
        raise ArgumentError(
            "--target: received without --window and --horizon; expected both. "
            "Say how many steps to read and how many to forecast, e.g. --window 72 --horizon 24."
        )
    return {
        "file_format": reading.file_format,
        "target": listed_names(options.target) or (),
        "window": options.window,
        "horizon": options.horizon,
        "series": listed_names(options.series) or (),
        "categorical": listed_names(options.categorical) or (),
        "static": listed_names(options.static) or (),
        "future": listed_names(options.future) or (),
        "calendar": listed_names(options.calendar) or (),
        "scaling": options.scaling,
        "ignore": _ignored(options),
        "weight": options.weight or None,  # "" for none, where a run that is judged anew had one
        "time": listed_names(options.time) or None,
        "time_format": options.time_format,
        "zone": options.zone,
        "gaps": options.gaps,
        "missing": options.missing,
        "seasonality": options.seasonality,
        "from_disk": options.from_disk,
        "validation_fraction": options.validation_fraction,
        "test_fraction": options.test_fraction,
    }


def _read_sequences(reading: Reading) -> Splits:
    options = reading.options
    irregular = reading.builder == "build_irregular_classifier"
    if irregular and options.time is None:
        raise ArgumentError(
            f"--time: received none for the model {reading.name!r}, which reads values at irregular times; expected "
            "the column of times. Give --time."
        )
    return read_sequences(
        options.data,
        series=listed_names(options.series) or (),
        label=_labels(reading),
        weight=options.weight,
        time=options.time,
        time_format=options.time_format,
        task=reading.task or ONE_LABEL,
        ignore=_ignored(options),
        irregular=irregular,
        missing=options.missing,  # type: ignore[arg-type]
        file_format=reading.file_format,
        **reading.split,
    )


def _read_arrays(reading: Reading) -> Splits:
    options = reading.options
    if Path(options.data).suffix.lower() == ".npy":
        _check_single_array(options)
    return read_arrays(
        options.data,
        task=reading.task or ONE_LABEL,
        labels=options.labels,
        preprocessing=reading.preprocessing,
        **reading.words,
        **reading.split,
    )


def _check_single_array(options: DataOptions) -> None:
    """Checks what is said of a file of rows alone, whose labels are in another."""
    if options.labels is None:
        raise ArgumentError(
            f"--labels: received none for {options.data}; expected the .npy file of its labels. Give --labels, or "
            "save both in one .npz file, as x and y."
        )
    if options.test is not None:
        raise ArgumentError(
            f"--test: received {options.test!r} with {options.data}, whose labels are in a file of their own; expected "
            "none. Save x_train, y_train, x_test and y_test in one .npz file, and give it as --data alone."
        )


def _read_ts(reading: Reading) -> Splits:
    # The file says whether its labels are numbers, unless they are none of a whole series.
    options = reading.options
    task = None if options.task is None and reading.task in row_tasks() else reading.task
    return read_ts(options.data, task=task, missing=options.missing, **reading.split)  # type: ignore[arg-type]


def _read_sentences(reading: Reading) -> Splits:
    column = reading.options.label
    return read_sentences(
        reading.options.data,
        task=reading.task or STEP_LABELS,
        column=int(column) if column is not None and column.isdecimal() else column,
        **reading.words,
        **reading.split,
    )


def _read_sounds(reading: Reading) -> Splits:
    return read_sounds(reading.options.data, task=reading.task or ONE_LABEL, **reading.split)


def _read_running_text(reading: Reading) -> Splits:
    options = reading.options
    given: dict[str, Any] = {} if options.window is None else {"window": options.window}
    return running_text_splits(
        Path(options.data),
        test=None if options.test is None else Path(options.test),
        unit="character" if reading.characters else "word",
        max_tokens=options.max_tokens,
        description={"source": Path(options.data).name},
        validation_fraction=options.validation_fraction,
        test_fraction=options.test_fraction,
        **given,
    )


def _labels(reading: Reading) -> str | list[str]:
    """Returns the column of labels; of numbers there may be several, with commas between."""
    label = reading.options.label or ""
    names = listed_names(label) if get_task(reading.task or ONE_LABEL).targets == "values" else None
    return names if names and len(names) > 1 else label


def _ignored(options: DataOptions) -> list[str]:
    """Returns the columns to leave out; ``""`` among others is one without a name, as is an option of blanks."""
    if options.ignore is not None and not options.ignore.strip():
        return [options.ignore]
    nameless = [""] if options.ignore and '""' in options.ignore else []
    return [*nameless, *(listed_names(options.ignore) or [])]


#: Options for the file of a table.
_FILE = ("columns", "separator", "decimal", "encoding", "sheet")
_ROWS = ("test", "task", "validation_fraction", "test_fraction", "split_seed", "rare", "unlabelled")
_WORDS = ("max_tokens", "max_length", "characters")
#: Options for words, which mean nothing to other readers of texts.
_OF_WORDS = (*_WORDS, "from_disk")
_SERIES = Way(
    "with --target, which is for series",
    (
        *("target", "window", "horizon", "categorical", "ignore", "time", "time_format", "gaps", "missing"),
        *("series", "static", "future", "calendar", "scaling", "weight", "zone"),
        *("seasonality", *_FILE, "from_disk", "validation_fraction", "test_fraction"),
    ),
    _read_series,
    because={"split_seed": "with --target: a series is split in time"},
)
_TEXTS = Way(
    "with --text, which is for texts",
    ("text", "label", "label_separator", "weight", *_FILE, "from_disk", "group", *_WORDS, *_ROWS),
    _read_texts,
)
_SEQUENCES = Way(
    "with --series and --label, for a label of each series",
    ("series", "label", "weight", "time", "time_format", "ignore", "missing", *_FILE, "group", *_ROWS),
    _read_sequences,
)
#: The ways to read files that say themselves what their parts are, by kind of file.
_FILES = {
    "arrays": Way("for the file of arrays {data}", ("labels", *_WORDS, *_ROWS), _read_arrays),
    "ts": Way("for the file of series {data}", ("missing", *_ROWS), _read_ts),
    "sentences": Way("for the file of tagged words {data}", ("label", *_WORDS, *_ROWS), _read_sentences),
    "sounds": Way("for the recordings {data}", _ROWS, _read_sounds),
    "running text": Way(
        "for the running text {data}",
        ("test", "window", "max_tokens", "characters", "validation_fraction", "test_fraction"),
        _read_running_text,
    ),
}
_OF_TAGGERS = (_TEXTS, _SEQUENCES, _FILES["arrays"], _FILES["sentences"])
_OF_CLASSIFIERS = (_TEXTS, _SEQUENCES, _FILES["arrays"], _FILES["ts"], _FILES["sounds"])


def _ways_of(task: Task) -> tuple[Sequence[Way], str]:
    """Returns the ways to read what models of a task read, and what messages call it."""
    if task.data == "windows":
        return (_SERIES, _FILES["arrays"]), "a table with --target, --window and --horizon"
    if task.data == "running text":
        return (_FILES["running text"],), "running text, in a file that ends in .txt"
    if task.data == "pairs":
        return (_TEXTS,), "a table with --text for the texts and --label for their translations"
    if task.targets == "symbols":
        return (_FILES["sounds"], _FILES["arrays"]), "a folder of recordings with a transcript of each"
    if task.per_step:
        return (
            _OF_TAGGERS,
            "a tag for each step: a .conll file, or a table with --text or --series and --label",
        )
    return _OF_CLASSIFIERS, "rows with labels, such as a table with --text or --series and --label"


def _find_way(reading: Reading) -> Way:
    options = reading.options
    kind = find_file_kind(options.data)
    way = _FILES[kind.name] if kind.name in _FILES else _way_of_table(reading)
    if reading.spec is None:
        return way
    ways, what = _ways_of(get_task(reading.spec.task))
    if way not in ways:
        read = f"{kind.what} with --target" if way is _SERIES else kind.what
        raise ArgumentError(
            f"--data: received {options.data}, {read}, for the model {reading.name!r}; expected {what}. Give that, or "
            "choose another model: rnnzoo models."
        )
    return way


def _way_of_table(reading: Reading) -> Way:
    options = reading.options
    if options.target is not None:
        return _SERIES
    if options.series is not None and options.label is not None:
        return _SEQUENCES
    if options.text is not None and options.label is not None:
        return _TEXTS
    raise ArgumentError(
        f"--data: received the file {options.data} without --text and --label, or --target; expected to be told "
        "which columns to read. Give --text and --label for texts, --series and --label for a label of each series, "
        "--target, --window and --horizon for a series to be forecast."
    )


def _load_set(options: DataOptions, spec: ModelSpec | None, fold: tuple[int, int] | None) -> Splits:
    """Loads a named set; where it is for several tasks, for that of the model."""
    taken = inspect.signature(DATASETS[options.data]).parameters
    reading = Reading(options, spec)
    words = tuple(name for name in _WORDS if name in taken)
    takes = ("task", *words, "window", "horizon", "validation_fraction", "test_fraction", "split_seed")
    reading.refuse(takes, f"for the named data set {options.data!r}")
    changed = options.changed()
    given = {name: changed[name] for name in ("task", *_WORDS, "window", "horizon") if name in changed}
    fractions: dict[str, Any] = {
        "validation_fraction": options.validation_fraction,
        "test_fraction": options.test_fraction,
    }
    if fold is not None:
        fractions |= {"fold": fold[0], "folds": fold[1]}
    own = {} if spec is None or DATASETS.is_own(options.data) else _of_model(reading)
    chosen = {name: value for name, value in own.items() if name in taken}
    try:
        return load_dataset(options.data, seed=options.split_seed, **fractions, **{**chosen, **given})
    except UnknownNameError as error:
        if error.kind != "task" or "task" in given:
            raise
    # The set is for no task of the model, which is said where both are compared.
    return load_dataset(options.data, seed=options.split_seed, **fractions, **given)


def _of_model(reading: Reading) -> dict[str, Any]:
    """Returns the options of a set that follow from the model."""
    return {"task": reading.task, **({"characters": True} if reading.characters else {})}
