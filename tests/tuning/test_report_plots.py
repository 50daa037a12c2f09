"""Truth of ``rnnzoo_tuning.report_plots``: each picture is drawn, or says why it is not."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from hand_made_search import ADAM, SGD, done, failed, pruned, refused, write_search
from rnnzoo_tuning.kept_search import open_search
from rnnzoo_tuning.report_plots import save_plots, shown_study

WITHOUT_VARIED = (
    "Importance of what varied",
    "Trials by what varied",
    "Scores by what varied",
)


def reasons(root: Path, folder: Path) -> dict[str, str]:
    """Draws a search; returns why each picture is absent, empty for those that are there."""
    folder.mkdir(exist_ok=True)
    plots = save_plots(open_search(root), folder)
    for plot in plots:
        assert (plot.path is None) == bool(plot.reason)
        if plot.path is not None:
            assert plot.path.read_bytes().startswith(b"\x89PNG")
    return {plot.title: plot.reason for plot in plots}


def test_all_are_drawn_of_a_conditional_space(tmp_path: Path) -> None:
    trials = [
        done(0.5, curve=(0.3, 0.5), **ADAM),
        failed("OOM", **ADAM),
        done(0.7, curve=(0.4, 0.7), **SGD),
        done(0.6, curve=(0.2, 0.6), **{**SGD, "clip_bound": 0.2}),
        pruned(0.1, curve=(0.1,), **ADAM),
        refused("too large", **SGD),
    ]
    before = dict(mpl.rcParams), plt.get_fignums()
    found = reasons(write_search(tmp_path / "search", *trials), tmp_path)
    assert found == {
        "Scores of the trials": "",
        "Importance of what varied": "",
        "Trials by what varied": "",
        "Scores by clip_bound and learning_rate": "",
        "Scores by optimizer and units": "",
        "Learning curves": "",
    }
    assert (dict(mpl.rcParams), plt.get_fignums()) == before


def test_two_objectives_have_a_front(tmp_path: Path) -> None:
    trials = [done(0.5, 2.0, curve=(0.3, 0.5), **ADAM), done(0.7, 3.0, **SGD), done(0.6, 4.0, **SGD)]
    root = write_search(tmp_path / "search", *trials, directions=("maximize", "minimize"))
    found = reasons(root, tmp_path)
    assert "Pareto front" in found
    assert set(found.values()) == {""}
    assert [trial.number for trial in shown_study(open_search(root)).best_trials] == [1, 2]


def test_three_objectives_have_none(tmp_path: Path) -> None:
    trials = [done(0.5, 2.0, 1.0, **ADAM), done(0.7, 3.0, 2.0, **SGD)]
    directions = ("maximize", "minimize", "minimize")
    found = reasons(write_search(tmp_path / "search", *trials, directions=directions), tmp_path)
    assert found["Pareto front"] == "there are 3 objectives, and two are needed"


def test_without_trials_all_say_so(tmp_path: Path) -> None:
    root = write_search(tmp_path / "search", failed("OOM", **ADAM), refused("too large", **SGD))
    none = "no trial came to its last epoch"
    assert reasons(root, tmp_path) == {
        "Scores of the trials": none,
        **dict.fromkeys(WITHOUT_VARIED, none),
        "Learning curves": "no trial tells of two epochs or more",
    }


def test_one_trial_has_its_score_and_its_curve(tmp_path: Path) -> None:
    root = write_search(tmp_path / "search", done(0.5, curve=(0.3, 0.5), **ADAM))
    one = "one trial came to its last epoch, and two are needed"
    assert reasons(root, tmp_path) == {
        "Scores of the trials": "",
        **dict.fromkeys(WITHOUT_VARIED, one),
        "Learning curves": "",
    }


def test_values_and_scores_that_are_all_the_same_are_told(tmp_path: Path) -> None:
    alike = reasons(write_search(tmp_path / "a", done(0.5, **ADAM), done(0.6, **ADAM)), tmp_path)
    assert {alike[name] for name in WITHOUT_VARIED} == {"all trials had the same values"}
    other = {**ADAM, "learning_rate": 0.02}
    level = reasons(write_search(tmp_path / "b", done(0.5, **ADAM), done(0.5, **other)), tmp_path)
    assert level["Importance of what varied"] == "all trials had the same score"
    assert level["Scores by learning_rate"] == level["Trials by what varied"] == ""


def test_a_picture_that_fails_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        plt.figure()
        raise ValueError("no\nink")

    monkeypatch.setattr("optuna.visualization.matplotlib.plot_slice", fail)
    before = plt.get_fignums()
    found = reasons(write_search(tmp_path / "search", done(0.5, **ADAM), done(0.6, **SGD)), tmp_path)
    assert found["Scores by units"].startswith("drawing failed: ValueError: no")
    assert "\n" not in found["Scores by units"]
    assert found["Trials by what varied"] == ""
    assert plt.get_fignums() == before


def test_numbers_and_labels_are_those_of_the_report(tmp_path: Path) -> None:
    root = write_search(tmp_path / "search", failed("OOM", **ADAM), done(0.5, **ADAM), done(0.6, **SGD))
    study = shown_study(open_search(root))
    assert [trial.number for trial in study.trials if trial.values] == [2, 3]
    assert [repr(trial.params["optimizer"]) for trial in study.trials[2:]] == ["adam", "sgd"]
