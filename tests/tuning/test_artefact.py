"""Truth of ``rnnzoo_tuning.artefact``: limits and objectives on the file that will be served."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest

from rnnzoo import Splits, TrainConfig, build_classifier, create_model, load_dataset
from rnnzoo.errors import ArgumentError, RunError
from rnnzoo_export import load_bundle
from rnnzoo_export.measure_config import MeasureConfig
from rnnzoo_tuning import Choice, Integer, Real, SearchSpace, artefact, run_search, study, trial_runs
from rnnzoo_tuning.artefact import architecture, typical_steps
from rnnzoo_tuning.ending import Ending
from rnnzoo_tuning.running_trial import RunningTrial
from rnnzoo_tuning.trial_records import TrialScore

NAME = "series-classifier-gru"
SPACE = SearchSpace(
    model={"width": Choice((4, 8, 32, 64)), "depth": Integer(1, 2), "dropout": Real(0.0, 0.5)},
    training={"learning_rate": Real(1e-3, 3e-2, log=True)},
)
CONFIG = TrainConfig(epochs=1, batch_size=256, tensorboard=False)
MEASURE = MeasureConfig(rounds=5)


@pytest.fixture(scope="module")
def splits() -> Splits:
    return load_dataset("digits")


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials are scored by a formula in place of training, and the best is not written."""

    def score(_: Any, trial: RunningTrial, run: Any) -> TrialScore:
        values = trial.parameters.values
        return TrialScore(int(values["width"]) / 100 - values.get("dropout", 0) + values["depth"] / 9)

    monkeypatch.setattr(trial_runs, "_fitted", score)
    monkeypatch.setattr(Ending, "write", lambda *_, **__: (None, {}))


def search(splits: Splits, directory: Path, **options: Any) -> Any:
    arguments: dict[str, Any] = {
        "space": SPACE,
        "config": CONFIG,
        "algorithm": "random",
        "max_trials": 3,
        "measure": MEASURE,
        "progress": False,
        "baseline_seconds": 0,
        "bundle": False,
        **options,
    }
    return run_search(NAME, splits, directory=directory, **arguments)


@pytest.mark.usefixtures("scored")
def test_what_breaks_a_limit_is_not_trained_and_not_counted(splits: Splits, tmp_path: Path) -> None:
    result = search(splits, tmp_path / "search", constraints={"size_mb": 0.012}, max_trials=4)
    rows = json.loads((tmp_path / "search/trials.json").read_text())["trials"]
    refused = [row for row in rows if row["status"] == "refused"]
    done = [row for row in rows if row["status"] == "done"]
    assert len(done) == 4
    assert len(refused) > 1
    assert all(row["size_mb"] <= 0.012 for row in done)
    assert all(row["score"] is None and row["seconds"] == 0 for row in refused)
    assert [row["trial"] for row in done] == [1, 2, 3, 4]
    assert all(row["trial"] is None and "size_mb at least 0.0" in row["reason"] for row in refused)
    assert result.measures["size_mb"] <= 0.012


@pytest.mark.usefixtures("scored")
def test_refused_points_leave_random_search_as_it_was_within_the_limit(
    splits: Splits, tmp_path: Path
) -> None:
    free = search(splits, tmp_path / "free", max_trials=6)
    limited = search(splits, tmp_path / "limited", max_trials=2, constraints={"parameters": 3000})
    within = [row for row in free.trials if row["width"] in (4, 8)]
    kept = [row for row in limited.trials if row["status"] == "done"]
    same = [{name: row[name] for name in ("score", "width", "depth", "learning_rate")} for row in within[:2]]
    assert [{name: row[name] for name in same[0]} for row in kept][: len(same)] == same


@pytest.mark.usefixtures("scored")
def test_a_limit_that_nothing_meets_is_told_with_the_nearest_point(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "MOST_REFUSED", 12)
    with pytest.raises(
        RunError, match=r"refused 12 points of the space one after the other.*size_mb at least 0.00"
    ):
        search(splits, tmp_path / "search", constraints={"size_mb": 1e-4})
    # Its advice: a higher limit, elsewhere or in place of this one.
    options: dict[str, Any] = {"constraints": {"size_mb": 0.2}, "max_trials": 1}
    assert search(splits, tmp_path / "more", **options).score > 0
    assert search(splits, tmp_path / "search", overwrite=True, **options).score > 0


