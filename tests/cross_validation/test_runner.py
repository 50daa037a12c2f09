"""Truth of ``rnnzoo.cross_validation.runner``: each fold stands alone, and none is run twice."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from rnnzoo import CrossValidation, Splits, TrainConfig, cross_validate, load_dataset, read_series
from rnnzoo.cli.run_data import load_run_data
from rnnzoo.errors import ArgumentError, PathExistsError, RunError, UnknownNameError
from rnnzoo.training.run.run_directory import open_run

CONFIG = TrainConfig(epochs=2, learning_rate=0.05, tensorboard=False)
FOLDS = 2
ROWS = np.random.default_rng(0).normal(size=(60, 4, 2))
LABELS = ["up" if row[:, 0].sum() > 0 else "down" for row in ROWS]
GROUPS = np.arange(60) // 3


def linear(splits: Splits) -> keras.Model:
    inputs = keras.Input((4, 2), name="features")
    outputs = keras.layers.Dense(2, name="logits")(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, outputs, name="linear")


def fold_of(
    seen: list[int] | None = None, stop_at: int | None = None, rows: np.ndarray = ROWS
) -> Callable[..., Splits]:
    """Reads folds; notes which, and is stopped at one."""

    def read(fold: tuple[int, int]) -> Splits:
        if seen is not None:
            seen.append(fold[0])
        if fold[0] == stop_at:
            raise KeyboardInterrupt
        return Splits.from_arrays(rows, LABELS, groups=GROUPS, fold=fold)

    return read


def validate(directory: Path | None, read: Callable[..., Splits], **options: Any) -> CrossValidation:
    return cross_validate(
        options.pop("model", linear),
        read,
        folds=FOLDS,
        config=CONFIG,
        directory=directory,
        **{"progress": False, **options},
    )


def targets_of(splits: Splits, part: str) -> list[str]:
    """The labels of a part, as a user has them."""
    labels = splits.get_decoding().labels or []
    rows = splits.rows(part)
    return [labels[int(number)] for number in rows.gather(range(len(rows)))[1]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> CrossValidation:
    return validate(tmp_path_factory.mktemp("whole") / "cv", fold_of())


def test_every_fold_is_scored_beside_the_baselines_on_the_same_rows(whole: CrossValidation) -> None:
    assert [fold.fold for fold in whole.folds] == [0, 1]
    assert sum(fold.rows["test"] for fold in whole.folds) == 60
    for fold in whole.folds:
        splits = fold_of()((fold.fold, FOLDS))
        assert fold.rows == {name: len(getattr(splits, name)) for name in ("train", "validation", "test")}
        train, test = (np.array(targets_of(splits, part)) for part in ("train", "test"))
        common = max(sorted(set(train.tolist())), key=train.tolist().count)
        majority = float((test == common).mean())
        assert fold.baselines["majority class"]["accuracy"] == pytest.approx(majority)
    values = [fold.scores["accuracy"] for fold in whole.folds]
    mean, deviation = (whole.scores["accuracy"][name] for name in ("mean", "deviation"))
    assert (mean, deviation) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
    assert whole.verdict.endswith(" folds the model is ahead of it.")
    assert "majority class" in whole.baselines


def test_results_are_kept_and_runs_are_not(whole: CrossValidation) -> None:
    assert whole.directory is not None
    names = {path.name for path in whole.directory.iterdir()}
    folds = {f"fold-{fold}.json" for fold in range(FOLDS)}
    assert names == {"settings.json", "results.csv", "results.json", "scores.png", *folds}
    rows = list(csv.DictReader((whole.directory / "results.csv").read_text().splitlines()))
    model = [float(row["accuracy"]) for row in rows if row["method"] == "model"]
    assert model == [fold.scores["accuracy"] for fold in whole.folds]
    assert {row["method"] for row in rows} == {"model", *whole.folds[0].baselines}
    assert json.loads((whole.directory / "results.json").read_text()) == json.loads(
        json.dumps(whole.to_dict())
    )
    assert (whole.directory / "scores.png").read_bytes().startswith(b"\x89PNG")
    assert "Scores over 2 folds" in repr(whole)
    assert "majority class" in whole._repr_html_()


@pytest.mark.slow
def test_what_was_stopped_goes_on_to_the_same_scores(
    whole: CrossValidation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Facts that a run of the command keeps, from which its data are read again.
    facts = {"model": "series-classifier-gru", "data_options": {"data": "digits"}}
    options: dict[str, Any] = {"keep_runs": True, "baseline_seconds": 0, "details": facts}
    folder = tmp_path / "cv"
    with pytest.raises(KeyboardInterrupt):
        validate(folder, fold_of(stop_at=1), **options)
    seen: list[int] = []
    capsys.readouterr()
    result = validate(folder, fold_of(seen), resume=True, progress=True, **options)
    assert seen == [0, 1]  # the first to compare its data
    assert [fold.scores for fold in result.folds] == [fold.scores for fold in whole.folds]
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("fold")]
    assert [line.partition(", ")[0] for line in said] == [
        "fold 1 of 2: done before",
        "fold 2 of 2: 21 train",
        "fold 2 of 2: done",
    ]
    check_kept_run(folder / "fold-1")

    def never(splits: Splits) -> keras.Model:
        raise AssertionError("a fold was run twice")

    again = validate(folder, fold_of(), resume=True, model=never, **{**options, "keep_runs": False})
    assert again.folds == result.folds
    assert not (folder / "fold-1").exists()
    with pytest.raises(PathExistsError, match=r"already holds a cross-validation \(resume goes on with it\)"):
        validate(folder, fold_of(), **options)
    with pytest.raises(
        RunError, match=r"cannot resume: data differs: checksum was .*\. Resume with the settings"
    ):
        validate(folder, fold_of(rows=ROWS + 1), resume=True, **options)
    with pytest.raises(
        RunError, match=r"cannot resume: .*details differs: model was 'series-classifier-gru', now 'x'"
    ):
        validate(folder, fold_of(), resume=True, details={**facts, "model": "x"})


def check_kept_run(path: Path) -> None:
    """A kept run is whole, and its data are read again as the fold that they are."""
    config = open_run(path).read_config()
    assert config["data"]["fold"] == config["details"]["fold"] == [1, 2]
    config["data"]["checksum"] = load_dataset("digits", fold=1, folds=2).description["checksum"]
    assert load_run_data(path, config).description["fold"] == [1, 2]


def test_nothing_is_written_where_the_data_cannot_be_read(tmp_path: Path) -> None:
    def read(fold: tuple[int, int]) -> Splits:
        raise UnknownNameError("column", "pat", ["patient"])

    with pytest.raises(UnknownNameError):
        validate(tmp_path / "cv", read)
    assert not (tmp_path / "cv").exists()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(
        PathExistsError, match="holds files but no cross-validation; expected a new or empty directory"
    ):
        validate(tmp_path, fold_of(), overwrite=True)


def test_wrong_arguments_are_refused() -> None:
    table = pd.DataFrame({"load": np.arange(60.0)})
    cases: list[tuple[Any, Any, str]] = [
        (
            linear(fold_of()((0, 2))),
            fold_of(),
            "model: received Functional; expected the name of a model, or a function",
        ),
        ("series-classifier-gur", fold_of(), "unknown model: received 'series-classifier-gur'; did you mean"),
        (
            "forecaster-gru",
            fold_of(),
            r"data: received those of task 'forecasting', .*; expected rows\. .* backtest ",
        ),
        (
            "language-model-lstm",
            fold_of(),
            "data: received those of task 'language_modeling', which are one long text",
        ),
        (
            linear,
            ROWS,
            r"data: received ndarray; expected a function of a fold\. Write lambda fold: Splits\.from_arrays",
        ),
        (linear, lambda fold: None, "data: returned NoneType for a fold; expected Splits"),
        (
            linear,
            lambda fold: Splits.from_arrays(ROWS, LABELS),
            r"data: returned rows that are no fold, for fold=\(0, 2\)",
        ),
        (
            linear,
            lambda fold: read_series(table, target="load", window=4, horizon=2),
            "data: received those of task 'forecasting'",
        ),
    ]
    for model, data, message in cases:
        with pytest.raises(ArgumentError, match=message):
            cross_validate(model, data, folds=FOLDS, config=CONFIG, progress=False)
    with pytest.raises(
        ArgumentError, match=r"model: returned str for the data of a fold; expected a keras\.Model"
    ):
        validate(None, fold_of(), model=lambda splits: "linear")
    with pytest.raises(ArgumentError, match="folds: received 1; expected an integer of at least 2"):
        cross_validate(linear, fold_of(), folds=1)
