"""Truth of ``rnnzoo.data.readers.series_rows`` and ``rnnzoo.data.readers.window_parts``: panels, cut by pandas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits, read_series
from rnnzoo.data.readers.window_split import WindowSplit

WINDOW, HORIZON = 5, 3
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Panel:
    """A random panel: series of unlike lengths, rows missing, in any order, at times with or without a zone."""

    frame: pd.DataFrame
    step: pd.Timedelta

    def read(self, **options: Any) -> Splits:
        given: dict[str, Any] = {
            **{"target": "y", "time": "when", "series": ["shop", "item"], "future": ["price", "promo"]},
            **{"categorical": ["promo", "kind"], "static": ["size", "kind"], "gaps": "break"},
        }
        return read_series(self.frame, window=WINDOW, horizon=HORIZON, **given, **options)

    def windows(self) -> dict[str, list[pd.DataFrame]]:
        """Cuts the windows of each part with plain pandas."""
        rows, times = len(self.frame), self.frame["when"].sort_values().to_numpy()
        test = rows - round(rows * 0.15)
        first = {"validation": times[test - round(rows * 0.15)], "test": times[test]}
        found: dict[str, list[pd.DataFrame]] = {name: [] for name in PARTS}
        for _, rows_of_series in self.frame.groupby(["shop", "item"], sort=False):
            series = rows_of_series.sort_values("when")
            for start in range(len(series) - WINDOW - HORIZON + 1):
                window = series.iloc[start : start + WINDOW + HORIZON]
                if (window["when"].diff().iloc[1:] != self.step).any():
                    continue
                ahead = window["when"].to_numpy()[WINDOW:]
                parts = {sum(time >= first[name] for name in first) for time in ahead}
                if len(parts) == 1:
                    found[PARTS[parts.pop()]].append(window)
        return found


def random_panel(seed: int) -> Panel:
    rng = np.random.default_rng(seed)
    zone = [None, "UTC", "Europe/Berlin"][seed % 3]
    step = pd.Timedelta(hours=1) if seed % 2 else pd.Timedelta(minutes=15)
    first = pd.Timestamp("2024-10-26 18:00", tz=zone)  # a night on which clocks change
    frames = []
    for shop in range(rng.integers(2, 5)):
        for item in "ab"[: rng.integers(1, 3)]:
            length = int(rng.integers(40, 90))
            steps = rng.integers(0, 20) + np.flatnonzero(rng.random(length) > 0.03)
            frame = pd.DataFrame(
                {
                    "shop": shop,
                    "item": item,
                    "when": first + steps * step,
                    "y": rng.normal(10 * shop, 1 + shop, len(steps)),
                    "heat": rng.normal(size=len(steps)),
                    "price": rng.normal(size=len(steps)),
                    "promo": rng.choice(["no", "yes"], len(steps)),
                    "size": shop + 0.5,
                    "kind": "xyz"[shop % 3],
                }
            )
            frames.append(frame)
    return Panel(pd.concat(frames).sample(frac=1, random_state=seed), step)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("scaling", ["all", "series", "window"])
def test_windows_are_those_that_pandas_cuts(seed: int, scaling: str) -> None:
    panel = random_panel(seed)
    splits, truth = panel.read(scaling=scaling), panel.windows()
    trained = trained_rows(panel)
    for name in PARTS:
        part = splits.rows(name)
        assert isinstance(part, WindowSplit)
        assert len(part) == len(truth[name])
        inputs, targets, weights = part.gather(range(len(part)))
        assert weights is None
        for number, window in enumerate(truth[name]):
            past, ahead = window.iloc[:WINDOW], window.iloc[WINDOW:]
            assert part.raw is not None
            row = part.raw[number]
            assert row["series"] == [str(window["shop"].iloc[0]), window["item"].iloc[0]]
            for column in ("y", "heat", "price", "promo"):
                assert row["past"][column] == past[column].tolist()
            assert row["future"] == {column: ahead[column].tolist() for column in ("price", "promo")}
            assert row["static"] == {"size": window["size"].iloc[0], "kind": window["kind"].iloc[0]}
            expected = scaled(window, trained, scaling)
            np.testing.assert_allclose(inputs["features"][number], expected[0], atol=1e-5)
            np.testing.assert_allclose(inputs["future"][number], expected[1], atol=1e-5)
            np.testing.assert_allclose(targets[number, :, 0], expected[2], atol=1e-5)
        encoded = splits.get_preprocessing().apply([part.raw[row] for row in range(len(part))])  # type: ignore[index]
        for key, values in encoded.items():
            np.testing.assert_allclose(values, inputs[key], atol=1e-6)


def trained_rows(panel: Panel) -> pd.DataFrame:
    rows = len(panel.frame)
    cut = panel.frame["when"].sort_values().to_numpy()[rows - round(rows * 0.15) - round(rows * 0.15)]
    return panel.frame[panel.frame["when"].to_numpy() < cut]


def scaled(
    window: pd.DataFrame, trained: pd.DataFrame, scaling: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns past features, known features of the horizon and targets of a window."""
    own = trained
    if scaling == "series":
        keys = window[["shop", "item"]].iloc[0]
        own = trained[(trained["shop"] == keys["shop"]) & (trained["item"] == keys["item"])]
    numbers = ["y", "heat", "price"]
    values = (window[numbers] - own[numbers].mean()) / own[numbers].std(ddof=0)
    if scaling == "window":
        values["y"] = window["y"] / window["y"].iloc[:WINDOW].abs().mean()
    promo = np.stack([window["promo"] == "no", window["promo"] == "yes"], axis=-1).astype(float)
    features = np.column_stack([values[numbers], promo])
    return features[:WINDOW], features[WINDOW:, 2:], values["y"].to_numpy()[WINDOW:]


def test_statistics_are_of_training_rows_alone() -> None:
    panel = random_panel(1)
    late = panel.frame["when"] > trained_rows(panel)["when"].max()
    changed = panel.frame.assign(y=panel.frame["y"].where(~late, 1e6))
    for scaling in ("all", "series"):
        first, second = panel.read(scaling=scaling), Panel(changed, panel.step).read(scaling=scaling)
        assert first.get_preprocessing().to_config() == second.get_preprocessing().to_config()
