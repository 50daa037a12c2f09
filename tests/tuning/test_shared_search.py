"""Truth of ``rnnzoo_tuning.study_storage``: workers that share a database, as the how-to page starts them.

Workers share a search, and one that dies is replaced by the others.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from postgresql_server import postgresql

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how_to" / "search_on_many_machines.md"
# The command, which notes each epoch once its checkpoint is written: its process, its trial and the number.
COMMAND = f"""#!{sys.executable}
import os, sys
from rnnzoo.training.run.checkpoint import Checkpoint
from rnnzoo.cli import main
save = Checkpoint.on_epoch_end

def noted(self, epoch, logs=None):
    save(self, epoch, logs)
    with open("epochs.txt", "a") as file:
        file.write(f"{{os.getpid()}} {{self.path.parent.name}} {{epoch}}\\n")

Checkpoint.on_epoch_end = noted
sys.exit(main())
"""


def page_loop() -> str:
    """The loop of the page that starts workers."""
    (loop,) = re.findall(r"```bash\n(for i in 1 2 3; do\n  rnnzoo tune .*?)```", PAGE.read_text(), re.DOTALL)
    return str(loop)


def epochs(folder: Path) -> list[tuple[int, str, int]]:
    path = folder / "epochs.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(int(pid), trial, int(epoch)) for pid, trial, epoch in map(str.split, lines)]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_workers_finish_a_search_of_which_one_is_killed(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "rnnzoo").write_text(COMMAND)
    (tmp_path / "bin" / "rnnzoo").chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    with postgresql() as address:
        environment = {
            **os.environ,
            "STORAGE": address,
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("", "tuning", "export")),
            "CUDA_VISIBLE_DEVICES": "-1",
        }
        with (tmp_path / "log").open("w+") as log:
            workers = subprocess.Popen(
                ["bash", "-c", page_loop()], cwd=work, env=environment, stdout=log, stderr=log
            )
            try:
                killed, trial, epoch = killed_in_a_trial(work, workers)
                assert workers.wait(timeout=800) == 0
            finally:
                workers.kill()
            log.seek(0)
            told = log.read()
    assert "Traceback" not in told, told
    rows = json.loads((work / "search" / "trials.json").read_text())["trials"]
    assert sorted(row["trial"] for row in rows) == list(range(1, 13)), told
    assert {row["status"] for row in rows} == {"done"}
    assert all(row["score"] > 0 and row["seconds"] > 0 and "learning_rate" in row for row in rows)
    noted = epochs(work)
    counts = Counter((trial, epoch) for _, trial, epoch in noted)
    assert set(counts.values()) == {1}, "an epoch was run twice"
    later = [pid for pid, name, number in noted if name == trial and number > epoch]
    assert later
    assert killed not in later
    assert len({pid for pid, _, _ in noted}) == 3
    assert (work / "search" / "best" / "metrics.json").is_file()
    assert (work / "search" / "bundle").is_dir()
    assert json.loads((work / "search" / "search.json").read_text())["finished"]
    assert not (work / "search" / "running").exists()
    secret = address.partition("://")[2].partition("@")[0].partition(":")[2]
    assert not [path for path in work.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert secret not in told


def killed_in_a_trial(work: Path, workers: subprocess.Popen[bytes]) -> tuple[int, str, int]:
    """Kills a worker in the middle of a trial; returns its process, the trial and the last epoch."""
    while workers.poll() is None:
        noted = epochs(work)
        all_work = len({pid for pid, _, _ in noted}) == 3
        middle = [
            (pid, trial, epoch) for pid, trial, epoch in noted[-1:] if 1 <= epoch <= 4 and trial != "best"
        ]
        if all_work and middle:
            (pid, trial, _), *_ = middle
            os.kill(pid, signal.SIGKILL)
            time.sleep(0.2)
            return pid, trial, max(epoch for _, name, epoch in epochs(work) if name == trial)
        time.sleep(0.01)
    raise AssertionError("the workers ended before one could be killed")
