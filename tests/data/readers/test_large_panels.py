"""Truth of ``rnnzoo.data.readers.series``: a panel of ten million rows in little memory, without ready windows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_ten_million_rows_take_little_memory_and_are_cut_fast(project: Path) -> None:
    script = project / "tests" / "benchmarks" / "panel.py"
    output = subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True).stdout
    found = {line.partition(" {")[0]: json.loads(line[line.index("{") :]) for line in output.splitlines()[1:]}
    assert found["memory"]["times_float32"] < 2.5
    assert min(found["speed"]["drawn"], found["speed"]["trained"]) >= 0.8
