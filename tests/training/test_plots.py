"""Truth of ``rnnzoo.training.run.plots``: pictures name what they show, and no method presses the others together."""

from __future__ import annotations

import numpy as np

from rnnzoo.training.run.plots import error_range, errors_by_step, forecasts

ERRORS = {"model": [1.0, 2.0], "persistence": [2.0, 40.0], "trees": [1.0, 1.5]}


def test_an_error_far_above_the_others_leaves_the_picture_and_is_named() -> None:
    axes = errors_by_step({name: np.array(values) for name, values in ERRORS.items()}, name="load").axes[0]
    assert axes.get_ylim() == (0, 5)
    assert [line.get_label() for line in axes.lines] == ["model", "persistence (up to 40)", "trees"]


def test_a_model_that_is_far_worse_than_its_baselines_stays_in_the_picture() -> None:
    top, names = error_range({"model": [50.0], "persistence": [1.0], "trees": [2.0]})
    assert top > 50
    assert list(names.values()) == ["model", "persistence", "trees"]
    assert error_range({"model": [0.0]})[0] == 1
    assert error_range({"model": [np.nan]})[0] == 1


def test_windows_of_several_series_are_named() -> None:
    values = np.arange(12.0).reshape(3, 4)
    named = forecasts(values, values, values, name="sales", part="test", series=["a", "b", "c"])
    assert [axes.get_ylabel() for axes in named.axes] == ["a\nsales", "b\nsales", "c\nsales"]
    alone = forecasts(values, values, values, name="sales", part="test")
    assert {axes.get_ylabel() for axes in alone.axes} == {"sales"}
