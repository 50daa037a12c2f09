"""Truth of ``rnnzoo_tuning.worker``: a process is known to have ended, and never taken for another one."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from rnnzoo_tuning import worker
from rnnzoo_tuning.worker import born, is_dead, this_worker


def test_a_worker_of_this_machine_is_known_to_be_dead() -> None:
    process = subprocess.Popen(["sleep", "60"])
    other = {**this_worker(), "pid": process.pid, "born": born(process.pid)}
    assert not is_dead(other)
    assert not is_dead(this_worker())
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    if Path("/proc/self/stat").exists():
        assert is_dead(other), "its parent has not asked for it yet"
    process.wait()
    assert is_dead(other)
    # Another process may have got its number.
    assert is_dead({**other, "pid": os.getpid()}) == (born(os.getpid()) is not None)
    assert not is_dead({**other, "host": "another"})
    assert not is_dead(None)


def test_a_container_is_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    here = this_worker()["host"]
    assert here.split()[0] == socket.gethostname()
    monkeypatch.setattr(Path, "readlink", lambda self: Path("pid:[1]"))
    if Path("/proc/self/ns/pid").exists():
        assert this_worker()["host"] != here
        assert not is_dead({"host": here, "pid": 2**22 + 1, "born": 1})
    assert worker._host() == this_worker()["host"]
