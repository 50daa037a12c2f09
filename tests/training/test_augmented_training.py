"""Truth of ``rnnzoo.training.trainer``: what noise on training rows changes, and what it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from augmented_data import CONFIGS, HOME, dna, pairs, same, series, sounds, tagged, texts, windows
from rnnzoo import Splits, TrainConfig, create_model, train
from rnnzoo.data.augmentation.table import AUGMENTATIONS
from rnnzoo.errors import ArgumentError
from slow_cases import slow_but

TRAINED: dict[str, tuple[Any, str, list[str]]] = {
    "texts": (texts, "text-classifier-gru", [n for n in CONFIGS if HOME[n] is texts]),
    "DNA": (dna, "dna-classifier-bilstm", ["reverse_complement", "point_mutation"]),
    "series": (series, "series-classifier-gru", [n for n in CONFIGS if HOME[n] is series]),
    "sound": (sounds, "transcriber-bilstm", ["spec_augment", "jitter", "window_warp"]),
    "tags": (tagged, "text-tagger-bilstm", ["keyboard_typos", "synonyms"]),
    "windows": (windows, "forecaster-gru", ["jitter", "time_mask"]),
    "pairs": (pairs, "translator-gru-bahdanau", ["token_dropout", "token_insertion"]),
}


def small(name: str, splits: Splits) -> keras.Model:
    keras.utils.set_random_seed(0)
    return create_model(name, units=(6,), **splits.model_arguments)


@pytest.mark.parametrize("kind", slow_but(TRAINED, "texts", "series"))
def test_every_kind_of_data_trains(kind: str) -> None:
    data, name, names = TRAINED[kind]
    config = {one: CONFIGS[one] for one in names}
    splits = data()
    result = train(
        small(name, splits), splits, config=TrainConfig(epochs=1, augmentation=config), progress=False
    )
    assert np.isfinite(result.history[0]["loss"])


def test_all_augmentations_are_trained_with() -> None:
    assert {one for _, _, names in TRAINED.values() for one in names} == set(AUGMENTATIONS)


@pytest.mark.slow
def test_only_the_training_part_has_noise(tmp_path: Path) -> None:
    splits = series()
    config: dict[str, Any] = {"epochs": 1, "learning_rate": 1e-9, "tensorboard": False}
    clean = train(
        small("series-classifier-gru", splits), splits, config=TrainConfig(**config), progress=False
    )
    noisy = train(
        small("series-classifier-gru", splits),
        splits,
        config=TrainConfig(augmentation={"jitter": 1e4}, **config),
        directory=tmp_path / "run",
        progress=False,
    )
    # With weights that stay as they are, scores tell what the rows were.
    assert noisy.history[0]["loss"] != pytest.approx(clean.history[0]["loss"], rel=0.05)
    assert noisy.history[0]["val_loss"] == pytest.approx(clean.history[0]["val_loss"], rel=1e-5)
    assert noisy.metrics["test"]["loss"] == pytest.approx(clean.metrics["test"]["loss"], rel=1e-5)
    assert (tmp_path / "run" / "report.html").is_file()


def test_a_long_table_does_not_fill_the_report(tmp_path: Path) -> None:
    splits = texts()
    table = {f"word{number}": ["other"] for number in range(300)} | {"good": ["fine"]}
    config = TrainConfig(epochs=1, augmentation={"synonyms": {"table": table}}, tensorboard=False)
    train(
        small("text-classifier-gru", splits), splits, config=config, directory=tmp_path / "r", progress=False
    )
    report = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert "word1" in report
    assert "word299" not in report
    assert "... (all of it: config.json)" in report
    assert "word299" in (tmp_path / "r" / "config.json").read_text(encoding="utf-8")


def test_a_misfit_leaves_nothing_behind(tmp_path: Path) -> None:
    splits = series()
    config = TrainConfig(augmentation={"point_mutation": 0.1})
    with pytest.raises(
        ArgumentError, match="'point_mutation': received data of kind 'series'; expected 'dna'"
    ):
        train(small("series-classifier-gru", splits), splits, config=config, directory=tmp_path / "run")
    assert not (tmp_path / "run").exists()


class Interrupt(keras.callbacks.Callback):
    """Stops training as Ctrl-C does after an epoch, counted from 0."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        if epoch == self._epoch:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_resumed_run_sees_the_same_noise(tmp_path: Path) -> None:
    splits = series()
    augmentation = {"window_warp": {"rate": 1.0, "factors": (0.5, 2.0)}, "jitter": 0.3}
    config = TrainConfig(epochs=4, augmentation=augmentation, tensorboard=False)
    whole = train(small("series-classifier-gru", splits), splits, config=config, progress=False)
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(
            small("series-classifier-gru", splits),
            splits,
            config=config,
            directory=folder,
            callbacks=[Interrupt(2)],
            progress=False,
        )
    resumed = train(
        small("series-classifier-gru", splits),
        splits,
        config=config,
        directory=folder,
        resume=True,
        callbacks=[Interrupt(99)],
        progress=False,
    )
    for first, second in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    other = train(
        small("series-classifier-gru", splits),
        splits,
        config=TrainConfig(epochs=4, augmentation={"jitter": 0.3}, tensorboard=False),
        progress=False,
    )
    assert not same(whole.model.get_weights(), other.model.get_weights())
