"""Sentences in columns: a word per line with its tag, a blank line between sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Unpack

from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.data.readers.row_files import FileRows, split_files
from rnnzoo.data.readers.table_sources import is_text_table
from rnnzoo.data.splits import ArrayOptions, Splits
from rnnzoo.data.splitting import Parts
from rnnzoo.data.unlabelled import MARKER, Unlabelled, unmark
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError
from rnnzoo.files import FilePath, read_text
from rnnzoo.preprocessing.choosing import WordOptions
from rnnzoo.tasks import TASKS, get_task

#: The columns of CoNLL-U.
CONLLU = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_DOCUMENT = "-DOCSTART-"


@dataclass
class Sentences:
    """What a file holds.

    Attributes:
        words: The words of each sentence.
        tags: The tag of each word; ``None`` for those that are left out.
        lines: The line that each sentence begins on.
    """

    words: list[list[str]] = field(default_factory=list)
    tags: list[list[str | None]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def read_sentences(
    path: FilePath,
    *,
    task: str = "tagging",
    column: str | int | None = None,
    parts: Parts | None = None,
    words: WordOptions | None = None,
    **options: Unpack[ArrayOptions],
) -> Splits:
    r"""Reads sentences whose words have tags: a word per line, a blank line between sentences, as CoNLL has them.

    Columns are separated by tabs, or by blanks where the first line with a word has no tab. The word is in the first
    one and its tag in the last. Lines of ``-DOCSTART-`` are left out, as are comments: lines that begin with ``#`` and
    have other columns than the words.

    A file that ends in ``.conllu`` (``.conllu.gz``) is read by the standard of Universal Dependencies: the word is
    ``FORM``, its tag ``UPOS``; comments, tokens of several words (``1-2``) and empty nodes (``1.1``) are left out.

    Args:
        path: The file, UTF-8, packed with gzip where its name ends in ``.gz``.
        task: A task of tags.
        column: The column of tags: its number, counted from 1; in CoNLL-U its name, such as ``"XPOS"``. ``None`` for
            the last, or ``UPOS``.
        parts: How sentences are split, as one value; a validation or test part that is given is a file too.
        words: How much of words is read, as one value.
        **options: The fields of ``Parts`` and ``WordOptions`` as they are: ``validation``, ``test``,
            ``validation_fraction`` (0.15), ``test_fraction`` (0.15), ``seed``, ``rare``, ``unlabelled``;
            ``max_tokens`` (20,000), ``max_length``, ``characters``. With ``unlabelled="leave_out"`` words whose tag is
            empty or ``_`` are read, and are out of loss and scores.

    Returns:
        The splits.

    Raises:
        ArgumentError: If the task has no tags, or a keyword is unknown; the nearest is suggested.
        UnknownNameError: If there is no such column.
        DataError: If the file cannot be read; the message names the line.
        PathNotFoundError: If there is no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "names.conll"
        ...     _ = file.write_text("Ada B-PER\nsleeps O\n\nIn O\nRome B-LOC\n\n" * 20)
        ...     splits = read_sentences(file, characters=True)
        >>> splits.get_decoding().labels, len(splits.train)
        (['B-LOC', 'B-PER', 'O'], 28)

    Reference:
        Tjong Kim Sang & De Meulder 2003, Introduction to the CoNLL-2003 shared task;
        https://universaldependencies.org/format.html.
    """
    flat = FlatOptions("read_sentences", options)
    settings = flat.take(Parts, parts, "parts")
    words = flat.take(WordOptions, words, "words")
    flat.refuse_rest("task", "column", "parts", "words")
    if task in TASKS and not get_task(task).per_step:
        raise ArgumentError(
            f"task: received {task!r} for sentences whose words have tags; expected a task of tags. Pass "
            "task='tagging'."
        )

    def read(source: FilePath) -> dict[str, FileRows]:
        if not is_text_table(source):
            raise DataError(
                f"{source}: holds a table; expected words and their tags, a word in each line. Where a row of it has "
                "the words of a sentence and their tags, read it by read_texts(file, text=..., label=..., "
                "task='tagging') (on the command line --text and --label)."
            )
        found = parse_sentences(source, column=column, unlabelled=settings.unlabelled)
        if len(found.words) == 1 and source is path and settings.validation is None:
            raise DataError(
                f"{path}: received one sentence of {len(found.words[0])} words; expected several. A blank line ends a "
                "sentence: write one after each."
            )
        return {"train": FileRows(found.words, found.tags, lambda row: f"line {found.lines[row]}")}

    return split_files(path, read, settings, task=task, words=words, description={"column": column})


def parse_sentences(
    path: FilePath, *, column: str | int | None = None, unlabelled: Unlabelled = "refuse"
) -> Sentences:
    """Reads sentences and tags; see ``read_sentences``.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it cannot be read; the message names the line.
    """
    lines = read_text(path, "a file of words and tags, such as .conll or .conllu").split("\n")
    standard = Path(path).name.lower().removesuffix(".gz").endswith(".conllu")
    place = _column_of_standard(column) if standard else None
    found, in_sentence = Sentences(), False
    for number, cells in _conllu(path, lines) if standard else _columns(path, lines):
        if cells is None:
            in_sentence = False
            continue
        tag = cells[_column(path, column, len(cells)) if place is None else place]
        word = cells[1 if standard else 0]
        tag = tag if tag.strip() or unlabelled == "refuse" else MARKER
        if not word.strip() or not tag.strip():
            what = "word" if not word.strip() else "tag"
            fix = (
                ""
                if what == "word"
                else (
                    ", or leave words without a tag out of loss and scores: unlabelled='leave_out' (on the command "
                    "line --unlabelled leave_out)"
                )
            )
            raise DataError(
                f"{path}: line {number}: has an empty {what}; expected a word and its tag. Correct it{fix}."
            )
        if not in_sentence:
            found.words.append([])
            found.tags.append([])
            found.lines.append(number)
        in_sentence = True
        found.words[-1].append(word)
        found.tags[-1] += unmark([tag], unlabelled)
    if not found.words:
        raise DataError(f"{path}: holds no word with a tag; expected sentences. Check the path.")
    if not standard:
        _refuse_counted(path, found.words)
    return found


def _conllu(path: FilePath, lines: Sequence[str]) -> Iterator[tuple[int, list[str] | None]]:
    """Yields the cells of each word of a CoNLL-U file, and ``None`` for the end of a sentence."""
    for number, line in enumerate(lines, 1):
        cells = line.rstrip("\r").split("\t")
        if not line.strip():
            yield number, None
        elif line.startswith("#"):
            continue
        elif len(cells) != len(CONLLU):
            raise DataError(
                f"{path}: line {number} has {len(cells)} columns; expected the {len(CONLLU)} of CoNLL-U, separated by "
                "tabs. Correct the line, or rename the file to .conll for other columns."
            )
        elif cells[0].isdecimal():
            yield number, cells
        elif not cells[0].replace("-", "").replace(".", "").isdecimal():
            raise DataError(
                f"{path}: line {number} has the ID {cells[0]!r}; expected a number, such as 3, 3-4 or 3.1. Correct it."
            )


def _columns(path: FilePath, lines: Sequence[str]) -> Iterator[tuple[int, list[str] | None]]:
    """Yields the cells of each word, and ``None`` for the end of a sentence or document."""
    rows = ((number, line.rstrip("\r")) for number, line in enumerate(lines, 1))
    words = ((number, line) for number, line in rows if not _is_end(line) and not line.startswith("#"))
    first, example = next(words, (0, ""))
    separator = "\t" if "\t" in example else None
    width = len(example.split(separator))
    if first and width < 2:
        raise DataError(
            f"{path}: line {first} has one column; expected a word and its tag, separated by a tab or blanks. Correct "
            "the file."
        )
    for number, line in enumerate(lines, 1):
        if _is_end(line):
            yield number, None
            continue
        cells = line.rstrip("\r").split(separator)
        if len(cells) == width:
            yield number, cells
        elif not line.startswith("#"):
            raise DataError(
                f"{path}: line {number} has {len(cells)} columns; expected {width}, as line {first} has. Correct the "
                "line; a blank line ends a sentence."
            )


def _is_end(line: str) -> bool:
    """Whether a line ends a sentence or begins a document."""
    return not line.strip() or line.startswith(_DOCUMENT)


def _column_of_standard(column: str | int | None) -> int:
    if isinstance(column, int) or (isinstance(column, str) and column.isdecimal()):
        if not 1 <= int(column) <= len(CONLLU):
            raise ArgumentError(
                f"column: received {column!r}; expected 1 to {len(CONLLU)}, or a name such as 'XPOS'."
            )
        return int(column) - 1
    name = "UPOS" if column is None else column.upper()
    if name not in CONLLU:
        raise UnknownNameError("column of CoNLL-U", column, CONLLU)
    return CONLLU.index(name)


def _column(path: FilePath, column: str | int | None, width: int) -> int:
    """Returns the place of the column of tags in a file without names."""
    if column is None:
        return width - 1
    if isinstance(column, str) and not column.isdecimal():
        raise ArgumentError(
            f"column: received {column!r} for {path}, whose columns have no names; expected a number from 2 to "
            f"{width}. Names are those of a .conllu file."
        )
    if not 2 <= int(column) <= width:
        raise ArgumentError(
            f"column: received {column!r} for {path}, which has {width} columns, the first of words; expected a number "
            f"from 2 to {width}."
        )
    return int(column) - 1


def _refuse_counted(path: FilePath, sentences: Sequence[Sequence[str]]) -> None:
    """Raises ``DataError`` where the first column numbers the words: it would be taken for them."""
    longest = max(map(len, sentences))
    if longest > 1 and all(
        words == [str(number) for number in range(1, len(words) + 1)] for words in sentences
    ):
        raise DataError(
            f"{path}: numbers the words of each sentence in its first column; expected the words there. Rename the "
            "file to .conllu if it is CoNLL-U, else drop the column."
        )
