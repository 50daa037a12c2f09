"""Truth of ``rnnzoo.data.sets.datasets``: official files are read as their makers publish them."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo import Splits, load_dataset
from rnnzoo.data.sets import datasets
from rnnzoo.data.sets.sources import get_source
from rnnzoo.errors import DataError
from set_sources import Web, file, left_in


def load_official(
    name: str,
    contents: dict[str, bytes],
    rows: Mapping[str, int],
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
    *,
    known: bool = True,
    **options: Any,
) -> Splits:
    """Loads a set whose official files have these contents, fetched from the local server.

    Their checksums are in the table where they are to be ``known``.
    """
    real = get_source(name)
    assert [entry.name for entry in real.forms["official"]] == list(contents)
    files = tuple(
        file(
            entry.path,
            contents[entry.name] if known else None,
            official=True,
            url=web.answer(f"/{entry.name}", contents[entry.name]),
        )
        for entry in real.forms["official"]
    )
    toy = dataclasses.replace(real, rows=rows, forms={**real.forms, "official": files})
    monkeypatch.setattr(datasets, "get_source", lambda name: toy)
    return load_dataset(name, download=True, **options)


def tar_gz(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def test_official_news_are_read_as_published(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f'"{1 + n % 4}","Title ""{n}""","About, {n} \\\\$5"\n' for n in range(80)]
    contents = {"train.csv": "".join(lines[:60]).encode(), "test.csv": "".join(lines[60:]).encode()}
    rows = {"train": 60, "test": 20}
    splits = load_official("ag_news", contents, rows, web, monkeypatch)
    assert splits.description["form"] == "official"
    assert splits.test is not None
    assert splits.test.raw is not None
    assert splits.test.raw[0] == 'Title "60" . About, 60 \\\\$5'
    assert [(splits.get_decoding().labels or [])[n] for n in splits.rows("test").gather(range(4))[1]] == [
        "World",
        "Sports",
        "Business",
        "Sci/Tech",
    ]
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [51, 9, 20]
    with pytest.raises(DataError, match="ag_news: received 80 rows; expected 81, as published"):
        load_official("ag_news", contents, {"train": 61, "test": 20}, web, monkeypatch)


