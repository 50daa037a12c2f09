"""Reading raw inputs for a bundle: from the command line, or from a file of any of the usual kinds."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

from rnnzoo.cli.data_options import listed_names
from rnnzoo.data.readers.file_format import FileFormat
from rnnzoo.errors import ArgumentError, DataError, listed
from rnnzoo.files import existing_file, read_text
from rnnzoo.preprocessing.given_rows import row_example, row_name
from rnnzoo.preprocessing.json_text import json_lines_problem, parse_json_at

# What a line of text can be.
_TEXTS = ("text", "words", "dna")
# What is given as JSON and has an example.
_AS_JSON = ("series", "irregular", "windows", "category", "numbers")
_TABLES = (".csv", ".tsv", ".parquet", ".feather", ".xlsx", ".xlsm")
_SUFFIXES = (".txt", *_TABLES, ".json", ".jsonl", ".npy", ".npz", ".ts", ".wav")
#: The axes of one row of numbers, by what a model takes.
_ROW_AXES = {"sound": 1, "series": 2, "frames": 4}
#: The files that hold rows of a model that reads no texts, by what it takes.
_ROW_FILES = {
    "series": ".npz, .ts, .npy or .json",
    "irregular": ".json or .jsonl",
    "frames": ".npz, .npy or .json",
    "sound": ".wav, .npy or .json",
    "windows": ".csv, .tsv, .parquet, .xlsx or .json",
    "category": ".json or .jsonl",
    "joined": ".json or .jsonl",
}
# What no file of arrays holds.
_NO_ARRAYS = ("category", "joined")
_SUFFIXES_IN_WORDS = f"{', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]}"


def as_request(row: Any) -> Any:
    """Returns what a predictor takes of a raw input: the request of a ``SeriesRequest``, all others as they are."""
    return getattr(row, "request", row)


def read_raw_inputs(
    bundle: Any,
    arguments: list[str],
    file: Path | None,
    *,
    text: str | None,
    columns: str | None,
    form: FileFormat | None = None,
    future: Path | None = None,
) -> list[Any]:
    """Returns one raw input per answer that is wanted; of a table of several series a ``SeriesRequest`` for each.

    Args:
        bundle: The bundle that will answer; it says whether texts, series or windows are wanted.
        arguments: Inputs given on the command line; ``["-"]`` reads lines from standard input.
        file: Or a file.
        text: The column with the texts, for tables.
        columns: Names of the columns, for tables without a header.
        form: How the file of a table is written.
        future: A table of the steps ahead, for a forecaster that knows columns of them.

    Raises:
        ArgumentError: If a table's column is not named, or the kind of file is unknown.
        DataError: If the file cannot be read.
    """
    takes = bundle.preprocessing.takes if bundle.preprocessing is not None else "arrays"
    _check_future(bundle.preprocessing, file, future)
    if file is None:
        _refuse_file_names(arguments)
        lines = _lines(sys.stdin.read()) if arguments == ["-"] else arguments
        if takes == "category" and isinstance(bundle.preprocessing.categories[0], str):
            return [_category(line) for line in lines]
        return lines if takes in _TEXTS else [_json(line, "the input", bundle) for line in lines]
    path = existing_file(file, "inputs to answer")
    suffix = "".join(s.lower() for s in path.suffixes[-2:] if s.lower() != ".gz")
    if not suffix.endswith(_SUFFIXES):
        raise ArgumentError(f"--input: received {path.name}; expected {_SUFFIXES_IN_WORDS}.")
    form = dataclasses.replace(form or FileFormat(), column_names=listed_names(columns))
    if suffix.endswith(_TABLES):
        return _read_table(path, bundle, takes, text=text, form=form, future=future)
    form.refuse(*form.told, what=f"{path.name}, which is no table")
    if suffix.endswith(".wav"):
        return _read_sound(path, bundle)
    if suffix.endswith((".npy", ".npz", ".ts")):
        return _read_arrays(path, suffix, bundle.preprocessing, takes)
    content = read_text(path, "inputs to answer")
    if suffix.endswith(".jsonl"):
        return [
            _json(line, f"{path}, line {n}", bundle)
            for n, line in enumerate(_lines(content), 1)
            if line.strip()
        ]
    if suffix.endswith(".json"):
        if (problem := json_lines_problem(path, content)) is not None:
            raise DataError(f"{path}: {problem}")
        value = _json(content, str(path), bundle)
        return _rows(value, takes) if isinstance(value, list) else [value]
    return _lines(content)


def _refuse_file_names(arguments: list[str]) -> None:
    """Raises ``ArgumentError`` for an input that is the name of a file."""
    for argument in arguments:
        if argument.lower().removesuffix(".gz").endswith(_SUFFIXES) and os.path.isfile(argument):  # noqa: PTH113
            raise ArgumentError(
                f"inputs: received {argument!r}, the name of a file; expected inputs themselves. Give the file as "
                f"--input {argument}."
            )


def _rows(value: Any, takes: str) -> list[Any]:
    """Returns rows, or one row that stands alone, as ``example.json`` of a run has it, as the only one."""
    depth, inner = 0, value
    while isinstance(inner, list) and inner:
        depth, inner = depth + 1, inner[0]
    return [value] if depth and depth == _ROW_AXES.get(takes) else list(value)


def _check_future(preprocessing: Any, file: Path | None, future: Path | None) -> None:
    """Raises ``ArgumentError`` for rows ahead that no model reads, or that stand beside no table."""
    if future is None:
        return
    covariates = getattr(preprocessing, "covariates", None)
    if covariates is None or not covariates.future.names:
        raise ArgumentError(
            f"--future: received {future.name}, but the model reads no column of the steps ahead; expected none. Leave "
            "it out."
        )
    for path in (file, future):
        if path is None or not path.name.lower().removesuffix(".gz").endswith(_TABLES):
            raise ArgumentError(
                f"--future: received {'no --data' if path is None else path.name}; expected two tables, "
                f"{', '.join(_TABLES[:-1])} or {_TABLES[-1]}: the past as --data and the steps ahead as --future. Of a "
                'request in JSON they are a part, "future": {column: [values]}.'
            )


def _read_table(
    path: Path, bundle: Any, takes: str, *, text: str | None, form: FileFormat, future: Path | None
) -> list[Any]:
    from rnnzoo.data.columns import check_columns
    from rnnzoo.data.readers.mixed_series import refuse_fallen_dates
    from rnnzoo.data.readers.row_places import row_place
    from rnnzoo.data.readers.series import read_columns
    from rnnzoo.data.readers.series_requests import needs_requests, read_requests
    from rnnzoo.data.readers.table_sources import read_table_source

    frame = read_table_source(path, form, texts=[] if text is None else [text])
    if needs_requests(bundle.preprocessing):
        ahead = None if future is None else read_table_source(existing_file(future, "the steps ahead"), form)
        targets = bundle.decoding.target_names or ()
        return list(read_requests(frame, bundle.preprocessing, targets, ahead))
    if takes == "windows":
        refuse_fallen_dates(frame, used=bundle.preprocessing.columns)
        return [read_columns(frame, bundle.preprocessing)]
    if takes not in _TEXTS:
        raise _wrong_kind(path, "table", takes)
    if text is None:
        raise ArgumentError(
            f"--text: missing; expected the column of {path.name} with the texts. Give --text with one of "
            f"{listed(frame.columns)}."
        )
    check_columns(frame.columns, [text], of=path.name)
    for row, cell in enumerate(frame[text].isna()):
        if cell:
            raise DataError(
                f"{path}: {row_place(frame.index, row)}: {text!r} is missing; expected a text. Drop the row."
            )
    return [str(value) for value in frame[text]]


def _read_sound(path: Path, bundle: Any) -> list[Any]:
    from rnnzoo.data.readers.audio import read_recordings

    takes = bundle.preprocessing.takes if bundle.preprocessing is not None else "arrays"
    if takes != "sound":
        raise _wrong_kind(path, "sound", takes)
    rate = bundle.preprocessing.sample_rate
    (recording,) = read_recordings(path)
    if recording.sample_rate != rate:
        raise DataError(
            f"{path}: has {recording.sample_rate} samples per second; the model was trained on {rate}. "
            f"Resample it, e.g. with ffmpeg -i IN -ar {rate} OUT.wav."
        )
    return [recording.samples]


def _wrong_kind(path: Path, kind: str, takes: str) -> ArgumentError:
    """Returns the error on a file of a kind that holds no rows of a model, with the kinds that do."""
    files = (
        ".txt, .csv, .tsv, .parquet, .xlsx, .json or .jsonl"
        if takes in _TEXTS
        else _ROW_FILES.get(takes, ".npz, .npy or .json")
    )
    return ArgumentError(
        f"--input: received the {kind} {path.name}; expected a file of what this model reads ({row_name(takes)}). "
        f"Give {files}."
    )


def _read_arrays(path: Path, suffix: str, preprocessing: Any, takes: str) -> list[Any]:
    if takes == "windows":
        return _read_windows(path, suffix, preprocessing)
    if takes in _NO_ARRAYS:
        raise _wrong_kind(path, "arrays", takes)
    return _read_numbers(path, suffix, takes)


def _read_numbers(path: Path, suffix: str, takes: str) -> list[Any]:
    """Reads rows of numbers as the files hold them that models are trained from."""
    import numpy as np

    if suffix.endswith(".npz"):
        from rnnzoo.data.readers.arrays import read_input_rows
        from rnnzoo.tasks import ONE_LABEL, STEP_LABELS

        return read_input_rows(path, task=STEP_LABELS if takes == "words" else ONE_LABEL)
    if suffix.endswith(".ts"):
        from rnnzoo.data.readers.ts_files import parse_ts

        return [row for section in parse_ts(path) for row in section.series]
    try:
        array = np.load(path, allow_pickle=False)
        return [array] if array.ndim and array.ndim == _ROW_AXES.get(takes) else list(array)
    except (ValueError, OSError, EOFError, TypeError) as error:
        raise DataError(f"{path}: not a readable NumPy array ({error}). Save it with numpy.save.") from error


def _read_windows(path: Path, suffix: str, preprocessing: Any) -> list[Any]:
    """Reads windows from files of arrays: of a model that was trained on such, for others name their columns."""
    from rnnzoo.preprocessing.window_rows import is_of_own_windows

    names = preprocessing.columns
    if not is_of_own_windows(names):
        raise _wrong_kind(path, "arrays", "windows")
    rows = _read_numbers(path, suffix, "series")  # which have the same axes
    for number, row in enumerate(rows):
        if row.ndim != 2 or row.shape[1] != len(names):
            raise DataError(
                f"{path}: row {number} has the shape {row.shape}; expected ({preprocessing.window}, {len(names)}), "
                "steps and features as in training. Save such windows as x."
            )
    return [dict(zip(names, row.T.tolist(), strict=True)) for row in rows]


def _lines(text: str) -> list[str]:
    """Cuts at line feeds alone: a text may hold other separators."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]


