"""Truth of ``rnnzoo.data.sets.sequence_sets``: the splice junctions."""

# mypy: disable-error-code="arg-type, call-overload"

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest

from rnnzoo import load_dataset
from rnnzoo.errors import PathNotFoundError


def test_splice_keeps_copies_in_one_part(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNZOO_DATA", str(real_data))
    splits = load_dataset("splice")
    assert splits.test is not None
    parts = [list(part.raw or []) for part in (splits.train, splits.validation, splits.test)]
    assert sum(map(len, parts)) == 3190
    assert sum(len(part) - len(set(part)) for part in parts) == 185
    assert all(not set(one) & set(other) for one, other in itertools.combinations(parts, 2))
    assert (splits.get_decoding().labels or []) == ["EI", "IE", "N"]
    letters = Counter("".join(itertools.chain(*parts)))
    assert set(letters) == set("ACGTNDRS")
    assert {len(row) for part in parts for row in part} == {60}
    assert splits.model_arguments == {"num_features": 4, "variable_length": False, "num_classes": 3}


def test_splice_without_its_folder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RNNZOO_DATA", raising=False)
    with pytest.raises(
        PathNotFoundError, match=r"splice: found its files neither in RNNZOO_DATA \(not set\)"
    ):
        load_dataset("splice")
    monkeypatch.setenv("RNNZOO_DATA", str(tmp_path))
    with pytest.raises(PathNotFoundError, match="splice"):
        load_dataset("splice")
