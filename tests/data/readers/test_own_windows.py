"""Truth of ``rnnzoo.data.readers.own_windows``: windows that were cut already, all the way to answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rnnzoo
from advice import followed
from rnnzoo import Splits, read_arrays, read_series
from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo_export import OnnxPredictor, save_bundle

WINDOW, HORIZON, ROWS = 12, 4, 200


def series(rows: int = ROWS + WINDOW + HORIZON - 1) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack(
        [20 + np.sin(np.arange(rows) / 4) + rng.normal(size=rows) / 20, np.arange(rows) % 7], axis=-1
    )


def windows(shift: int = 1, targets: int = 1) -> tuple[np.ndarray, np.ndarray]:
    table = series()
    starts = np.arange(0, ROWS, shift)
    x = np.stack([table[start : start + WINDOW] for start in starts])
    y = np.stack([table[start + WINDOW : start + WINDOW + HORIZON, :targets] for start in starts])
    return x, y[..., 0] if targets == 1 else y


def make(x: Any, y: Any, **options: Any) -> Splits:
    return Splits.from_arrays(x, y, task="forecasting", **options)


def test_they_are_those_that_a_table_is_cut_into() -> None:
    x, y = windows()
    own = make(x, y)
    frame = pd.DataFrame(series(), columns=["a", "b"])
    cut = read_series(frame, target="a", window=WINDOW, horizon=HORIZON)
    assert own.model_arguments == cut.model_arguments
    for part in ("train", "validation", "test"):
        past, future = own.rows(part).raw_targets()  # type: ignore[attr-defined]
        place = {row.tobytes(): number for number, row in enumerate(x)}
        numbers = [place[np.stack(list(raw.values()), axis=-1).tobytes()] for raw in own.rows(part).raw or ()]
        assert np.diff(numbers).tolist() == [1] * (len(numbers) - 1)  # in order, and all of them
        assert (past[..., 0] == x[numbers, :, 0]).all()
        assert (future[..., 0] == y[numbers]).all()
        inputs, targets, _ = own.rows(part).gather(np.arange(3))
        mean, scale = (np.asarray(value) for value in (own.get_decoding().mean, own.get_decoding().scale))
        np.testing.assert_allclose(targets[..., 0], (y[numbers[:3]] - mean) / scale, rtol=1e-5)
        np.testing.assert_allclose(
            inputs["features"][..., 0], (x[numbers[:3], :, 0] - mean) / scale, rtol=1e-5
        )
    train = x[: own.description["rows"]["train"]]
    np.testing.assert_allclose(own.get_decoding().mean, train[..., 0].mean(), rtol=1e-12)
    np.testing.assert_allclose(own.get_decoding().scale, train[..., 0].std(), rtol=1e-12)


@pytest.mark.parametrize("shift", [1, 2, 4, 12, 16])
def test_no_target_is_in_two_parts(shift: int) -> None:
    x, y = windows(shift)
    splits = make(x, y)
    table = series()[:, 0]
    steps = {}
    for part in ("train", "validation", "test"):
        future = splits.rows(part).raw_targets()[1]  # type: ignore[attr-defined]
        steps[part] = {int(np.flatnonzero(table == value)[0]) for value in future.ravel()}
    assert max(steps["train"]) < min(steps["validation"])
    assert max(steps["validation"]) < min(steps["test"])
    left_out = 2 * (-(-HORIZON // shift) - 1)
    assert splits.description.get("windows_left_out", 0) == left_out
    assert sum(splits.description["rows"].values()) == len(x) - left_out


def test_parts_may_be_given_and_targets_may_be_several() -> None:
    x, y = windows(targets=2)
    splits = make(x[:150], y[:150], validation=(x[160:], y[160:]), test_fraction=0)
    assert splits.test is None
    assert splits.description["rows"] == {"train": 150, "validation": 40}
    assert splits.model_arguments["num_targets"] == 2
    answers = run_baselines(splits, splits.validation)
    assert {answer.shape for answer in answers.values()} == {(40, HORIZON, 2)}
    np.testing.assert_allclose(
        answers["persistence"], np.repeat(x[160:, -1:, :2], HORIZON, axis=1), rtol=1e-6
    )
    tested = make(x, y, test=(x[:9], y[:9]))
    assert (tested.description["rows"]["test"], tested.description["rows"]["train"]) == (9, 167)


def test_they_train_and_answer_in_original_units(tmp_path: Path) -> None:
    x, y = windows()
    splits = make(x, y)
    model = rnnzoo.create_model("forecaster-gru", units=(8,), **splits.model_arguments)
    config = rnnzoo.TrainConfig(epochs=1, batch_size=32, learning_rate=0.01)
    result = rnnzoo.train(model, splits, config=config, directory=tmp_path / "run", progress=False)
    save_bundle(
        result.model,
        tmp_path / "bundle",
        preprocessing=splits.preprocessing,
        decoding=splits.decoding,
        task="forecasting",
    )
    request = {f"feature_{number}": x[-1, :, number].tolist() for number in range(2)}
    (answer,) = OnnxPredictor(tmp_path / "bundle").predict([request])
    expected = splits.get_decoding().in_original_units(
        np.asarray(result.model(splits.rows("test").gather(np.array([-1]))[0]["features"]))
    )
    np.testing.assert_allclose(answer["values"]["feature_0"], expected[0, :, 0], rtol=1e-4)
    assert np.abs(expected - 20).max() < 3


def test_files_of_arrays_are_read_alike(tmp_path: Path) -> None:
    x, y = windows()
    np.savez(tmp_path / "w.npz", x=x, y=y)
    splits = read_arrays(tmp_path / "w.npz", task="forecasting")
    assert splits.description["rows"] == make(x, y).description["rows"]
    x[7, 3, 1] = np.nan
    np.savez(tmp_path / "w.npz", x=x, y=y)
    with pytest.raises(
        DataError, match=r"w\.npz: row 7 of x: .*received nan at step 3, feature 1; expected a finite"
    ):
        read_arrays(tmp_path / "w.npz", task="forecasting")


@pytest.mark.parametrize("row", [3, 50, 119, 199])
def test_the_row_of_the_caller_is_named(row: int) -> None:
    for place in range(2):
        arrays = [part.copy() for part in windows()]
        arrays[place][row, 1] = np.inf
        what = ("inputs", "targets")[place]
        with pytest.raises(
            RowError, match=rf"^row {row}: {what}: received inf at step 1, feature 0; expected a finite"
        ):
            make(*arrays)
        good = windows()
        with pytest.raises(RowError, match=rf"^test: row {row}: {what}: received inf") as caught:
            make(*good, test=tuple(arrays))
        assert (caught.value.row, caught.value.of) == (row, "test")


def test_what_is_wrong_is_said_and_what_it_says_works() -> None:
    x, y = windows()
    followed(
        lambda: make(x[..., 0], y), "Of one feature, pass inputs[..., None].", lambda: make(x[..., :1], y)
    )
    followed(lambda: make(x, y[:, 0]), "Of one step ahead, pass targets[:, None].", lambda: make(x, y[:, :1]))
    followed(
        lambda: make((x - x.mean()) / x.std() / 20, y),
        "expected the past of the targets, in the same units, as the first features. Put it there, unscaled, or pass "
        "task='regression', which needs no past.",
        lambda: make(x, y),
        lambda: Splits.from_arrays(x, y[:, 0], task="regression"),
    )
    followed(
        lambda: make(x, y, seed=3),
        "seed: received 3 for windows, which are split in their order",
        lambda: make(x, y),
    )
    followed(
        lambda: make(x[:3], y[:3]),
        "expected enough for every part, of which 6 are left out between them. Add rows, or pass validation=",
        lambda: make(x[:50], y[:50]),
        lambda: make(x[:3], y[:3], validation=(x[8:9], y[8:9]), test=(x[9:12], y[9:12])),
    )
    followed(
        lambda: make(x, y, words=rnnzoo.WordOptions(max_tokens=3)),
        "for task 'forecasting', whose windows are scaled by the training part; expected none. Leave it out.",
        lambda: make(x, y, words=rnnzoo.WordOptions()),
    )
    with pytest.raises(
        ArgumentError, match=r"unknown argument of Splits\.from_arrays: received 'max_tokens'"
    ):
        make(x, y, max_tokens=3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda x, y: (x.astype(str), y),
            "inputs: received an array of <U32; expected numbers, those of windows and of what comes after each. Pass "
            "inputs.astype(float), or read a table by read_series(file, target=..., window=..., horizon=...).",
        ),
        (
            lambda x, y: (x, y[:-1]),
            "targets: received shape (199, 4, 1) for inputs of shape (200, 12, 2); expected as many",
        ),
        (
            lambda x, y: ([*x[:5], x[5][:3]], y[:6]),
            "inputs: received rows of unlike length; expected one array",
        ),
        (
            lambda x, y: (x[..., :1], np.stack([y, y], -1)),
            "inputs: received 1 features for 2 targets; expected the past",
        ),
        (
            lambda x, y: (x[None], y),
            "inputs: received an array of shape (1, 200, 12, 2); expected (rows, window, features)",
        ),
    ],
)
def test_arrays_that_are_no_windows_are_refused(change: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        make(*change(*windows()))
    assert str(caught.value).startswith(message)
    x, y = windows()
    with pytest.raises(
        DataError, match=r"validation: inputs: received shape \(9, 5, 2\); expected \('rows', 12, 2\), as"
    ):
        make(x, y, validation=(x[:9, :5], y[:9]))