def test_a_wrong_row_of_the_news_is_named(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in ("5,a,b\n", "1,a\n"):
        contents = {"train.csv": f"1,a,b\n{line}".encode(), "test.csv": b"1,a,b\n"}
        with pytest.raises(
            DataError, match=r"train\.csv: row 2 cannot be read \(.*\); expected a class from 1 to 4"
        ):
            load_official("ag_news", contents, {"train": 2, "test": 1}, web, monkeypatch)
        (places[1] / "ag_news" / "train.csv").unlink()


def test_the_official_archive_of_reviews_gives_what_its_copy_gives(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviews = [(part, kind, n) for part in ("train", "test") for kind in ("neg", "pos") for n in range(20)]
    members = {
        f"aclImdb/{p}/{k}/{n}_{3 if k == 'neg' else 8}.txt": f"{p} {k} film {n}".encode()
        for p, k, n in reviews
    }
    members |= {"aclImdb/README": b"read", "aclImdb/train/unsup/0_0.txt": b"no label"}
    rows = {"train": 40, "test": 40}
    splits = load_official("imdb", {"aclImdb_v1.tar.gz": tar_gz(members)}, rows, web, monkeypatch)
    assert (splits.get_decoding().labels or []) == ["negative", "positive"]
    assert splits.test is not None
    assert splits.test.raw is not None
    assert list(splits.test.raw[18:22]) == [
        "test pos film 18",
        "test pos film 19",
        "test neg film 0",
        "test neg film 1",
    ]
    assert splits.rows("test").gather(range(40))[1].tolist() == [1] * 20 + [0] * 20


def test_the_official_archive_of_sentences(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = {"quote": "it is \x93fine\x94 {} \n", "plot": "a man {} leaves \n"}
    texts = {
        kind: "".join(line.format(n) for n in range(20)).encode("latin-1") for kind, line in lines.items()
    }
    members = {f"{kind}.tok.gt9.5000": text for kind, text in texts.items()}
    splits = load_official("subj", {"rotten_imdb.tar.gz": tar_gz(members)}, {"all": 40}, web, monkeypatch)
    assert (splits.get_decoding().labels or []) == ["objective", "subjective"]
    assert any("\u201cfine\u201d" in text for text in splits.train.raw or ())
    (places[1] / "trec_subj" / "rotten_imdb.tar.gz").unlink()
    half = tar_gz({"quote.tok.gt9.5000": b"x\n"})
    with pytest.raises(DataError, match=r"received subjective; expected quote\.tok\.gt9\.5000 and plot"):
        load_official("subj", {"rotten_imdb.tar.gz": half}, {"all": 1}, web, monkeypatch)


def movements(rows: int) -> bytes:
    return "".join(f"{n / rows}," * 90 + f"{n % 2}\n" for n in range(rows)).encode()


LOGIN_PAGE = b"<html><body>Please log in first.</body></html>"
WRONG = {
    "beijing_pm25": "PRSA_data_2010.1.1-2014.12.31.csv",
    "fsdd": "free-spoken-digit-dataset-1.0.10.tar.gz",
    "libras": "movement_libras.data",
    "subj": "rotten_imdb.tar.gz",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_was_fetched_and_cannot_be_read_is_not_kept(
    name: str, places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    for asked in (1, 2):
        with pytest.raises(
            DataError, match=r"Nobody states .* it was fetched just now, and is removed again\.$"
        ):
            load_official(
                name, {WRONG[name]: LOGIN_PAGE}, get_source(name).rows, web, monkeypatch, known=False
            )
        assert left_in(places[1]) == []
        assert len(web.asked) == asked


def test_files_of_the_user_stay_and_are_named(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {"movement_libras.data": movements(40)}
    path = places[0] / "libras" / "movement_libras.data"
    path.parent.mkdir()
    path.write_bytes(movements(39))
    with pytest.raises(DataError) as caught:
        load_official("libras", contents, {"all": 40}, web, monkeypatch, known=False)
    homepage = get_source("libras").homepage
    assert str(caught.value) == (
        f"libras: received 39 rows; expected 40, as published. Fetch its files again from {homepage}. "
        f"Nobody states the checksum of {path}: delete it if it is not what its makers publish."
    )
    assert path.is_file()


def test_a_whole_file_is_not_blamed_for_what_was_asked(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents, rows = {"movement_libras.data": movements(40)}, {"all": 40}
    with pytest.raises(DataError, match=r"expected enough to split off 1\. Add rows\.$"):
        load_official("libras", contents, rows, web, monkeypatch, known=False, validation_fraction=0.001)
    assert left_in(places[1]) == ["movement_libras.data"]


def test_cut_series_and_films_are_refused(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    dust = b"No,year,month,day,hour,pm2.5,cbwd\n1,2010,1,1,0,3,NW\n"
    contents = {"PRSA_data_2010.1.1-2014.12.31.csv": dust}
    with pytest.raises(DataError, match="beijing_pm25: received 1 steps; expected 43,824, as published"):
        load_official("beijing_pm25", contents, get_source("beijing_pm25").rows, web, monkeypatch)
    header = ",".join(f"x{n}" for n in range(18)) + ",phase\n"
    film = (header + ("0," * 18 + "Rest\n") * 20).encode()
    films = {f"{name}_raw.csv": film for name in ("a1", "a2", "a3", "b1", "b3", "c1", "c3")}
    with pytest.raises(DataError, match="gesture_phase: received 140 frames; expected 9,901, as published"):
        load_official("gesture_phase", films, get_source("gesture_phase").rows, web, monkeypatch)
    films["b1_raw.csv"] = films["b1_raw.csv"].replace(b"phase", b"face")
    monkeypatch.setenv("RNNZOO_CACHE", str(places[0] / "new"))
    with pytest.raises(
        DataError, match=r"b1_raw\.csv: cannot be read \('phase'\); expected 18 columns of co"
    ):
        load_official("gesture_phase", films, get_source("gesture_phase").rows, web, monkeypatch)


UNREADABLE: dict[str, tuple[str, bytes, str]] = {
    "ragged": ("libras", movements(3)[:-4] + b"\n", r"cannot be read .* expected 90 coordinates and a class"),
    "letters": ("libras", b"x," * 90 + b"1\n", r"cannot be read .*float: 'x'\); expected 90 coordinates"),
    "wide": ("libras", b"1," * 180 + b"1\n", r"cannot be read .* expected 90 coordinates and a class"),
    "no cp1252": (
        "subj",
        tar_gz({f"{kind}.tok.gt9.5000": b"a \x81 b\n" for kind in ("plot", "quote")}),
        r"rotten_imdb\.tar\.gz: damaged \(.*0x81.*\); expected text in Windows-1252\. Fetch it again",
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_files_that_cannot_be_read_are_refused_in_words(
    case: str, places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, content, message = UNREADABLE[case]
    with pytest.raises(DataError, match=message):
        load_official(name, {WRONG[name]: content}, get_source(name).rows, web, monkeypatch)


@pytest.mark.parametrize("name", ["ptb", "etth1", "splice", "tinyshakespeare", "sms_spam", "ud_english_ewt"])
def test_unpacked_copies_are_the_official_files(
    name: str, real_data: Path, places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else states of the official file is true of what the copy holds."""
    copies, officials = get_source(name).forms["copy"], get_source(name).forms["official"]
    if not all((real_data / entry.path).is_file() for entry in copies):
        pytest.skip(f"RNNZOO_DATA holds no {name}")
    for copy, entry in zip(copies, officials, strict=True):
        content = gzip.decompress((real_data / copy.path).read_bytes())
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry.bytes, entry.sha256)
        path = places[0] / entry.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    official = load_dataset(name)
    assert {known["known_as"] for known in official.description["files"].values()} == {"official file"}
    monkeypatch.setenv("RNNZOO_DATA", str(real_data))
    copied = load_dataset(name)
    counted = "tokens" if name in ("ptb", "tinyshakespeare") else "rows"
    assert official.description[counted] == copied.description[counted]
    np.testing.assert_array_equal(official.train.first(1)[1], copied.train.first(1)[1])
