"""Truth of ``rnnzoo_export.inference.state_blocks``: who has which row, and when arrays are taken as they are."""

from __future__ import annotations

import numpy as np
import pytest

from rnnzoo_export.inference.state_blocks import Block, gather


@pytest.fixture
def block() -> Block:
    return Block([np.arange(6.0).reshape(3, 2), np.arange(3.0).reshape(3, 1)], ("a", "b", "c"))


def test_a_session_has_its_row_of_every_state(block: Block) -> None:
    first, second = block.states_of("b")
    np.testing.assert_array_equal(first, [2.0, 3.0])
    np.testing.assert_array_equal(second, [1.0])


def test_the_group_of_the_last_run_gets_its_arrays_without_a_copy(block: Block) -> None:
    assert gather(("a", "b", "c"), [block] * 3) is block.states


def test_other_groups_get_their_rows_in_their_order(block: Block) -> None:
    other = Block([np.full((1, 2), 9.0), np.full((1, 1), 8.0)], ("d",))
    first, second = gather(("c", "d", "a"), [block, other, block])
    np.testing.assert_array_equal(first, [[4.0, 5.0], [9.0, 9.0], [0.0, 1.0]])
    np.testing.assert_array_equal(second, [[2.0], [8.0], [0.0]])
    moved = gather(("a", "b", "c"), [block, Block([np.zeros((1, 2)), np.zeros((1, 1))], ("b",)), block])
    np.testing.assert_array_equal(moved[1], [[0.0], [0.0], [2.0]])
