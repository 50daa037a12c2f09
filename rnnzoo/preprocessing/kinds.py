"""The preprocessings by the names under which they are stored: those of rnnzoo, and those that users register."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing.base import Preprocessing, Takes
from rnnzoo.preprocessing.joined import JoinedPreprocessing
from rnnzoo.preprocessing.pairs import CODINGS
from rnnzoo.preprocessing.part_kinds import PART_KINDS
from rnnzoo.preprocessing.text_coding import TextCoding
from rnnzoo.registry import Registry


class _Preprocessings(Registry[type[Preprocessing]]):
    def add(self, name: str, entry: type[Preprocessing]) -> None:
        """Adds a class, whose ``kind`` must be the name; the same once more changes nothing."""
        _check_class(entry)
        if entry.kind != name:
            raise ArgumentError(
                f"name: received {name!r} for {entry.__name__}, whose kind is {entry.kind!r}; expected the same. "
                "Register it under its kind."
            )
        with self.unchanged_on_error():
            super().add(name, entry)
            PART_KINDS.add(name, entry)
            if issubclass(entry, TextCoding):
                CODINGS.add(name, entry)

    @contextmanager
    def unchanged_on_error(self) -> Iterator[None]:
        """Puts all classes back if the block raises."""
        with super().unchanged_on_error(), CODINGS.unchanged_on_error(), PART_KINDS.unchanged_on_error():
            yield

    def remove(self, name: str) -> None:
        """Takes out a class that a user has registered."""
        super().remove(name)
        PART_KINDS.remove(name)
        if name in CODINGS:
            CODINGS.remove(name)


def _check_class(entry: object) -> None:
    if not (isinstance(entry, type) and issubclass(entry, Preprocessing)) or inspect.isabstract(entry):
        missing = (
            ", ".join(sorted(getattr(entry, "__abstractmethods__", ()))) if isinstance(entry, type) else ""
        )
        raise ArgumentError(
            f"preprocessing: received {entry!r}{f' without {missing}' if missing else ''}; expected a subclass of "
            "rnnzoo.Preprocessing with all its abstract methods."
        )
    if not isinstance(getattr(entry, "kind", None), str):
        raise ArgumentError(
            f"preprocessing: received {entry!r} without a kind; expected a name, such as kind = 'own'."
        )
    checks.choice(f"takes of {entry.__name__}", entry.takes, get_args(Takes))
    if entry.writes is not None:
        checks.choice(f"writes of {entry.__name__}", entry.writes, ("words", "characters"))
    if entry.raw_graph is not None and not (
        isinstance(entry.raw_graph, str) and all(entry.raw_graph.partition(":"))
    ):
        raise ArgumentError(
            f"raw_graph: received {entry.raw_graph!r} for {entry.__name__}; expected the class as 'module:Class'."
        )


#: Every preprocessing that can be stored and loaded.
PREPROCESSINGS: Registry[type[Preprocessing]] = _Preprocessings(
    "preprocessing", {**PART_KINDS, JoinedPreprocessing.kind: JoinedPreprocessing}
)
