"""Truth of ``rnnzoo.training.run.run_details``: tables and pictures that a run keeps, and what its report shows."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from rnnzoo import Splits
from rnnzoo.data.readers.series import series_splits
from rnnzoo.evaluation.details.detail_sections import detail_sections
from rnnzoo.evaluation.details.examination import Details, examine
from rnnzoo.evaluation.evaluation import Evaluation
from rnnzoo.tasks import get_task
from rnnzoo.training.run import detail_plots
from rnnzoo.training.run.run_details import PICTURES, report_sections, write_details
from rnnzoo.training.run.run_directory import RunDirectory

RNG = np.random.default_rng(0)


def kept(folder: Path, splits: Splits, outputs: np.ndarray, *, task: str | None = None) -> RunDirectory:
    """A run that has nothing but the details of outputs for the validation part."""
    known, part = get_task(task or splits.task), splits.rows("validation")
    targets = part.gather(range(len(part)))[1]
    if known.targets == "values":
        targets = splits.get_decoding().in_original_units(targets)
    evaluation, run = Evaluation({}, outputs, targets), RunDirectory(folder)
    write_details(run, examine(evaluation, splits, known, "validation"), splits, known, evaluation)
    return run


def files(run: RunDirectory) -> tuple[set[str], set[str]]:
    """The tables and the pictures of a run."""
    return {path.name for path in run.path.glob("*.csv")}, {path.stem for path in run.plots.glob("*.png")}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_keeps_the_details_of_the_part_that_is_compared(digits_run: Path) -> None:
    run = RunDirectory(digits_run)
    tables, pictures = files(run)
    assert tables == {
        *("history.csv", "class_scores.csv", "confused_pairs.csv", "calibration.csv", "worst_rows.csv")
    }
    assert pictures == {
        *("learning_curves", "confusion_matrix", "confused_pairs", "reliability", "worst_rows")
    }
    metrics = run.read_metrics()
    calibration = metrics["calibration"]
    assert calibration.keys() == {"part", "ece", "brier"}
    assert calibration["part"] == metrics["baselines"]["part"] == "test"
    rows = read(run.table("class_scores"))
    assert sum(int(row["support"]) for row in rows) == run.read_config()["data"]["rows"]["test"]
    assert np.mean([float(row["f1"]) for row in rows]) == pytest.approx(metrics["test"]["macro_f1"])
    errors = sum(int(row["count"]) for row in read(run.table("confused_pairs")))
    assert errors == round((1 - metrics["test"]["accuracy"]) * run.read_config()["data"]["rows"]["test"])
    page = run.report.read_text(encoding="utf-8")
    assert "Scores of each class" in page
    assert f"Expected calibration error {calibration['ece']:.4f}" in page  # kept when baselines are added
    assert "3 of 34 settings differ from the defaults: epochs, learning_rate, seed." in page
    assert '<tr class="marked"><td>epochs</td><td>4</td><td>30</td></tr>' in page
    assert "<tr><td>optimizer</td><td>adam</td><td></td></tr>" in page


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """150 classes with long names, a third of the rows wrong."""
    labels = [f"intent of a very long name, number {number % 150:03d}" for number in range(1500)]
    texts = [f"text {number} {'and more ' * 40}" for number in range(1500)]
    splits = Splits.from_arrays(texts, labels, validation=(texts, labels))
    truth = splits.rows("validation").gather(range(1500))[1]
    answers = np.where(RNG.random(1500) < 0.67, truth, (truth + RNG.integers(1, 4, 1500)) % 150)
    folder = tmp_path_factory.mktemp("many") / "run"
    return kept(folder, splits, np.eye(150)[answers] * 6.0)


def test_150_classes_can_be_read(many: RunDirectory) -> None:
    sections = {section.title: section for section in report_sections(many, {"ece": 0.1, "brier": 0.2})}
    assert list(sections) == [
        *("Scores of each class", "Most confused classes", "Calibration", "Worst rows"),
    ]
    classes, pairs = sections["Scores of each class"], sections["Most confused classes"]
    assert classes.text == "The 15 of the lowest F1, of 150; all of them: class_scores.csv."
    scores = [float(row["f1"]) for row in read(many.table("class_scores"))]
    assert [row["f1"] for row in classes.rows] == sorted(scores)[:15]
    assert len(scores) == 150
    assert len(pairs.rows) == 15
    assert pairs.text.endswith("all of them: confused_pairs.csv.")
    assert [path.stem for path, _ in pairs.images] == ["confused_pairs"]
    worst = sections["Worst rows"]
    assert worst.text.endswith("The first 50: worst_rows.csv.")
    assert all(len(str(row["text"])) == 160 for row in worst.rows)
    assert len(read(many.table("worst_rows"))[0]["text"]) == 301


def test_pictures_are_narrow_enough_for_a_phone(many: RunDirectory) -> None:
    for path in many.plots.glob("*.png"):
        # Letters are 15 pixels high before a page of 390 pixels makes the picture smaller.
        assert imread(path).shape[1] <= 520, path


def test_labels_that_look_like_numbers_or_formulas_stay_as_they_are(tmp_path: Path) -> None:
    names = ["007", "1.50", "$x_$", "a,b\n c"]
    labels = [names[number % 4] for number in range(80)]
    texts = [f"text {number} $100$" for number in range(80)]
    splits = Splits.from_arrays(texts, labels, validation=(texts, labels))
    run = kept(tmp_path, splits, np.tile([0.0, 0.0, 0.0, 1.0], (80, 1)))
    sections = {section.title: section for section in report_sections(run, {})}
    assert {row["class"] for row in sections["Scores of each class"].rows} == set(names)
    assert {row["true"] for row in sections["Most confused classes"].rows} == set(names) - {"a,b\n c"}
    assert {row["predicted"] for row in sections["Worst rows"].rows} == {"a,b\n c"}


def test_values(tmp_path: Path) -> None:
    x, y = RNG.normal(size=(90, 6, 2)), RNG.normal(size=90)
    splits = Splits.from_arrays(x, y, task="regression", validation=(x, y))
    run = kept(tmp_path, splits, y[:, None] + RNG.normal(size=(90, 1)))
    assert files(run) == ({"worst_rows.csv"}, {"residuals", "worst_rows"})
    (section,) = report_sections(run, {})
    assert [path.stem for path, _ in section.images] == ["worst_rows", "residuals"]
    assert all(isinstance(row["true"], float) for row in section.rows)


def test_forecasts_of_several_series(tmp_path: Path) -> None:
    frame = pd.DataFrame({"load": RNG.normal(size=300), "wind $": RNG.normal(size=300)})
    splits = series_splits(frame, target=["load", "wind $"], window=10, horizon=24)
    part: Any = splits.validation
    part.series = np.array([f"shop {number % 20}" for number in range(len(part))])
    outputs = RNG.normal(size=(len(part), 24, 2, 2)) ** 2 + 0.1
    run = kept(tmp_path, splits, outputs, task="gaussian_forecasting")
    assert files(run) == (
        {"errors_by_step.csv", "errors_by_series.csv", "coverage.csv", "worst_rows.csv"},
        {"errors_by_series", "coverage", "worst_rows"},
    )
    sections = {section.title: section for section in report_sections(run, {})}
    steps = sections["Errors by step ahead"]
    assert steps.text == "15 of 48 rows; all of them: errors_by_step.csv."
    assert [steps.rows[0]["step"], steps.rows[-1]["step"]] == [1, 24]
    assert sections["Errors by series"].text.startswith("The first 15 of 40;")
    assert len(sections["Coverage of intervals"].rows) == 10


def test_a_run_without_tables_has_no_sections(tmp_path: Path) -> None:
    assert report_sections(RunDirectory(tmp_path), {}) == []
    splits = Splits.from_arrays(["a", "b"] * 20, ["x", "y"] * 20)
    evaluation = Evaluation({}, np.ones(2), np.ones(2))
    write_details(RunDirectory(tmp_path), Details("test"), splits, get_task("translation"), evaluation)
    assert list(tmp_path.rglob("*.*")) == []


def test_the_files_of_a_table_are_named_only_where_there_are_some() -> None:
    rows = [{"class": str(number), "f1": 0.5} for number in range(40)]
    found = detail_sections({"class_scores": rows}, {}, shown=10, files=False)["class_scores"]
    assert found.text == "The 10 of the lowest F1, of 40."
    assert len(found.rows) == 10


@pytest.mark.parametrize(
    "row",
    [np.ones((1, 1)), np.ones(50_000), [[1.0, 2.0], [3.0, float("nan")]], np.ones((4, 30))],
)
def test_series_of_any_size_are_drawn(row: Any) -> None:
    values = np.asarray(row, float)
    figure = detail_plots.worst_series([values.reshape(len(values), -1)] * 9, ["$\\bad"] * 9)
    assert len(figure.axes) == detail_plots.PANELS
    assert all(np.size(line.get_xdata()) <= 2000 for axes in figure.axes for line in axes.lines)
    assert all(len(axes.lines) <= 8 for axes in figure.axes)


def test_all_pictures_are_named() -> None:
    assert len(PICTURES) == len(set(PICTURES)) == 6
