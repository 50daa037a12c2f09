"""Truth of ``rnnzoo.data.sets.datasets``: the digits that come with scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from rnnzoo import load_dataset
from rnnzoo.errors import UnknownNameError


def test_digits_are_eight_rows_of_eight_pixels() -> None:
    splits = load_dataset("digits")
    inputs, targets, weights = splits.rows("train").gather(range(5))
    assert inputs["features"].shape == (5, 8, 8)
    assert targets.dtype == np.int32
    assert weights is None
    assert splits.model_arguments == {"num_features": 8, "variable_length": False, "num_classes": 10}
    with pytest.raises(UnknownNameError, match="unknown data set: received 'digit'; did you mean 'digits'"):
        load_dataset("digit")
