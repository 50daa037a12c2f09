"""Truth of ``rnnzoo.recipes.recipe``.

Recipes: a literal table, runs that can be taken up again, cards that say what won.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from rnnzoo.data.sets.datasets import DATASETS, FOLDED
from rnnzoo.errors import ArgumentError, DataError, PathExistsError, RunError, UnknownNameError
from rnnzoo.evaluation.baselines import classes
from rnnzoo.recipes import card_check, table
from rnnzoo.recipes import runs as recipe_runs
from rnnzoo.recipes.card import Card, calibration_of, known_card, read_card
from rnnzoo.recipes.further_baselines import FURTHER_BASELINES
from rnnzoo.recipes.recipe import Recipe
from rnnzoo.recipes.runs import run_recipe
from rnnzoo.recipes.table import RECIPES, get_recipe, list_recipes
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.zoo import get_spec

TOY = Recipe(
    name="toy",
    summary="digits in a hurry",
    data="digits",
    model="series-classifier-gru",
    metric="accuracy",
    tolerance=0.05,
    arguments={"units": (8,)},
    training={"epochs": 2, "batch_size": 128, "learning_rate": 0.02},
    runs=2,
    further_baselines=("extra trees",),
    reference="nobody published this",
)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setitem(table.RECIPES, "toy", TOY)
    return TOY


@pytest.fixture(scope="module")
def toy_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Card, Path]:
    folder = tmp_path_factory.mktemp("recipe") / "toy"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(table.RECIPES, "toy", TOY)
        return run_recipe("toy", folder, progress=False), folder


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_names_what_there_is(name: str) -> None:
    recipe = RECIPES[name]
    assert recipe.name == name
    assert recipe.data in DATASETS
    assert recipe.folds is None or recipe.data in FOLDED
    assert set(recipe.further_baselines) <= set(FURTHER_BASELINES)
    assert recipe.runs >= 3
    assert recipe.folds in (None, recipe.runs)
    get_spec(recipe.model)
    TrainConfig.from_dict(dict(recipe.training))


@pytest.mark.parametrize("name", RECIPES)
def test_every_known_card_is_that_of_its_recipe(name: str) -> None:
    recipe, known = RECIPES[name], known_card(name)
    assert known is not None
    facts = {name: getattr(recipe, name) for name in ("summary", "model", "metric", "reference", "notes")}
    assert {name: getattr(known, name) for name in facts} == facts
    for mine, cards_own in (
        (recipe.arguments, known.arguments),
        (recipe.training, known.training),
        (recipe.data_options, known.data["options"]),
    ):
        assert cards_own == json.loads(json.dumps(dict(mine)))
    assert (known.data["name"], known.data["folds"]) == (recipe.data, recipe.folds)
    assert known.higher_is_better == recipe.higher_is_better
    assert known.command == recipe.command(recipe.runs)
    assert [row["seed"] for row in known.runs] == list(range(recipe.runs))
    assert all(any(baseline in name for name in known.baselines) for baseline in recipe.further_baselines)
    assert known.onnx["input_shapes"]
    assert known.baselines
    means = [row["scores"][recipe.metric] for row in known.runs]
    assert known.scores[recipe.metric]["mean"] == pytest.approx(np.mean(means), abs=1e-5)
    assert known.scores[recipe.metric]["deviation"] == pytest.approx(np.std(means, ddof=1), abs=2e-5)
    assert known.train_seconds <= 20 * 60


def test_a_card_tells_runs_baselines_size_and_machine(toy_run: tuple[Card, Path]) -> None:
    card, folder = toy_run
    assert [row["seed"] for row in card.runs] == [0, 1]
    values = [row["scores"]["accuracy"] for row in card.runs]
    assert card.scores["accuracy"]["mean"] == pytest.approx(np.mean(values), abs=1e-5)
    assert card.scores["accuracy"]["deviation"] == pytest.approx(np.std(values, ddof=1), abs=1e-5)
    assert set(card.baselines) == {
        "majority class",
        "logistic regression on all values",
        "extra trees on all values",
    }
    assert card.best_baseline is not None
    best, value = card.best_baseline
    assert value == max(row["accuracy"]["mean"] for row in card.baselines.values())
    assert card.lead == pytest.approx(card.scores["accuracy"]["mean"] - value)
    assert card.onnx["bytes"] == (folder / "model.onnx").stat().st_size
    assert 0 < card.onnx["milliseconds"]["1"] < card.onnx["milliseconds"]["32"]
    assert card.onnx["input_shapes"] == {"features": [8, 8]}
    assert card.difference is not None
    assert card.difference["baseline"] == best
    assert card.difference["mean"] == pytest.approx(card.lead, abs=2e-5)
    assert (card.difference["groups"], card.difference["method"]) == (270, "rows")
    assert 0 < card.difference["standard_error"] < 0.05
    assert set(card.calibration) == {"ece", "brier"}
    assert card.calibration["ece"]["lowest"] < card.calibration["ece"]["highest"]
    clean, *disturbed = card.robustness
    assert (clean["disturbance"], clean["score"]) == ("none", card.runs[0]["scores"]["accuracy"])
    assert clean["baseline"] == pytest.approx(value, abs=1e-5)
    assert [(row["disturbance"], row["strength"]) for row in disturbed] == [
        ("noise", 0.1),
        ("noise", 0.3),
        ("missing steps", 0.1),
        ("missing steps", 0.3),
    ]
    assert disturbed[3]["score"] < clean["score"]
    assert disturbed[3]["baseline"] < clean["baseline"]
    assert set(card.machine) == {"cpu", "cores", "memory_gib"}
    assert card.data["rows"]["test"] == 270
    assert read_card(folder / "card.json").to_dict() == json.loads(json.dumps(card.to_dict()))
    page = (folder / "card.html").read_text()
    for word in (best, "nobody published this", card.command, "confusion matrix"):
        assert word in page
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    assert session.run(None, {"features": np.zeros((1, 8, 8), np.float32)})[0].shape == (1, 10)


def test_a_recipe_without_baselines_has_a_card_that_says_so_and_gets_them_on_no_resume(
    toy: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rnnzoo.cli.app import run

    out = tmp_path / "toy"
    assert run(["run", "toy", "--out", str(out), "--runs", "1", "--no-baselines"]) == 0
    shown = capsys.readouterr().out
    assert "left out  logistic regression on all values: no baselines were wanted" in shown
    card = read_card(out / "card.json")
    assert card.baselines == {}
    assert card.difference is None
    assert all("baseline" not in row for row in card.robustness)
    assert card.best_baseline is None
    assert np.isnan(card.lead)
    assert set(card.baselines_left_out) == {"majority class", "logistic regression on all values"}
    assert "beside no baseline" in (out / "card.html").read_text()


def test_a_recipe_fits_the_baselines_that_an_interruption_left_and_trains_nothing_again(
    toy: Recipe, toy_run: tuple[Card, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> dict[str, Any]:
        def interrupt(budget: Any) -> Any:
            raise KeyboardInterrupt

        return {"logistic regression on all values": interrupt}

    with monkeypatch.context() as patch:
        patch.setattr(classes, "classification", stop)
        with pytest.raises(KeyboardInterrupt):
            run_recipe("toy", tmp_path / "out", runs=1, progress=False)
    model = (tmp_path / "out" / "run-0" / "model.keras").read_bytes()
    card = run_recipe("toy", tmp_path / "out", runs=1, resume=True, progress=False)
    assert (tmp_path / "out" / "run-0" / "model.keras").read_bytes() == model
    assert card.baselines == toy_run[0].baselines
    assert card.baselines_left_out == {}


def test_a_run_of_a_recipe_is_scored_again(
    toy: Recipe, toy_run: tuple[Card, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    from rnnzoo.cli.app import run

    card, folder = toy_run
    assert run(["evaluate", str(folder / "run-1"), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    assert scores["accuracy"] == pytest.approx(card.runs[1]["scores"]["accuracy"], abs=1e-5)


@pytest.mark.slow
def test_finished_runs_are_kept_on_resume_and_the_rest_is_made(
    toy: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_recipe("toy", tmp_path / "out", runs=1, progress=False)
    trained: list[int] = []
    train = vars(recipe_runs)["train"]

    def counted(*arguments: Any, **named: Any) -> Any:
        trained.append(named["config"].seed)
        return train(*arguments, **named)

    monkeypatch.setattr(recipe_runs, "train", counted)
    lines: list[str] = []
    both = run_recipe("toy", tmp_path / "out", resume=True, progress=False, report=lines.append)
    assert trained == [1]
    assert both.runs[0] == first.runs[0]
    assert lines == ["toy: run 1 of 2", "toy: run 2 of 2"]
    assert (first.command, both.command) == ("rnnzoo run toy --out toy --runs 1", "rnnzoo run toy --out toy")


@pytest.mark.slow
def test_only_the_same_runs_are_gone_on_with(
    toy: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run_recipe("toy", out, progress=False)
    before = (out / "card.json").read_bytes()
    other = dataclasses.replace(TOY, name="other", runs=1)
    monkeypatch.setitem(table.RECIPES, "other", other)
    with pytest.raises(PathExistsError, match="holds runs of toy; expected a new folder or the one of other"):
        run_recipe("other", out, resume=True)
    for changed, message in (
        ({"arguments": {"units": (4,)}}, "details differs: model_arguments was"),
        ({"training": {"epochs": 50}}, "train_config differs: epochs was 2, now 50"),
        ({"data_options": {"seed": 1}}, "data differs: "),
    ):
        monkeypatch.setitem(table.RECIPES, "toy", dataclasses.replace(TOY, **changed))
        with pytest.raises(RunError, match=f"cannot resume: {message}"):
            run_recipe("toy", out, resume=True, progress=False)
    assert (out / "card.json").read_bytes() == before
    # Overwritten, nothing of the old runs stays beside the new card; what no recipe wrote does.
    (out / "note.txt").write_text("mine")
    card = run_recipe("other", out, overwrite=True, progress=False)
    assert sorted(path.name for path in out.iterdir()) == [
        "card.html",
        "card.json",
        "model.onnx",
        "note.txt",
        "run-0",
    ]
    assert read_card(out / "card.json").recipe == card.recipe == "other"


def test_nothing_is_overwritten_unasked(toy: Recipe, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(PathExistsError, match="received a directory that is not empty"):
        run_recipe("toy", tmp_path, progress=False)
    (tmp_path / "model.onnx").write_text("mine too")
    for resume in (True, False):
        with pytest.raises(PathExistsError, match="holds no runs of a recipe; expected a new folder"):
            run_recipe("toy", tmp_path, progress=False, resume=resume, overwrite=not resume)
    assert (tmp_path / "note.txt").read_text() == "mine"
    assert (tmp_path / "model.onnx").read_text() == "mine too"


def test_less_is_better_for_errors() -> None:
    assert not dataclasses.replace(TOY, metric="mae").higher_is_better
    assert TOY.higher_is_better


def test_wrong_names_and_numbers_are_refused(toy: Recipe, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown recipe: received 'toi'; did you mean 'toy'"):
        get_recipe("toi")
    with pytest.raises(ArgumentError, match="runs: received 3 for 'toy'; expected 2 at most"):
        run_recipe("toy", tmp_path / "x", runs=3)
    assert [recipe.name for recipe in list_recipes("to*")] == ["toy"]


def test_a_card_of_before_differences_were_kept_is_read(tmp_path: Path) -> None:
    known = known_card("digits-shifted")
    assert known is not None
    values = known.to_dict()
    for name in ("difference", "calibration", "robustness"):
        del values[name]
    (tmp_path / "card.json").write_text(json.dumps(values))
    old = read_card(tmp_path / "card.json")
    assert (old.difference, old.calibration, old.robustness) == (None, {}, ())
    assert old.scores == known.scores


def test_intervals_are_calibrated_by_the_share_of_the_truth_that_they_hold(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    assert calibration_of(run, {}) == {}
    assert calibration_of(run, {"calibration": {"part": "test", "ece": 0.1, "brier": 0.2}}) == {
        "ece": 0.1,
        "brier": 0.2,
    }
    lines = [
        "level,lower,upper,target,coverage,width",
        "0.8,0.1,0.9,load,0.7,3.0",
        "0.8,0.1,0.9,heat,0.9,1.0",
    ]
    run.table("coverage").write_text("\n".join([*lines, "0.5,0.25,0.75,load,0.4,2.0"]))
    assert calibration_of(run, {}) == {"coverage_80": pytest.approx(0.8), "coverage_50": 0.4}


def test_a_damaged_card_is_refused(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text('{"recipe": "toy"}')
    with pytest.raises(DataError, match="not a result card of this version"):
        read_card(tmp_path / "card.json")


def test_the_command_lists_runs_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rnnzoo.cli.app import run

    assert run(["recipes", "digits-*", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["name"] == "digits-shifted"
    assert listed["training"] == json.loads(json.dumps(dict(get_recipe("digits-shifted").training)))
    assert run(["recipes"]) == 0
    assert "digits-shifted" in capsys.readouterr().out
    assert run(["recipes", "digit-shifted"]) == 2
    assert "did you mean 'digits-shifted'" in capsys.readouterr().err
    assert run(["recipes", "x*"]) == 0
    assert "no recipe matches 'x*'" in capsys.readouterr().err
    assert run(["run", "digits-shifted", "--runs", "9", "--out", str(tmp_path / "x")]) == 2
    assert "runs: received 9 for 'digits-shifted'; expected 3 at most" in capsys.readouterr().err
    assert run(["run", "digit-shifted", "--out", str(tmp_path / "x")]) == 2
    assert "did you mean 'digits-shifted'" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_the_command_makes_a_card_and_fails_the_check(
    toy: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rnnzoo.cli.app import run

    out = tmp_path / "toy"
    assert run(["run", "toy", "--out", str(out), "--runs", "1", "--check"]) == 1
    shown = capsys.readouterr()
    assert "series-classifier-gru" in shown.out
    assert "there is no known card to compare with" in shown.err
    assert (out / "card.json").is_file()
    assert run(["run", "toy", "--out", str(out), "--runs", "1"]) == 2
    assert "(--force overwrites)" in capsys.readouterr().err
    card = read_card(out / "card.json")
    monkeypatch.setattr(card_check, "known_card", lambda name: card)
    assert run(["run", "toy", "--out", str(out), "--runs", "1", "--resume", "--check", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["recipe"] == "toy"
    assert "tolerance 0.05 (of the recipe)" in shown.err