@pytest.mark.usefixtures("scored")
def test_a_grid_goes_on_to_the_combinations_within_the_limit(splits: Splits, tmp_path: Path) -> None:
    space = SearchSpace(model={"width": Choice((64, 8, 32, 4)), "depth": Integer(1, 1)})
    result = search(splits, tmp_path / "s", space=space, algorithm="grid", constraints={"size_mb": 0.012})
    found = [(row["width"], row["status"]) for row in result.trials]
    assert found == [(64, "refused"), (8, "done"), (32, "refused"), (4, "done")]


@pytest.mark.slow
@pytest.mark.usefixtures("scored")
def test_a_search_with_limits_goes_on_where_it_stopped(splits: Splits, tmp_path: Path) -> None:
    options: dict[str, Any] = {"constraints": {"size_mb": 0.012}, "algorithm": "tpe"}
    whole = search(splits, tmp_path / "whole", max_trials=4, **options)
    search(splits, tmp_path / "two", max_trials=2, **options)
    two = search(splits, tmp_path / "two", max_trials=4, resume=True, **options)
    seconds = ("seconds",)
    strip = [[{k: v for k, v in row.items() if k not in seconds} for row in r.trials] for r in (whole, two)]
    assert strip[0] == strip[1]
    with pytest.raises(RunError, match="limits"):
        search(
            splits, tmp_path / "two", max_trials=4, resume=True, constraints={"size_mb": 0.2}, algorithm="tpe"
        )


@pytest.mark.usefixtures("scored")
def test_two_objectives_have_a_front_that_no_trial_beats(splits: Splits, tmp_path: Path) -> None:
    result = search(
        splits, tmp_path / "s", objectives=("accuracy", "parameters"), algorithm="nsga2", max_trials=5
    )
    points = [(row["score"], row["parameters"]) for row in result.trials]
    front = [(row["score"], row["parameters"]) for row in result.front]
    brute = [p for p in points if not any(q[0] >= p[0] and q[1] <= p[1] and q != p for q in points)]
    assert sorted(front) == sorted(brute)
    assert front[0][0] == max(score for score, _ in points) == result.score
    with pytest.raises(ArgumentError, match=r"'asha' with 2 objectives.* make a constraint of parameters"):
        search(splits, tmp_path / "no", objectives=("accuracy", "parameters"), pruner="asha")
    search(splits, tmp_path / "yes", constraints={"parameters": 3000}, pruner="asha", max_trials=2)


