"""The `.ts` format of the UCR and UEA archives of time series."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from rnnzoo.errors import DataError
from rnnzoo.files import read_text

#: Series ``(time, features)`` and their labels.
LabelledSeries = tuple[list[np.ndarray], list[str]]


def read_ts(path: str | os.PathLike[str]) -> list[LabelledSeries]:
    """Reads labelled series of one or more features, of equal or different lengths.

    Args:
        path: The file, packed with gzip where its name ends in ``.gz``. It holds one ``@data`` section, or several,
            such as a training and a test part.

    Returns:
        For each section its series ``(time, features)`` and their labels, in the order of the file.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it has time stamps, missing values or no labels, or cannot be read; the message names the line.

    Reference:
        Bagnall 2018, The UEA multivariate time series classification archive, arXiv:1811.00075.
    """
    sections: list[LabelledSeries] = []
    labels: list[str] | None = None
    in_data = False
    for number, raw in enumerate(read_text(path, "a .ts file").split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith(("#", "%")):
            continue
        if line.startswith("@"):
            name, *values = line[1:].split() or [""]
            said = values[0].lower() if values else ""
            in_data = name.lower() == "data"
            if in_data:
                sections.append(([], []))
            elif name.lower() == "classlabel":
                labels = values[1:] if said == "true" else None
            elif name.lower() == "timestamps" and said == "true":
                raise DataError(f"{path}: has time stamps; expected values at even steps. Remove the stamps.")
            continue
        where = f"{path}: line {number}"
        if not in_data or labels is None:
            raise DataError(
                f"{where} stands before @classLabel and @data; expected a header with both. Correct the file."
            )
        row, label = _read_row(where, line, labels)
        if sections[-1][0] and sections[-1][0][0].shape[1] != row.shape[1]:
            raise DataError(
                f"{where}: received {row.shape[1]} features; expected {sections[-1][0][0].shape[1]}, as in the rows "
                "before. Correct the line."
            )
        sections[-1][0].append(row)
        sections[-1][1].append(label)
    if not sections or not all(series for series, _ in sections):
        raise DataError(
            f"{Path(path).name}: received a section without rows; expected at least one row. Fetch it again."
        )
    return sections


def _read_row(where: str, line: str, labels: list[str]) -> tuple[np.ndarray, str]:
    *features, label = (part.strip() for part in line.split(":"))
    if label not in labels:
        raise DataError(f"{where}: received the label {label!r}; expected one of {', '.join(labels)}.")
    try:
        columns = [np.array(feature.split(","), np.float64) for feature in features]
    except ValueError as error:
        raise DataError(
            f"{where}: {error}; expected numbers separated by commas, none missing (?). Correct the line."
        ) from error
    if not columns or len({len(column) for column in columns}) != 1:
        raise DataError(
            f"{where}: received features of {', '.join(str(len(c)) for c in columns) or 'no'} values; expected as many "
            "of each. Correct the line."
        )
    series = np.stack(columns, axis=1)
    if not np.isfinite(series).all():
        raise DataError(
            f"{where}: received {series[~np.isfinite(series)][0]}; expected finite numbers. Correct the line."
        )
    return series, label
