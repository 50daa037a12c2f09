"""The `.ts` format of the UCR, UEA and TSER archives of time series."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from rnnzoo import checks
from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.data.readers.missing_steps import FIX, treat_row
from rnnzoo.data.readers.row_files import FileRows, split_files
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Parts, PartsOptions
from rnnzoo.data.task_readers import check_row_task
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.files import FilePath, read_text
from rnnzoo.preprocessing.windows import MISSING, Missing
from rnnzoo.tasks import NUMBER, ONE_LABEL, get_task

_SECTIONS = {1: ("train",), 2: ("train", "test"), 3: ("train", "validation", "test")}


@dataclass
class TsSection:
    """What follows one ``@data``.

    Attributes:
        series: Arrays ``(time, features)``.
        targets: The label of each, a text, or its target, a number.
        lines: The line of the file that each stands on.
        numeric: Whether targets are numbers.
        left_out: How many series were left out for missing values.
    """

    series: list[np.ndarray] = field(default_factory=list)
    targets: list[Any] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    numeric: bool = False
    left_out: int = 0


def read_ts(
    path: FilePath,
    *,
    task: str | None = None,
    missing: Missing = "error",
    parts: Parts | None = None,
    **options: Unpack[PartsOptions],
) -> Splits:
    r"""Reads series with labels or numbers from files in the `.ts` format, packed with gzip or not.

    A file with two ``@data`` sections holds a training and a test part, one with three a validation part between them;
    archives have the test part in a file of its own, which is given as ``test``.

    Args:
        path: The file.
        task: A name in the task table; ``None`` for what the header says: classification for ``@classLabel``,
            regression for ``@targetLabel``.
        missing: What ``?`` and ``NaN`` mean. ``"error"``: the file is refused. ``"ffill"``: the last value before it is
            taken; steps before the first complete one are dropped. ``"drop"``: such series are left out.
        parts: How rows are split, as one value; a validation or test part that is given is a file too.
        **options: The fields of ``Parts`` as they are: ``validation``, ``test``, ``validation_fraction`` (0.15),
            ``test_fraction`` (0.15), ``stratify``, ``seed``, ``rare``.

    Returns:
        The splits.

    Raises:
        ArgumentError: If the arguments do not go together or do not suit the file, or a keyword is unknown; the nearest
            is suggested.
        DataError: If the file has time stamps, no targets, or cannot be read; the message names the line.
        PathNotFoundError: If there is no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "moves_TRAIN.ts"
        ...     _ = file.write_text("@classLabel true up down\n@data\n" + "1,2,3:0,1,0:up\n3,2:1,1:down\n" * 20)
        ...     read_ts(file).model_arguments
        {'num_features': 2, 'variable_length': True, 'num_classes': 2}

    Reference:
        Bagnall 2018, The UEA multivariate time series classification archive, arXiv:1811.00075; Tan 2020, Monash
        University, UEA, UCR Time Series Extrinsic Regression Archive, arXiv:2006.10996.
    """
    flat = FlatOptions("read_ts", options)
    settings = flat.take(Parts, parts, "parts")
    flat.refuse_rest("task", "missing", "parts")
    checks.choice("missing", missing, MISSING)
    if task is not None:
        check_row_task(task, "series of a .ts file")
    first = parse_ts(path, missing=missing)
    if len(first) > len(_SECTIONS):
        raise DataError(
            f"{path}: holds {len(first)} @data sections; expected three at most, one for each part."
        )
    chosen = _check_task(path, task, numeric=first[0].numeric)

    def read(source: Any) -> Mapping[str, FileRows]:
        sections = first if source is path else parse_ts(source, missing=missing)
        for section in sections:
            _refuse_left_out(source, section)
            _check_task(source, chosen, numeric=section.numeric)
        names = _SECTIONS.get(len(sections), ("train",) * len(sections))
        return {name: _file_rows(section) for name, section in zip(names, sections, strict=True)}

    return split_files(path, read, settings, task=chosen, description={"missing": missing})


def _file_rows(section: TsSection) -> FileRows:
    return FileRows(section.series, section.targets, _line_of(section.lines), left_out=section.left_out)


def _line_of(lines: Sequence[int]) -> Callable[[int], str]:
    return lambda row: f"line {lines[row]}"


def _check_task(path: Any, task: str | None, *, numeric: bool) -> str:
    """Returns the task of a file, and checks that one that was named suits its targets."""
    if task is None:
        return NUMBER if numeric else ONE_LABEL
    known = get_task(task)
    if numeric and known.targets != "values":
        raise ArgumentError(
            f"task: received {task!r} for {path}, whose targets are numbers (@targetLabel); expected {NUMBER!r}. "
            f"Pass task={NUMBER!r} (on the command line --task {NUMBER})."
        )
    if known.per_step or known.targets in ("labels", "symbols"):
        raise ArgumentError(
            f"task: received {task!r} for {path}; expected a task with one target per series, which is what a .ts file "
            "holds. Use read_arrays or read_sequences for other targets."
        )
    return task


def _refuse_left_out(path: Any, section: TsSection) -> None:
    if not section.series:
        raise DataError(
            f"{path}: has missing values in each of its {section.left_out} series, which missing='drop' leaves out; "
            "expected a complete one. Pass missing='ffill' (on the command line --missing ffill)."
        )


def parse_ts(path: FilePath, *, missing: Missing = "error") -> list[TsSection]:
    """Reads series of one or more features, of equal or different lengths, and their targets.

    Args:
        path: The file, packed with gzip where its name ends in ``.gz``. It holds one ``@data`` section, or several,
            such as a training and a test part.
        missing: What a missing value means; see ``read_ts``.

    Returns:
        Its sections, in the order of the file.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it has time stamps or no targets, or cannot be read; the message names the line.
    """
    sections: list[TsSection] = []
    reader: _TargetReader | None = None
    in_data = False
    features: int | None = None
    for number, raw in enumerate(read_text(path, "a .ts file").split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith(("#", "%")):
            continue
        if line.startswith("@"):
            name, *values = line[1:].split() or [""]
            in_data = name.lower() == "data"
            reader = _header(path, name.lower(), values, reader)
            if in_data:
                sections.append(TsSection(numeric=reader is not None and reader.labels is None))
                features = None
            continue
        where = f"{path}: line {number}"
        if not in_data or reader is None:
            raise DataError(
                f"{where} stands before @classLabel and @data; expected a header with both (or with @targetLabel). "
                "Correct the file."
            )
        row, target = _read_row(where, line, reader, missing)
        if features not in (None, row.shape[1]):
            raise DataError(
                f"{where}: received {row.shape[1]} features; expected {features}, as in the rows before. Correct the "
                "line."
            )
        features = row.shape[1]
        _add(sections[-1], where, number, row, target, missing)
    if not sections or not all(section.series or section.left_out for section in sections):
        raise DataError(
            f"{Path(path).name}: received a section without rows; expected at least one row. Fetch it again."
        )
    return sections


@dataclass(frozen=True)
class _TargetReader:
    """Reads targets: one of some labels, or a number where there are none."""

    labels: list[str] | None

    def read(self, where: str, text: str) -> Any:
        if self.labels is not None:
            if text not in self.labels:
                raise DataError(
                    f"{where}: received the label {text!r}; expected one of {', '.join(self.labels)}."
                )
            return text
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise DataError(
                f"{where}: received the target {text!r}; expected a finite number. Correct the line."
            )
        return number


def _header(
    path: FilePath, name: str, values: Sequence[str], reader: _TargetReader | None
) -> _TargetReader | None:
    """Reads a line of the header; returns what reads targets from there on."""
    said = values[0].lower() if values else ""
    if name == "timestamps" and said == "true":
        raise DataError(f"{path}: has time stamps; expected values at even steps. Remove the stamps.")
    if name == "classlabel":
        return _TargetReader(list(values[1:])) if said == "true" else None
    if name == "targetlabel":
        return _TargetReader(None) if said == "true" else None
    return reader


def _add(section: TsSection, where: str, number: int, row: np.ndarray, target: Any, missing: Missing) -> None:
    treated = treat_row(row, missing)
    if treated is None:
        section.left_out += 1
        return
    if not len(treated[0]):
        raise DataError(
            f"{where}: has a feature without any value; expected one at least to fill in. Drop the line, or pass "
            "missing='drop' (on the command line --missing drop)."
        )
    section.series.append(treated[0])
    section.targets.append(target)
    section.lines.append(number)


def _read_row(where: str, line: str, reader: _TargetReader, missing: Missing) -> tuple[np.ndarray, Any]:
    *features, last = (part.strip() for part in line.split(":"))
    target = reader.read(where, last)
    try:
        columns = [
            np.array(
                [math.nan if value.strip() == "?" else value for value in feature.split(",")], np.float64
            )
            for feature in features
        ]
    except ValueError as error:
        raise DataError(
            f"{where}: {error}; expected numbers separated by commas, ? for a missing one. Correct the line."
        ) from error
    if not columns or len({len(column) for column in columns}) != 1:
        raise DataError(
            f"{where}: received features of {', '.join(str(len(c)) for c in columns) or 'no'} values; expected as many "
            "of each. Correct the line."
        )
    series = np.stack(columns, axis=1)
    if np.isinf(series).any():
        raise DataError(
            f"{where}: received {series[np.isinf(series)][0]}; expected finite numbers. Correct the line."
        )
    if missing == "error" and np.isnan(series).any():
        step, feature = (int(place) for place in np.argwhere(np.isnan(series))[0])
        raise DataError(
            f"{where}: received a missing value (? or NaN) at step {step}, feature {feature}; expected numbers. {FIX}"
        )
    return series, target