@pytest.mark.slow
def test_a_bundle_that_is_slower_than_its_model_was_in_the_search_is_told_and_measured_again(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measure, times = vars(artefact)["measure_files"], [5.0] * 3

    def slow(*arguments: Any, **options: Any) -> dict[str, float]:
        found = measure(*arguments, **options)
        return dict.fromkeys(found, times.pop()) if times else found

    monkeypatch.setattr(artefact, "measure_files", slow)
    options: dict[str, Any] = {"constraints": {"latency_ms": 4.0}, "bundle": True, "max_trials": 1}
    found = search(splits, tmp_path / "s", progress=True, **options)
    assert not times, "it was measured three times"
    assert found.measured_again["latency_ms"] == 5.0
    assert (
        "latency_ms: the bundle needs at least 5; the limit is 4, which its model kept before it was trained. Resume "
        "the search on an idle machine, which measures again.\n"
    ) in capsys.readouterr().err
    again = search(splits, tmp_path / "s", resume=True, **options)
    assert again.measured_again["latency_ms_low"] <= 4.0
    assert search(splits, tmp_path / "s", resume=True, **options).measured_again == again.measured_again


@pytest.mark.usefixtures("scored")
def test_each_architecture_is_measured_once(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []
    measure = vars(artefact)["measure_untrained"]

    def count(model: keras.Model, *arguments: Any, **options: Any) -> dict[str, float]:
        measured.append(model.count_params())
        return measure(model, *arguments, **options)

    monkeypatch.setattr(artefact, "measure_untrained", count)
    space = SearchSpace(model={"width": Choice((4, 8)), "depth": Integer(1, 1), "dropout": Real(0.0, 0.5)})
    result = search(splits, tmp_path / "s", space=space, constraints={"latency_ms": 1e3}, max_trials=5)
    assert sorted(measured) == sorted(set(measured))
    assert len({row["latency_ms"] for row in result.trials}) == len(measured) == 2


def test_the_bundle_is_that_file_and_is_measured_again(splits: Splits, tmp_path: Path) -> None:
    measure = MeasureConfig(rounds=5, precision="float16")
    options: dict[str, Any] = {"constraints": {"size_mb": 0.1, "latency_ms": 1e3}, "measure": measure}
    options["space"] = SPACE.fix(width=64, depth=1)
    result = search(splits, tmp_path / "s", bundle=True, max_trials=1, **options)
    assert result.bundle is not None
    assert load_bundle(result.bundle).parity["quantized.onnx"]
    size = (result.bundle / "quantized.onnx").stat().st_size / 1e6
    assert result.measured_again["size_mb"] == size == pytest.approx(result.measures["size_mb"], rel=0.05)
    assert result.measured_again["latency_ms_low"] <= 1e3
    assert "in the bundle" in repr(result)
    again = search(splits, tmp_path / "s", bundle=True, max_trials=1, resume=True, **options)
    assert again.measured_again == result.measured_again
    file = onnxruntime.InferenceSession(str(result.bundle / "model.onnx"))
    rows = splits.validation.first(4)[0]
    answers = file.run(None, {name: rows[name] for name in (i.name for i in file.get_inputs())})[0]
    np.testing.assert_allclose(answers, np.asarray(result.best.model(rows["features"])), rtol=1e-4, atol=1e-5)


def test_a_model_that_cannot_be_exported_loses_no_search(
    splits: Splits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def loops(units: int, num_features: int, num_classes: int) -> keras.Model:
        inputs = keras.Input((None, num_features))
        hidden = keras.layers.GRU(units, activation="gelu")(inputs)
        return keras.Model(inputs, keras.layers.Dense(num_classes)(hidden))

    space = SearchSpace(model={"units": Choice((4,))})
    result = run_search(
        loops, splits, space=space, config=CONFIG, directory=tmp_path / "s", max_trials=1, baseline_seconds=0
    )
    assert result.bundle is None
    assert result.best.metrics["test"]
    assert "no bundle: layer" in capsys.readouterr().err


def test_an_architecture_is_what_is_in_the_file() -> None:
    def made(**options: Any) -> str | None:
        keras.utils.clear_session()
        return architecture(build_classifier(num_classes=2, num_features=3, cell="gru", **options))

    assert made(dropout=0.1) == made(dropout=0.3)
    assert made(units=(4,)) != made(units=(8,))
    assert made(units=(4,)) != made(units=(4,), bidirectional=True)
    assert architecture(create_model(NAME, num_classes=2, num_features=3)) != made()


def test_a_model_that_does_not_say_what_it_is_made_of_is_no_other_one() -> None:
    class Own(keras.Model):
        def get_config(self) -> dict[str, Any]:
            raise NotImplementedError

    assert architecture(Own()) is None


def test_steps_are_those_of_a_typical_row(splits: Splits) -> None:
    assert typical_steps(splits) == 8


@pytest.mark.slow
def test_a_space_that_hardly_fits_costs_less_than_a_second_for_each_refused_point(
    splits: Splits, tmp_path: Path
) -> None:
    widths = tuple(range(4, 164, 8))  # one of twenty fits, without an export for the others
    space = SearchSpace(
        model={"width": Choice(widths), "depth": Integer(1, 1)},
        training={"learning_rate": Real(1e-3, 3e-2, log=True)},
    )
    for algorithm in ("random", "tpe"):
        began = time.process_time()
        trained = search(splits, tmp_path / f"{algorithm} free", space=space.fix(width=4), max_trials=3)
        free = time.process_time() - began
        began = time.process_time()
        options: dict[str, Any] = {"space": space, "algorithm": algorithm, "constraints": {"size_mb": 0.0043}}
        result = search(splits, tmp_path / algorithm, max_trials=3, **options)
        spent = time.process_time() - began
        refused = sum(row["status"] == "refused" for row in result.trials)
        assert result.measures["size_mb"] <= 0.0043
        assert result.arguments["units"] == trained.arguments["units"] == (4,)
        assert refused > 3
        assert (spent - free) / refused < 1.0, f"{algorithm}: {(spent - free) / refused:.2f} s"
