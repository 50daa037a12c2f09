"""Truth of ``rnnzoo.data.sets.series_sets``."""

# mypy: disable-error-code="arg-type, union-attr"

from __future__ import annotations

from pathlib import Path

import pytest

from rnnzoo import (
    load_dataset,
)
from rnnzoo.errors import ArgumentError, UnknownNameError


def test_named_series_have_options() -> None:
    with pytest.raises(
        UnknownNameError, match="unknown option of data set 'etth1': received 'windov'; did you"
    ):
        load_dataset("etth1", windov=3)
    with pytest.raises(ArgumentError, match="window: received for data set 'digits', which takes no options"):
        load_dataset("digits", window=3)
    with pytest.raises(
        ArgumentError, match=r"test_fraction: received 0.3 for the data set 'etth1', which has a split"
    ):
        load_dataset("etth1", test_fraction=0.3)


def test_the_transformer_is_split_as_in_publications(real_data: Path) -> None:
    if not (real_data / "ett").is_dir():
        pytest.skip("RNNZOO_DATA holds no ett")
    data = load_dataset("etth1")
    assert [len(part) for part in (data.train, data.validation, data.test)] == [8449, 2785, 2785]
    history, future = data.test.raw_targets()
    assert history.shape == (2785, 96, 7)
    scaled = ((history[:, -1:] - future) / data.decoding.scale) ** 2
    # Zeng 2022, table 2: 1.295 for repeating the last value.
    assert scaled.mean() == pytest.approx(1.295, abs=0.001)
    assert len(load_dataset("etth1", window=48, horizon=720).test) == 2161


def test_dust_is_read_with_its_gaps_filled(real_data: Path) -> None:
    if not (real_data / "beijing_pm25").is_dir():
        pytest.skip("RNNZOO_DATA holds no beijing_pm25")
    data = load_dataset("beijing_pm25", window=48, horizon=12)
    assert data.model_arguments == {"window": 48, "num_features": 35, "horizon": 12, "num_targets": 1}
    assert data.preprocessing.columns[0] == "pm2.5"
