"""Truth of ``rnnzoo_export.conversion``: tools that people run over the files keep them right, as the page says.

The tools live in an environment of their own; where they cannot be installed, the test is skipped with the reason.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
NEVER_WRONG = (
    "onnxslim",
    "onnxsim",
    "onnxoptimizer",
    "onnxscript, optimizer",
    "onnxscript, version converter",
    "onnx, version converter",
    "quant_pre_process, `skip_symbolic_shape=True`",
)


@pytest.fixture(scope="module")
def script() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
        yield runpy.run_path(str(BENCHMARKS / "file_tools.py"))


def kind(words: str) -> str:
    return words.partition(", by ")[0]


def test_a_verdict_says_what_happened(script: Any) -> None:
    row = {"load": "", "difference": "0.0", "metadata": "True"}
    verdict = script["verdict"]
    assert verdict(row) == "exact"
    assert verdict({**row, "metadata": "False"}) == "exact, metadata lost"
    assert verdict({**row, "difference": "0.0003"}) == "close, by 3e-04"
    assert verdict({**row, "difference": "0.5"}) == "differs, by 5e-01"
    assert verdict({**row, "load": "tool raised KeyError: ''", "difference": None}) == "tool raised KeyError"


def test_the_table_has_every_file_that_is_written(script: Any) -> None:
    rows = script["read_rows"](script["RESULTS"])
    assert {row["file"] for row in rows} == {*script["OWN"], *script["ZOO"]}
    assert set(NEVER_WRONG) < {row["tool"] for row in rows}
    assert {row["packages"] for row in rows} == {" ".join(script["PACKAGES"])}
    exact = [script["verdict"](row) for row in rows if row["tool"] in NEVER_WRONG]
    assert set(exact) == {"exact"}
    assert len(exact) == len(NEVER_WRONG) * (len(script["OWN"]) + len(script["ZOO"]))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_tools_do_what_the_table_says(script: Any, tmp_path: Path) -> None:
    try:
        python = script["python_of_tools"](tmp_path / "tools")
    except RuntimeError as error:
        pytest.skip(str(error))
    files = tmp_path / "files"
    files.mkdir()
    script["write_files"](files)
    verdict = script["verdict"]
    found = {(row["file"], row["tool"]): kind(verdict(row)) for row in script["judgements"](python, files)}
    known = {(row["file"], row["tool"]): kind(verdict(row)) for row in script["read_rows"](script["RESULTS"])}
    assert found == known
