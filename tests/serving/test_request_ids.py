"""Truth of ``rnnzoo_export.serving.request_ids``: a name of a client's is kept where it can stand anywhere."""

from __future__ import annotations

import re

import pytest

from rnnzoo_export.serving.request_ids import request_id


@pytest.mark.parametrize(
    "given", ["7", "a" * 128, "0b9f:order/17+x=~.@_-", "8b0c1f52-5b1c-4e22-9a4e-1f9e0d1c2b3a"]
)
def test_a_name_is_kept(given: str) -> None:
    assert request_id(given.encode()) == given


@pytest.mark.parametrize("given", [None, b"", b"a" * 129, b"a b", b'a"b', b"a\nb", b"\xe9", b"a,b", b"a\x00"])
def test_another_is_replaced_by_one_of_ours(given: bytes | None) -> None:
    one, other = request_id(given), request_id(given)
    assert re.fullmatch("[0-9a-f]{32}", one)
    assert one != other
