"""Truth of ``rnnzoo.evaluation.details.examination``: what each task has, and which rows are the worst."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits
from rnnzoo.data.readers.series import series_splits
from rnnzoo.evaluation.details.examination import Details, examine
from rnnzoo.evaluation.details.shown_rows import LONGEST
from rnnzoo.evaluation.details.worst_rows import KEPT
from rnnzoo.evaluation.evaluation import Evaluation
from rnnzoo.tasks import get_task

RNG = np.random.default_rng(0)
TEXTS = [f"text number {number} {'long ' * 100 if number == 7 else ''}" for number in range(200)]
CLASSES = [("cat", "dog", "emu")[number % 3] for number in range(200)]
IN_CLASSES = {"class_scores", "confused_pairs", "calibration", "worst_rows"}


def examined(splits: Splits, outputs: Any, *, task: str | None = None, lengths: Any = None) -> Details:
    """The details of outputs for the validation part."""
    known = get_task(task or splits.task)
    part: Any = splits.rows("validation")
    if lengths is None:
        targets = part.gather(range(len(part)))[1]
        if known.targets == "values":
            targets = splits.get_decoding().in_original_units(targets)
    else:
        targets = np.concatenate([part.targets[row] for row in range(len(part))])
    return examine(Evaluation({}, np.asarray(outputs), targets, lengths), splits, known, "validation")


def test_classes() -> None:
    splits = Splits.from_arrays(TEXTS, CLASSES, seed=3)
    part: Any = splits.rows("validation")
    logits = RNG.normal(size=(len(part), 3))
    found = examined(splits, logits)
    assert found.tables.keys() == IN_CLASSES
    assert found.calibration.keys() == {"ece", "brier"}
    assert [row["class"] for row in found.tables["class_scores"]] == ["cat", "dog", "emu"]
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(part)), part.targets]
    order = np.argsort(-losses)
    assert list(found.worst) == order.tolist()
    for row, number in zip(found.tables["worst_rows"], order, strict=True):
        original = row["row"]  # the number of the row among those that were given
        assert CLASSES[original] == row["true"]
        assert part.raw[number] == TEXTS[original]
        cut = " ".join(TEXTS[original].split())
        assert row["text"] == (cut if original != 7 else f"{cut[:LONGEST]}…")
        assert row["predicted"] == ("cat", "dog", "emu")[logits[number].argmax()]
        assert row["loss"] == pytest.approx(losses[number])
        assert np.exp(-row["loss"]) == pytest.approx(row["true_probability"])
        assert row["probability"] >= row["true_probability"]
    json.dumps(found.to_dict())
    assert found.to_dict()["calibration"] == {**found.calibration, "bins": found.tables["calibration"]}


def test_the_longest_text_is_cut() -> None:
    splits = Splits.from_arrays(TEXTS, CLASSES, validation=(TEXTS[:9], CLASSES[:9]))
    found = examined(splits, np.zeros((9, 3)))
    assert {row["row"] for row in found.tables["worst_rows"]} == set(range(9))
    (row,) = (row for row in found.tables["worst_rows"] if row["row"] == 7)
    assert len(row["text"]) == LONGEST + 1


def test_no_more_rows_than_are_kept_and_of_equal_ones_the_first() -> None:
    splits = Splits.from_arrays(TEXTS, CLASSES, validation_fraction=0.4)
    found = examined(splits, np.zeros((len(splits.validation), 3)))
    assert list(found.worst) == list(range(KEPT))


def test_two_classes_by_one_logit() -> None:
    splits = Splits.from_arrays(TEXTS, [name == "cat" for name in CLASSES], task="binary_classification")
    logits = RNG.normal(size=(len(splits.validation), 1))
    found = examined(splits, logits)
    assert found.tables.keys() == IN_CLASSES
    assert [row["class"] for row in found.tables["class_scores"]] == ["False", "True"]
    answers = found.tables["worst_rows"][0]
    assert answers["probability"] == pytest.approx(1 - answers["true_probability"])


def test_several_labels() -> None:
    labels = [["a"] if number % 2 else ["a", "b"] for number in range(200)]
    splits = Splits.from_arrays(TEXTS, labels, task="multilabel_classification")
    found = examined(splits, np.full((len(splits.validation), 2), -5.0))
    assert found.tables.keys() == {"class_scores", "calibration", "worst_rows"}
    worst = found.tables["worst_rows"][0]
    assert (worst["true"], worst["predicted"]) == ("a, b", "")
    assert sum(row["count"] for row in found.tables["calibration"]) == 2 * len(splits.validation)


WORDS = [["To", "York", "now"][: 1 + number % 3] for number in range(60)]
TAGS = [["O", "B-city", "O"][: 1 + number % 3] for number in range(60)]


def test_tags() -> None:
    splits = Splits.from_arrays(WORDS, TAGS, task="tagging")
    part: Any = splits.rows("validation")
    lengths = part.lengths
    truth = np.concatenate([part.targets[row] for row in range(len(part))])
    logits = np.eye(2)[truth] * 4.0
    wrong = int(np.flatnonzero(truth == 0)[1])  # one "B-city" taken for "O"
    logits[wrong] = [0.0, 3.0]
    found = examined(splits, logits, lengths=lengths)
    assert found.tables.keys() == IN_CLASSES
    assert found.tables["confused_pairs"] == [
        {"true": "B-city", "predicted": "O", "count": 1, "share": 1 / int((truth == 0).sum())}
    ]
    worst = found.tables["worst_rows"][0]
    row = int(np.searchsorted(np.cumsum(lengths), wrong, side="right"))
    assert found.worst[0] == row
    assert WORDS[worst["row"]] == part.raw[row]
    assert (worst["steps"], worst["wrong"], worst["step"], worst["word"]) == (lengths[row], 1, 1, "York")
    assert (worst["true"], worst["predicted"]) == ("B-city", "O")
    assert worst["probability"] == pytest.approx(np.exp(3) / (1 + np.exp(3)))
    assert worst["text"] == " ".join(part.raw[row])


def test_best_paths_have_no_probabilities() -> None:
    splits = Splits.from_arrays(WORDS, TAGS, task="tagging")
    part: Any = splits.rows("validation")
    truth = np.concatenate([part.targets[row] for row in range(len(part))])
    paths = np.eye(2, dtype=np.float32)[np.ones_like(truth)]  # "O" everywhere
    found = examined(splits, paths, task="crf_tagging", lengths=part.lengths)
    assert found.tables.keys() == IN_CLASSES - {"calibration"}
    assert found.calibration == {}
    worst = found.tables["worst_rows"][0]
    assert worst["loss"] == pytest.approx(worst["wrong"] / worst["steps"]) == 0.5
    assert "probability" not in worst


def test_steps_without_a_tag_leave_words_unnamed() -> None:
    splits = Splits.from_arrays(WORDS, TAGS, task="tagging")
    part: Any = splits.rows("validation")
    lengths = np.ones(len(part), int)  # one step of each row is scored, which is not known
    details = examine(
        Evaluation({}, np.tile([0.0, 1.0], (len(part), 1)), np.ones(len(part), int), lengths),
        splits,
        get_task("tagging"),
        "validation",
    )
    named = {len(part.raw[number]) for number in details.worst}
    assert named == {1, 2, 3}
    for row, number in zip(details.tables["worst_rows"], details.worst, strict=True):
        assert ("word" in row) == (len(part.raw[number]) == 1)


def test_values() -> None:
    x = RNG.normal(size=(100, 5, 2))
    y = np.stack([x[:, 0, 0], 100 * x[:, 0, 1]], axis=1)
    splits = Splits.from_arrays(x, y, task="regression", validation=(x[:20], y[:20]))
    predicted = y[:20].copy()
    predicted[4, 0] += 1.0
    predicted[9, 1] += 50.0  # half as far off, in deviations
    found = examined(splits, predicted)
    first, second = found.tables["worst_rows"][:2]
    assert (first["row"], second["row"]) == (4, 9)
    names = splits.get_decoding().target_names or []
    assert first[f"predicted {names[0]}"] == pytest.approx(first[f"true {names[0]}"] + 1.0)
    scale = splits.get_decoding().scale
    assert (first["error"], second["error"]) == pytest.approx((0.5 / scale[0], 25.0 / scale[1]))
    assert found.tables.keys() == {"worst_rows"}
    alone = Splits.from_arrays(x, y[:, 0], task="regression", validation=(x[:20], y[:20, 0]))
    assert list(examined(alone, y[:20, :1]).tables["worst_rows"][0]) == ["row", "error", "true", "predicted"]


@pytest.mark.parametrize("task", ["forecasting", "quantile_forecasting", "gaussian_forecasting"])
def test_forecasts(task: str) -> None:
    frame = pd.DataFrame({"load": RNG.normal(10.0, 2.0, 200)})
    splits = series_splits(frame, target=["load"], window=8, horizon=3)
    part: Any = splits.validation
    _, truth = part.raw_targets()
    forecast = truth.copy()
    forecast[5] += 4.0
    outputs = {
        "forecasting": forecast,
        "quantile_forecasting": np.stack([forecast - 1, forecast, forecast + 1], axis=-1),
        "gaussian_forecasting": np.stack([forecast, np.ones_like(forecast)], axis=-1),
    }[task]
    part.series = np.array(["a", "b"])[np.arange(len(part)) % 2]
    found = examined(splits, outputs, task=task)
    of_intervals = {"coverage"} if task != "forecasting" else set()
    assert found.tables.keys() == {"errors_by_step", "errors_by_series", "worst_rows"} | of_intervals
    worst = found.tables["worst_rows"][0]
    assert (worst["row"], worst["series"]) == (5, "b")
    assert worst["mae"] == pytest.approx(4.0)
    assert worst["error"] == pytest.approx(4.0 / splits.get_decoding().scale[0])
    assert [row["series"] for row in found.tables["errors_by_series"]] == ["b", "a"]
    if of_intervals:
        levels = [row["level"] for row in found.tables["coverage"]]
        assert levels == ([0.8] if task == "quantile_forecasting" else [0.5, 0.8, 0.9, 0.95, 0.99])
        assert found.tables["coverage"][0]["coverage"] == pytest.approx(1 - 1 / len(part))
    part.series = None
    assert "errors_by_series" not in examined(splits, outputs, task=task).tables


def test_rows_of_no_weight_leave_the_others_without_numbers() -> None:
    splits = Splits.from_arrays(TEXTS, CLASSES)
    left = Evaluation({}, np.zeros((4, 3)), np.array([0, 1, 2, 0]))
    details = examine(left, splits, get_task("classification"), "validation")
    assert details.tables.keys() == IN_CLASSES - {"worst_rows"}
    assert details.worst == ()


def test_what_has_no_details() -> None:
    splits = Splits.from_arrays(TEXTS, CLASSES)
    tokens = Evaluation({}, np.ones(5), np.ones(5, int))
    assert examine(tokens, splits, get_task("translation"), "validation") == Details("validation")
    ordered = dataclasses.replace(get_task("classification"), confusion_matrix=False)
    rows = Evaluation({}, np.zeros((4, 2)), np.array([0, 1, 2, 0]))
    assert examine(rows, splits, ordered, "validation").to_dict() == {}
    assert examine(Evaluation({}, np.zeros((0, 3)), np.zeros(0)), splits, ordered, "validation").tables == {}


def test_classes_without_names_have_numbers() -> None:
    splits = dataclasses.replace(Splits.from_arrays(TEXTS, CLASSES), decoding=None)
    found = examined(splits, np.zeros((len(splits.validation), 3)))
    assert [row["class"] for row in found.tables["class_scores"]] == ["0", "1", "2"]
