"""What a reader of a named data set is asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnzoo.data.copies import count_shared
from rnnzoo.data.groups import split_groups
from rnnzoo.data.sets.set_files import FoundFiles, find_files
from rnnzoo.data.sets.sources import Source
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Pair
from rnnzoo.defaults import FRACTION
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing.base import Rows
from rnnzoo.preprocessing.text import has_words


@dataclass(frozen=True)
class SetRequest:
    """Which set is to be read, and how it is to be split.

    Attributes:
        source: The set.
        seed: Seed of the split.
        validation_fraction: Share of rows for validation.
        test_fraction: Share of rows for the test, where the set has no test part of its own.
        download: Whether files that are not there may be fetched; ``None`` to ask ``RNNZOO_DOWNLOAD``.
        fold: ``(i, n)`` to have fold ``i`` of ``n`` for the test instead of a share.
        uncounted: The files that were found, until what they hold has been counted.
    """

    source: Source
    seed: int = 0
    validation_fraction: float = FRACTION
    test_fraction: float = FRACTION
    download: bool | None = None
    fold: tuple[int, int] | None = None
    uncounted: list[FoundFiles] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the set."""
        return self.source.name

    def files(self, form: str | None = None) -> FoundFiles:
        """Returns the checked files of the set, in the given form or in any that is there."""
        found = find_files(self.source, form=form, download=self.download)
        self.uncounted.append(found)
        return found

    def check_count(self, received: int, *, unit: str = "rows") -> None:
        """Refuses a set with more or fewer rows than were published: not every file has a checksum that is known.

        Args:
            received: How many were read, of all parts.
            unit: What they are, such as ``"tokens"``.

        Raises:
            DataError: If they are not as many as were published.
        """
        published = self.source.rows
        for found in self.uncounted:
            published = published.get(found.form, published)
        expected = sum(published.values())
        if received != expected:
            raise DataError(
                f"{self.name}: received {received:,} {unit}; expected {expected:,}, as published. Fetch its files "
                f"again from {self.source.homepage}."
            )
        self.uncounted.clear()

    def refuse_fold(self) -> None:
        """Raises ``ArgumentError`` if folds are asked for of a set that is not cut into some."""
        if self.fold is not None:
            raise ArgumentError(
                f"folds: received {self.fold[1]} for the data set {self.name!r}, which has a split of its own or no "
                "classes. Leave fold and folds out."
            )

    def refuse_fractions(self, *names: str) -> None:
        """Raises ``ArgumentError`` if a share is asked for that the set's own parts leave no room for."""
        for name in names or ("validation_fraction", "test_fraction"):
            share = getattr(self, name)
            if share != FRACTION:
                raise ArgumentError(
                    f"{name}: received {share!r} for the data set {self.name!r}, which has a split of its own. Leave "
                    "it out."
                )

    def split(
        self,
        train: Pair,
        *,
        validation: Pair | None = None,
        test: Pair | None = None,
        key: Callable[[Any], Hashable],
        strata: Rows | None = None,
        description: Mapping[str, Any],
        **options: Any,
    ) -> Splits:
        """Makes splits in which no row is in two of the parts that are split off here.

        Args:
            train: The rows and targets to learn from, and to split off what is not given.
            validation: The set's own validation part.
            test: The set's own test part; training rows that are in it too are counted in the description.
            key: What makes two rows copies of each other.
            strata: The class of each training row, where targets are none.
            description: Facts to keep.
            **options: As for ``Splits.from_arrays``.
        """
        if test is not None:
            self.refuse_fractions("test_fraction")
            self.refuse_fold()
        if validation is not None:
            self.refuse_fractions("validation_fraction")
        self.check_count(sum(len(part[0]) for part in (train, validation, test) if part is not None))
        rows, targets = train
        keys = [key(row) for row in rows]
        facts = dict(description) | ({} if self.fold is None else {"fold": list(self.fold)})
        for name, part in (("validation", validation), ("test", test)):
            if part is not None:
                facts[f"{name}_rows_in_training_too"] = count_shared(keys, map(key, part[0]))
        parts: dict[str, Pair] = {"train": train}
        if validation is None:
            numbers = split_groups(
                np.arange(len(rows)),
                targets if strata is None else strata,
                keys,
                validation_fraction=self.validation_fraction,
                test_fraction=0.0 if test is not None else self.test_fraction,
                seed=self.seed,
                fold=self.fold,
            )
            parts = {
                name: (take(rows, chosen), take(targets, chosen)) for name, (chosen, _) in numbers.items()
            }
        parts |= {
            name: part for name, part in (("validation", validation), ("test", test)) if part is not None
        }
        # After the split, so that no other row changes its part.
        kept = {name: _with_words(part) for name, part in parts.items()}
        if dropped := sum(len(parts[name][0]) - len(part[0]) for name, part in kept.items()):
            facts["rows_without_a_word_left_out"] = dropped
        return Splits.from_arrays(
            *kept["train"],
            validation=kept["validation"],
            test=kept.get("test"),
            test_fraction=0.0,
            seed=self.seed,
            description=facts,
            **options,
        )

    def split_rows(self, rows: Pair, *, description: Mapping[str, Any], **options: Any) -> Splits:
        """Makes splits of rows that are no copies of each other.

        Args:
            rows: Rows and targets.
            description: Facts to keep.
            **options: As for ``Splits.from_arrays``.
        """
        if self.fold is not None:
            numbers = iter(range(len(rows[0])))
            return self.split(rows, key=lambda row: next(numbers), description=description, **options)
        self.check_count(len(rows[0]))
        return Splits.from_arrays(
            *rows,
            seed=self.seed,
            validation_fraction=self.validation_fraction,
            test_fraction=self.test_fraction,
            description=description,
            **options,
        )


def _with_words(part: Pair) -> Pair:
    """Leaves out the texts without a word, such as a lone smiley, of which nothing can be learned."""
    rows, targets = part
    chosen = [row for row, text in enumerate(rows) if not isinstance(text, str) or has_words(text)]
    return part if len(chosen) == len(rows) else (take(rows, chosen), take(targets, chosen))


def take(rows: Rows, numbers: Rows) -> Rows:
    """Returns the rows of these numbers."""
    return rows[numbers] if isinstance(rows, np.ndarray) else [rows[number] for number in numbers]
