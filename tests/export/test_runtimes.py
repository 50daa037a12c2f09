"""Truth of ``rnnzoo_export.parity.runtimes``: OpenVINO and the reference evaluator, in an environment of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
        import runtimes

    folder = tmp_path_factory.mktemp("runtimes")
    try:
        runtimes.python_of_peers(folder / "peers")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"pip cannot install OpenVINO here: {error}")
    files = folder / "files"
    files.mkdir()
    found: list[dict[str, Any]] = runtimes.rows_of(folder / "peers", files)
    return found


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_float_files_are_right_everywhere_but_for_the_state_c_under_a_mask(
    rows: list[dict[str, Any]],
) -> None:
    assert {row["runtime"] for row in rows} == {"openvino", "reference"}
    assert len(rows) > 90
    wrong = [row for row in rows if row["status"] == "wrong" and row["kind"] != "dynamic int8"]
    # A state c that is answered under a mask, or that a stream hands on.
    assert all(
        row["layer"] == "LSTM" and row["masked"] and (row["answer"] == "states" or row["kind"] == "streaming")
        for row in wrong
    ), wrong
    plain = [row for row in rows if row["kind"] == "plain" and row["answer"] != "states"]
    # The reference evaluator has no Scan that reads backwards, and says so.
    assert all(row["status"] == "right" for row in plain if row["masked"] or row["runtime"] == "openvino")
    assert "wrong" not in {row["status"] for row in plain}
