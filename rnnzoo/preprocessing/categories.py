"""One category a row, such as the shop that a series is of, as an id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, ClassVar, Literal, get_args

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, DataError, RowError, listed, nearest
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes
from rnnzoo.preprocessing.given_rows import check_training_rows

#: What becomes of a category that is not known.
Unknown = Literal["error", "own_id"]

_SHOWN = 60


class CategoryPreprocessing(Preprocessing):
    """One text or one whole number a row to an id ``(batch,)`` int32, as ``keras.layers.Embedding`` takes it.

    Ids count from 0 in the order of the categories. With ``unknown="own_id"`` id 0 is that of all categories that are
    not known, and the others count from 1; so does ``keras.layers.StringLookup(vocabulary=categories)``.

    A bundle gives the ids to ``keras.Input((), ...)`` and ``keras.Input((1,), ...)`` alike, as Keras itself does. Alone
    they are called ``category``; as a part of ``JoinedPreprocessing`` they are called like the part.

    Args:
        categories: The known categories by id: texts, or whole numbers.
        unknown: ``"error"`` refuses a row with any other, ``"own_id"`` gives it id 0.

    Raises:
        ArgumentError: If there is no category, one stands twice, or they are of several types.

    Example:
        >>> shops = CategoryPreprocessing(["north", "south"])
        >>> shops.apply(["south", "north"])["category"].tolist(), shops.num_ids
        ([1, 0], 2)
        >>> CategoryPreprocessing(["north", "south"], unknown="own_id").apply(["south", "moon"])["category"].tolist()
        [2, 0]
    """

    kind: ClassVar[str] = "category"
    takes: ClassVar[Takes] = "category"

    def __init__(self, categories: Sequence[str] | Sequence[int], *, unknown: Unknown = "error") -> None:
        self.categories: list[Any] = _checked(categories)
        self.unknown = checks.choice("unknown", unknown, get_args(Unknown))
        self._is_text = isinstance(self.categories[0], str)
        first = int(self.unknown == "own_id")
        self._ids = {category: first + place for place, category in enumerate(self.categories)}

    @classmethod
    def fit(cls, raw: Rows, *, unknown: Unknown = "error") -> CategoryPreprocessing:
        """Takes all categories of the training rows, sorted.

        Args:
            raw: One text or one whole number a row.
            unknown: See the class.

        Raises:
            DataError: If there is no row, or one is no category.

        Example:
            >>> CategoryPreprocessing.fit(["south", "north", "south"]).categories
            ['north', 'south']
        """
        check_training_rows(raw, cls.takes)
        rows = list(raw)
        if not rows:
            raise DataError("categories: received no rows; expected at least one to fit on.")
        is_text = isinstance(rows[0], str)
        return cls(
            sorted({_read(row, number, is_text=is_text) for number, row in enumerate(rows)}), unknown=unknown
        )

    @property
    def num_ids(self) -> int:
        """The number of ids, that of unknown categories included: the first argument of an ``Embedding``."""
        return len(self.categories) + (self.unknown == "own_id")

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns categories into ids ``(1,)``."""
        return [np.array([self._id(row, number)], np.int32) for number, row in enumerate(raw)]

    def _id(self, row: Any, number: int) -> int:
        category = _read(row, number, is_text=self._is_text)
        if category in self._ids:
            return self._ids[category]
        if self.unknown == "own_id":
            return 0
        by_name = {str(known): known for known in self.categories}
        near = nearest(str(category), by_name)
        hint = "" if near is None else f"did you mean {by_name[near]!r}? "
        raise RowError(
            number,
            f"received the unknown category {_shown(category)}; {hint}expected one of {listed(self.categories)}. "
            "Correct it, or train with CategoryPreprocessing(categories, unknown='own_id').",
        )

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Joins ids to ``category`` int32 ``(batch,)``."""
        return {"category": np.array([row[0] for row in encoded], np.int32)}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The one name."""
        return ("category",)

    @property
    def request(self) -> dict[str, Any]:
        """The known categories, and what becomes of others."""
        return {"categories": list(self.categories), "unknown": self.unknown}

    @property
    def model_arguments(self) -> dict[str, Any]:
        """Nothing: no builder reads categories. ``num_ids`` is for an ``Embedding`` of your own."""
        return {}

    def to_config(self) -> dict[str, Any]:
        """Returns the categories and the rule for others."""
        return {"categories": list(self.categories), "unknown": self.unknown}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> CategoryPreprocessing:
        """Makes it again."""
        return cls(config["categories"], unknown=config["unknown"])


def _checked(categories: Any) -> list[Any]:
    """Returns categories as Python has them, or raises ``ArgumentError``."""
    if isinstance(categories, str | bytes | Mapping) or not hasattr(categories, "__iter__"):
        raise ArgumentError(
            f"categories: received {_shown(categories)}; expected a list of texts or of whole numbers."
        )
    found = [int(value) if _is_whole(value) else value for value in categories]
    kinds = {type(value).__name__ for value in found if not isinstance(value, str)} | {
        "str" for value in found if isinstance(value, str)
    }
    if kinds not in ({"str"}, {"int"}):
        received = f"values of {', '.join(sorted(kinds))}" if kinds else "none"
        raise ArgumentError(
            f"categories: received {received}; expected at least one, all texts or all whole numbers."
        )
    for value in found:
        if isinstance(value, str) and not _is_unicode(value):
            raise ArgumentError(
                f"categories: received {value!a}, which has a lone surrogate; expected Unicode text. Decode the source "
                "as UTF-8 first."
            )
    twice = [value for value, count in Counter(found).items() if count > 1]
    if twice:
        raise ArgumentError(f"categories: received {_shown(twice[0])} twice; expected each once. Drop one.")
    return [str(value) if isinstance(value, str) else value for value in found]


def _read(row: Any, number: int, *, is_text: bool) -> Any:
    """Returns the category of a row."""
    if is_text and isinstance(row, str):
        return str(row)
    if not is_text and _is_whole(row):
        return int(row)
    expected = "a text" if is_text else "a whole number"
    raise RowError(
        number, f"received {_shown(row)}; expected {expected}, as the known categories are. Correct it."
    )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, np.generic) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
