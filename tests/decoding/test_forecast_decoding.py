"""Truth of ``rnnzoo.decoding.distributions`` and ``rnnzoo.decoding.answers``: forecasts, tokens and transcripts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from rnnzoo.decoding import Decoding, load_decoding, save_decoding
from rnnzoo.decoding.distributions import check_quantiles, forecast_quantiles
from rnnzoo.errors import ArgumentError, DataError

FORECAST: dict[str, Any] = {"target_names": ["t", "u"], "mean": [10.0, 0.0], "scale": [2.0, 1.0]}


def test_quantiles_are_answered_in_original_units() -> None:
    decoding = Decoding("quantile_forecasting", **FORECAST, quantiles=[0.25, 0.5, 0.75])
    outputs = np.array([[[[-1.0, 0.0, 1.0], [5.0, 6.0, 8.0]]]])  # one row, one step, two targets
    assert decoding(outputs) == [
        {
            "values": {"t": [10.0], "u": [6.0]},
            "quantiles": {
                "t": {"0.25": [8.0], "0.5": [10.0], "0.75": [12.0]},
                "u": {"0.25": [5.0], "0.5": [6.0], "0.75": [8.0]},
            },
        }
    ]


def test_a_gaussian_is_answered_with_its_scale_and_its_quantiles() -> None:
    decoding = Decoding("gaussian_forecasting", **FORECAST)
    (answer,) = decoding(np.array([[[[1.0, 0.5], [3.0, 2.0]]]]))
    assert answer["values"] == {"t": [12.0], "u": [3.0]}
    assert answer["scale"] == {"t": [1.0], "u": [2.0]}  # a scale is not moved by the mean
    upper = NormalDist(12.0, 1.0).inv_cdf(0.9)
    np.testing.assert_allclose(answer["quantiles"]["t"]["0.9"], [upper], rtol=1e-12)


def test_values_are_brought_to_original_units() -> None:
    decoding = Decoding("forecasting", **FORECAST)
    np.testing.assert_array_equal(decoding.outputs_in_original_units(np.ones((1, 3, 2)))[0, 0], [12.0, 1.0])


def test_the_next_tokens_are_the_likeliest_after_the_last_valid_step() -> None:
    decoding = Decoding("language_modeling", labels=["", "[UNK]", "to", "be"])
    logits = np.log(np.array([[[0.1, 0.1, 0.2, 0.6], [0.1, 0.1, 0.7, 0.1]]] * 2))
    whole, first = decoding(logits, lengths=[2, 1])
    assert next(iter(whole["next"])) == "to"
    np.testing.assert_allclose(whole["next"]["to"], 0.7)
    assert next(iter(first["next"])) == "be"
    assert decoding(logits)[1] == whole


def test_transcripts_are_read_along_the_best_path_or_all_of_them() -> None:
    # Per frame the blank is likeliest, but most paths together say "a".
    frames = np.log(np.array([[[0.6, 0.4], [0.6, 0.4]]]))
    best, searched = (
        Decoding("transcription", labels=["", "a"], beam_width=width)(frames)[0] for width in (None, 4)
    )
    assert (best["text"], searched["text"]) == ("", "a")
    np.testing.assert_allclose([best["probability"], searched["probability"]], [0.36, 0.64], rtol=1e-9)


def test_an_empty_row_has_no_tags() -> None:
    decoding = Decoding("tagging", labels=["X", "Y"])
    assert decoding(np.zeros((1, 3, 2)), lengths=[0]) == [{"labels": [], "probabilities": []}]


def test_potentials_are_searched_for_the_best_path() -> None:
    potentials = np.full((1, 2, 2, 2), -30.0)
    potentials[0, 0, :, 1] = 0.0  # the first tag is the second one,
    potentials[0, 1, 1, 0] = 0.0  # from which only the first follows
    for task in ("tagging", "crf_tagging"):
        (answer,) = Decoding(task, labels=["X", "Y"])(potentials)
        assert answer["labels"] == ["Y", "X"]
        np.testing.assert_allclose(answer["probabilities"], [1.0, 1.0], atol=1e-6)
    with pytest.raises(
        DataError, match=r"outputs of shape \(3, 2\) a row for task 'crf_tagging'; expected potenti"
    ):
        Decoding("crf_tagging", labels=["X", "Y"])(np.zeros((1, 3, 2)))


def test_the_same_for_another_task_keeps_everything_else() -> None:
    decoding = Decoding("forecasting", **FORECAST)
    assert decoding.for_task("forecasting") is decoding
    other = decoding.for_task("gaussian_forecasting")
    assert other.to_config() == {
        **decoding.to_config(),
        "task": "gaussian_forecasting",
        "quantiles": [0.1, 0.5, 0.9],
    }


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("classification", {}, "decoding: received labels=None and target_names=None for task 'classification';"),
    (
        "forecasting",
        {"labels": ["a"]},
        "decoding: received labels=['a'] and target_names=None for task 'forecasting';",
    ),
    (
        "tagging",
        {"labels": ["a"], "beam_width": 2},
        "beam_width: received 2 for task 'tagging'; expected 'transcri",
    ),
    (
        "forecasting",
        {**FORECAST, "quantiles": [0.5, 0.9]},
        "decoding: received quantiles=[0.5, 0.9] for task 'fore",
    ),
]


@pytest.mark.parametrize(("task", "arguments", "message"), WRONG, ids=[message[:30] for *_, message in WRONG])
def test_what_does_not_belong_to_a_task_is_refused(
    task: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}"):
        Decoding(task, **arguments)


def test_models_of_other_classes_and_broken_ones_are_refused() -> None:
    decoding = Decoding("classification", labels=["a", "b"])
    with pytest.raises(
        DataError, match=r"model: answers 3 classes; the labels are 2\. Use the labels of its data"
    ):
        decoding(np.zeros((1, 3)))
    with pytest.raises(
        DataError, match=r"row 1: the model answered NaN or infinity; expected finite numbers"
    ):
        decoding(np.array([[0.0, 0.0], [0.0, np.nan]]))


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (0.5, "received 0.5; expected two levels or more."),
        ("05", "received '05'; expected two levels or more."),
        ([0.5], "received [0.5]; expected two levels or more."),
        ([0.5, 0.5], "received (0.5, 0.5); expected levels that rise."),
        (
            [0.1, 0.9],
            "received (0.1, 0.9); expected 0.5 among them, the median, which is the point forecast.",
        ),
    ],
    ids=str,
)
def test_levels_that_are_none_are_refused(levels: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        check_quantiles(levels)
    assert str(caught.value) == f"quantiles: {message} Pass e.g. quantiles=(0.1, 0.5, 0.9)."
    with pytest.raises(
        ArgumentError, match=r"quantiles\[1\]: received 1\.0; expected a finite number above 0 and bel"
    ):
        check_quantiles([0.5, 1.0])


def test_outputs_of_another_shape_are_no_quantiles() -> None:
    with pytest.raises(
        DataError,
        match=r"outputs: received the shape \(4, 2\); expected 3 numbers last, one for each level, ",
    ):
        forecast_quantiles("quantile_forecasting", np.zeros((4, 2)), (0.1, 0.5, 0.9))


def test_stored_decodings_that_are_damaged_or_newer_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "decoding.json"
    save_decoding(Decoding("quantile_forecasting", **FORECAST), path)
    stored = json.loads(path.read_text())
    assert load_decoding(path).to_config() == {
        key: value for key, value in stored.items() if key != "format_version"
    }
    for changed, message in (
        (
            {**stored, "format_version": 2},
            "received format version 2; expected 1. Use the version of rnnzoo that",
        ),
        ([], "received format version None; expected 1. Use the version of rnnzoo that"),
        ({**stored, "quantiles": [0.1]}, "damaged (quantiles: received [0.1]; expected two levels or more."),
        ({"format_version": 1}, "damaged ('task'); expected a stored decoding. Write it again."),
    ):
        path.write_text(json.dumps(changed))
        with pytest.raises(DataError, match=re.escape(f"{path}: {message}")):
            load_decoding(path)
