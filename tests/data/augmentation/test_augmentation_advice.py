"""Truth of ``rnnzoo.data.augmentation.table``: what augmentations advise works when followed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from advice import Advice, followed
from augmented_data import pairs, series, sounds, tagged, texts
from rnnzoo import back_translate
from rnnzoo.cli.settings import split_settings
from rnnzoo.data.augmentation.augmented_split import augmented
from rnnzoo.data.augmentation.series_noise import WindowWarp
from rnnzoo.data.augmentation.table import plain_config
from rnnzoo.data.augmentation.text_noise import TokenInsertion


def translated(
    texts: Any = ("a film",), *, cache: str = "cache.sqlite", name: Any = "en-de", wrapped: bool = False
) -> dict[str, str]:
    """Translates with an object that answers as ``Translator`` does."""
    translator = SimpleNamespace(
        translate=lambda texts: [SimpleNamespace(text=text.upper()) for text in texts]
    )

    def translate(texts: list[str]) -> Any:
        return (
            translator.translate(texts)
            if wrapped
            else [answer.text for answer in translator.translate(texts)]
        )

    given: Any = texts if isinstance(texts, str) else list(texts)
    return back_translate(given, translate, translate, cache=cache, name=name)


def warped(factors: Any) -> WindowWarp:
    return WindowWarp(factors=factors)


def inserted(words: Any = None) -> list[str]:
    return TokenInsertion(rate=1.0, words=words).change(["good"], np.random.default_rng(0))


PLACE = {"token_dropout": {"rate": 0.1, "keep_place": True}}
ADVICE: dict[str, Advice] = {
    "nothing": (
        lambda: plain_config({}),
        'Pass e.g. {"token_dropout": 0.1}',
        (lambda: augmented(texts(), {"token_dropout": 0.1}),),
    ),
    "main field": (
        lambda: plain_config({"token_dropout": "much"}),
        "Or pass a mapping",
        (lambda: augmented(texts(), {"token_dropout": {"rate": 0.1}}),),
    ),
    "no main field": (
        lambda: plain_config({"synonyms": 0.1}),
        "expected a mapping of table, rate. Pass a mapping that has table",
        (lambda: augmented(texts(), {"synonyms": {"table": {"film": ["movie"]}, "rate": 0.1}}),),
    ),
    "defaults": (
        lambda: plain_config({"spec_augment": 0.1}),
        "Pass {} for the defaults",
        (lambda: augmented(sounds(), {"spec_augment": {}}),),
    ),
    "no table": (
        lambda: plain_config({"synonyms": {}}),
        "received no table; expected one. Pass a mapping that has it",
        (lambda: augmented(texts(), {"synonyms": {"table": {"film": ["movie"]}}}),),
    ),
    "places": (
        lambda: augmented(tagged(), {"token_dropout": 0.1}),
        'expected True. Pass {"token_dropout": {"rate": 0.1, "keep_place": True}} (true on the command line)',
        (
            lambda: augmented(tagged(), PLACE),
            lambda: augmented(
                tagged(),
                split_settings(
                    "text-tagger-bilstm",
                    ['augmentation={"token_dropout": {"rate": 0.1, "keep_place": true}}'],
                )[1]["augmentation"],
            ),
        ),
    ),
    "subword places": (
        lambda: augmented(pairs("subwords"), PLACE),
        "expected False. Leave it out",
        (lambda: augmented(pairs("subwords"), {"token_dropout": 0.1}),),
    ),
    "subwords": (
        lambda: augmented(pairs("subwords"), {"token_insertion": 0.1}),
        'Pass {"token_insertion": {"words": [...]}}',
        (lambda: augmented(pairs("subwords"), {"token_insertion": {"words": ["fine", "nice"]}}),),
    ),
    "words": (
        lambda: plain_config({"token_insertion": {"words": "abc"}}),
        'Pass e.g. ["fine", "nice"]',
        (lambda: plain_config({"token_insertion": {"words": ["fine", "nice"]}}),),
    ),
    "not fitted": (
        inserted,
        "Pass them, or call fitted()",
        (
            partial(inserted, ["fine"]),
            lambda: TokenInsertion(rate=0.5).fitted(texts()).words != (),
        ),
    ),
    "factors": (
        partial(warped, "2"),
        "Pass e.g. [0.5, 2]",
        (partial(warped, [0.5, 2]), lambda: augmented(series(), {"window_warp": {"factors": [0.5, 2]}})),
    ),
    "name": (
        partial(translated, name=""),
        "expected a name for the translators, such as 'en-de'",
        (partial(translated, name="en-de"),),
    ),
    "one text": (partial(translated, "a film"), "Pass [text]", (partial(translated, ["a film"]),)),
    "translator": (
        partial(translated, wrapped=True),
        "For a Translator pass lambda texts: [answer.text for answer in translator.translate(texts)]",
        (lambda: translated() == {"a film": "A FILM"},),
    ),
    "directory": (
        partial(translated, cache="."),
        "expected a file to keep paraphrases in. Name the file",
        (partial(translated, cache="paraphrases.sqlite"), lambda: Path("paraphrases.sqlite").is_file()),
    ),
}


@pytest.mark.parametrize("case", ADVICE)
def test_the_advice_works(case: str, in_own_folder: None) -> None:
    wrong, advice, right = ADVICE[case]
    followed(wrong, advice, *right)
