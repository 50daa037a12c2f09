"""Truth of ``rnnzoo.data.readers.row_files``: weights and groups of rows go together through readers and parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits, read_sequences, read_texts
from rnnzoo.errors import ArgumentError, DataError

PATIENTS = np.arange(60) // 3
WEIGHTS = 1.0 + np.arange(60) % 5
TEXTS = pd.DataFrame(
    {
        "words": [f"text {number}" for number in range(60)],
        "kind": np.where(PATIENTS % 2, "a", "b"),
        "patient": PATIENTS,
        "share": WEIGHTS,
    }
)
SERIES = pd.DataFrame(
    {
        "id": np.repeat(np.arange(60), 4),
        "heat": np.random.default_rng(0).normal(size=240),
        "kind": np.repeat(np.where(PATIENTS % 2, "a", "b"), 4),
        "patient": np.repeat(PATIENTS, 4),
        "share": np.repeat(WEIGHTS, 4),
    }
)


def read(kind: str, folder: Path | None, **options: Any) -> Splits:
    frame = TEXTS if kind == "texts" else SERIES
    source: Any = frame
    if folder is not None:
        source = folder / f"{kind}.csv"
        frame.to_csv(source, index=False)
    if kind == "texts":
        return read_texts(source, text="words", label="kind", weight="share", groups="patient", **options)
    return read_sequences(source, series="id", label="kind", weight="share", groups="patient", **options)


@pytest.mark.parametrize("in_file", [False, True])
@pytest.mark.parametrize("kind", ["texts", "series"])
def test_no_group_is_in_two_parts_and_each_row_keeps_its_weight(
    kind: str, in_file: bool, tmp_path: Path
) -> None:
    for fold in range(3):
        splits = read(kind, tmp_path if in_file else None, fold=(fold, 3))
        owners = []
        for name in ("train", "validation", "test"):
            part = splits.rows(name)
            numbers = np.asarray(part.row_numbers)
            owners.append(set(PATIENTS[numbers].tolist()))
            weights: Any = part.gather(range(len(part)))[2]
            np.testing.assert_allclose(weights, WEIGHTS[numbers] / WEIGHTS[numbers].mean(), rtol=1e-6)
        assert sum(map(len, owners)) == len(set(PATIENTS.tolist()))
        assert splits.model_arguments["num_classes"] == 2


def test_a_group_that_changes_within_a_series_is_refused() -> None:
    frame = SERIES.copy()
    frame.loc[5, "patient"] = 19
    with pytest.raises(DataError, match="expected one group per series"):
        read_sequences(frame, series="id", label="kind", weight="share", groups="patient")


def test_windows_of_ones_own_have_neither() -> None:
    x = np.random.default_rng(0).normal(size=(60, 4, 1))
    y = np.random.default_rng(1).normal(size=(60, 2))
    with pytest.raises(ArgumentError, match="weights: received them for task 'forecasting'"):
        Splits.from_arrays(x, y, task="forecasting", weights=np.ones(60))
    with pytest.raises(ArgumentError, match="groups: received them for windows"):
        Splits.from_arrays(x, y, task="forecasting", groups=np.arange(60))
    with pytest.raises(ArgumentError, match="unlabelled: received 'leave_out' for windows"):
        Splits.from_arrays(x, y, task="forecasting", unlabelled="leave_out")
    with pytest.raises(ArgumentError, match=r"fold: received \(0, 3\) for windows"):
        Splits.from_arrays(x, y, task="forecasting", fold=(0, 3))
    with pytest.raises(DataError, match="validation: received 3 values; expected windows"):
        Splits.from_arrays(x, y, task="forecasting", validation=(x, y, np.ones(60)))
    assert Splits.from_arrays(x, y, task="forecasting").description["rows"]["train"] > 30
