"""Named sets of series, each with a label or a label for each step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.data.copies import series_key
from rnnzoo.data.readers.table_files import read_frame
from rnnzoo.data.readers.ts_files import parse_ts
from rnnzoo.data.sets.set_request import SetRequest
from rnnzoo.data.sets.spoken_digits import fsdd
from rnnzoo.data.splits import Splits
from rnnzoo.errors import DataError
from rnnzoo.files import read_text

_LIBRAS_FRAMES = 45
_COORDINATES = 18
_FILM_SHARES = (0.7, 0.85, 1.0)


def japanese_vowels(request: SetRequest) -> Splits:
    """Reads nine men saying two vowels: 12 coefficients, 7 to 29 steps; 270 to learn from, 370 to test."""
    return _archive_set(request, "JapaneseVowels")


def basic_motions(request: SetRequest) -> Splits:
    """Reads four motions recorded by a watch: 6 features, 100 steps; 40 to learn from, 40 to test."""
    return _archive_set(request, "BasicMotions")


def plaid(request: SetRequest) -> Splits:
    """Reads the current of 11 kinds of appliances: 100 to 1,344 steps; 537 to learn from, 537 to test."""
    return _archive_set(request, "PLAID")


def gun_point(request: SetRequest) -> Splits:
    """Reads a hand that draws a gun or points: 150 steps; 50 to learn from, 150 to test."""
    return _archive_set(request, "GunPoint")


def italy_power_demand(request: SetRequest) -> Splits:
    """Reads the power that Italy drew on a day, in winter or summer: 24 steps; 67 to learn from, 1,029 to test."""
    return _archive_set(request, "ItalyPowerDemand")


def _archive_set(request: SetRequest, title: str) -> Splits:
    files = request.files()
    sections = [
        (section.series, section.targets)
        for path in sorted(files, key=lambda path: "TEST" in path.name)
        for section in parse_ts(path)
    ]
    if len(sections) != 2:
        raise DataError(
            f"{request.name}: received {len(sections)} parts; expected a training and a test part. Fetch it again."
        )
    return request.split(
        sections[0], test=sections[1], key=series_key, description={"source": title, **files.facts}
    )


def libras(request: SetRequest) -> Splits:
    """Reads 360 hand movements of Brazilian sign language: 15 kinds, 45 steps of 2 coordinates.

    Thirty movements are in the set twice; both copies stay in one part.
    """
    files = request.files()
    (path,) = files
    rows = [line.split(",") for line in read_text(path, "Libras Movement").split()]
    try:
        movements = np.array([row[:-1] for row in rows], np.float64).reshape(len(rows), _LIBRAS_FRAMES, 2)
    except ValueError as error:
        raise DataError(
            f"{path}: cannot be read ({error}); expected {2 * _LIBRAS_FRAMES} coordinates and a class in each line. "
            "Fetch it again."
        ) from error
    return request.split(
        (movements, [row[-1] for row in rows]),
        key=series_key,
        description={"source": "Libras Movement", **files.facts},
    )


def gesture_phase(request: SetRequest, *, steps: int = 100) -> Splits:
    """Reads seven films of people who tell a story; where hands, wrists, head and spine are, frame by frame.

    Each frame is tagged with one of five phases of a gesture. Of each film the first 70 % train, the next 15 % validate
    and the last 15 % test: frames next to each other are nearly the same, so none may be drawn by chance.

    Args:
        request: What is wanted.
        steps: Frames per row, at most.
    """
    request.refuse_fractions()
    checks.integer("steps", steps, minimum=1)
    files = request.files()
    parts: dict[str, tuple[list[np.ndarray], list[list[str]]]] = {
        part: ([], []) for part in ("train", "validation", "test")
    }
    films = [_film(path) for path in files]
    request.check_count(sum(len(phases) for _, phases in films), unit="frames")
    for values, phases in films:
        bounds = [0, *(round(share * len(values)) for share in _FILM_SHARES)]
        for (series, tags), first, end in zip(parts.values(), bounds, bounds[1:], strict=False):
            for start in range(first, end, steps):
                series.append(values[start : min(start + steps, end)])
                tags.append(phases[start : min(start + steps, end)])
    return Splits.from_arrays(
        *parts["train"],
        task="tagging",
        validation=parts["validation"],
        test=parts["test"],
        description={"source": "Gesture Phase Segmentation", **files.facts},
    )


def _film(path: Path) -> tuple[np.ndarray, list[str]]:
    """Reads the coordinates and the phase of each frame."""
    frame = read_frame(path)
    try:
        values = frame.iloc[:, :_COORDINATES].to_numpy(np.float64).reshape(len(frame), _COORDINATES)
        # One frame of one film has its phase in Portuguese.
        return values, ["Preparation" if phase == "Preparação" else phase for phase in frame["phase"]]
    except (KeyError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read ({error}); expected {_COORDINATES} columns of coordinates and one named 'phase'. "
            "Fetch it again."
        ) from error


def digits(request: SetRequest) -> Splits:
    """Reads 1,797 handwritten digits, bundled with scikit-learn; an image is 8 steps (rows) of 8 features."""
    from sklearn.datasets import load_digits

    images = load_digits()
    return request.split_rows((images.images, images.target), description={"source": "digits (scikit-learn)"})


def moving_digits(request: SetRequest) -> Splits:
    """Makes videos of the digits: 8 frames of 16 x 16 pixels, to be classified by the direction of the movement."""
    from rnnzoo.data.sets.moving_digits import moving_digits

    videos, directions = moving_digits()
    return request.split_rows(
        (videos, directions),
        description={"source": "moving digits (synthetic, of scikit-learn's digits)"},
    )


def physionet2012(request: SetRequest) -> Splits:
    """Reads 4,000 intensive care stays of 48 hours, 37 variables in bins of an hour; who died in hospital."""
    from rnnzoo.data.sets.physionet import read_stays

    files = request.files()
    rows, labels, names = read_stays(files["set-a.tar.gz"], files["Outcomes-a.txt"])
    return request.split_rows(
        (rows, labels),
        task="binary_classification",
        description={"source": "PhysioNet Challenge 2012, set a", **files.facts, "features": list(names)},
    )


def splice(request: SetRequest) -> Splits:
    """Reads 3,190 windows of 60 bases of primate DNA around a donor (EI), an acceptor (IE) or no junction (N).

    Copies of a sequence, of which there are 185, stay in one part.
    """
    from rnnzoo.preprocessing import DNAPreprocessing

    files = request.files()
    (path,) = files
    frame = read_frame(path, column_names=["label", "name", "sequence"])
    sequences, labels = ([cell.strip() for cell in frame[name]] for name in ("sequence", "label"))
    return request.split(
        (sequences, labels),
        key=lambda sequence: sequence,
        preprocessing=DNAPreprocessing(variable_length=False),
        description={"source": "splice (UCI)", **files.facts},
    )


SEQUENCE_SETS: dict[str, Callable[..., Any]] = {
    "basic_motions": basic_motions,
    "digits": digits,
    "fsdd": fsdd,
    "gesture_phase": gesture_phase,
    "gun_point": gun_point,
    "italy_power_demand": italy_power_demand,
    "japanese_vowels": japanese_vowels,
    "libras": libras,
    "moving_digits": moving_digits,
    "physionet2012": physionet2012,
    "plaid": plaid,
    "splice": splice,
}
