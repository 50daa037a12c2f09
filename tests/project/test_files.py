"""Truth of ``rnnzoo.files``: files and directories are whole, or absent."""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import re
import time
from pathlib import Path

import pytest

from rnnzoo import files
from rnnzoo.errors import ArgumentError, DataError, PathExistsError, PathNotFoundError


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_file_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"
    with files.replacing(target) as temporary:
        assert temporary.suffix == ".txt"
        assert not target.exists()
        temporary.write_text("first")
    with pytest.raises(ZeroDivisionError), files.replacing(target) as temporary:
        temporary.write_text(f"half of the sec{1 / 0}")
    assert target.read_text() == "first"
    assert names_in(tmp_path) == ["new", "new/a.txt"]


def test_what_killed_writers_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    left = [tmp_path / ".a.partial-01234567.txt", tmp_path / "inner" / ".b.partial-01234567"]
    kept = tmp_path / "a.txt"
    for path in (*left, kept):
        path.write_text("x")
    files.remove_partial(tmp_path)
    assert names_in(tmp_path) == ["a.txt", "inner"]


def test_what_is_written_now_is_not_abandoned(tmp_path: Path) -> None:
    old, new = tmp_path / ".a.partial-00000000.txt", tmp_path / ".a.partial-11111111.txt"
    other = tmp_path / ".b.partial-00000000.txt"
    for path in (old, new, other):
        path.write_text("x")
    for path in (old, other):
        os.utime(path, (time.time() - 100,) * 2)
    files.remove_abandoned(tmp_path / "a.txt", older_than=50)
    assert names_in(tmp_path) == [new.name, other.name]


def test_directories_of_killed_writers_are_deleted(tmp_path: Path) -> None:
    target = tmp_path / "made"
    kept = [tmp_path / name for name in ("made", ".made", ".made-by-hand", ".other-0123abcd")]
    for path in (*kept, tmp_path / ".made-0123abcd", tmp_path / ".made-89abcdef-old"):
        path.mkdir()
        (path / "a").write_text("1")
    files.remove_abandoned_directories(target)
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_a_directory_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with files.new_directory(target) as folder:
        (folder / "a").write_text("1")
        assert not target.exists()
    assert names_in(tmp_path) == ["made", "made/a"]
    with pytest.raises(
        PathExistsError, match=r"made: received a directory that is not empty; expected a new"
    ):
        files.refuse_existing(target)
    with pytest.raises(ZeroDivisionError), files.new_directory(target, overwrite=True) as folder:
        (folder / "b").write_text(f"{1 / 0}")
    assert names_in(tmp_path) == ["made", "made/a"]
    with files.new_directory(target, overwrite=True) as folder:
        (folder / "b").write_text("2")
    assert names_in(tmp_path) == ["made", "made/b"]


def test_an_old_directory_comes_back_where_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "made"
    target.mkdir()
    (target / "a").write_text("1")
    rename = Path.rename

    def refuse(path: Path, name: Path) -> Path:
        if name == target and not path.name.endswith("-old"):
            raise OSError("the disk is full")
        return rename(path, name)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="the disk is full"), files.new_directory(target, overwrite=True):
        pass
    assert names_in(tmp_path) == ["made", "made/a"]


def test_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.write_text("x")
    folder.mkdir()
    files.refuse_existing(folder)
    files.refuse_existing_file(tmp_path / "new")
    files.refuse_existing_file(file, overwrite=True)
    with pytest.raises(
        PathExistsError, match=r"file: received a file; expected a directory\. Choose another"
    ):
        files.refuse_existing(file, overwrite=True)
    for path, overwrite in ((file, False), (folder, True)):
        with pytest.raises(PathExistsError, match=r": exists; expected a new file\. Choose another name"):
            files.refuse_existing_file(path, overwrite=overwrite)


def test_what_is_not_there_is_named_with_what_was_sought(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    assert files.existing_file(str(file), "a table") == file
    assert files.existing_directory(str(tmp_path), "a run") == tmp_path
    with pytest.raises(
        PathNotFoundError, match=r"received a directory; expected a table\. Name the file itself"
    ):
        files.existing_file(tmp_path, "a table")
    with pytest.raises(PathNotFoundError, match=r"none: no such file; expected a table\. Check the path"):
        files.existing_file(tmp_path / "none", "a table")
    with pytest.raises(PathNotFoundError, match=r"file: received a file; expected a run\. Check the path"):
        files.existing_directory(file, "a run")
    with pytest.raises(PathNotFoundError, match=r"none: no such directory; expected a run\. Check the path"):
        files.existing_directory(tmp_path / "none", "a run")


def test_texts_are_read_packed_and_with_a_byte_order_mark(tmp_path: Path) -> None:
    content = "\ufeffein Größenmaß\n".encode()
    plain, packed = tmp_path / "a.txt", tmp_path / "a.txt.GZ"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    assert files.read_text(plain, "a text") == files.read_text(packed, "a text") == "ein Größenmaß\n"
    plain.write_bytes("Maß".encode("latin-1"))
    packed.write_bytes(gzip.compress(content)[:-9])
    for path in (plain, packed):
        with pytest.raises(
            DataError, match=rf"{re.escape(path.name)}: not readable as UTF-8 text .*expected a text"
        ):
            files.read_text(path, "a text")


def test_json_is_whole_and_without_nan(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"ä": [1, None]})
    assert "ä" in path.read_text(encoding="utf-8")
    assert files.read_json(path, "a run") == {"ä": [1, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, float("nan"))
    assert files.read_json(path, "a run") == {"ä": [1, None]}
    for damaged in (b'{"a": ', b"\xff"):
        path.write_bytes(damaged)
        with pytest.raises(
            DataError, match=r"a\.json: not valid JSON \(.*\); expected a run\. Write it again"
        ):
            files.read_json(path, "a run")


def test_tables_have_a_column_for_everything_that_a_row_has(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    files.write_csv(path, [{"a": 1}, {"b": "x, y", "a": 2}])
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [{"a": "1", "b": ""}, {"a": "2", "b": "x, y"}]


def test_a_checksum_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\0" * 300_000 + b"end")
    assert files.file_checksum(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_work_goes_on_or_begins_where_nothing_else_is(tmp_path: Path) -> None:
    def check(path: Path, state: str | None, allowed: bool) -> None:
        files.refuse_other_work(path, "training run", state=state, resume=allowed, overwrite=False)
        files.refuse_other_work(path, "training run", state=state, resume=False, overwrite=allowed)

    check(tmp_path / "new", None, False)
    check(tmp_path, None, False)
    (tmp_path / "notes.txt").touch()
    check(tmp_path, "a run", True)
    fix = "expected a new or empty directory. Choose another"
    for path, state, message in (
        (tmp_path / "notes.txt", None, "received a file; expected a directory. Choose another path."),
        (tmp_path, None, f"holds files but no training run; {fix} one, or empty it yourself."),
        (tmp_path, "a run", f"already holds a run; {fix} directory, or overwrite it."),
    ):
        with pytest.raises(PathExistsError) as caught:
            check(path, state, False)
        assert str(caught.value) == f"{path}: {message}"
    with pytest.raises(ArgumentError) as both:
        files.refuse_other_work(tmp_path, "training run", state="a run", resume=True, overwrite=True)
    assert str(both.value) == (
        "resume: received it with overwrite (--force); expected one of them: go on with what is there, or replace it. "
        "Leave one out."
    )
