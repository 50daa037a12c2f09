"""Splits rows into training, validation and test."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np

from rnnzoo import checks
from rnnzoo.data.folds import check_fold, count_folds, number_groups, split_off_fold
from rnnzoo.data.rare_classes import RareClassError, check_classes, check_counts, check_learned
from rnnzoo.data.rare_labels import RowLabels, labels_in_rows, rows_of_unknown_labels
from rnnzoo.data.row_origin import RowOrigin
from rnnzoo.data.targets import label_names
from rnnzoo.data.unlabelled import UNLABELLED, Unlabelled
from rnnzoo.defaults import FRACTION
from rnnzoo.errors import ArgumentError, DataError, listed
from rnnzoo.preprocessing.base import Rows
from rnnzoo.task import Task
from rnnzoo.value_objects import checked_fields

#: Raw rows and their targets.
Pair = tuple[Rows, Rows]
#: What becomes of classes that have too few rows to be in every part.
Rare = Literal["error", "drop", "train"]
RARE = ("error", "drop", "train")
_DONE = {"drop": "left out", "train": "in the training part alone"}


@checked_fields
@dataclass(frozen=True)
class Fractions:
    """Shares of rows that are split off.

    Attributes:
        validation_fraction: Share of all rows for validation.
        test_fraction: Share of all rows for the test; 0 for no test part.

    Raises:
        ArgumentError: If one is out of range.
    """

    validation_fraction: float = FRACTION
    test_fraction: float = FRACTION

    def __post_init__(self) -> None:
        check_fractions(self.validation_fraction, self.test_fraction)


@checked_fields
@dataclass(frozen=True)
class Parts:
    """How rows are put into a training, a validation and a test part.

    It is passed as ``parts``; the function then takes none of its fields as keywords beside it, which are refused.

    Attributes:
        validation: The validation part, as the function that takes it reads rows; ``None`` to split it off.
        test: The test part, likewise.
        validation_fraction: Share of all rows to split off for validation.
        test_fraction: Share of all rows to split off for the test; 0 for no test part.
        stratify: Whether each part gets its share of every class, where targets are classes.
        seed: Seed of the split: rows are shuffled, for many files come sorted by class.
        rare: What becomes of classes that have too few rows to be in every part. ``"error"``: the rows are refused.
            ``"drop"``: rows of these classes are left out, of all parts. ``"train"``: they are in the training part
            alone. Where a row has many labels (tags, several labels, the characters of a transcript), rows are rare
            that were split off with a label which no training row has. Which they are is said in a warning and in the
            description, as ``rare_classes``.
        unlabelled: What becomes of steps without a tag (``None``, NaN, an empty cell; ``_`` in files of tagged words),
            in data for tagging. ``"refuse"``: the data are refused. ``"leave_out"``: such steps are read, and are out
            of loss, metrics, scores, baselines and class weights. A CRF sums over all tags that they may have (Tsuboi
            2008, Training conditional random fields using incomplete annotations).
        groups: What belongs together: a group for each row, such as its patient or speaker; for tables with named
            columns the name of one. No group is in two parts. Shares of parts are met as well as groups allow. ``None``
            where rows are independent.
        fold: ``(i, n)`` cuts the rows into ``n`` folds, alike in classes, and makes fold ``i``, counted from 0, the
            test part instead of a share. The folds of one seed are each other's complement: see ``cross_validate``.

    Raises:
        ArgumentError: If a fraction, the seed or the fold is out of range, or fields do not go together.

    Example:
        >>> Parts(test_fraction=0.2, seed=1).validation_fraction
        0.15
    """

    validation: Any = None
    test: Any = None
    validation_fraction: float = FRACTION
    test_fraction: float = FRACTION
    stratify: bool = True
    seed: int = 0
    rare: Rare = "error"
    unlabelled: Unlabelled = "refuse"
    groups: Any = None
    fold: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        checks.seed(self.seed)
        checks.flag("stratify", self.stratify)
        checks.choice("unlabelled", self.unlabelled, UNLABELLED)
        if checks.choice("rare", self.rare, RARE) != "error" and not self.stratify:
            raise ArgumentError(
                f"rare: received {self.rare!r} with stratify=False, which puts rows into parts whatever their class; "
                "expected one of both. Leave one out."
            )
        self._check_folds()
        both = self.validation is None and self.test is None
        check_fractions(self.validation_fraction, self.test_fraction, both=both)

    def _check_folds(self) -> None:
        if self.groups is not None and self.rare == "train":
            raise ArgumentError(
                "rare: received 'train' with groups, which must be whole in one part; expected 'error' or 'drop'. "
                "Leave one out."
            )
        if self.groups is not None and self.validation is not None and self.test is not None:
            raise ArgumentError(
                "groups: received them with a validation and a test part, so that nothing is split; expected None. "
                "Leave them out."
            )
        if self.fold is None:
            return
        check_fold(self.fold)
        if self.test is not None:
            raise ArgumentError(
                f"fold: received {self.fold!r} with a test part; expected rows without one, for each fold is the test "
                "once. Give all rows together, or leave fold out."
            )
        if self.test_fraction != FRACTION:
            raise ArgumentError(
                f"test_fraction: received {self.test_fraction:g} with fold={self.fold!r}, whose rows are the test; "
                "expected one of both. Leave one out."
            )

    def check_rare(self, task: Task) -> None:
        """Checks that a task has classes of which some may be rare.

        Raises:
            ArgumentError: If something is to become of rare classes where there are none.
        """
        if self.rare != "error" and (task.targets == "values" or task.data != "rows"):
            raise ArgumentError(
                f"rare: received {self.rare!r} for task {task.name!r}, whose rows have no classes; expected 'error'. "
                "Leave it out."
            )


class PartsOptions(TypedDict, total=False):
    """The fields of ``Parts`` as keywords."""

    validation: Any
    test: Any
    validation_fraction: float
    test_fraction: float
    stratify: bool
    seed: int
    rare: Rare
    unlabelled: Unlabelled
    groups: Any
    fold: tuple[int, int] | None


@dataclass(frozen=True)
class SplitRows:
    """Rows in their parts.

    Attributes:
        parts: Rows and targets by part.
        origins: Which of the caller's rows those of each part are.
        facts: What was done beside, for the description.
    """

    parts: dict[str, Pair]
    origins: dict[str, RowOrigin]
    facts: dict[str, Any]


def split_rows(rows: Pair, parts: Parts, task: Task | None = None) -> SplitRows:
    """Splits off the parts that are not given, and says which of the rows those of each part are.

    Args:
        rows: Rows and targets.
        parts: How; a validation or test part that is given is rows and targets too.
        task: What the targets are for; ``None`` for classes.

    Raises:
        ArgumentError: If something is to become of rare classes where there are none.
        DataError: If rows cannot be split.
    """
    validation, test = parts.validation, parts.test
    for pair, name in ((rows, "inputs"), (validation, "validation"), (test, "test")):
        _check_pair(pair, name)
    # Names of all rows first, so that a row without one is named as the caller counts.
    drawn = validation is None or test is None
    stratify = parts.stratify and (task is None or task.stratified)
    classes = np.array(label_names(rows[1]), object) if stratify and drawn else None
    groups = None if parts.groups is None else number_groups(parts.groups, len(rows[0]))
    numbers, rare = _draw(len(rows[0]), parts, classes, groups)
    if task is not None and parts.rare != "error":
        parts.check_rare(task)
        rare |= _treat_unknown(numbers, rows[1], parts, labels_in_rows(task, rows[1]))
    made, origins = {"train": rows}, {"train": RowOrigin()}
    for name, given in (("train", None), ("validation", validation), ("test", test)):
        if given is not None:
            kept = _of_other_classes(given, rare if parts.rare == "drop" and stratify else {})
            made[name] = given if kept is None else _take(given, kept)
            origins[name] = RowOrigin(name, kept)
        elif name in numbers and len(numbers) > 1:
            made[name], origins[name] = _take(rows, numbers[name]), RowOrigin(numbers=numbers[name])
    return SplitRows(made, origins, _facts(parts, rare, groups))


def _facts(parts: Parts, rare: Mapping[str, int], groups: np.ndarray | None) -> dict[str, Any]:
    """Returns what the description says of how rows were split."""
    facts: dict[str, Any] = {"rare_classes": {"treatment": parts.rare, "rows": rare}} if rare else {}
    if groups is not None:
        facts["groups"] = len(set(groups.tolist()))
    return facts if parts.fold is None else {**facts, "fold": list(parts.fold)}


def _draw(
    total: int, parts: Parts, classes: np.ndarray | None, groups: np.ndarray | None
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Returns the numbers of the rows of each part that is not given, and how many rows rare classes have."""
    rare: list[str] = []
    while True:
        kept = np.arange(total)
        if rare and classes is not None:
            kept = kept[~np.isin(classes, rare)]
            if not len(kept):
                raise DataError(
                    f"inputs: received {len(rare)} classes, all with too few rows to be in every part: {listed(rare)}; "
                    "expected several rows of a class. Check the label column."
                )
        try:
            numbers = _draw_parts(kept, parts, classes, groups)
            break
        except RareClassError as error:
            if parts.rare == "error":
                raise DataError(str(error)) from None
            rare += error.names
    if not rare or classes is None:
        return numbers, {}
    if parts.rare == "train":
        numbers["train"] = np.append(numbers["train"], np.flatnonzero(np.isin(classes, rare)))
    counts = Counter(classes.tolist())
    found = {name: counts[name] for name in sorted(rare)}
    warnings.warn(
        f"inputs: {len(found)} of {len(counts)} classes have too few rows to be in every part: {_shown(found)}. Their "
        f"rows are {_DONE[parts.rare]}, as rare={parts.rare!r} asks.",
        stacklevel=4,
    )
    return numbers, found


