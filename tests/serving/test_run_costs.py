"""Truth of ``rnnzoo_export.serving.run_costs``: what runs take is learned, and not thought less than it may be."""

from __future__ import annotations

import numpy as np

from rnnzoo_export.serving.run_costs import RunCosts


def taught(seconds: dict[tuple[int, int], float]) -> RunCosts:
    costs = RunCosts()
    for (rows, steps), value in seconds.items():
        costs.learn(rows, steps, value)
    return costs


def test_nothing_is_known_at_first() -> None:
    assert RunCosts().seconds(32, 2000) == 0.0
    assert RunCosts().rows_within(0.1, 2000, 32) == 32


def test_what_was_run_often_is_known_and_one_slow_run_is_not_believed() -> None:
    costs = taught({(1, 8): 0.001})
    for _ in range(50):
        costs.learn(4, 100, 0.02)
    costs.learn(4, 100, 0.2)
    assert 0.02 < costs.seconds(4, 100) < 0.06


def test_larger_sizes_follow_from_the_nearest_smaller_one() -> None:
    costs = taught({(1, 8): 0.0008, (1, 1024): 0.01, (8, 8): 0.001})
    np.testing.assert_allclose(costs.seconds(1, 2048), 0.02)
    np.testing.assert_allclose(costs.seconds(16, 8), 0.002)
    # Of sizes that were run none is smaller: the dearest counts.
    np.testing.assert_allclose(taught({(8, 8): 0.0064, (8, 16): 0.001}).seconds(1, 4), 4 * 0.0064 / 64)


def test_as_many_rows_go_together_as_the_time_allows_and_one_at_least() -> None:
    costs = taught({(1, 2000): 0.02})
    assert costs.rows_within(0.1, 2000, 32) == 5
    assert costs.rows_within(0.01, 2000, 32) == 1
    costs.learn(5, 2000, 0.025)  # rows that go together are cheaper
    assert costs.rows_within(0.1, 2000, 32) == 20
