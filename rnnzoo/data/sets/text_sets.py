"""Named sets of texts with labels."""

from __future__ import annotations

import csv
import gzip
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from rnnzoo import checks
from rnnzoo.data.copies import text_key
from rnnzoo.data.groups import split_groups
from rnnzoo.data.readers.table_files import read_frame
from rnnzoo.data.sets.set_request import SetRequest
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Pair
from rnnzoo.defaults import MAX_TOKENS
from rnnzoo.errors import DataError

TOPICS = ("World", "Sports", "Business", "Sci/Tech")
# The sample's own test part: 2,000 of its 9,997 different texts. Three texts are there twice, but for blanks; this is
# the first seed that draws none of them.
_SAMPLE_TEST_SHARE, _SAMPLE_SEED = 2_000 / 9_997, 1
_LARGEST_MEMBER = 1_000_000
_REVIEW = re.compile(r"aclImdb/(train|test)/(pos|neg)/(\d+)_\d+\.txt")
_SUBJECTIVITY = ("subjective", "objective")
_SUBJECTIVITY_FILES = {"quote.tok.gt9.5000": "subjective", "plot.tok.gt9.5000": "objective"}


def ag_news(
    request: SetRequest,
    *,
    official: bool | None = None,
    max_tokens: int = MAX_TOKENS,
    max_length: int | None = None,
) -> Splits:
    """Reads AG News: title and description of a piece of news, to one of four topics.

    Args:
        request: What is wanted.
        official: Whether to read the official files, 120,000 rows to learn from and 7,600 to test; or a sample of
            10,000 of their training rows, of which the same 2,000 are always the test part. ``None`` for the official
            files where they are, else the sample.
        max_tokens: Size of the vocabulary at most.
        max_length: Words per text at most.
    """
    form = None
    if official is not None:
        form = "official" if checks.flag("official", official) else "sample"
    files = request.files(form)
    facts = {"source": f"AG News ({files.form})", **files.facts}
    if files.form == "official":
        train, test = _official_news(files["train.csv"]), _official_news(files["test.csv"])
    else:
        train, test = _sampled_news(files["noisyag_10000.csv"])
        facts["test_part"] = "2,000 rows of the sample, always the same; not the official test part"
    return request.split(
        train, test=test, key=text_key, description=facts, max_tokens=max_tokens, max_length=max_length
    )


def _official_news(path: Path) -> Pair:
    texts, topics = [], []
    with path.open(encoding="utf-8", newline="") as file:
        try:
            for number, title, description in csv.reader(file, strict=True):
                topics.append(TOPICS[("1", "2", "3", "4").index(number)])
                texts.append(f"{title} . {description}")
        except (ValueError, csv.Error) as error:
            raise DataError(
                f"{path}: row {len(texts) + 1} cannot be read ({error}); expected a class from 1 to 4, a title and a "
                "description, without a header. Fetch the file again."
            ) from error
    return texts, topics


def _sampled_news(path: Path) -> tuple[Pair, Pair]:
    # `gt` is the true topic. `label` is a person's, wrong in one of five rows, and `group` says how it came about.
    frame = read_frame(path)
    texts, topics = frame["text"].tolist(), [TOPICS[int(number)] for number in frame["gt"]]
    parts = split_groups(
        list(range(len(texts))),
        topics,
        [text_key(text) for text in texts],
        validation_fraction=0.5,
        test_fraction=_SAMPLE_TEST_SHARE,
        seed=_SAMPLE_SEED,
    )
    held_out = set(parts["test"][0])
    learned = [row for row in range(len(texts)) if row not in held_out]
    train, test = (
        ([texts[row] for row in rows], [topics[row] for row in rows]) for rows in (learned, sorted(held_out))
    )
    return train, test


def imdb(request: SetRequest, *, max_tokens: int = MAX_TOKENS, max_length: int | None = None) -> Splits:
    """Reads reviews of films, positive or negative: 25,000 to learn from, 25,000 of other films to test.

    Args:
        request: What is wanted.
        max_tokens: Size of the vocabulary at most.
        max_length: Words per review at most.
    """
    files = request.files()
    if files.form == "official":
        train, test = _review_archive(files["aclImdb_v1.tar.gz"])
    else:
        train, test = _review_table(files["train.tsv.gz"]), _review_table(files["test.tsv.gz"])
    return request.split(
        train,
        test=test,
        key=text_key,
        description={"source": "Large Movie Review Dataset v1.0", **files.facts},
        max_tokens=max_tokens,
        max_length=max_length,
    )


def _review_table(path: Path) -> Pair:
    frame = read_frame(path, column_names=["label", "id", "text"])
    return frame["text"].tolist(), ["positive" if label == "1" else "negative" for label in frame["label"]]


