"""Truth of ``rnnzoo_export.serving.app``: rows of several parts, over a socket and by command."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from alone import answers_alone
from command_line import refused
from joined_bundles import LABELS, ROWS, answers_of, joined, model, row
from rnnzoo.cli.app import run
from rnnzoo.preprocessing import save_preprocessing
from rnnzoo_export import OnnxPredictor
from rnnzoo_export.inference.raw_tensors.kinds import find_raw_tensors
from rnnzoo_export.serving.datatypes import datatype
from serving_client import Server, running


@pytest.fixture(scope="module")
def shops(joined_bundle: Path) -> Iterator[Server]:
    with running(joined_bundle, "shops") as server:
        yield server


def ask(server: Server, *rows: Any) -> httpx.Response:
    return httpx.post(f"{server.model}/predict", json={"inputs": list(rows)}, timeout=30)


def test_answers_over_a_socket_are_those_of_keras(shops: Server) -> None:
    answer = ask(shops, *ROWS[:9])
    assert answer.status_code == 200, answer.text
    found = [[one["probabilities"][label] for label in LABELS] for one in answer.json()["answers"]]
    np.testing.assert_allclose(found, answers_of(model(), ROWS[:9]), atol=1e-6)


def test_each_part_is_a_tensor_where_rows_are_sent_as_tensors(shops: Server) -> None:
    tensors = find_raw_tensors(joined())
    arrays = tensors.arrays(ROWS[:9])
    inputs: list[dict[str, Any]] = [
        {
            "name": spec.name,
            "datatype": datatype(spec),
            "shape": list(arrays[spec.name].shape),
            "data": arrays[spec.name].ravel().tolist(),
        }
        for spec in tensors.inputs
    ]
    facts = httpx.get(f"{shops.model}-raw").json()
    assert [spec["name"] for spec in facts["inputs"]] == [tensor["name"] for tensor in inputs]
    (logits,) = httpx.post(f"{shops.model}-raw/infer", json={"inputs": inputs}).json()["outputs"]
    shares = np.exp(np.reshape(logits["data"], logits["shape"]))
    found = shares / shares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, answers_of(model(), ROWS[:9]), atol=1e-6)
    inputs[3]["data"][1] = "nort"
    wrong = httpx.post(f"{shops.model}-raw/infer", json={"inputs": inputs})
    assert wrong.json()["error"].startswith("row 1: shop: received the unknown category 'nort'; did you mean")


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        (
            {"shop": "nort"},
            400,
            "row 1: shop: received the unknown category 'nort'; did you mean 'north'? expected one of east, north, "
            "south. Correct it, or train with CategoryPreprocessing(categories, unknown='own_id').",
        ),
        (
            {"note": " "},
            400,
            "row 1: note: received an empty text; expected at least one word. Drop the row.",
        ),
        (
            {"past": [[1.0, None]]},
            400,
            "row 1: past: received nan at step 0, feature 1; expected finite numbers. Drop or fill missing values "
            "first.",
        ),
        ({"size": 4}, 400, "row 1: size: received 1 number; expected 2 numbers."),
        (
            {"flor": 1},
            400,
            "row 1: received the unknown entry 'flor'; did you mean 'floor'? expected note, past, shop, size, floor. "
            "Correct it, or leave it out.",
        ),
        (
            {"past": [[1.0, 2.0]] * 4097},
            413,
            "inputs: row 1: received 4097 steps; expected at most 4096. Cut it.",
        ),
        ({"note": "hot " * 4097}, 413, "inputs: row 1: received 4097 steps; expected at most 4096. Cut it."),
    ],
)
def test_what_is_wrong_with_a_row_is_said_with_its_number(
    shops: Server, change: dict[str, Any], status: int, message: str
) -> None:
    answer = ask(shops, row(0), {**copy.deepcopy(row(7)), **change})
    assert (answer.status_code, answer.json()) == (status, {"error": message})


def test_what_are_no_rows_is_refused(shops: Server) -> None:
    missing = {name: value for name, value in row(0).items() if name != "past"}
    answer = ask(shops, missing)
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "row 0: received no 'past'; expected note, past, shop, size, floor. Add it.",
    )
    for wrong, kind in (("hot", "str"), ([1.0], "list"), (None, "NoneType")):
        answer = ask(shops, row(0), wrong)
        assert (answer.status_code, answer.json()["error"]) == (
            400,
            f"row 1: received {kind}; expected a mapping of note, past, shop, size, floor.",
        )
    many = ask(shops, *[row(0)] * 257)
    assert (many.status_code, many.json()["error"]) == (
        413,
        "inputs: received 257 rows; expected at most 256. Send them in several requests.",
    )


def test_metadata_and_page_tell_what_a_row_holds(shops: Server, joined_bundle: Path) -> None:
    metadata = httpx.get(shops.model).json()
    assert {spec["name"]: (spec["datatype"], spec["shape"]) for spec in metadata["inputs"]} == {
        "tokens": ("INT32", [-1, -1]),
        "features": ("FP32", [-1, -1, 2]),
        "mask": ("BOOL", [-1, -1]),
        "shop": ("INT32", [-1]),
        "size": ("FP32", [-1, 2]),
        "floor": ("INT32", [-1, 1]),
    }
    assert metadata["request"] == json.loads((joined_bundle / "signature.json").read_text())["request"]
    page = httpx.get(shops.url).text
    assert json.dumps(ROWS[0]) in page
    assert '"takes": "joined"' in page


def test_no_tensorflow_is_needed(joined_bundle: Path) -> None:
    assert answers_alone(joined_bundle, row(0)) == OnnxPredictor(joined_bundle).predict([row(0)])


def test_files_of_rows_are_answered(
    joined_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = OnnxPredictor(joined_bundle).predict(ROWS[:5])
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in ROWS[:5]))
    (tmp_path / "rows.json").write_text(json.dumps(ROWS[:5]))
    for given in (
        ["--input", str(tmp_path / "rows.jsonl")],
        ["--input", str(tmp_path / "rows.json")],
        [json.dumps(one) for one in ROWS[:5]],
    ):
        assert run(["predict", str(joined_bundle), *given, "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == expected
    (tmp_path / "one.json").write_text(json.dumps(ROWS[0]))
    assert run(["predict", str(joined_bundle), "--input", str(tmp_path / "one.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == expected[:1]


def test_files_that_hold_no_such_rows_are_refused(
    joined_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("note,shop\nhot,north\n")
    np.save(tmp_path / "a.npy", np.zeros((2, 3)))
    for name, kind in (("a.csv", "table"), ("a.npy", "arrays")):
        assert refused(capsys, "predict", joined_bundle, "--input", tmp_path / name) == (
            f"error: --input: received the {kind} {name}; expected a file of what this model reads (row). Give .json "
            "or .jsonl.\n"
        )
    (tmp_path / "a.json").write_text("{note: 1}")
    assert refused(capsys, "predict", joined_bundle, "--input", tmp_path / "a.json").endswith(
        '; expected one row as JSON, such as {"note": "a text", "past": [[0.1, 0.1], [0.1, 0.1]], "shop": "east", '
        '"size": [0.1, 0.1], "floor": 0}.\n'
    )
    wrong = [ROWS[0], {**ROWS[1], "shop": "moon"}]
    (tmp_path / "wrong.jsonl").write_text("".join(json.dumps(one) + "\n" for one in wrong))
    assert refused(capsys, "predict", joined_bundle, "--input", tmp_path / "wrong.jsonl").startswith(
        "error: row 1: shop: received the unknown category 'moon'; "
    )
    assert refused(capsys, "explain", joined_bundle, json.dumps(ROWS[0])).startswith(
        "error: explain: received a model whose rows are mappings of several parts; "
    )


@pytest.mark.slow
def test_a_saved_model_is_exported_with_such_a_preprocessing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = model(features="series")
    network.save(tmp_path / "own.keras")
    save_preprocessing(joined(), tmp_path / "preprocessing.json")
    given = ["--preprocessing", str(tmp_path / "preprocessing.json"), "--task", "classification"]
    command = ["export", str(tmp_path / "own.keras"), "--out", str(tmp_path / "bundle"), *given]
    assert run([*command, "--input-names", "series=features"]) == 0
    answers = OnnxPredictor(tmp_path / "bundle").predict(ROWS[:4])
    logits = np.array([answer["logits"] for answer in answers])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, answers_of(network, ROWS[:4], features="series"), atol=1e-6)
    raw = refused(capsys, *command, "--input-names", "series=features", "--raw", "--force")
    assert raw.endswith("sound alone. Leave raw out, and do the preprocessing before the model.\n")
    assert "error: also: received raw, and JoinedPreprocessing as preprocessing; " in raw
