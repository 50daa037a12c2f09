"""Truth of ``rnnzoo.registry``: entries by name, of which none takes the place of another."""

from __future__ import annotations

import pytest

from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.registry import Registry


def registry() -> Registry[int]:
    def check(entry: object) -> None:
        if not isinstance(entry, int):
            raise ArgumentError(f"size: received {entry!r}; expected a whole number.")

    return Registry("size", {"small": 1, "large": 10}, check=check)


def test_it_reads_as_a_mapping_in_order() -> None:
    sizes = registry()
    sizes.add("huge", 100)
    assert list(sizes.items()) == [("small", 1), ("large", 10), ("huge", 100)]
    assert len(sizes) == 3
    assert sizes.find("huge") == 100
    assert [name for name in sizes if sizes.is_own(name)] == ["huge"]
    assert not sizes.is_own("unknown")


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"'smal'.*'small'"):
        registry().find("smal")
    with pytest.raises(UnknownNameError):
        registry().find(None)


def test_the_same_entry_once_more_changes_nothing() -> None:
    sizes = registry()
    sizes.add("huge", 100)
    sizes.add("huge", 100)
    sizes.add("small", 1)
    assert dict(sizes) == {"small": 1, "large": 10, "huge": 100}


def test_only_what_users_add_can_be_removed() -> None:
    sizes = registry()
    sizes.add("huge", 100)
    sizes.remove("huge")
    assert dict(sizes) == {"small": 1, "large": 10}
    with pytest.raises(ArgumentError, match="'small' for a size, which is rnnzoo's; it cannot be removed"):
        sizes.remove("small")
    with pytest.raises(UnknownNameError):
        sizes.remove("huge")


@pytest.mark.parametrize(
    ("name", "entry", "message"),
    [
        (
            "small",
            2,
            "'small' for a size, which is rnnzoo's; expected one that no other has. Choose another name.",
        ),
        (
            "huge",
            2,
            "'huge' for a size, which is one that you have registered; expected one that no other has. "
            "Choose another name, or pass replace=True to rnnzoo.register.",
        ),
        ("Big", 2, "'Big' for a size; expected small letters and digits"),
        ("", 2, "'' for a size; expected small letters"),
        ("../x", 2, "expected small letters"),
        (7, 2, "received 7 for a size"),
        ("big", "2", "size: received '2'; expected a whole number"),
    ],
)
def test_what_cannot_be_added_is_refused_and_nothing_changes(name: str, entry: int, message: str) -> None:
    sizes = registry()
    sizes.add("huge", 100)
    with pytest.raises(ArgumentError) as error:
        sizes.add(name, entry)
    assert message in str(error.value)
    assert dict(sizes) == {"small": 1, "large": 10, "huge": 100}
