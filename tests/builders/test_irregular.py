"""Truth of ``rnnzoo.builders.irregular_classifier``.

Series with missing values at irregular times: preprocessing, builder and the whole path.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo import Splits, TrainConfig, build_irregular_classifier, create_model, load_dataset, train
from rnnzoo.data.sets.physionet import read_stays
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError
from rnnzoo.preprocessing import IrregularPreprocessing, load_preprocessing, save_preprocessing
from rnnzoo_export import OnnxPredictor, save_bundle

NAN = float("nan")


def random_row(rng: np.random.Generator, steps: int, features: int = 3) -> dict[str, Any]:
    values = rng.normal(loc=5, scale=2, size=(steps, features))
    values[rng.random(values.shape) < 0.5] = NAN
    return {"times": np.cumsum(rng.integers(0, 4, steps)).astype(float), "values": values}


def gaps_by_the_paper(times: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Equation 2 of Che 2018, literally."""
    gaps = np.zeros(observed.shape)
    for t in range(1, len(times)):
        for d in range(observed.shape[1]):
            gaps[t, d] = times[t] - times[t - 1] + (0 if observed[t - 1, d] else gaps[t - 1, d])
    return gaps


@pytest.mark.parametrize("steps", [1, 2, 9])
def test_gaps_values_and_indicators_are_those_of_the_paper(steps: int) -> None:
    rng = np.random.default_rng(3)
    drawn = [random_row(rng, steps) for _ in range(30)]
    rows = [row for row in drawn if not np.isnan(row["values"]).all()]  # a row without any value is refused
    assert len(rows) > 20
    preprocessing = IrregularPreprocessing([5.0] * 3, [2.0] * 3, step=1.5)
    for row, encoded in zip(rows, preprocessing.encode(rows), strict=True):
        values, observed, gaps = np.split(encoded, 3, axis=1)
        seen = ~np.isnan(row["values"])
        np.testing.assert_array_equal(observed, seen)
        np.testing.assert_allclose(gaps, gaps_by_the_paper(row["times"], seen) / 1.5, atol=1e-6)
        np.testing.assert_allclose(values, np.where(seen, (row["values"] - 5) / 2, 0), atol=1e-6)


def test_only_observed_training_values_are_fitted() -> None:
    rows = [{"times": [0, 2], "values": [[1.0, None], [3.0, None]]}, {"times": [0], "values": [[5.0, 7.0]]}]
    preprocessing = IrregularPreprocessing.fit(rows)
    np.testing.assert_allclose(preprocessing.mean, [3.0, 7.0])
    np.testing.assert_allclose(preprocessing.scale, [float(np.std([1, 3, 5])), 1.0])
    assert preprocessing.step == 2.0


def test_it_is_stored_and_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [random_row(rng, 4) for _ in range(5)]
    preprocessing = IrregularPreprocessing.fit(rows)
    save_preprocessing(preprocessing, tmp_path / "preprocessing.json")
    again = load_preprocessing(tmp_path / "preprocessing.json")
    for name, array in preprocessing.apply(rows).items():
        np.testing.assert_array_equal(again.apply(rows)[name], array)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([[1.0]], "row 0: received list; expected a mapping of 'times' and 'values'"),
        ({"times": [0], "values": [[1.0]], "more": 1}, r"row 0: received \['more', 'times', 'values'\]"),
        ({"times": [0, 1], "values": [[1.0]]}, r"row 0: received times \(2,\) and values \(1, 1\)"),
        ({"times": [1, 0], "values": [[1.0], [1.0]]}, "row 0: its times fall or are not finite"),
        ({"times": [0, NAN], "values": [[1.0], [1.0]]}, "row 0: its times fall or are not finite"),
        ({"times": [0], "values": [[float("inf")]]}, "row 0: received an infinite value"),
        (
            {"times": [0], "values": [["high"]]},
            "row 0: values: received 'high' at step 0, feature 0; expected a number. Pass numbers only.",
        ),
        ({"times": [0], "values": [[1.0, 2.0]]}, "row 0: received 2 features; expected 1"),
    ],
)
def test_bad_rows_are_named(row: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        IrregularPreprocessing([0.0], [1.0], step=1.0).encode([row])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"cell": "gru"}, ArgumentError, "cell: received 'gru' with missing='decay'; expected 'gru_d'"),
        ({"missing": "mean"}, ArgumentError, "cell: received 'gru_d' with missing='mean'"),
        ({"bidirectional": True}, ArgumentError, "bidirectional: received True with missing='decay'"),
        (
            {"recurrent_dropout": 0.1},
            ArgumentError,
            "recurrent_dropout: received 0.1 with cell='gru_d', which has no dropout of its state",
        ),
        (
            {"regularization": {"weight_drop": 0.5}},
            ArgumentError,
            "weight_drop: received 0.5 with cell='gru_d'",
        ),
        ({"missing": "means"}, UnknownNameError, "did you mean 'mean'?"),
        ({"cell": "gru-d"}, UnknownNameError, "did you mean 'gru_d'?"),
    ],
)
def test_what_does_not_go_together_is_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        build_irregular_classifier(num_classes=2, num_features=3, **arguments)
    assert message in str(caught.value)


def test_penalties_reach_gru_d() -> None:
    model = build_irregular_classifier(
        num_classes=2, num_features=3, units=4, regularization={"kernel_l2": 0.5}
    )
    cell = model.get_layer("gru_d_1").cell
    expected = 0.5 * sum((np.asarray(kernel) ** 2).sum() for kernel in (cell.kernel, cell.mask_kernel))
    np.testing.assert_allclose(sum(float(loss) for loss in model.losses), expected, rtol=1e-5)