def _category(line: str) -> str:
    """Returns a text as it is, or one that is written as JSON, for shells take quotes away."""
    try:
        value = json.loads(line)
    except ValueError:
        return line
    return value if isinstance(value, str) else line


def _json(text: str, where: str, bundle: Any) -> Any:
    return parse_json_at(text, where, lambda: _one_input(bundle.preprocessing))


def _one_input(preprocessing: Any) -> str:
    """Returns what one input is for a model that takes JSON, with an example."""
    takes = "arrays" if preprocessing is None else preprocessing.takes
    if takes == "joined":
        return f"one row as JSON, such as {_row_example(preprocessing)}"
    if takes == "windows" and preprocessing.request is not None:
        return f"a request such as {_request_example(preprocessing.request)}"
    if takes == "windows":
        cells = dict.fromkeys(preprocessing.numeric, "[0.1, 0.2, ...]")
        cells |= {name: f"[{json.dumps(known[0])}, ...]" for name, known in preprocessing.categories.items()}
        columns = ", ".join(f"{json.dumps(name)}: {values}" for name, values in cells.items())
        return f"columns of {preprocessing.window} values or more, such as {{{columns}}}"
    if takes == "series" and preprocessing.scaling is not None:
        step = [0.1] * len(preprocessing.scaling[0])
        return f"a series, a list of steps of {len(step)} numbers, such as {[step, step]}"
    example = row_example(takes) if takes in _AS_JSON else None
    return f"one {row_name(takes)} as JSON" + ("" if example is None else f", such as {example}")


