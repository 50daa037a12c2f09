"""Truth of ``rnnzoo_export.serving.app``: requests to forecasters of panels, over a socket and by command."""

from __future__ import annotations

import copy
import csv
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest

from alone import answers_alone
from command_line import refused
from rnnzoo.cli.app import run
from rnnzoo.cli.raw_inputs import read_raw_inputs
from rnnzoo.errors import ArgumentError, RequestError
from rnnzoo.preprocessing import FeaturePreprocessing
from rnnzoo_export import OnnxPredictor, explain
from serving_client import Server, running
from window_panels import HORIZON, KEYS, WINDOW, request

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def shops(panel_bundle: Path) -> Iterator[Server]:
    with running(panel_bundle, "shops") as server:
        yield server


def ask(server: Server, *rows: Any) -> httpx.Response:
    return httpx.post(f"{server.model}/predict", json={"inputs": list(rows)}, timeout=30)


def test_answers_over_a_socket_are_those_of_the_predictor(shops: Server, panel_bundle: Path) -> None:
    rows = [request(seed, WINDOW + seed % 3) for seed in range(40)]
    expected = OnnxPredictor(panel_bundle).predict(rows)
    together = ask(shops, *rows)
    assert together.status_code == 200, together.text
    with ThreadPoolExecutor(8) as pool:  # each alone, batched by the server with whatever comes beside it
        alone = [answer.json()["answers"][0] for answer in pool.map(lambda row: ask(shops, row), rows)]
    for answers in (together.json()["answers"], alone):
        for found, answer in zip(answers, expected, strict=True):
            assert list(found) == ["values"]
            for name in ("sales", "visits"):
                np.testing.assert_allclose(found["values"][name], answer["values"][name], rtol=1e-6)


def test_a_window_may_come_in_any_form(shops: Server) -> None:
    row = request(1)
    steps = [dict(zip(row["past"], step, strict=True)) for step in zip(*row["past"].values(), strict=True)]
    ahead = [{"price": p, "offer": o} for p, o in zip(*row["future"].values(), strict=True)]
    shop, article = row["series"]
    other = {**row, "past": steps, "future": ahead, "series": {"article": article, "shop": shop}}
    answers = ask(shops, row, other).json()["answers"]
    assert answers[0] == answers[1]


def put(value: Any, *path: Any) -> Change:
    def change(row: dict[str, Any]) -> None:
        for name in path[:-1]:
            row = row[name]
        row[path[-1]] = value

    return change


def drop(*path: Any) -> Change:
    def change(row: dict[str, Any]) -> None:
        for name in path[:-1]:
            row = row[name]
        del row[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            put(["north", "ham"], "series"),
            "series: received 'north / ham', which was not there in training; expected one of north / tea, north / "
            "jam, süd / tea. Scale by all rows or by the window (scaling='all', scaling='window') to answer series "
            "that are new.",
        ),
        (
            drop("series"),
            "'series' is missing; expected the shop and article of the window, by which it is scaled. Send "
            '{"series": name, "past": {column: values}}.',
        ),
        (
            put("north", "series"),
            "series: received 'north'; expected a value for each of the columns shop, article, in a list.",
        ),
        (
            drop("future"),
            "future: received none of 'price'; expected its values at the 3 steps ahead. Send "
            '"future": {"price": [3 values]} beside "past".',
        ),
        (
            put(["none"], "future", "offer"),
            "future: received 1 of 'offer'; expected its values at the 3 steps ahead. Send "
            '"future": {"offer": [3 values]} beside "past".',
        ),
        (
            put(None, "future", "price", 1),
            "future: 'price' is missing at step 1; expected a value. Fill it first.",
        ),
        (
            put("50 %", "future", "offer", 0),
            "future: 'offer' has the unknown category '50 %'; expected one of none, 10 %. Train on rows that have it.",
        ),
        (
            drop("static", "size"),
            "static: 'size' is missing; expected its value for the series. Send "
            '"static": {"size": value} beside "past".',
        ),
        (
            put("big", "static", "size"),
            "static: 'size' has the value 'big'; expected a number, or null where it is missing. Correct it.",
        ),
        (
            put([1.0], "static", "size"),
            "static: 'size' is list; expected a single value for all steps.",
        ),
        (
            put("moor", "static", "region"),
            "static: 'region' has the unknown category 'moor'; expected one of coast, hills, Ötztal. Train on rows "
            "that have it.",
        ),
        (
            drop("past", "date"),
            "the column 'date' is missing; expected sales, visits, sky, price, offer, date.",
        ),
        (
            put([1.0, 2.0], "past", "sales"),
            "received columns of [2, 5] values; expected the same number in all.",
        ),
        (
            put("2024-13-01", "past", "date", 2),
            "'date' at step 2 is '2024-13-01'; expected a date such as '2024-01-31 13:00', as in training. Correct it.",
        ),
        (
            put({}, "statics"),
            "received 'statics' beside 'past'; expected series, past, future, static. Leave it out.",
        ),
    ],
)
def test_what_is_wrong_with_a_row_is_said_with_its_number(
    shops: Server, change: Change, message: str
) -> None:
    wrong = copy.deepcopy(request(7))
    change(wrong)
    answer = ask(shops, request(0), wrong)
    assert (answer.status_code, answer.json()) == (400, {"error": f"row 1: {message}"})


