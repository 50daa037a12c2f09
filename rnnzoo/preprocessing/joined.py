"""Rows of several parts of unlike kinds: a series with a text, a category or some numbers beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo.errors import ArgumentError, DataError, NotRegisteredError, OwnCodeError, RowError
from rnnzoo.extensions import check_registered, describe_class
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes
from rnnzoo.preprocessing.categories import CategoryPreprocessing
from rnnzoo.preprocessing.joined_rows import JoinedRow, read_entries
from rnnzoo.preprocessing.number_rows import NumbersPreprocessing
from rnnzoo.preprocessing.part_kinds import PART_KINDS
from rnnzoo.preprocessing.part_names import InputNames, PartNames

_SINGLE = (CategoryPreprocessing, NumbersPreprocessing)


class JoinedPreprocessing(Preprocessing):
    """Rows that are one mapping each, with an entry for each part.

    Such a row is ``{"text": "too hot", "series": [[20.0], [24.0]], "shop": "north"}``. It is for models of your own
    with inputs of unlike kinds. Each part is read by a preprocessing of its own, and all that they make goes to the
    model. Inputs are called as these preprocessings call them (``tokens``, ``features``, ``mask``, ...), a category and
    numbers like their part. Two parts that make inputs of one name need ``inputs``.

    Where the model answers each step, as a tagger does, the steps are those of the first part that has some.

    Args:
        parts: The preprocessing of each entry of a row, fitted.
        inputs: Other names for the inputs of a part: the name of its only one, or new names by the old, such as
            ``{"title": "title", "past": {"features": "past", "mask": "past_mask"}}``. ``None`` leaves an input out:
            ``{"past": {"mask": None}}`` is for a model that tells padding itself, as with ``keras.layers.Masking``.

    Attributes:
        by_name: The preprocessing of each part.

    Raises:
        ArgumentError: If there is no part, one is no preprocessing or joined itself, or two inputs have one name.
        UnknownNameError: If ``inputs`` names a part or an input that is not there; the nearest is suggested.

    Example:
        >>> from rnnzoo.preprocessing import FeaturePreprocessing, TextPreprocessing
        >>> rows = [
        ...     {"note": "too hot", "past": [[20.0], [24.0]], "shop": "north"},
        ...     {"note": "fine", "past": [[18.0], [18.0]], "shop": "south"},
        ... ]
        >>> joined = JoinedPreprocessing(
        ...     {
        ...         "note": TextPreprocessing.fit([row["note"] for row in rows]),
        ...         "past": FeaturePreprocessing.fit([row["past"] for row in rows]),
        ...         "shop": CategoryPreprocessing.fit([row["shop"] for row in rows]),
        ...     }
        ... )
        >>> {name: array.shape for name, array in joined.apply(rows).items()}
        {'tokens': (2, 2), 'features': (2, 2, 1), 'shop': (2,)}
        >>> joined.apply(rows)["shop"].tolist()
        [0, 1]
    """

    kind: ClassVar[str] = "joined"
    takes: ClassVar[Takes] = "joined"

    def __init__(
        self, parts: Mapping[str, Preprocessing], *, inputs: Mapping[str, PartNames] | None = None
    ) -> None:
        self.by_name = _checked(parts)
        self._names = InputNames({} if inputs is None else inputs, list(self.by_name))
        known = {name: part.input_names for name, part in self.by_name.items()}
        said = {name: self._own_names(name, own) for name, own in known.items() if own is not None}
        self._names.check_unique(said)
        self._said = said if len(said) == len(known) else None
        steps = (not isinstance(part, _SINGLE) for part in self.by_name.values())
        self._leading = next((place for place, found in enumerate(steps) if found), 0)
        self._leading_name = list(self.by_name)[self._leading]
        self.max_length = self._leading_part.max_length

    @property
    def _leading_part(self) -> Preprocessing:
        return self.by_name[self._leading_name]

    def _own_names(self, name: str, own: Sequence[str]) -> tuple[str, ...]:
        """Returns what the inputs of a part are called where nothing else is asked for."""
        alone = len(own) == 1 and isinstance(self.by_name[name], _SINGLE)
        return (name,) if alone else tuple(own)

    @property
    def parts(self) -> tuple[Preprocessing, ...]:
        """The preprocessings of all parts."""
        return tuple(self.by_name.values())

    @property
    def input_names(self) -> tuple[str, ...] | None:
        """The names of all inputs; ``None`` where the preprocessing of a part does not say."""
        if self._said is None:
            return None
        names = (self._names.of(name, own) for name, own in self._said.items())
        return tuple(new for by_old in names for new in by_old.values() if new is not None)

    def inputs_with(self, changes: Mapping[str, str | None]) -> dict[str, dict[str, str | None]]:
        """Returns the argument ``inputs`` with which inputs have other names, and all else stays as it is.

        Args:
            changes: The new names by those that the inputs have; ``None`` leaves one out.

        Example:
            >>> from rnnzoo.preprocessing import FeaturePreprocessing
            >>> past = FeaturePreprocessing([0.0], [1.0], variable_length=True)
            >>> JoinedPreprocessing({"past": past}).inputs_with({"mask": None, "features": "past"})
            {'past': {'features': 'past', 'mask': None}}
        """
        found: dict[str, dict[str, str | None]] = {}
        for name, own in (self._said or {}).items():
            names = self._names.of(name, own)
            changed = {
                old: changes.get(new, new) if new is not None else None
                for old, new in names.items()
                if new != old or new in changes
            }
            found |= {name: changed} if changed else {}
        return found

    def encode(self, raw: Rows) -> list[Any]:
        """Turns raw rows into one ``JoinedRow`` each."""
        rows = [read_entries(row, number, list(self.by_name)) for number, row in enumerate(raw)]
        columns = [
            _of_part(name, part.encode_rows, [row[name] for row in rows])
            for name, part in self.by_name.items()
        ]
        return [JoinedRow(entries, self._leading) for entries in zip(*columns, strict=True)]

    def batch(self, encoded: Sequence[Any]) -> dict[str, np.ndarray]:
        """Returns the arrays of all parts together."""
        own: dict[str, tuple[str, ...]] = {}
        found: dict[str, np.ndarray] = {}
        for place, (name, part) in enumerate(self.by_name.items()):
            made = _of_part(name, part.batch, [row.entries[place] for row in encoded])
            own[name] = self._own_names(name, list(made))
            names = self._names.of(name, own[name]).values()
            found |= {new: array for new, array in zip(names, made.values(), strict=True) if new is not None}
        if self._said is None:
            self._names.check_unique(own)
        return found

    def level_of_rows(self, encoded: Sequence[Any]) -> tuple[np.ndarray, np.ndarray] | None:
        """Returns that of the part whose rows have levels of their own."""
        levels = (
            part.level_of_rows([row.entries[place] for row in encoded])
            for place, part in enumerate(self.parts)
        )
        return next((level for level in levels if level is not None), None)

    def placed_words(self, row: Any) -> Any:
        """Returns the words of the part whose steps are those of the row."""
        return self._leading_part.placed_words(self.stepped(row))

    def stepped(self, row: Any) -> Any:
        """Returns the entry of the part whose steps are those of the row."""
        return row[self._leading_name]

    @property
    def request(self) -> dict[str, Any]:
        """What each entry of a row is: what its preprocessing ``takes``, and what else that says of a request."""
        return {name: {"takes": part.takes, **(part.request or {})} for name, part in self.by_name.items()}

    @property
    def model_arguments(self) -> dict[str, Any]:
        """Nothing: no builder reads rows of several parts."""
        return {}

    def to_config(self) -> dict[str, Any]:
        """Returns the parts in their order, and the names that are given."""
        parts = [{"name": name, **_store(part)} for name, part in self.by_name.items()]
        return {"parts": parts, "inputs": self._names.given}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> JoinedPreprocessing:
        """Makes it again."""
        return cls({stored["name"]: _load(stored) for stored in config["parts"]}, inputs=config["inputs"])


def _checked(parts: Any) -> dict[str, Preprocessing]:
    """Returns the parts, or raises ``ArgumentError``."""
    if not isinstance(parts, Mapping) or not parts:
        received = "no part" if isinstance(parts, Mapping) else type(parts).__name__
        raise ArgumentError(
            f"parts: received {received}; expected a preprocessing for each entry of a row. Write e.g. "
            'JoinedPreprocessing({"text": TextPreprocessing.fit(texts)}).'
        )
    for name, part in parts.items():
        if not isinstance(name, str) or not name:
            raise ArgumentError(f"parts: received the name {name!r}; expected a text that is not empty.")
        if not isinstance(part, Preprocessing):
            raise ArgumentError(
                f"parts: received {getattr(part, '__name__', type(part).__name__)} for {name!r}; expected a fitted "
                "preprocessing, such as TextPreprocessing.fit(texts)."
            )
        if isinstance(part, JoinedPreprocessing):
            raise ArgumentError(
                f"parts: received a JoinedPreprocessing for {name!r}; expected one of a single kind. Put its parts "
                f"beside the others: {{**parts, **parts[{name!r}].by_name}}."
            )
    levelled = [name for name, part in parts.items() if getattr(part, "levels", None) is not None]
    if len(levelled) > 1:
        raise ArgumentError(
            f"parts: {' and '.join(map(repr, levelled))} have levels of their own, by which answers are scaled back; "
            "expected one part at most with levels. Fit the others with scaling='all'."
        )
    return dict(parts)


def _of_part(name: str, make: Callable[[Any], Any], rows: Any) -> Any:
    """Returns what a part makes; its errors say which part it is."""
    try:
        return make(rows)
    except RowError as error:
        raise type(error)(error.row, f"{name}: {error.problem}", of=error.of) from error
    except (OwnCodeError, NotRegisteredError):
        raise
    except DataError as error:
        raise DataError(f"{name}: {error}") from error


def _store(part: Preprocessing) -> dict[str, Any]:
    facts = describe_class(type(part)) if PART_KINDS.is_own(part.kind) else {}
    return {"kind": part.kind, **facts, "config": part.to_config()}


def _load(stored: Mapping[str, Any]) -> Preprocessing:
    check_registered(stored["name"], "preprocessing", stored["kind"], stored, PART_KINDS)
    return PART_KINDS.find(stored["kind"]).from_config(stored["config"])