def test_without_indicators_a_missing_value_is_the_mean() -> None:
    model = build_irregular_classifier(num_classes=2, num_features=2, missing="mean", cell="gru", units=4)
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [rng.normal(size=(2, 5, 2)), rng.random((2, 5, 2)) < 0.5, rng.random((2, 5, 2))], axis=-1
    )
    mask = np.ones((2, 5), bool)
    other = x.copy()
    other[..., 4:] = 9.0  # the gaps
    other[..., :2] = np.where(x[..., 2:4] > 0, x[..., :2], -3.0)
    np.testing.assert_array_equal(np.asarray(model([x, mask])), np.asarray(model([other, mask])))


@pytest.mark.slow
def test_from_incomplete_rows_to_answers(tmp_path: Path) -> None:
    """Whether the first value ever observed of the first feature was high; often long ago at the end."""
    rng = np.random.default_rng(1)
    rows = [random_row(rng, int(rng.integers(2, 9))) for _ in range(300)]
    labels = []
    for row in rows:
        row["values"][0, 0] = rng.choice([2.0, 8.0])
        labels.append("high" if row["values"][0, 0] > 5 else "low")
    splits = Splits.from_arrays(rows, labels, task="binary_classification")
    model = create_model("irregular-gru-d", units=(16, 8), dropout=0.0, **splits.model_arguments)
    config = TrainConfig(epochs=15, learning_rate=0.02)
    result = train(model, splits, config=config, directory=tmp_path / "run", progress=False)
    assert result.metrics["test"]["accuracy"] > 0.9
    bundle = save_bundle(
        model,
        tmp_path / "bundle",
        preprocessing=splits.preprocessing,
        decoding=splits.decoding,
        task=splits.task,
    )
    row = splits.test.raw[0] if splits.test is not None and splits.test.raw is not None else rows[0]
    as_json = {
        "times": list(row["times"]),
        "values": [[None if np.isnan(x) else x for x in step] for step in row["values"]],
    }
    assert json.loads((tmp_path / "run" / "example.json").read_text()) == as_json
    (answer,) = OnnxPredictor(bundle).predict([as_json])
    assert answer["label"] == ("high" if row["values"][0, 0] > 5 else "low")


def test_damaged_files_of_the_challenge_are_named(tmp_path: Path) -> None:
    archive, outcomes = tmp_path / "set-a.tar.gz", tmp_path / "Outcomes-a.txt"
    archive.write_bytes(b"no archive")
    outcomes.write_text("Something\n1\n")
    with pytest.raises(
        DataError, match=r"Outcomes-a.txt: damaged \('RecordID'\); expected a table of outcomes"
    ):
        read_stays(archive, outcomes)
    outcomes.write_text("RecordID,In-hospital_death\n1,0\n")
    with pytest.raises(DataError, match=r"set-a.tar.gz: damaged \(.*\); expected an archive of records"):
        read_stays(archive, outcomes)


@pytest.mark.parametrize(
    "record",
    [
        "Time,Parameter,Value\n00:00,Age\n",
        "Time,Parameter,Value\n00,Age,3\n",
        "Time,Parameter,Value\n00:00,Age,x\n",
        "Time,Parameter\n00:00,Age\n",
        "Time,Parameter,Value\n00:00,Age," + "1" * 200_000,
    ],
)
def test_broken_records_of_the_challenge_are_named(record: str, tmp_path: Path) -> None:
    archive, outcomes = tmp_path / "set-a.tar.gz", tmp_path / "Outcomes-a.txt"
    (tmp_path / "1.txt").write_text(record)
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "1.txt", "set-a/1.txt")
    outcomes.write_text("RecordID,In-hospital_death\n1,0\n")
    with pytest.raises(DataError, match=r"set-a.tar.gz: damaged \(.*\); expected an archive of records"):
        read_stays(archive, outcomes)
    outcomes.write_text("RecordID,In-hospital_death\n1\n")
    with pytest.raises(DataError, match=r"Outcomes-a.txt: damaged \(.*\); expected a table of outcomes"):
        read_stays(archive, outcomes)


def test_an_archive_of_the_challenge_with_altered_bytes_is_named(tmp_path: Path) -> None:
    archive, outcomes = tmp_path / "set-a.tar.gz", tmp_path / "Outcomes-a.txt"
    noise = np.random.default_rng(0).integers(0, 10**9, 90_000)
    (tmp_path / "1.txt").write_text(" ".join(map(str, noise)))
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "1.txt", "set-a/1.txt")
    content = bytearray(archive.read_bytes())
    content[200_000:200_100] = b"\xff" * 100
    archive.write_bytes(content)
    outcomes.write_text("RecordID,In-hospital_death\n1,0\n")
    with pytest.raises(DataError, match=r"set-a.tar.gz: damaged \(.*\); expected an archive of records"):
        read_stays(archive, outcomes)


@pytest.mark.slow
def test_stays_of_the_challenge(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNZOO_DATA", str(real_data))
    splits = load_dataset("physionet2012")
    assert splits.description["rows"] == {"train": 2800, "validation": 600, "test": 600}
    assert len(splits.description["features"]) == splits.model_arguments["num_features"]
    inputs, targets, _ = splits.rows("train").gather(np.arange(50))
    assert inputs["features"].shape[1] <= 48
    assert set(np.unique(targets)) == {0.0, 1.0}