def test_times_that_do_not_follow_each_other_are_refused(shops: Server) -> None:
    row = request(3)
    hours = row["past"]["date"]
    hours[2:] = [*hours[3:], str(np.datetime64(hours[-1].replace(" ", "T")) + 60).replace("T", " ")]
    answer = ask(shops, row)
    assert answer.status_code == 400
    first, second = (hour.replace(" ", " ") + ":00" for hour in hours[1:3])
    assert answer.json()["error"] == (
        f"row 0: the times of steps 1 and 2 are {first} and {second}; expected steps of 1 hour, as in training. Send "
        "the 1 row between too."
    )


def test_metadata_and_page_tell_what_a_request_holds(shops: Server, panel_bundle: Path) -> None:
    metadata = httpx.get(shops.model).json()
    assert [(spec["name"], spec["datatype"], spec["shape"]) for spec in metadata["inputs"]] == [
        ("features", "FP32", [-1, -1, 14]),
        ("future", "FP32", [-1, HORIZON, 10]),
        ("static", "FP32", [-1, 4]),
    ]
    assert metadata["request"] == json.loads((panel_bundle / "signature.json").read_text())["request"]
    page = httpx.get(shops.url).text
    assert json.dumps(request(0)).replace("<", "\\u003c") in page
    assert '"takes": "windows"' in page


def test_tensors_have_no_level_and_are_answered_as_they_are(shops: Server, panel_bundle: Path) -> None:
    predictor = OnnxPredictor(panel_bundle)
    arrays = predictor.collate(predictor.encode([request(0), request(1)]))
    tensors = [
        {"name": name, "datatype": "FP32", "shape": list(array.shape), "data": array.ravel().tolist()}
        for name, array in arrays.items()
    ]
    answer = httpx.post(f"{shops.model}/infer", json={"inputs": tensors}).json()
    found = np.array(answer["outputs"][0]["data"]).reshape(2, HORIZON, 2)
    np.testing.assert_allclose(found, predictor.run(arrays)["values"], rtol=1e-5, atol=1e-6)
    tensors[1]["shape"], tensors[1]["data"] = [2, 1, 10], [0.0] * 20
    wrong = httpx.post(f"{shops.model}/infer", json={"inputs": tensors})
    assert (wrong.status_code, wrong.json()["error"]) == (
        400,
        "future: received shape [2, 1, 10]; expected (batch, 3, 10): the size of axis 'horizon' is 3.",
    )


def test_levels_need_the_rows(panel_bundle: Path) -> None:
    predictor = OnnxPredictor(panel_bundle)
    outputs = predictor.run(predictor.collate(predictor.encode([request(0)])))
    with pytest.raises(RequestError) as caught:
        predictor.decode(outputs, [WINDOW])
    assert str(caught.value) == (
        "decode: received numbers of steps; expected the rows that encode returned, for some are scaled by levels of "
        "their own. Pass decode(outputs, encoded)."
    )


def test_neither_pandas_nor_tensorflow_is_needed(panel_bundle: Path) -> None:
    assert answers_alone(panel_bundle, request(0)) == OnnxPredictor(panel_bundle).predict([request(0)])


