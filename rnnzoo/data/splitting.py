"""Splits rows into training, validation and test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from rnnzoo import checks
from rnnzoo.data.row_origin import RowOrigin
from rnnzoo.data.targets import label_names, listed
from rnnzoo.errors import DataError
from rnnzoo.preprocessing.base import Rows

#: Raw rows and their targets.
Pair = tuple[Rows, Rows]


def split_parts(
    rows: Pair,
    validation: Pair | None,
    test: Pair | None,
    *,
    validation_fraction: float,
    test_fraction: float,
    stratify: bool,
    seed: int,
) -> dict[str, Pair]:
    """Splits off the parts that are not given; the work under ``Splits.from_arrays`` and ``split_groups``."""
    parts, _ = split_with_origins(
        rows,
        validation,
        test,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        stratify=stratify,
        seed=seed,
    )
    return parts


def split_with_origins(
    rows: Pair,
    validation: Pair | None,
    test: Pair | None,
    *,
    validation_fraction: float,
    test_fraction: float,
    stratify: bool,
    seed: int,
) -> tuple[dict[str, Pair], dict[str, RowOrigin]]:
    """Splits off the parts that are not given, and says which of the rows those of each part are."""
    checks.seed(seed)
    check_fractions(validation_fraction, test_fraction, both=validation is None and test is None)
    for pair, name in ((rows, "inputs"), (validation, "validation"), (test, "test")):
        if pair is not None and len(pair[0]) != len(pair[1]):
            raise DataError(
                f"{name}: received {len(pair[0])} rows and {len(pair[1])} targets; expected the same number."
            )
        if pair is not None and len(pair[0]) == 0:
            raise DataError(f"{name}: received no rows; expected at least one.")
    total = len(rows[0])
    # Names of all rows first, so that a row without one is named as the caller counts.
    classes = (
        np.array(label_names(rows[1]), object) if stratify and (validation is None or test is None) else None
    )
    numbers = {"train": np.arange(total)}
    if test is None and test_fraction:
        count = round(total * test_fraction)
        numbers["train"], numbers["test"] = _split_off(numbers["train"], count, classes, seed=seed)
    if validation is None:
        count = round(total * validation_fraction)
        numbers["train"], numbers["validation"] = _split_off(
            numbers["train"], count, classes, seed=(seed + 1) % 2**32
        )
    parts, origins = {"train": rows}, {"train": RowOrigin()}
    for name, given in (("train", None), ("validation", validation), ("test", test)):
        if given is not None:
            parts[name], origins[name] = given, RowOrigin(name)
        elif name in numbers and len(numbers) > 1:
            parts[name], origins[name] = _take(rows, numbers[name]), RowOrigin(numbers=numbers[name])
    return parts, origins


def check_fractions(validation: float, test: float, *, both: bool = True) -> None:
    """Checks the shares to be split off; of ``both`` together, that they leave rows to learn from."""
    checks.number("validation_fraction", validation, above=0, below=1)
    checks.number("test_fraction", test, minimum=0, below=1)
    if both:
        # Rounded, for 1 - 0.7 is more than 0.3.
        fix = f"Leave rows to learn from: validation_fraction is {validation:g}."
        checks.number("test_fraction", test, below=round(1 - validation, 12), fix=fix)


def _split_off(
    numbers: np.ndarray, count: int, classes: np.ndarray | None, *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Splits the numbers of rows in two; ``classes`` are those of all rows."""
    from sklearn.model_selection import train_test_split

    if not 1 <= count < len(numbers):
        raise DataError(
            f"inputs: received {len(numbers)} rows; expected enough to split off {max(count, 1)}. Add rows."
        )
    own = None if classes is None else classes[numbers].tolist()
    if own is not None:
        _check_classes(own, count)
    kept, taken = train_test_split(np.arange(len(numbers)), test_size=count, random_state=seed, stratify=own)
    return numbers[kept], numbers[taken]


def _check_classes(classes: Sequence[str], count: int) -> None:
    """Checks that rows can be split by class so that each part has its share of every class."""
    what = f"inputs: cannot split off {count} of {len(classes)} rows by class"
    numbers = Counter(classes)
    rare = sorted(name for name, number in numbers.items() if number < 2)
    if rare:
        raise DataError(
            f"{what}: received one row only of {listed(rare)}; expected two at least of every class. Add rows of rare "
            "classes, drop them, or call Splits.from_arrays with stratify=False."
        )
    if min(count, len(classes) - count) < len(numbers):
        raise DataError(
            f"{what}: received {len(numbers)} classes; expected a row of each on both sides. Choose other fractions, "
            "add rows, or call Splits.from_arrays with stratify=False."
        )


def _take(rows: Pair, numbers: np.ndarray) -> Pair:
    inputs, targets = (
        part[numbers] if isinstance(part, np.ndarray) else [part[number] for number in numbers]
        for part in rows
    )
    return inputs, targets
