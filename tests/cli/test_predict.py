"""Truth of ``rnnzoo.cli.predict``: answers of decodings of one's own are printed whatever they are."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from rnnzoo.cli.predict import _as_json, _print_answers


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (3.5, "3.5"),
        (None, "null"),
        ("high", '"high"'),
        ([1, 2], "[1, 2]"),
        ({"level": 2.0}, '{"level": 2.0}'),
        ({"label": None}, '{"label": null}'),
        ({"label": "high", "probability": 0.25}, "high  0.250"),
        ({"label": "high", "probability": None}, "high"),
        ({"labels": []}, "(none)"),
        ({"labels": [1]}, '{"labels": [1]}'),
        ({"text": "a b"}, "a b"),
        ({"values": 3.0}, '{"values": 3.0}'),
        ({"values": {}}, '{"values": {}}'),
    ],
)
def test_each_answer_is_a_line(answer: Any, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    _print_answers([[1.0]], [answer])
    assert capsys.readouterr().out == f"{line}\n"


def test_answers_are_the_json_that_a_server_sends() -> None:
    answer = {
        "array": np.array([[1.0, np.nan]], np.float32),
        "number": np.int64(3),
        "infinite": float("inf"),
        "flag": np.bool_(True),
        4: (None, "text"),
    }
    assert json.dumps(_as_json(answer)) == (
        '{"array": [[1.0, null]], "number": 3, "infinite": null, "flag": true, "4": [null, "text"]}'
    )
