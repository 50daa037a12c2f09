"""Named sets of sentences whose words have tags."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnnzoo import checks
from rnnzoo.data.copies import text_key
from rnnzoo.data.readers.sentences import parse_sentences
from rnnzoo.data.readers.table_files import read_frame
from rnnzoo.data.sets.set_request import SetRequest
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Pair
from rnnzoo.defaults import MAX_TOKENS
from rnnzoo.tasks import get_task


def snips(
    request: SetRequest,
    *,
    task: str = "classification",
    characters: bool = False,
    max_tokens: int = MAX_TOKENS,
    max_length: int | None = None,
) -> Splits:
    """Reads what people say to a voice assistant: 13,784 utterances to learn from, 700 to test.

    Args:
        request: What is wanted.
        task: ``"classification"`` into seven intents, or ``"tagging"`` of each word with its slot (BIO).
        characters: Whether words come with their characters (tagging).
        max_tokens: Size of the vocabulary at most.
        max_length: Words per utterance at most.
    """
    checks.choice("task", task, ("classification", "tagging"))
    files = request.files()
    frames = [
        read_frame(path, column_names=["intent", "tokens", "tags"])
        for path in (files["snips_train.tsv.gz"], files["snips_test.tsv.gz"])
    ]
    rows: list[Pair] = [(frame["tokens"].tolist(), frame["intent"].tolist()) for frame in frames]
    intents = rows[0][1]
    if get_task(task).per_step:
        rows = [
            ([row.split() for row in frame["tokens"]], [row.split() for row in frame["tags"]])
            for frame in frames
        ]
    return request.split(
        rows[0],
        test=rows[1],
        key=text_key,
        strata=intents,
        task=task,
        characters=characters,
        description={"source": "SNIPS", **files.facts},
        max_tokens=max_tokens,
        max_length=max_length,
    )


def ud_english_ewt(
    request: SetRequest,
    *,
    characters: bool = False,
    max_tokens: int = MAX_TOKENS,
    max_length: int | None = None,
) -> Splits:
    """Reads sentences of the web, each word tagged with one of 17 parts of speech; its parts are given.

    Args:
        request: What is wanted.
        characters: Whether words come with their characters.
        max_tokens: Size of the vocabulary at most.
        max_length: Words per sentence at most.
    """
    files = request.files()
    train, validation, test = (_sentences(path) for path in files)
    return request.split(
        train,
        validation=validation,
        test=test,
        key=text_key,
        task="tagging",
        characters=characters,
        description={"source": "Universal Dependencies, English Web Treebank", **files.facts},
        max_tokens=max_tokens,
        max_length=max_length,
    )


def _sentences(path: Path) -> Pair:
    found = parse_sentences(path)
    return found.words, found.tags


TAGGING_SETS: dict[str, Callable[..., Any]] = {"snips": snips, "ud_english_ewt": ud_english_ewt}
