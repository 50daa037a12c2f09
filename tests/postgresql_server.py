"""A PostgreSQL server for tests: one that is named, or one that is started here and goes with the test."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: A variable that names a database in which tests may make and delete studies.
NAMED = "RNNZOO_TEST_POSTGRESQL"
#: The users that a server is started as where tests run as root, which PostgreSQL refuses to run as.
_USERS = ("postgres", "nobody")


@contextmanager
def postgresql() -> Iterator[str]:
    """Yields the address of a database; skips the test, with the reason, where there can be none."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'rnnzoo[postgresql]'")
    if address := os.environ.get(NAMED):
        yield address
        return
    folder = Path(tempfile.mkdtemp(prefix="postgresql-", dir="/tmp"))
    try:
        with _started(folder, _programs()) as address:
            yield address
    finally:
        shutil.rmtree(folder)


@contextmanager
def _started(folder: Path, programs: Path) -> Iterator[str]:
    user = _user(folder)
    data, port = folder / "data", _free_port()
    (folder / "password").write_text("s3cret@word")
    _run(
        user,
        programs / "initdb",
        "-D",
        data,
        "-U",
        "ada",
        "-A",
        "scram-sha-256",
        "--pwfile",
        folder / "password",
    )
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    control = (programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w")
    _run(user, *control, "-o", options, "start")
    try:
        yield f"postgresql://ada:s3cret%40word@127.0.0.1:{port}/postgres"
    finally:
        _run(user, *control, "-m", "immediate", "stop")


def _run(user: str | None, *command: object) -> None:
    result = subprocess.run(
        list(map(str, command)),
        user=user,
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
    )
    assert result.returncode == 0, result.stdout.decode()


def _programs() -> Path:
    """Returns the folder of the server's programs."""
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if found := shutil.which("initdb"):
        places.insert(0, Path(found).resolve().parent)
    for place in places:
        if all((place / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
            return place
    pytest.skip(f"no PostgreSQL server here: set {NAMED} to the address of one, or install postgresql")


def _user(folder: Path) -> str | None:
    """Returns the user to start a server as, who gets the folder; ``None`` for the one who runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _USERS:
        if name in known:
            os.chown(folder, known[name].pw_uid, known[name].pw_gid)
            return name
    pytest.skip(f"PostgreSQL refuses to run as root, and there is no user {' or '.join(_USERS)}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
