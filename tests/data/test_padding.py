"""Truth of ``rnnzoo.data.padding``: zeros behind a row are told, and what the warning advises works."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from rnnzoo import Splits, read_arrays

RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(3, 12, 40)
X = RNG.normal(size=(40, 12, 2)) * (np.arange(12) < LENGTHS[:, None])[..., None]
Y = ["a", "b"] * 20
MESSAGE = (
    r"inputs: 28 of 28 rows end in steps of zeros, 1 to 9 of them, as if padded; .* cut the rows: \[row\[:n\] for row, "
    r"n in zip\(inputs, lengths\)\]; in a \.npz file, save lengths beside x\."
)


def test_padding_is_told_and_cut_as_advised(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=MESSAGE):
        Splits.from_arrays(X, Y)
    with pytest.warns(UserWarning, match=MESSAGE):
        Splits.from_arrays(list(X), Y)
    cut = Splits.from_arrays([row[:n] for row, n in zip(X, LENGTHS, strict=True)], Y)
    np.savez(tmp_path / "x.npz", x=X, y=Y)
    with pytest.warns(UserWarning, match=MESSAGE):
        read_arrays(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", x=X, y=Y, lengths=LENGTHS)
    saved = read_arrays(tmp_path / "x.npz")
    assert cut.model_arguments["variable_length"]
    assert cut.rows("train").lengths.tolist() == saved.rows("train").lengths.tolist()


@pytest.mark.parametrize(
    "rows",
    [
        RNG.normal(size=(40, 12, 2)),
        RNG.poisson(0.3, size=(40, 12, 1)),
        np.concatenate([X, X[:, ::-1]], axis=1)[:, ::-1],
        np.where(np.arange(12)[None, :, None] < 9, RNG.normal(size=(40, 12, 2)), 0.0),
        np.zeros((40, 5, 3)),
    ],
    ids=["measured", "counts", "both ends", "one length", "zeros alone"],
)
def test_nothing_is_said_of_other_zeros(rows: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Splits.from_arrays(rows, Y)
