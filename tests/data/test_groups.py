"""Truth of ``rnnzoo.data.groups``."""

# mypy: disable-error-code="arg-type, call-overload"

from __future__ import annotations

import hypothesis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo.data.groups import split_groups
from rnnzoo.errors import DataError


@given(st.lists(st.integers(0, 30), min_size=60, max_size=90), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_parts_share_no_group_and_lose_no_row(groups: list[int], seed: int) -> None:
    rows = np.arange(len(groups))
    targets = [group % 2 for group in groups]
    try:
        parts = split_groups(rows, targets, groups, validation_fraction=0.2, test_fraction=0.2, seed=seed)
    except DataError:  # too few groups of a class
        hypothesis.reject()
    found = [int(row) for part, _ in parts.values() for row in part]
    assert sorted(found) == rows.tolist()
    owners = [{groups[row] for row in part} for part, _ in parts.values()]
    assert sum(map(len, owners)) == len(set(groups))
    for part, labels in parts.values():
        assert labels == [targets[row] for row in part]


def test_groups_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="received 2 rows, 2 targets and 1 groups"):
        split_groups(["A", "C"], [0, 1], ["a"])
