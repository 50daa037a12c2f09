"""Truth of ``rnnzoo.decoding.storage``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from advice import followed
from own_task import task_with
from rnnzoo import register
from rnnzoo.decoding import ClassDecoding, Decoding, load_decoding, save_decoding
from rnnzoo.decoding.storage import check_decoding_round_trip
from rnnzoo.errors import ArgumentError
from rnnzoo.tasks import TASKS


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


class Doubtful(ClassDecoding):
    """Answers with a threshold, which it tells wrongly at first."""

    error = 0.1

    def __init__(self, task: str, *, threshold: float = 0.5, **arguments: Any) -> None:
        super().__init__(task, **arguments)
        self.threshold = threshold

    def to_config(self) -> dict[str, Any]:
        return {**super().to_config(), "threshold": self.threshold + self.error}


def test_a_decoding_of_ones_own_is_registered_and_corrected_as_advised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def check() -> None:
        check_decoding_round_trip(Doubtful("own_classes", labels=["a", "b"], threshold=0.7))

    try:
        followed(
            check,
            "expected one of rnnzoo's, or that of a task that you have registered. Register the task.",
            lambda: register("task", "own_classes", task_with(decoding=Doubtful)),
        )
        followed(
            check,
            "decoding: Doubtful is another when it is made again of its to_config; expected the same. Correct "
            "to_config or __init__.",
            lambda: monkeypatch.setattr(Doubtful, "error", 0.0),
            check,
        )
    finally:
        TASKS.remove("own_classes")
