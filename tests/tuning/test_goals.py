"""Truth of ``rnnzoo_tuning.goals``: what a search is for, read and refused."""

from __future__ import annotations

from typing import Any

import pytest

from rnnzoo import TrainConfig
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo_export.measure_config import MeasureConfig
from rnnzoo_tuning.goals import make_goals


def test_one_score_and_measures_of_the_file() -> None:
    goals = make_goals(("accuracy", "step_ms"), {"size_mb": 1, "latency_ms": 2.0}, None)
    assert goals.score == "val_accuracy"
    assert goals.measures == ("step_ms",)
    assert goals.wanted == ("latency_ms", "step_ms", "size_mb")
    assert goals.to_dict()["limits"] == {"size_mb": 1.0, "latency_ms": 2.0}


def test_nothing_is_measured_where_nothing_is_asked_for() -> None:
    assert make_goals(None, None, None).to_dict() == {"measures": [], "limits": {}, "measured": None}
    assert make_goals("val_loss", None, None).applied(TrainConfig()).monitor == "val_loss"


@pytest.mark.parametrize(
    ("objectives", "constraints", "measure", "error", "message"),
    [
        (
            ("accuracy", "macro_f1"),
            None,
            None,
            ArgumentError,
            "received accuracy, macro_f1; expected one score",
        ),
        (("latency_ms",), None, None, ArgumentError, "received latency_ms; expected one score"),
        (("accuracy", "size_mb", "size_mb"), None, None, ArgumentError, "expected each once. Leave one out."),
        (None, {"latency": 2.0}, None, UnknownNameError, "did you mean 'latency_ms'"),
        (None, {"size_mb": 0}, None, ArgumentError, "constraint size_mb: received 0; expected"),
        (None, {"size_mb": "1"}, None, ArgumentError, "constraint size_mb: received '1'; expected"),
        (None, None, {"batch": 8}, ArgumentError, "expected a MeasureConfig. Write MeasureConfig"),
    ],
)
def test_wrong_goals(
    objectives: Any, constraints: Any, measure: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message.replace("(", r"\(")):
        make_goals(objectives, constraints, measure)


def test_a_score_beside_another_monitor_is_refused_and_the_advice_works() -> None:
    goals = make_goals("macro_f1", None, None)
    with pytest.raises(
        ArgumentError, match=r"received 'val_macro_f1' with monitor='val_loss'.* Leave monitor out"
    ):
        goals.applied(TrainConfig(monitor="val_loss"))
    assert goals.applied(TrainConfig()).monitor == "val_macro_f1"


def test_a_loss_of_ones_own_stays_what_it_is() -> None:
    def own(targets: Any, outputs: Any) -> Any:
        return targets - outputs

    config = TrainConfig(loss=own)
    assert make_goals("accuracy", None, None).applied(config).loss is config.loss


@pytest.mark.parametrize("field", ["batch", "rounds", "threads", "steps"])
def test_a_measure_config_has_counts(field: str) -> None:
    wrong: dict[str, Any] = {field: 0}
    with pytest.raises(ArgumentError, match=f"{field}: received 0"):
        MeasureConfig(**wrong)


def test_a_precision_is_one_that_a_bundle_can_have() -> None:
    with pytest.raises(UnknownNameError, match="weights_int8"):
        MeasureConfig(precision="weights_int4")
