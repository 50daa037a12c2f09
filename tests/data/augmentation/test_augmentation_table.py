"""Truth of ``rnnzoo.data.augmentation.table``: every augmentation does what it says, and what is wrong is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from augmented_data import CONFIGS, HOME, dna, pairs, rng, series, tagged, texts, windows
from rnnzoo import TrainConfig, text_stream_splits
from rnnzoo.cli.settings import split_settings
from rnnzoo.data.augmentation.augmented_split import augmented
from rnnzoo.data.augmentation.dna_noise import PointMutation, ReverseComplement
from rnnzoo.data.augmentation.series_noise import WindowWarp
from rnnzoo.data.augmentation.substitutions import Paraphrases, Synonyms
from rnnzoo.data.augmentation.table import AUGMENTATIONS
from rnnzoo.data.augmentation.text_noise import (
    UNKNOWN_WORD,
    KeyboardTypos,
    TokenDropout,
    TokenInsertion,
)
from rnnzoo.errors import ArgumentError, UnknownNameError


def test_every_augmentation_is_shown_here() -> None:
    assert set(CONFIGS) == set(HOME) == set(AUGMENTATIONS)


@pytest.mark.parametrize("rate", [0.05, 0.3, 1.0])
def test_rates_are_respected(rate: float) -> None:
    count = 4000
    words, spread = ["word"] * count, 4 * np.sqrt(rate * (1 - rate) / count) + 1e-9
    shares = {
        "dropout": TokenDropout(rate=rate, keep_place=True).apply(words, rng()).count(UNKNOWN_WORD) / count,
        "insertion": len(TokenInsertion(rate=rate, words=("x",)).apply(words, rng())) / count - 1,
        "typos": sum(w != "word" for w in KeyboardTypos(rate=rate).apply(words, rng())) / count,
        "synonyms": Synonyms(table={"word": ["x"]}, rate=rate).apply(words, rng()).count("x") / count,
        "mutation": count - PointMutation(rate=rate).apply("A" * count, rng()).count("A"),
    }
    shares["mutation"] /= count
    generator = rng(3)
    for name, one in {
        "strand": (ReverseComplement(rate=rate), "AAC", "GTT"),
        "paraphrases": (Paraphrases(table={"a": "b"}, rate=rate), "a", "b"),
    }.items():
        shares[name] = sum(one[0].apply(one[1], generator) == one[2] for _ in range(count)) / count
    row = np.arange(6.0)[:, None] ** 2
    warps = WindowWarp(rate=rate, share=0.5)
    shares["warp"] = sum((warps.apply(row, generator) != row).any() for _ in range(count)) / count
    for name, share in shares.items():
        assert share == pytest.approx(rate, abs=spread if name != "dropout" else spread + 1 / count), name


REFUSED: list[tuple[Any, Any, str]] = [
    (
        texts,
        {"spec_augment": {}},
        "augmentation 'spec_augment': received data of kind 'text'; expected 'series' or 'sound'. For these data "
        "there are: paraphrases, synonyms, token_insertion, token_swap, token_dropout, keyboard_typos.",
    ),
    (
        dna,
        {"jitter": 0.1},
        "augmentation 'jitter': received data of kind 'dna'; expected 'series', 'sound' or 'windows'. For these "
        "data there are: reverse_complement, point_mutation.",
    ),
    (
        tagged,
        {"token_swap": 0.1},
        "augmentation 'token_swap': received task 'tagging', whose targets would not be true any more; expected "
        "'classification', 'binary_classification', 'multilabel_classification', 'regression' or 'translation'. For "
        "these data there are: synonyms, token_dropout, keyboard_typos.",
    ),
    (
        windows,
        {"scaling": 0.1},
        "augmentation 'scaling': received data of kind 'windows'; expected 'series' or 'sound'. For these data "
        "there are: jitter, time_mask.",
    ),
    (
        tagged,
        {"token_dropout": 0.1},
        "augmentation 'token_dropout': received keep_place=False for tagging, where each word has a tag; expected "
        'True. Pass {"token_dropout": {"rate": 0.1, "keep_place": True}} (true on the command line).',
    ),
    (
        tagged,
        {"synonyms": {"table": {"film": ["moving picture"]}}},
        "augmentation 'synonyms': received 'moving picture' for 'film' in tagging; expected single words, for each "
        "word has one tag. Leave it out.",
    ),
    (
        texts,
        {"synonyms": {"table": {"dog": ["hound"]}}},
        "augmentation 'synonyms': received a table of 1 words, none of which is in a training row; expected words of "
        "the data.",
    ),
    (
        texts,
        {"paraphrases": {"table": {"A good film": "x"}}},
        "augmentation 'paraphrases': received a table of 1 texts, none of which is a training row; expected texts of "
        "the training part, letter by letter.",
    ),
    (
        series,
        {"shift": 8},
        "augmentation 'shift': received steps=8; expected fewer than the 8 steps of the shortest training row.",
    ),
    (
        series,
        {"shift": {"features": 4}},
        "augmentation 'shift': received features=4; expected fewer than the 4 features of a row.",
    ),
    (
        lambda: pairs("subwords"),
        {"token_insertion": 0.1},
        "augmentation 'token_insertion': received data of kind 'subwords', whose vocabulary is not of words; expected "
        'words to insert. Pass {"token_insertion": {"words": [...]}}.',
    ),
    (
        lambda: pairs("subwords"),
        {"token_dropout": {"keep_place": True}},
        "augmentation 'token_dropout': received keep_place=True for subwords, which know every word; expected False. "
        "Leave it out.",
    ),
    (
        lambda: text_stream_splits("to be or not to be " * 50, window=5),
        {"token_dropout": {"keep_place": True}},
        "augmentation 'token_dropout': received task 'language_modeling', whose targets would not be true any more; "
        "expected 'classification', 'binary_classification', 'multilabel_classification', 'regression', "
        "'translation', 'tagging' or 'crf_tagging'. There is none for these data.",
    ),
]


@pytest.mark.parametrize(("data", "config", "message"), REFUSED, ids=[str(row[1]) for row in REFUSED])
def test_what_does_not_fit_the_data_is_refused(data: Any, config: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        augmented(data(), config)
    assert str(error.value) == message


BAD: list[tuple[Any, str]] = [
    ({}, r"augmentation: received \{\}; expected a mapping of augmentations, or None for none"),
    ("jitter", "augmentation: received 'jitter'; expected a mapping of augmentations"),
    ({"jiter": 0.1}, "unknown augmentation: received 'jiter'; did you mean 'jitter'"),
    (
        {"jitter": {"deviatoin": 1}},
        "unknown field of augmentation 'jitter': received 'deviatoin'; did you mean",
    ),
    ({"shift": {"mean": [0.0]}}, "unknown field of augmentation 'shift': received 'mean'"),
    (
        {"jitter": 0},
        "augmentation 'jitter': deviation: received 0.0; expected a finite number above 0. Leave the",
    ),
    (
        {"token_dropout": 1.5},
        "augmentation 'token_dropout': rate: received 1.5; expected a finite number above 0 and",
    ),
    (
        {"token_dropout": True},
        "augmentation 'token_dropout': received True; expected a finite number. Or pass a map",
    ),
    ({"token_dropout": {"keep_place": 1}}, "keep_place: received 1; expected True or False"),
    (
        {"token_insertion": {"words": "abc"}},
        "words: received 'abc'; expected a list of words, none of them blank",
    ),
    (
        {"keyboard_typos": {"layout": "dvorak"}},
        "augmentation 'keyboard_typos': unknown layout: received 'dvorak'",
    ),
    ({"synonyms": 0.1}, "augmentation 'synonyms': received 0.1; expected a mapping of table, rate"),
    ({"synonyms": {"rate": 0.1}}, "augmentation 'synonyms': received no table; expected one"),
    (
        {"synonyms": {"table": {}}},
        "'synonyms': table: received 0 entries; expected a mapping of texts, not empty",
    ),
    ({"synonyms": {"table": {"a": "b"}}}, r"table\['a'\]: received 'b'; expected a list of words"),
    (
        {"synonyms": {"table": {"a": [""]}}},
        r"table\['a'\]: received \[''\]; expected a list of words, none of them",
    ),
    ({"paraphrases": {"table": ["a"]}}, "table: received list; expected a mapping of texts, not empty"),
    ({"window_warp": {"factors": []}}, r"factors: received \[\]; expected a list of factors"),
    ({"window_warp": {"factors": [0]}}, r"factors\[0\]: received 0; expected a finite number above 0"),
    ({"time_mask": {"masks": 0}}, "masks: received 0; expected an integer of at least 1"),
    ({"shift": {"steps": 0}}, "steps and features: received 0 and 0; expected one of them above 0"),
    ({"shift": 0.5}, "'shift': steps: received 0.5; expected an integer of at least 0"),
    (
        {"spec_augment": 0.1},
        "augmentation 'spec_augment': received 0.1; expected a mapping of frequency, frequ",
    ),
]


@pytest.mark.parametrize(("config", "message"), BAD, ids=[str(row[0]) for row in BAD])
def test_configs_that_are_wrong_are_refused_at_once(config: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        TrainConfig(augmentation=config)


def test_configs_are_kept_as_json_has_them() -> None:
    given_one = {"window_warp": {"factors": (0.5, 2.0)}, "jitter": 0.1}
    config = TrainConfig(augmentation=given_one)
    assert config.augmentation == {"window_warp": {"factors": [0.5, 2.0]}, "jitter": 0.1}
    assert TrainConfig.from_dict(config.to_dict()) == config
    given_one["jitter"] = 9
    assert config.augmentation["jitter"] == 0.1
    assert TrainConfig().to_dict()["augmentation"] is None
    with pytest.raises(UnknownNameError, match="did you mean 'augmentation'"):
        TrainConfig.from_dict({"augmentations": None})


def test_the_command_line_takes_json() -> None:
    _, fields = split_settings(
        "text-classifier-gru", ['augmentation={"token_dropout": 0.1, "keyboard_typos": {"rate": 0.2}}']
    )
    config = TrainConfig.from_dict(fields)
    assert config.augmentation == {"token_dropout": 0.1, "keyboard_typos": {"rate": 0.2}}