def _row_example(joined: Any) -> str:
    """Returns what a row of several parts looks like."""
    entries = {}
    for name, part in joined.by_name.items():
        if part.takes == "category":
            entries[name] = json.dumps(part.categories[0], ensure_ascii=False)
        elif part.takes == "numbers":
            entries[name] = json.dumps([0.1] * len(part.mean))
        elif part.takes == "series" and part.scaling is not None:
            entries[name] = json.dumps([[0.1] * len(part.scaling[0])] * 2)
        else:
            entries[name] = row_example(part.takes) or "..."
    return "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in entries.items()) + "}"


def _request_example(request: Any) -> str:
    """Returns what a request looks like, from what a signature says of it."""
    cells = {"number": "[0.1, ...]", "category": '["a", ...]', "time": "[time, ...]"}
    single = {"number": "0.1", "category": '"a"'}
    parts = {"series": json.dumps(request["series"])} if "series" in request else {}
    for name, shown in (("past", cells), ("future", cells), ("static", single)):
        if name in request:
            columns = ", ".join(
                f"{json.dumps(column)}: {shown[kind]}" for column, kind in request[name].items()
            )
            parts[name] = f"{{{columns}}}"
    return "{" + ", ".join(f'"{name}": {value}' for name, value in parts.items()) + "}"