def _review_archive(path: Path) -> tuple[Pair, Pair]:
    """Reads ``aclImdb/PART/pos/ID_RATING.txt``; reviews come positive first, by number, as the copies have them."""
    reviews: dict[str, list[tuple[bool, int, str]]] = {"train": [], "test": []}
    for name, data in _members(path, "the archive of reviews", _REVIEW.fullmatch):
        part, sentiment, number = _REVIEW.fullmatch(name).groups()  # type: ignore[union-attr]
        reviews[part].append((sentiment == "neg", int(number), data.decode("utf-8")))
    train, test = (
        ([text for _, _, text in rows], ["negative" if negative else "positive" for negative, _, _ in rows])
        for rows in (sorted(part) for part in reviews.values())
    )
    return train, test


def sms_spam(request: SetRequest, *, max_tokens: int = MAX_TOKENS, max_length: int | None = None) -> Splits:
    """Reads 5,574 messages, spam or not (``ham``).

    Args:
        request: What is wanted.
        max_tokens: Size of the vocabulary at most.
        max_length: Words per message at most.
    """
    files = request.files()
    (path,) = files
    rows = [line.partition("\t") for line in _lines(path, "utf-8")]
    return request.split(
        ([text for _, _, text in rows], [label for label, _, _ in rows]),
        key=text_key,
        description={"source": "SMS Spam Collection", **files.facts},
        max_tokens=max_tokens,
        max_length=max_length,
    )


def trec(
    request: SetRequest,
    *,
    labels: str = "coarse",
    max_tokens: int = MAX_TOKENS,
    max_length: int | None = None,
) -> Splits:
    """Reads questions and the kind of answer they ask for: 5,452 to learn from, 500 to test.

    Args:
        request: What is wanted.
        labels: ``"coarse"`` for six kinds, ``"fine"`` for fifty.
        max_tokens: Size of the vocabulary at most.
        max_length: Words per question at most.
    """
    checks.choice("labels", labels, ("coarse", "fine"))
    files = request.files()

    def read(path: Path) -> Pair:
        rows = [line.partition(" ") for line in _lines(path, "latin-1")]
        kinds = [kind if labels == "fine" else kind.partition(":")[0] for kind, _, _ in rows]
        return [question for _, _, question in rows], kinds

    train, test = (read(path) for path in files)
    return request.split(
        train,
        test=test,
        key=text_key,
        description={"source": "TREC questions", **files.facts},
        max_tokens=max_tokens,
        max_length=max_length,
    )


def subj(request: SetRequest, *, max_tokens: int = MAX_TOKENS, max_length: int | None = None) -> Splits:
    """Reads 5,000 subjective and 5,000 objective sentences on films; it has no test part of its own.

    Args:
        request: What is wanted.
        max_tokens: Size of the vocabulary at most.
        max_length: Words per sentence at most.
    """
    files = request.files()
    if files.form == "official":
        parts = _sentence_archive(files["rotten_imdb.tar.gz"])
    else:
        parts = {kind: files[f"subj.{kind}"].read_bytes() for kind in _SUBJECTIVITY}
    try:
        sentences = {kind: _split_lines(data.decode("cp1252")) for kind, data in parts.items()}
    except UnicodeDecodeError as error:
        raise DataError(
            f"{next(iter(files))}: damaged ({error}); expected text in Windows-1252. Fetch it again."
        ) from error
    return request.split(
        (
            [sentence.strip() for kind in _SUBJECTIVITY for sentence in sentences[kind]],
            [kind for kind in _SUBJECTIVITY for _ in sentences[kind]],
        ),
        key=text_key,
        description={"source": "Subjectivity v1.0", **files.facts},
        max_tokens=max_tokens,
        max_length=max_length,
    )


def _sentence_archive(path: Path) -> dict[str, bytes]:
    parts = {}
    for name, data in _members(path, "the archive of sentences", lambda name: name.endswith(".5000")):
        parts[_SUBJECTIVITY_FILES.get(PurePosixPath(name).name, name)] = data
    if set(parts) != set(_SUBJECTIVITY):
        raise DataError(
            f"{path}: received {', '.join(sorted(parts)) or 'no files'}; expected "
            f"{' and '.join(_SUBJECTIVITY_FILES)}. Fetch it again."
        )
    return parts


def _members(path: Path, what: str, wanted: Callable[[str], Any]) -> Iterator[tuple[str, bytes]]:
    """Yields name and content of the wanted files of an archive; none is written to disk."""
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if not member.isfile() or not wanted(member.name):
                    continue
                file = archive.extractfile(member)
                if file is None or member.size > _LARGEST_MEMBER:
                    raise ValueError(f"{member.name} has {member.size:,} bytes")
                yield member.name, file.read()
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise DataError(f"{path}: damaged ({error}); expected {what}. Fetch it again.") from error


def _lines(path: Path, encoding: str) -> list[str]:
    data = path.read_bytes()
    return _split_lines((gzip.decompress(data) if path.suffix == ".gz" else data).decode(encoding))


def _split_lines(text: str) -> list[str]:
    """Only a line feed ends a line: some hold other characters that Python takes for an end."""
    return text.removesuffix("\n").split("\n")


TEXT_SETS: dict[str, Callable[..., Any]] = {
    "ag_news": ag_news,
    "imdb": imdb,
    "sms_spam": sms_spam,
    "subj": subj,
    "trec": trec,
}
