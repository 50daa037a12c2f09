"""Truth of ``rnnzoo.evaluation.baselines.ridge``.

Ridge regression batch by batch: against scikit-learn on all rows at once.
"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from rnnzoo.evaluation.baselines.ridge import BatchedRidge


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("alpha", [1e-3, 1.0, 50.0])
def test_batches_give_what_all_rows_give(alpha: float, offset: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 12)).cumsum(axis=1) + offset
    y = x @ rng.normal(size=(12, 3)) + rng.normal(size=(300, 3)) + 7
    batches = [(x[i : i + 64], y[i : i + 64]) for i in range(0, 300, 64)]
    found = BatchedRidge(alpha=alpha).fit(batches).predict(x)
    np.testing.assert_allclose(found, Ridge(alpha=alpha).fit(x, y).predict(x), rtol=1e-7)


def test_more_features_than_rows() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(5, 20)), rng.normal(size=(5, 2))
    expected = Ridge(alpha=1.0).fit(x, y).predict(x)
    np.testing.assert_allclose(BatchedRidge().fit([(x, y)]).predict(x), expected, rtol=1e-7)
