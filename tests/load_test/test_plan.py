"""Truth of ``rnnzoo_export.load_test.plan``: when requests are made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnnzoo.errors import ArgumentError
from rnnzoo_export.load_test.plan import LoadPlan


def test_requests_of_a_rate_are_as_many_as_it_says() -> None:
    even = LoadPlan(rate=200, arrivals="even", seconds=2).times()
    assert len(even) == 400
    np.testing.assert_allclose(np.diff(even), 1 / 200)
    poisson = LoadPlan(rate=200, seconds=50).times()
    assert abs(len(poisson) - 10_000) < 4 * 100
    assert 0 < poisson[0] < poisson[-1] < 50
    gaps = np.diff(poisson)
    assert np.std(gaps) == pytest.approx(np.mean(gaps), rel=0.1)  # as of an exponential distribution
    assert np.array_equal(poisson, LoadPlan(rate=200, seconds=50).times())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clients": 0}, "clients: received 0; expected"),
        ({"seconds": 0}, "seconds: received 0; expected"),
        ({"timeout": -1}, "timeout: received -1; expected"),
        ({"rate": 0.0}, "rate: received 0.0; expected"),
        ({"rate": float("inf")}, "rate: received inf; expected"),
        (
            {"arrivals": "odd"},
            "arrivals: received 'odd'; expected poisson or even. Leave it out for poisson.",
        ),
    ],
)
def test_what_cannot_be_done_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        LoadPlan(**options)
