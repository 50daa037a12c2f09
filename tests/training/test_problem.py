"""Truth of ``rnnzoo.training.problem``: what a training needs is checked and computed once."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import keras
import pytest

from rnnzoo import Splits, TrainConfig, create_model, load_dataset, train
from rnnzoo.errors import ArgumentError
from rnnzoo.evaluation import compatibility
from rnnzoo.training import problem as problem_module
from rnnzoo.training.problem import prepare
from rnnzoo_tuning import Choice, Real, SearchSpace, run_search

NAME = "series-classifier-gru"
#: What ``prepare`` asks of others, each once.
CHECKS = (
    "check_model_fits",
    "check_precision",
    "training_loss",
    "group_rates",
    "choose_monitor",
)
#: What a config asks for, so that all of them have something to look at.
ASKED: dict[str, Any] = {"mixed_precision": "bfloat16", "discriminative": 2.0}
#: Calls from one of our modules into another in one training of digits, counted by ``crossings`` on commit 7a8f506,
#: without a directory and with one.
BEFORE = {"plain": 118, "directory": 175}
#: What they may be now: half of that; with a directory, which writes a dozen files, a fifth more than that, for the
#: details of a run, its tables, pictures and settings, came after that commit.
CEILING = {"plain": BEFORE["plain"] // 2, "directory": BEFORE["directory"] * 6 // 5}


@pytest.fixture(scope="module")
def splits() -> Splits:
    return load_dataset("digits")


def small(splits: Splits) -> Any:
    return create_model(NAME, units=(8,), **splits.model_arguments)


def crossings(splits: Splits, **options: Any) -> Counter[tuple[str, str]]:
    """Counts how often one training passes from one of our modules into another; a return is not counted."""
    edges: Counter[tuple[str, str]] = Counter()

    def look(frame: FrameType, event: str, argument: object) -> None:
        if event != "call" or frame.f_back is None:
            return
        caller, callee = (f.f_globals.get("__name__") for f in (frame.f_back, frame))
        if caller != callee and is_ours(caller) and is_ours(callee):
            edges[str(caller), str(callee)] += 1

    model, config = small(splits), TrainConfig(epochs=1, batch_size=256)
    before = sys.getprofile()
    sys.setprofile(look)
    try:
        train(model, splits, config=config, progress=False, **options)
    finally:
        sys.setprofile(before)
    return edges


def is_ours(module: object) -> bool:
    return isinstance(module, str) and module.split(".")[0] in ("rnnzoo", "rnnzoo_tuning", "rnnzoo_export")


@pytest.mark.slow
@pytest.mark.parametrize("where", ["plain", "directory"])
def test_a_training_passes_between_modules_half_as_often_as_it_did(where: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {}
    if where == "directory":
        options = {"directory": tmp_path / "run", "baseline_seconds": 0}
    # Data that no test has read from: what a part keeps of its rows is computed within.
    edges = crossings(load_dataset("digits"), **options)
    sys.stdout.write(f"{where}: {edges.total()} calls from module to module; before: {BEFORE[where]}\n")
    assert edges.total() <= CEILING[where], edges.most_common(20)


def counted(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...] = CHECKS) -> Counter[str]:
    """Counts how often ``prepare`` asks for each of these from now on."""
    calls: Counter[str] = Counter()

    def watch(name: str) -> None:
        asked = getattr(problem_module, name)

        def ask(*arguments: Any, **options: Any) -> Any:
            calls[name] += 1
            return asked(*arguments, **options)

        monkeypatch.setattr(problem_module, name, ask)

    for name in names:
        watch(name)
    return calls


@pytest.mark.slow
def test_every_check_is_made_once_a_training(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Counter(dict.fromkeys(CHECKS, 1))
    config = TrainConfig(epochs=1, batch_size=512, tensorboard=False, **ASKED)
    kept: dict[str, Any] = {"directory": tmp_path / "run", "baseline_seconds": 0}
    for options in ({}, kept, {**kept, "resume": True}):
        with monkeypatch.context() as patch:
            calls = counted(patch)
            train(small(splits), splits, config=config, progress=False, **options)
            assert calls == once


def test_a_run_that_was_stopped_is_checked_once_more_when_it_goes_on(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(epoch: int, logs: Any = None) -> None:
        if epoch == 1:
            raise KeyboardInterrupt

    stopping = keras.callbacks.LambdaCallback(on_epoch_begin=stop)
    silent = keras.callbacks.LambdaCallback()
    config = TrainConfig(epochs=2, batch_size=512, tensorboard=False, **ASKED)
    options: dict[str, Any] = {"directory": tmp_path / "run", "baseline_seconds": 0, "progress": False}
    with pytest.raises(KeyboardInterrupt):
        train(small(splits), splits, config=config, callbacks=[stopping], **options)
    calls = counted(monkeypatch)
    result = train(small(splits), splits, config=config, callbacks=[silent], resume=True, **options)
    assert [row["epoch"] for row in result.history] == [1, 2]
    assert calls == Counter(dict.fromkeys(CHECKS, 1))


@pytest.mark.slow
def test_what_does_not_hang_on_the_trial_is_computed_once_a_search(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ("class_weights", "augmented")
    calls = counted(monkeypatch, (*CHECKS, *data))
    space = SearchSpace(model={"units": Choice((4, 8))}, training={"learning_rate": Real(1e-3, 3e-2)})
    config = TrainConfig(
        epochs=1,
        batch_size=512,
        tensorboard=False,
        class_weights="balanced",
        augmentation={"jitter": 0.1},
        **ASKED,
    )
    found = run_search(
        NAME,
        splits,
        algorithm="random",
        max_trials=3,
        directory=tmp_path / "search",
        space=space,
        config=config,
        progress=False,
        baseline_seconds=0,
        bundle=False,
    )
    assert len(found.trials) == 3
    # Before the first trial, in each of three, and for the best model that is trained again.
    of_weights = dict.fromkeys(("check_model_fits", "check_precision", "group_rates"), 1 + 3 + 1)
    # Before the first trial, and for the best model, a training of its own.
    of_search = dict.fromkeys(("training_loss", "choose_monitor", *data), 1 + 1)
    assert calls == Counter({**of_weights, **of_search})


def test_what_a_trial_varies_is_computed_for_it(splits: Splits) -> None:
    first = prepare(small(splits), splits, None, TrainConfig(batch_size=256))
    other = TrainConfig(
        batch_size=512,
        label_smoothing=0.1,
        monitor="val_loss",
        class_weights="balanced",
        augmentation={"jitter": 0.1},
    )
    second = prepare(small(splits), splits, None, other, like=first)
    assert (first.steps, second.steps) == (5, 3)
    assert (first.monitor.name, second.monitor) == ("val_accuracy", ("val_loss", "min"))
    assert type(first.loss) is not type(second.loss)
    assert first.class_weights is None
    assert second.class_weights is not None
    assert first.train is splits.train
    assert second.train is not splits.train
    third = prepare(small(splits), splits, None, other, like=second)
    assert third.loss is second.loss
    assert third.train is second.train
    assert third.class_weights is second.class_weights


def test_a_model_is_run_on_a_batch_unless_it_takes_and_gives_what_an_earlier_one_did(
    splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[keras.Model] = []
    run = compatibility._run

    def counted_run(model: keras.Model, inputs: Any) -> Any:
        ran.append(model)
        return run(model, inputs)

    monkeypatch.setattr(compatibility, "_run", counted_run)
    config = TrainConfig(batch_size=256)
    first = prepare(small(splits), splits, None, config)
    prepare(small(splits), splits, None, config, like=first)
    assert ran == [first.model]
    wrong = create_model("series-classifier-gru", **{**splits.model_arguments, "num_classes": 3}, units=(4,))
    with pytest.raises(ArgumentError, match="gives output of shape"):
        prepare(wrong, splits, None, config, like=first)
    inputs = keras.Input((None, splits.model_arguments["num_features"]), name="features")
    last = keras.layers.GRU(4)(inputs)
    answers = keras.layers.Dense(10, activation="softmax", name="logits")(last)
    with pytest.raises(ArgumentError, match="softmax"):
        prepare(keras.Model(inputs, answers), splits, None, config, like=first)


def test_what_a_config_does_not_ask_for_is_not_looked_at(
    splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch)
    problem = prepare(small(splits), splits, None, TrainConfig())
    assert problem.rates is None
    assert calls == Counter(dict.fromkeys(("check_model_fits", "training_loss", "choose_monitor"), 1))


def test_the_loss_of_the_task_scores_whatever_is_minimised(splits: Splits) -> None:
    plain = prepare(small(splits), splits, None, TrainConfig())
    assert plain.task_loss is plain.loss
    smoothed = prepare(small(splits), splits, None, TrainConfig(label_smoothing=0.1))
    assert type(smoothed.loss) is not type(plain.loss)
    assert type(smoothed.task_loss) is type(plain.task_loss)


def test_a_problem_that_does_not_fit_is_refused(splits: Splits) -> None:
    model = create_model(NAME, units=(8,), **{**splits.model_arguments, "num_classes": 3})
    with pytest.raises(
        ArgumentError, match=r"gives output of shape \(batch, 3\); the data ask for \(batch, 10\)"
    ):
        prepare(model, splits, None, TrainConfig())
    with pytest.raises(ArgumentError, match="accumulation: received 50 with 3 batches in each of 2 epochs"):
        prepare(small(splits), splits, None, TrainConfig(batch_size=512, epochs=2, accumulation=50))
