"""Truth of ``rnnzoo.decoding.storage``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo.decoding import Decoding, load_decoding, save_decoding
from rnnzoo.errors import ArgumentError


def test_decodings_of_distributions_are_stored(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"target_names": ["a"], "mean": [10.0], "scale": [2.0]}
    quantile = Decoding("quantile_forecasting", quantiles=[0.5, 0.75], **arguments)
    assert quantile(np.array([[[[0.0, 1.0]], [[1.0, 1.0]]]])) == [
        {"values": {"a": [10.0, 12.0]}, "quantiles": {"a": {"0.5": [10.0, 12.0], "0.75": [12.0, 12.0]}}}
    ]
    save_decoding(quantile, tmp_path / "d.json")
    assert load_decoding(tmp_path / "d.json").to_config() == quantile.to_config()
    gaussian = Decoding("gaussian_forecasting", **arguments)
    (answer,) = gaussian(np.array([[[[1.0, 0.5]]]]))
    assert (answer["values"], answer["scale"]) == ({"a": [12.0]}, {"a": [1.0]})
    assert answer["quantiles"]["a"]["0.9"][0] == pytest.approx(12 + 1.2815515655)
    with pytest.raises(
        ArgumentError, match="expected them for quantile_forecasting and gaussian_forecasting only"
    ):
        Decoding("forecasting", quantiles=[0.5, 0.6], **arguments)