def _treat_unknown(
    numbers: dict[str, np.ndarray], targets: Rows, parts: Parts, labels: RowLabels | None
) -> dict[str, int]:
    """Takes rows out of parts that were split off with labels which no training row has; returns these labels."""
    if labels is None or len(numbers) == 1:
        return {}
    unknown, counts = rows_of_unknown_labels(numbers, targets, labels)
    if not counts:
        return {}
    for name, rows in unknown.items():
        numbers[name] = np.setdiff1d(numbers[name], rows, assume_unique=True)
        if not len(numbers[name]):
            raise DataError(
                f"{name}: received no row whose labels are all in training rows too; expected one at least. Add rows."
            )
    moved = np.concatenate(list(unknown.values()))
    if parts.rare == "train":
        numbers["train"] = np.append(numbers["train"], moved)
    warnings.warn(
        f"inputs: {len(moved)} of the rows that were split off have labels that no training row has: {_shown(counts)}. "
        f"They are {_DONE[parts.rare]}, as rare={parts.rare!r} asks.",
        stacklevel=4,
    )
    return counts


def _shown(counts: Mapping[str, int]) -> str:
    return listed(f"{name} ({count} row{'s' * (count > 1)})" for name, count in counts.items())


def _of_other_classes(pair: Pair, rare: Mapping[str, int]) -> np.ndarray | None:
    """Returns the numbers of the rows that are not of rare classes; ``None`` for all."""
    if not rare:
        return None
    kept = np.flatnonzero([name not in rare for name in label_names(pair[1])])
    return None if len(kept) == len(pair[1]) else kept


