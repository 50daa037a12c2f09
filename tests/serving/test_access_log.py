"""Truth of ``rnnzoo_export.serving.access_log``: whole lines in order, and no reader that holds up the server."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from rnnzoo_export.serving import access_log
from rnnzoo_export.serving.access_log import AccessLog


def numbers(path: Path) -> list[int]:
    return [json.loads(line)["number"] for line in path.read_text().splitlines()]


def test_lines_are_whole_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(str(path))
    for number in range(1000):
        log.write({"number": number, "text": "two\nlines"})
    log.close()
    assert numbers(path) == list(range(1000))
    assert log.lost == 0


def test_a_file_that_is_there_is_added_to(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    for number in range(2):
        log = AccessLog(str(path))
        log.write({"number": number})
        log.close()
    assert numbers(path) == [0, 1]


def test_a_file_that_was_renamed_is_opened_again(tmp_path: Path) -> None:
    path, old = tmp_path / "access.log", tmp_path / "access.log.1"
    log = AccessLog(str(path))
    log.write({"number": 1})
    deadline = time.monotonic() + 5
    while not path.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.01)
    path.rename(old)
    log.write({"number": 2})
    log.close()
    assert (numbers(old), numbers(path)) == ([1], [2])


def test_a_reader_that_is_too_slow_loses_lines_and_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "_MOST_WAITING", 100)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # and nobody reads
    log = AccessLog(str(path))
    began = time.monotonic()
    for number in range(20_000):
        log.write({"number": number, "text": "x" * 100})
    assert time.monotonic() - began < 5
    assert log.lost > 0
    log.close(0.1)  # nor is the end held up
    assert time.monotonic() - began < 6
    threading.Thread(target=_drain, args=(reader,), daemon=True).start()


def _drain(reader: int) -> None:
    while True:
        try:
            if not os.read(reader, 1 << 16):
                break
        except BlockingIOError:
            time.sleep(0.01)
    os.close(reader)


def test_a_folder_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        AccessLog(str(tmp_path / "none" / "access.log"))
