"""Paraphrases of texts by translating them there and back, kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing.text_coding import checked_text

#: Translates texts, one answer each, in order.
Translate = Callable[[list[str]], Sequence[str]]

_TABLE = (
    "CREATE TABLE IF NOT EXISTS paraphrases "
    "(name TEXT, text TEXT, paraphrase TEXT, checksum TEXT, PRIMARY KEY (name, text))"
)


def back_translate(
    texts: Sequence[str],
    to: Translate,
    back: Translate,
    *,
    cache: str | os.PathLike[str],
    name: str,
    batch_size: int = 64,
) -> dict[str, str]:
    """Paraphrases texts by translating them into another language and back.

    What was translated is kept in ``cache`` after each batch: a stopped call goes on where it was, and a second one
    translates nothing. An entry that was altered on disk is translated again.

    Args:
        texts: The texts; equal ones are translated once.
        to: Translates a list of texts into the other language: any function, a model or a service.
        back: Translates back.
        cache: A file to keep the paraphrases in (an SQLite database); made if it is not there.
        name: What this pair of translators is called in the cache, such as ``"en-de-2"``. Choose another name for
            other translators: one file can hold many.
        batch_size: Texts per call of ``to`` and ``back``.

    Returns:
        The paraphrase of each text, for the augmentation ``{"paraphrases": {"table": ..., "rate": 0.5}}``. A text that
        came back as it was, or empty, has none.

    Raises:
        ArgumentError: If ``name`` is empty or ``batch_size`` below 1.
        DataError: If a text is not one, a translator does not answer each text with a text, or ``cache`` is a file of
            another kind or damaged.

    Example:
        >>> import tempfile
        >>> def to(texts): return [text.replace("film", "Film").replace("movie", "Film") for text in texts]
        >>> def back(texts): return [text.replace("Film", "movie") for text in texts]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     back_translate(["a film", "a movie"], to, back, cache=folder + "/cache.sqlite", name="toy")
        {'a film': 'a movie'}

    Reference:
        Sennrich 2016, Improving Neural Machine Translation Models with Monolingual Data, arXiv:1511.06709; Yu 2018,
        QANet, arXiv:1804.09541 (for paraphrases); Xie 2020, Unsupervised Data Augmentation, arXiv:1904.12848.
    """
    if not isinstance(name, str) or not name:
        raise ArgumentError(f"name: received {name!r}; expected a name for the translators, such as 'en-de'.")
    checks.integer("batch_size", batch_size, minimum=1)
    if isinstance(texts, str):
        raise DataError("texts: received a single text; expected a list of texts. Pass [text].")
    wanted = list(dict.fromkeys(checked_text(text, number) for number, text in enumerate(texts)))
    path = Path(cache)
    with _opened(path) as connection:
        with _errors_named(path):
            found = _read(connection, name)
        missing = [text for text in wanted if text not in found]
        for start in range(0, len(missing), batch_size):
            batch = missing[start : start + batch_size]
            paraphrases = _there_and_back(to, back, batch)
            found |= dict(zip(batch, paraphrases, strict=True))
            with _errors_named(path):
                _write(connection, name, batch, paraphrases)
    return {text: found[text] for text in wanted if found[text].strip() and found[text] != text}


def _there_and_back(to: Translate, back: Translate, texts: list[str]) -> list[str]:
    """Returns the paraphrases of texts; what a translator makes nothing of is not given to the other one."""
    there = _answers_to_words(to, texts, "to")
    return _answers_to_words(back, there, "back")


def _answers_to_words(translate: Translate, texts: list[str], name: str) -> list[str]:
    spoken = [text for text in texts if text.strip()]
    answers = iter(_answers(translate, spoken, name) if spoken else [])
    return [next(answers) if text.strip() else "" for text in texts]


def _answers(translate: Translate, texts: list[str], name: str) -> list[str]:
    answers = translate(list(texts))
    if isinstance(answers, str) or len(answers) != len(texts):
        shown = "a single text" if isinstance(answers, str) else f"{len(answers)} answers"
        raise DataError(f"{name}: received {shown} to {len(texts)} texts; expected one each, in order.")
    for number, (text, answer) in enumerate(zip(texts, answers, strict=True)):
        if not isinstance(answer, str):
            raise DataError(
                f"{name}: answered {text!r} with {type(answer).__name__}; expected a text. For a Translator pass "
                "lambda texts: [answer.text for answer in translator.translate(texts)]."
            )
        checked_text(answer, number)
    return list(answers)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if path.is_dir():
        raise DataError(
            f"{path}: received a directory; expected a file to keep paraphrases in. Name the file."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with _errors_named(path):
        connection = sqlite3.connect(path)
    try:
        with _errors_named(path), connection:
            connection.execute(_TABLE)
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def _errors_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # names of tables may be damaged too
        raise DataError(
            f"{path}: cannot be used as a cache of paraphrases ({error}); expected a file that back_translate wrote. "
            "Choose another file, or delete a damaged one to translate anew."
        ) from error


def _read(connection: sqlite3.Connection, name: str) -> dict[str, str]:
    rows = connection.execute("SELECT text, paraphrase, checksum FROM paraphrases WHERE name = ?", (name,))
    return {
        text: paraphrase
        for text, paraphrase, checksum in rows
        if checksum == _checksum(name, text, paraphrase)
    }


def _write(
    connection: sqlite3.Connection, name: str, texts: Sequence[str], paraphrases: Sequence[str]
) -> None:
    rows = [
        (name, text, paraphrase, _checksum(name, text, paraphrase))
        for text, paraphrase in zip(texts, paraphrases, strict=True)
    ]
    with connection:  # one transaction: a batch is kept whole or not at all
        connection.executemany("INSERT OR REPLACE INTO paraphrases VALUES (?, ?, ?, ?)", rows)


def _checksum(*parts: object) -> str:
    # A length before each part, so that no two rows have the same bytes.
    data = b"".join(f"{len(str(part))}:{part}".encode("utf-8", "surrogatepass") for part in parts)
    return hashlib.sha256(data).hexdigest()
