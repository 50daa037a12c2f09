"""Truth of ``rnnzoo_export.parity.runtimes``: other runtimes, in environments of their own, do what the page says."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rnnzoo import list_models

TESTS = Path(__file__).resolve().parents[1]
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def script() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(TESTS / "benchmarks"), *sys.path])
        import runtimes

        yield runtimes


@pytest.fixture(scope="module")
def known(script: Any) -> Rows:
    return list(script.read_rows(script.RESULTS))


@pytest.fixture(scope="module")
def peers(script: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("peers")
    try:
        script.python_of_peers(folder)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"pip cannot install OpenVINO here: {error}")
    return folder


@pytest.fixture(scope="module")
def no_web(script: Any, peers: Path) -> str:
    """Why onnxruntime-web cannot run here; empty where it can."""
    try:
        script.web_of_peers(peers)
    except RuntimeError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def rows(script: Any, peers: Path, no_web: str, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    runtimes = [name for name in script.RUNTIMES if not (no_web and name == "web")]
    return list(script.rows_of(peers, tmp_path_factory.mktemp("files"), runtimes))


def statuses(rows: Rows, *runtimes: str) -> dict[tuple[str, ...], str]:
    keys = ("group", "name", "kind", "runtime")
    return {tuple(row[key] for key in keys): row["status"] for row in rows if row["runtime"] in runtimes}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_float_files_are_right_everywhere_but_for_the_state_c_under_a_mask(rows: Rows) -> None:
    layers = [row for row in rows if row["group"] == "layers"]
    assert len(layers) > 90
    wrong = [row for row in layers if row["status"] == "wrong" and row["kind"] != "dynamic int8"]
    # A state c that is answered under a mask, or that a stream hands on.
    assert all(
        row["layer"] == "LSTM" and row["masked"] and (row["answer"] == "states" or row["kind"] == "streaming")
        for row in wrong
    ), wrong
    plain = [row for row in layers if row["kind"] == "plain" and row["answer"] != "states"]
    # The reference evaluator has no Scan that reads backwards, and says so.
    assert all(row["status"] == "right" for row in plain if row["masked"] or row["runtime"] == "openvino")
    assert "wrong" not in {row["status"] for row in plain}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_file_fares_as_the_table_says(rows: Rows, known: Rows) -> None:
    assert statuses(rows, "openvino", "reference") == statuses(known, "openvino", "reference")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_float_file_is_right_in_a_browser_s_runtime(rows: Rows, known: Rows, no_web: str) -> None:
    if no_web:
        pytest.skip(no_web)
    assert statuses(rows, "web") == statuses(known, "web")


def test_the_table_has_every_entry_of_the_zoo_and_every_operator(known: Rows) -> None:
    names: dict[str, set[str]] = {}
    for row in known:
        names.setdefault(row["group"], set()).add(row["name"])
    assert names["zoo"] == set(list_models())
    operators = runpy.run_path(str(TESTS / "export" / "test_operators.py"))
    assert names["operators"] == {*operators["PARTS"], *operators["LATER"]}
    assert len(names["own models"]) > 12
    assert all(len({row["runtime"] for row in known if row["name"] == name}) == 3 for name in names["zoo"])


def test_in_the_table_every_float_file_is_right_in_onnxruntime_web(known: Rows) -> None:
    found = statuses(known, "web")
    assert {key for key, status in found.items() if status != "right"} == {
        key for key in found if key[2] == "dynamic int8"
    }


def test_a_reason_is_what_the_runtime_said_or_how_far_it_is_off(script: Any) -> None:
    said = "zoo-1.onnx: OpenVINO 1 cannot load it (-- No rule (yet) for: LabelEncoder). "
    assert script.reason({"detail": said}) == "No rule (yet) for: LabelEncoder"
    assert script.reason({"detail": said[:50]}) == "No rule"
    assert script.distance({"difference": "0.0123"}) == "0.012"
    assert script.distance({"difference": "0.0"}) == "another shape"
    assert script.counted(["wrong", "right", "right"]) == "2 right, 1 wrong"
