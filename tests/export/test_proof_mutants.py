"""Truth of ``rnnzoo_export.graph.lowering``.

The proof finds every break of the lowering that changes an answer; see ``proof_mutants``.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lowering_breaks import MUTANTS
from proof_mutants import KINDS, Laboratory, Outcome, outcomes, table
from proof_networks import Network, networks


@pytest.mark.parametrize("network", networks(every=False), ids=str)
def test_every_break_that_changes_an_answer_is_caught(network: Network, tmp_path: Path) -> None:
    laboratory = Laboratory(network, tmp_path)
    assert laboratory.is_proved()
    for mutant in MUTANTS:
        assert_caught(laboratory.outcome(mutant))


def assert_caught(outcome: Outcome) -> None:
    # Either the file answers otherwise, or there is a reason why it cannot.
    assert bool(outcome.seen) == (outcome.reason is None), outcome
    assert outcome.caught == outcome.seen, outcome


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_so_it_is_for_every_layer_direction_mask_and_axis() -> None:
    found = list(outcomes(networks(every=True)))
    for outcome in found:
        assert_caught(outcome)
    seen = {mutant.name: Counter[str]() for mutant in MUTANTS}
    for outcome in found:
        seen[outcome.mutant].update(outcome.seen)
    assert all(seen.values())
    # What concerns masks is seen under every kind of them.
    assert set(seen["mask ignored"]) == set(KINDS) - {"full"}
    assert set(seen["directions swapped"]) == set(KINDS) - {"empty row"}  # in which nothing is read


def test_the_table_has_a_row_for_each_break() -> None:
    network = networks(every=False)[0]
    made = table([Outcome(network, mutant.name, {"right"}, {"right"}, None) for mutant in MUTANTS])
    assert len(made.splitlines()) == len(MUTANTS) + 2
    assert "| mask ignored | 1 of 1 | 1 | 1 |  |" in made