def _check_pair(pair: Pair | None, name: str) -> None:
    if pair is None:
        return
    if len(pair[0]) != len(pair[1]):
        raise DataError(
            f"{name}: received {len(pair[0])} rows and {len(pair[1])} targets; expected the same number."
        )
    if len(pair[0]) == 0:
        raise DataError(f"{name}: received no rows; expected at least one.")


def _draw_parts(
    kept: np.ndarray, parts: Parts, classes: np.ndarray | None, groups: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Puts rows into the parts that are not given."""
    total, numbers = len(kept), {"train": kept}
    folds = None if parts.fold is None else parts.fold[1]
    if classes is not None and (groups is not None or folds):
        own = None if groups is None else groups[kept]
        check_counts(classes[kept].tolist(), own, folds)
    if parts.fold is not None:
        numbers["train"], numbers["test"] = split_off_fold(
            kept, parts.fold, classes=classes, groups=groups, seed=parts.seed
        )
    elif parts.test is None and parts.test_fraction:
        count = round(total * parts.test_fraction)
        numbers["train"], numbers["test"] = _split_off(
            numbers["train"], count, classes, groups, seed=parts.seed
        )
    if parts.validation is None:
        count = round(total * parts.validation_fraction)
        numbers["train"], numbers["validation"] = _split_off(
            numbers["train"], count, classes, groups, seed=(parts.seed + 1) % 2**32
        )
    if classes is not None and groups is not None:
        check_learned(numbers, classes)
    return numbers


def check_fractions(validation: float, test: float, *, both: bool = True) -> None:
    """Checks the shares to be split off; of ``both`` together, that they leave rows to learn from."""
    checks.number("validation_fraction", validation, above=0, below=1)
    checks.number("test_fraction", test, minimum=0, below=1)
    if both:
        # Rounded, for 1 - 0.7 is more than 0.3.
        fix = f"Leave rows to learn from: validation_fraction is {validation:g}."
        checks.number("test_fraction", test, below=round(1 - validation, 12), fix=fix)


def _split_off(
    numbers: np.ndarray, count: int, classes: np.ndarray | None, groups: np.ndarray | None, *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Splits the numbers of rows in two; ``classes`` and ``groups`` are those of all rows."""
    from sklearn.model_selection import train_test_split

    if not 1 <= count < len(numbers):
        raise DataError(
            f"inputs: received {len(numbers)} rows; expected enough to split off {max(count, 1)}. Add rows."
        )
    if groups is not None:
        fold = (0, count_folds(len(numbers), count))
        return split_off_fold(numbers, fold, classes=classes, groups=groups, seed=seed)
    own = None if classes is None else classes[numbers].tolist()
    if own is not None:
        check_classes(own, count)
    kept, taken = train_test_split(np.arange(len(numbers)), test_size=count, random_state=seed, stratify=own)
    return numbers[kept], numbers[taken]


def _take(rows: Pair, numbers: np.ndarray) -> Pair:
    inputs, targets = (
        part[numbers] if isinstance(part, np.ndarray) else [part[number] for number in numbers]
        for part in rows
    )
    return inputs, targets
