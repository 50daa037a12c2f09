"""Named entries of one kind: those that rnnzoo brings, and those that its users register."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Generic, TypeVar

from rnnzoo.errors import ArgumentError, UnknownNameError

Entry = TypeVar("Entry")

_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


class Registry(Mapping[str, Entry], Generic[Entry]):
    """A table of names that can be read as any mapping, in the order in which its entries came.

    Args:
        kind: What messages call an entry, such as ``"task"``.
        entries: What rnnzoo brings.
        check: Raises ``ArgumentError`` for what is no such entry; ``None`` where nothing is to be checked.

    Example:
        >>> sizes = Registry("size", {"small": 1})
        >>> sizes.add("large", 10)
        >>> dict(sizes), sizes.is_own("large")
        ({'small': 1, 'large': 10}, True)
    """

    def __init__(
        self, kind: str, entries: Mapping[str, Entry], *, check: Callable[[object], None] | None = None
    ) -> None:
        self.kind = kind
        self._entries = dict(entries)
        self._brought = frozenset(self._entries)
        self._check = check

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, name: object) -> Entry:
        """Returns an entry.

        Raises:
            UnknownNameError: If there is none of this name; the nearest is suggested.
        """
        if not isinstance(name, str) or name not in self._entries:
            raise UnknownNameError(self.kind, name, self)
        return self._entries[name]

    def is_own(self, name: str) -> bool:
        """Whether a user registered the entry of this name."""
        return isinstance(name, str) and name in self._entries and name not in self._brought

    @contextmanager
    def unchanged_on_error(self) -> Iterator[None]:
        """Puts all entries back if the block raises, so that a change is made as a whole or not at all."""
        before = dict(self._entries)
        try:
            yield
        except BaseException:
            self._entries = before
            raise

    def add(self, name: str, entry: Entry) -> None:
        """Adds an entry; the same once more under the same name changes nothing.

        Args:
            name: Small letters and digits, with single ``-`` or ``_`` between them.
            entry: What is added.

        Raises:
            ArgumentError: If the name is another entry's, or is no name, or the entry is not of this kind.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ArgumentError(
                f"name: received {name!r} for a {self.kind}; expected small letters and digits with single '-' or '_' "
                "between them, such as 'my-own'."
            )
        if self._check is not None:
            self._check(entry)
        if name in self._entries and self._entries[name] != entry:
            whose, fix = "is rnnzoo's", "Choose another name."
            if self.is_own(name):
                whose = "is one that you have registered"
                fix = "Choose another name, or pass replace=True to rnnzoo.register."
            raise ArgumentError(
                f"name: received {name!r} for a {self.kind}, which {whose}; expected one that no other has. {fix}"
            )
        self._entries[name] = entry

    def remove(self, name: str) -> None:
        """Takes out an entry that a user has registered.

        Raises:
            ArgumentError: If it is rnnzoo's.
            UnknownNameError: If there is none of this name; the nearest is suggested.
        """
        self.find(name)
        if not self.is_own(name):
            raise ArgumentError(
                f"name: received {name!r} for a {self.kind}, which is rnnzoo's; it cannot be removed."
            )
        del self._entries[name]