def table(rows: list[dict[str, Any]], path: Path, *, ahead: str) -> None:
    """Writes requests as one table whose rows of the horizon have the targets ``ahead``, or are left out."""
    names = ["shop", "article", *rows[0]["past"], "size", "region"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in rows:
            first = np.datetime64(row["past"]["date"][0].replace(" ", "T"))
            for step in range(WINDOW + (HORIZON if ahead != "left out" else 0)):
                past = step < WINDOW
                cells = {
                    name: values[step] if past else row["future"].get(name, [""] * HORIZON)[step - WINDOW]
                    for name, values in row["past"].items()
                }
                cells["date"] = str(first + 60 * step)
                writer.writerow([*row["series"], *cells.values(), *row["static"].values()])


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    """A request to each series."""
    return [{**request(20 + number), "series": key} for number, key in enumerate(KEYS)]


def test_a_table_is_answered_with_one_forecast_a_series(
    panel_bundle: Path, rows: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(rows, tmp_path / "new.csv", ahead="empty")
    expected = OnnxPredictor(panel_bundle).predict(rows)
    assert run(["predict", str(panel_bundle), "--data", str(tmp_path / "new.csv"), "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert [answer["series"] for answer in answers] == KEYS
    for row, answer, known in zip(rows, answers, expected, strict=True):
        last = np.datetime64(row["past"]["date"][-1].replace(" ", "T"))
        times = [f"{last + 60 * step}:00" for step in range(1, HORIZON + 1)]
        assert answer["times"] == times
        np.testing.assert_allclose(answer["values"]["sales"], known["values"]["sales"], rtol=1e-6)
    assert run(["predict", str(panel_bundle), "--data", str(tmp_path / "new.csv")]) == 0
    printed = capsys.readouterr().out
    assert "north / tea" in printed
    assert answers[0]["times"][0] in printed
    table(rows, tmp_path / "past.csv", ahead="left out")
    command = ["predict", str(panel_bundle), "--data", str(tmp_path / "past.csv"), "--json"]
    assert run([*command, "--future", str(tmp_path / "new.csv")]) == 2
    assert capsys.readouterr().err.startswith(
        f"error: {tmp_path / 'past.csv'}: series 'north / tea': the time of step 5 "
    )


def test_a_row_of_a_table_is_explained_as_its_request(
    panel_bundle: Path, rows: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(rows, tmp_path / "new.csv", ahead="empty")
    command = ["explain", str(panel_bundle), "--input", str(tmp_path / "new.csv"), "--row", "1", "--json"]
    assert run(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(explain(panel_bundle, rows[1]).to_dict()))


def test_files_that_do_not_go_together_are_refused(
    panel_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x\n1\n")
    (tmp_path / "a.json").write_text(json.dumps(request(0)))
    ahead = ("--future", tmp_path / "b.csv")
    assert refused(capsys, "predict", panel_bundle, "--data", tmp_path / "a.json", *ahead) == (
        "error: --future: received a.json; expected two tables, .csv, .tsv, .parquet, .feather, .xlsx or .xlsm: the "
        "past as --data and the steps ahead as --future. Of a request in JSON they are a part, "
        '"future": {column: [values]}.\n'
    )
    other = SimpleNamespace(preprocessing=FeaturePreprocessing([0.0], [1.0], variable_length=False))
    with pytest.raises(ArgumentError) as caught:
        read_raw_inputs(other, [], tmp_path / "a.csv", text=None, columns=None, future=tmp_path / "b.csv")
    assert str(caught.value) == (
        "--future: received b.csv, but the model reads no column of the steps ahead; expected none. Leave it out."
    )
    (tmp_path / "a.json").write_text("{past: 1}")
    assert refused(capsys, "predict", panel_bundle, "--data", tmp_path / "a.json").endswith(
        "; expected a request such as "
        '{"series": ["shop", "article"], "past": {"sales": [0.1, ...], "visits": [0.1, ...], "sky": ["a", ...], '
        '"price": [0.1, ...], "offer": ["a", ...], "date": [time, ...]}, "future": {"price": [0.1, ...], '
        '"offer": ["a", ...]}, "static": {"size": 0.1, "region": "a"}}.\n'
    )
