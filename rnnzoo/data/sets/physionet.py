"""PhysioNet/Computing in Cardiology Challenge 2012: intensive care stays."""

from __future__ import annotations

import csv
import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.errors import DataError, one_line

#: Measured once, on admission.
STATIC = ("Age", "Gender", "Height", "Weight")
_LARGEST_FILE = 1_000_000
_DIED = {"0": False, "1": True}


def read_stays(archive: Path, outcomes: Path) -> tuple[list[dict[str, Any]], list[str], tuple[str, ...]]:
    """Reads the stays of set a, in bins of an hour.

    Args:
        archive: ``set-a.tar.gz``.
        outcomes: ``Outcomes-a.txt``.

    Returns:
        Rows of hours and values, ``"died"`` or ``"survived"`` for each, and the names of the variables.

    Raises:
        DataError: If a file is damaged.

    Reference:
        Silva 2012, Predicting in-hospital mortality of ICU patients, https://physionet.org/content/challenge-2012/.
    """
    with outcomes.open(encoding="utf-8", newline="") as file:
        try:
            died = {row["RecordID"]: _DIED[row["In-hospital_death"]] for row in csv.DictReader(file)}
        except (KeyError, UnicodeDecodeError, csv.Error) as error:
            raise DataError(
                f"{outcomes}: damaged ({error}); expected a table of outcomes. Fetch it again."
            ) from error
    records = _read_archive(archive)
    if set(records) != set(died):
        raise DataError(
            f"{archive}: holds {len(records)} stays; the outcomes name {len(died)}. Fetch both again."
        )
    names = tuple(sorted({name for record in records.values() for _, name, _ in record}))
    place = {name: number for number, name in enumerate(names)}
    stays = sorted(records)
    rows = [_in_hours(records[stay], place) for stay in stays]
    return rows, ["died" if died[stay] else "survived" for stay in stays], names


def _read_archive(archive: Path) -> dict[str, list[tuple[float, str, float]]]:
    """Returns hour, name and value of each measurement, by stay."""
    records = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                if not member.isfile() or not member.name.endswith(".txt"):
                    continue
                file = tar.extractfile(member)
                if file is None or member.size > _LARGEST_FILE:
                    raise ValueError(f"{member.name} is no record")
                records[Path(member.name).stem] = _measurements(file.read().decode("utf-8"))
    except (tarfile.TarError, zlib.error, csv.Error, EOFError, OSError, KeyError, ValueError) as error:
        reason = one_line(error)
        raise DataError(
            f"{archive}: damaged ({reason}); expected an archive of records. Fetch it again."
        ) from error
    return records


def _measurements(text: str) -> list[tuple[float, str, float]]:
    found = []
    for row in csv.DictReader(io.StringIO(text), restval=""):
        name, value = row["Parameter"], float(row["Value"])
        # The record writes -1 for what was not measured on admission; a weight or height of 0 is a slip.
        unknown = value < 0 or (name in ("Height", "Weight") and value == 0)
        if not name or name in ("RecordID", "ICUType") or unknown:
            continue
        hours, minutes = row["Time"].split(":")
        found.append((int(hours) + int(minutes) / 60, name, value))
    return found


def _in_hours(record: list[tuple[float, str, float]], place: Mapping[str, int]) -> dict[str, Any]:
    """Returns one step an hour that has a measurement, with the mean of each variable in it."""
    hours = np.array([int(hour) for hour, _, _ in record], int)
    steps = np.unique(hours)
    total, count = np.zeros((2, len(steps), len(place)))
    at = np.searchsorted(steps, hours)
    columns = np.array([place[name] for _, name, _ in record], int)
    np.add.at(total, (at, columns), [value for _, _, value in record])
    np.add.at(count, (at, columns), 1)
    values = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return {"times": steps.astype(float), "values": values}
