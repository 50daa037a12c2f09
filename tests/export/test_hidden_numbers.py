"""Truth of ``rnnzoo_export.explanation.number_hiding`` and ``rnnzoo_export.explanation.raw_hiding``: exact parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handmade_bundles import linear
from rnnzoo.decoding import Decoding
from rnnzoo.decoding.ctc import log_probability
from rnnzoo.decoding.probabilities import log_softmax, sigmoid
from rnnzoo.preprocessing import (
    DNAPreprocessing,
    FeaturePreprocessing,
    FramePreprocessing,
    IrregularPreprocessing,
    LogMelPreprocessing,
    Preprocessing,
    WindowPreprocessing,
)
from rnnzoo_export import explain


def importances(explanation: Any, kind: str | None = None, answer: int = 0) -> np.ndarray:
    values = explanation.answers[answer].importances
    pairs = zip(explanation.parts, values, strict=True)
    return np.array([value for part, value in pairs if kind in (None, part.kind)])


@pytest.mark.parametrize(("step", "channel"), [(0, 1), (4, 0), (6, 2)])
def test_the_one_step_and_channel_that_a_series_is_told_by_are_found(
    tmp_path: Path, step: int, channel: int
) -> None:
    weights = np.zeros((7, 3, 2))
    weights[step, channel] = [1.5, 0]
    series = np.random.default_rng(1).normal(size=(7, 3)) + 3
    preprocessing = FeaturePreprocessing([1.0, 2.0, 0.5], [2.0, 1.0, 0.5], variable_length=False)
    decoding = Decoding("classification", labels=["yes", "no"])
    bundle = linear(
        tmp_path / "b",
        {"features": weights},
        "logits",
        "btf,tfc->bc",
        preprocessing=preprocessing,
        decoding=decoding,
    )
    found = explain(bundle, series)
    scaled = (series - preprocessing.mean) / preprocessing.scale
    logits = np.array([1.5 * scaled[step, channel], 0.0])
    label = int(logits.argmax())
    drop = log_softmax(logits)[label] - np.log(0.5)
    np.testing.assert_allclose(importances(found, "steps"), np.eye(7)[step] * drop, atol=1e-6)
    np.testing.assert_allclose(importances(found, "channels"), np.eye(3)[channel] * drop, atol=1e-6)
    np.testing.assert_allclose(list(found.lines.values()), series.T, rtol=1e-5)
    assert found.ranked("steps")[0][0].name == f"step {step}"
    assert found.ranked("channels")[0][0].name == f"channel {channel}"


def test_long_series_are_hidden_in_some_windows_of_steps(tmp_path: Path) -> None:
    weights = np.zeros((1000, 1, 2))
    weights[501, 0, 0] = 1.0
    decoding = Decoding("classification", labels=["yes", "no"])
    preprocessing = FeaturePreprocessing([0.0], [1.0], variable_length=False)
    bundle = linear(
        tmp_path / "b",
        {"features": weights},
        "logits",
        "btf,tfc->bc",
        preprocessing=preprocessing,
        decoding=decoding,
    )
    found = explain(bundle, np.ones((1000, 1)))
    assert len(found.parts) == 59
    assert found.kinds == ("steps",)  # one channel is hidden with all steps
    (part, value), *others = found.ranked()
    assert part.start <= 501 < part.stop
    assert value > 0
    assert all(other == 0 for _, other in others)
    assert explain(bundle, np.ones((1000, 1)), width=1).ranked()[0][0].name == "step 501"


def test_a_forecast_is_explained_in_its_own_units(tmp_path: Path) -> None:
    preprocessing = WindowPreprocessing(
        numeric=["load", "heat"],
        mean=[100.0, 10.0],
        scale=[20.0, 5.0],
        categories={"day": ["mon", "sun"]},
        window=3,
    )
    weights = np.zeros((3, 4, 2, 1))
    weights[2, 0, :, 0] = [1.0, 0.5]  # the last load, and its half
    weights[0, 3, 1, 0] = 2.0  # whether it was a Sunday
    decoding = Decoding("forecasting", target_names=["load"], mean=[100.0], scale=[20.0])
    bundle = linear(
        tmp_path / "b",
        {"features": weights},
        "values",
        "btf,tfhc->bhc",
        preprocessing=preprocessing,
        decoding=decoding,
    )
    window = {"load": [90.0, 100.0, 130.0], "heat": [1.0, 2.0, 3.0], "day": ["sun", "mon", "sun"]}
    found = explain(bundle, window)
    # Of load the last is 1.5 deviations above the mean: 30 and 15 units of the two steps ahead.
    np.testing.assert_allclose(importances(found, "columns"), [22.5, 0.0, 20.0], atol=1e-4)
    np.testing.assert_allclose(importances(found, "steps"), [20.0, 0.0, 22.5], atol=1e-4)
    assert [part.name for part in found.parts if part.kind == "columns"] == ["load", "heat", "day"]
    assert found.measure == "absolute change of load, in its own units, mean over 2 steps ahead"
    np.testing.assert_allclose(found.lines["load"], [90, 100, 130], rtol=1e-6)


class Panel(Preprocessing):
    """Rows with inputs of their own for what is known ahead and what does not change."""

    kind = "panel-of-explanations"
    takes = "other"

    def encode(self, raw: Any) -> list[np.ndarray]:
        return [np.asarray(row, np.float32) for row in raw]

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        features = np.stack(encoded)
        return {"features": features, "future": features[:, :2], "static": features[:, 0]}

    def to_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: Any) -> Panel:
        return cls()


def test_each_input_of_numbers_is_hidden_by_its_name(tmp_path: Path) -> None:
    from rnnzoo.preprocessing import PREPROCESSINGS

    weights = {"features": np.zeros((4, 2, 1)), "future": np.zeros((2, 2, 1)), "static": np.zeros((2, 1))}
    weights["future"][1, 0, 0] = 3.0
    weights["static"][1, 0] = 5.0
    decoding = Decoding("regression", target_names=["price"])
    PREPROCESSINGS.add(Panel.kind, Panel)
    try:
        bundle = linear(
            tmp_path / "b",
            weights,
            "values",
            "btf,tfc->bc",
            "btf,tfc->bc",
            "bf,fc->bc",
            preprocessing=Panel(),
            decoding=decoding,
        )
        found = explain(bundle, np.ones((4, 2)))
    finally:
        PREPROCESSINGS.remove(Panel.kind)
    values = {(part.input, part.name): value for part, value in found.ranked() if value}
    assert values == {
        ("static", "static: channel 1"): 5.0,
        ("future", "future: step 1"): 3.0,
        ("future", "future: channel 0"): 3.0,
    }


def test_states_of_a_tagged_series_are_explained_as_long_as_they_last(tmp_path: Path) -> None:
    weights = np.zeros((6, 2, 6, 2))
    for step in range(6):
        weights[step, 1, step, 1] = 4.0
    decoding = Decoding("tagging", labels=["off", "on"])
    preprocessing = FeaturePreprocessing([0.0, 0.0], [1.0, 1.0], variable_length=False)
    bundle = linear(
        tmp_path / "b",
        {"features": weights},
        "logits",
        "btf,tfsc->bsc",
        preprocessing=preprocessing,
        decoding=decoding,
    )
    series = np.array([[9.0, -1], [9, -1], [9, 1], [9, 1], [9, 1], [9, -1]])
    found = explain(bundle, series)
    assert [(row.name, row.of) for row in found.answers] == [
        ("off", "steps 0-1"),
        ("on", "steps 2-4"),
        ("off", "step 5"),
    ]
    drop = -np.log(0.5) + np.log(sigmoid(np.array(4.0)))
    np.testing.assert_allclose(
        importances(found, "steps", 1), np.array([0, 0, 1, 1, 1, 0]) * drop / 3, atol=1e-6
    )
    np.testing.assert_allclose(importances(found, "channels", 1), [0, drop], atol=1e-6)


def test_bases_become_any_base(tmp_path: Path) -> None:
    weights = np.zeros((5, 4, 2))
    weights[3, 2, 0] = 8.0  # a G in the fourth place
    decoding = Decoding("classification", labels=["site", "none"])
    bundle = linear(
        tmp_path / "b",
        {"features": weights},
        "logits",
        "btf,tfc->bc",
        preprocessing=DNAPreprocessing(variable_length=False),
        decoding=decoding,
    )
    found = explain(bundle, "acuGT")
    drop = np.log(sigmoid(np.array(8.0))) - np.log(sigmoid(np.array(2.0)))
    np.testing.assert_allclose(importances(found), [0, 0, 0, drop, 0], atol=1e-6)
    assert [part.name for part in found.parts][2:4] == ["base 2 (u)", "base 3 (G)"]


def test_what_is_hidden_of_an_irregular_series_was_not_observed(tmp_path: Path) -> None:
    rows = [{"times": [0, 1, 3], "values": [[5.0, None], [None, 1.0], [7.0, 3.0]]}]
    preprocessing = IrregularPreprocessing.fit(rows)
    weights = np.random.default_rng(0).normal(size=(3, 6, 1))
    folder = linear(
        tmp_path / "b",
        {"features": weights},
        "values",
        "btf,tfc->bc",
        mask=True,
        preprocessing=preprocessing,
        decoding=Decoding("regression", target_names=["risk"]),
    )
    found = explain(folder, rows[0])

    def value(values: list[list[float | None]]) -> float:
        encoded = preprocessing.encode([{"times": [0, 1, 3], "values": values}])[0]
        return float((encoded[:, :, None] * weights).sum())

    whole = value([[5.0, None], [None, 1.0], [7.0, 3.0]])
    without = [
        value([[None, None], [None, 1.0], [7.0, 3.0]]),
        value([[5.0, None], [None, None], [7.0, 3.0]]),
        value([[5.0, None], [None, 1.0], [None, None]]),
        value([[None, None], [None, 1.0], [None, 3.0]]),
        value([[5.0, None], [None, None], [7.0, None]]),
    ]
    np.testing.assert_allclose(importances(found), np.abs(whole - np.array(without)), atol=1e-5)
    # With one value only, nothing is left: values and marks are 0, and the time goes on from the first step.
    sparse = {"times": [0, 1, 3], "values": [[None, None], [None, 1.0], [None, None]]}
    (part, single), *_ = explain(folder, sparse).ranked("steps")
    nothing = np.zeros((3, 6))
    nothing[:, 4:] = np.array([0, 1, 3])[:, None] / preprocessing.step
    alone = value([[None, None], [None, 1.0], [None, None]])
    assert part.name == "step 1"
    np.testing.assert_allclose(single, abs(alone - float((nothing[:, :, None] * weights).sum())), atol=1e-5)


def test_frames_of_films_and_sounds_are_hidden(tmp_path: Path) -> None:
    film = np.ones((3, 2, 2, 1))
    weights = np.zeros((3, 2, 2, 1, 2))
    weights[1, ..., 0] = 1.0
    decoding = Decoding("classification", labels=["yes", "no"])
    videos = linear(
        tmp_path / "video",
        {"frames": weights},
        "logits",
        "bthwf,thwfc->bc",
        preprocessing=FramePreprocessing([0.0], [1.0], frame_shape=(2, 2, 1), variable_length=False),
        decoding=decoding,
    )
    found = explain(videos, film)
    drop = np.log(sigmoid(np.array(4.0))) - np.log(0.5)
    np.testing.assert_allclose(importances(found), [0, drop, 0], atol=1e-6)
    assert found.ranked()[0][0].name == "frame 1"

    heard = LogMelPreprocessing(1000, num_mels=3, frame_length=100, frame_step=100)
    sound = np.random.default_rng(0).normal(size=400) / 4
    encoded = heard.encode([sound])[0]
    logits = np.zeros((4, 3, 4, 3))
    for frame in range(4):
        logits[frame, :, frame] = np.random.default_rng(frame).normal(size=(3, 3))
    folder = linear(
        tmp_path / "sound",
        {"features": logits},
        "logits",
        "btf,tfsc->bsc",
        mask=True,
        preprocessing=heard,
        decoding=Decoding("transcription", labels=["", "a", "b"]),
    )
    found = explain(folder, sound)
    text = found.answer["text"]
    symbols = ["", "a", "b"].index

    def share(rows: np.ndarray) -> float:
        return log_probability(np.einsum("tf,tfsc->sc", rows, logits), [symbols(letter) for letter in text])

    wanted = [
        share(encoded) - share(np.where(np.arange(4)[:, None] == frame, 0.0, encoded)) for frame in range(4)
    ]
    np.testing.assert_allclose(importances(found), wanted, atol=1e-4)
    assert [part.name for part in found.parts][:2] == ["0.00-0.10 s", "0.10-0.20 s"]
