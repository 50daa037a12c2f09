"""Truth of ``rnnzoo``: the pages of formats name every file, key and route, and nothing else."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx
import pytest
from starlette.testclient import TestClient

import rnnzoo
from rnnzoo.cli import config_file
from rnnzoo.preprocessing import PairPreprocessing, WordPreprocessing
from rnnzoo.recipes.card import Card
from rnnzoo.training.run import run_details, run_files
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo_export import OnnxPredictor, Settings, create_app, export_seq2seq_onnx, save_bundle
from rnnzoo_export.serving.datatypes import DATATYPES
from rnnzoo_tuning import Choice, SearchSpace, run_search

FORMATS = Path(__file__).resolve().parents[2] / "docs" / "formats"
CARDS = FORMATS.parents[1] / "rnnzoo" / "recipes" / "cards"
_ROW = re.compile(r"^\| `([^`]+)` \| (yes|no) \|", flags=re.MULTILINE)
_SETTING = re.compile(r"^\| `(\w+)` \|([^|]*)\|", flags=re.MULTILINE)
_FIRST = re.compile(r"^\| `?([^`|]+?)`? \| ([^|]+?) \|", flags=re.MULTILINE)


def section(page: str, heading: str) -> str:
    """The text below a heading of a page."""
    text = (FORMATS / f"{page}.md").read_text(encoding="utf-8")
    (found,) = re.findall(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, flags=re.DOTALL | re.MULTILINE
    )
    return str(found)


def names(page: str, heading: str) -> dict[str, bool]:
    """The names in the table below a heading, and whether each is always there."""
    found = {name: always == "yes" for name, always in _ROW.findall(section(page, heading))}
    assert found
    return found


def assert_told(page: str, heading: str, present: Mapping[str, Any] | set[str]) -> None:
    """Every name is on the page, and what is always there is."""
    told = names(page, heading)
    assert set(present) - told.keys() == set(), f"write these into {page}.md, {heading}"
    assert {name for name, always in told.items() if always} - set(present) == set()


def read(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def listed(folder: Path, *whole: str) -> set[str]:
    """The files below a folder; of folders in ``whole`` their own name."""
    paths = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {next((name for name in whole if path.startswith(f"{name}/")), path) for path in paths}


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search of two trials."""
    folder = tmp_path_factory.mktemp("search") / "search"
    run_search(
        "series-classifier-gru",
        rnnzoo.load_dataset("digits"),
        space=SearchSpace(model={"units": Choice((2, 3))}, training={}),
        config=rnnzoo.TrainConfig(epochs=1, batch_size=512),
        max_trials=1,
        directory=folder,
        progress=False,
    )
    return folder


@pytest.fixture(scope="module")
def client(digits_bundle: Path) -> Iterator[TestClient]:
    app = create_app(OnnxPredictor(digits_bundle), settings=Settings(allowed_hosts=("testserver",)))
    with TestClient(app) as client:
        yield client


def test_a_run(digits_run: Path) -> None:
    assert_told("run", "Files", listed(digits_run, "tensorboard"))
    assert_told("run", "`config.json`", read(digits_run / "config.json"))
    assert_told("run", "`metrics.json`", read(digits_run / "metrics.json"))
    assert_told("run", "`preprocessing.json`", read(digits_run / "preprocessing.json"))
    assert_told("run", "`decoding.json`", read(digits_run / "decoding.json"))


def test_every_place_and_picture_that_a_run_knows_is_told() -> None:
    told = names("run", "Files")
    places = {path.name for path in vars(RunDirectory("run")).values()} - {"run", "plots"}
    places |= {f"{name}.csv" for name in RunDirectory.TABLES}
    assert places <= told.keys()
    assert {f"plots/{name}.png" for name in (*run_files._PICTURES, *run_details.PICTURES)} == {
        name for name in told if name.startswith("plots/")
    }


def test_the_file_that_a_command_takes_again() -> None:
    assert names("run", "`config.yaml`").keys() == {"model", *config_file._SECTIONS}
    text = section("run", "`config.yaml`")
    assert all(f"`{key}`" in text for key in config_file._SEARCH)
    assert all(config_file.KEPT in names(page, "Files") for page in ("run", "search"))


def test_what_is_watched_in_a_run(tmp_path: Path) -> None:
    splits = rnnzoo.load_dataset("digits")
    model = rnnzoo.create_model("series-classifier-gru", units=(2,), **splits.model_arguments)
    config = rnnzoo.TrainConfig(epochs=1, batch_size=512, monitor_gradients=True)
    rnnzoo.train(model, splits, config=config, directory=tmp_path / "run", progress=False, baseline_seconds=0)
    run = RunDirectory(tmp_path / "run")
    assert_told("run", "Files", listed(run.path, "tensorboard"))
    assert "gradients" in run.read_metrics()
    assert_told("run", "`metrics.json`", run.read_metrics())
    for file in (run.history, run.gradients):
        with file.open(encoding="utf-8") as lines:
            columns = next(csv.reader(lines))
        text = section("run", f"`{file.name}`")
        scores = {"accuracy", "val_accuracy", "val_loss"}  # `val_` before the name
        assert [name for name in columns if name not in scores and f"`{name}`" not in text] == []


def test_a_bundle(digits_bundle: Path) -> None:
    assert_told("bundle", "Files", listed(digits_bundle, "saved_model/1"))
    for name in ("manifest.json", "signature.json", "provenance.json"):
        assert_told("bundle", f"`{name}`", read(digits_bundle / name))
    for report in read(digits_bundle / "parity.json").values():
        assert_told("bundle", "`parity.json`", report)


def test_a_request(panel_bundle: Path) -> None:
    signature = read(panel_bundle / "signature.json")
    assert_told("bundle", "`signature.json`", signature)
    request = signature["request"]
    assert request.keys() == names("bundle", "A request").keys()
    text = section("bundle", "A request")
    assert [key for part in ("time", "step") for key in request[part] if f"`{key}`" not in text] == []
    axes = {axis for spec in signature["inputs"] for axis in spec["axes"]}
    assert [axis for axis in axes if f"`{axis}`" not in section("bundle", "`signature.json`")] == []
    app = create_app(OnnxPredictor(panel_bundle), settings=Settings(allowed_hosts=("testserver",)))
    with TestClient(app) as shops:
        assert shops.get("/v2/models/shops").json()["request"] == request
    parts = json.loads((panel_bundle / "provenance.json").read_text())["example"]
    page = (FORMATS.parent / "how_to" / "panels.md").read_text(encoding="utf-8")
    assert [
        part
        for part in parts
        if f"| `{part}` |" not in page or f'"{part}"' not in section("protocol", "`predict`")
    ] == []


def test_all_files_of_a_bundle(digits_run: Path, tmp_path: Path) -> None:
    run, splits = RunDirectory(digits_run), rnnzoo.load_dataset("digits")
    save_bundle(
        rnnzoo.load_model(run.model),
        tmp_path / "bundle",
        preprocessing=splits.preprocessing,
        decoding=splits.decoding,
        task=splits.task,
        also=["streaming", "raw", "weights_int8"],
        quantization_data=splits.validation,
    )
    files = listed(tmp_path / "bundle", "saved_model/1")
    assert files == names("bundle", "Files").keys()
    reports = read(tmp_path / "bundle" / "parity.json")
    del reports["quantized.onnx"]
    for report in reports.values():
        assert_told("bundle", "`parity.json`", report)
    for file in (tmp_path / "bundle").glob("*.onnx"):
        metadata = {entry.key for entry in onnx.load(file).metadata_props}
        assert_told("bundle", "Metadata of the ONNX files", metadata)


def test_a_search(search: Path) -> None:
    assert_told("search", "Files", listed(search, "best"))
    settings, trials = read(search / "search.json"), read(search / "trials.json")
    assert_told("search", "`search.json`", settings)
    assert_told("search", "`settings`", settings["settings"])
    assert_told("search", "`trials.json`", trials)
    (trial,) = trials["trials"]
    assert_told("search", "A trial", trial.keys() - {"units"})
    assert_told("run", "Files", listed(search / "best", "tensorboard"))


def test_a_translator(tmp_path: Path) -> None:
    model = rnnzoo.build_seq2seq(
        source_vocabulary_size=7, target_vocabulary_size=7, units=2, embedding_size=2
    )
    words = WordPreprocessing.fit(["red green blue"])
    folder = tmp_path / "translator"
    export_seq2seq_onnx(model, folder, preprocessing=PairPreprocessing(words, words))
    assert listed(folder) == names("translator", "Files").keys()
    assert_told("translator", "`translator.json`", read(folder / "translator.json"))


@pytest.mark.parametrize("card", sorted(path.name for path in CARDS.glob("*.json")))
def test_a_card(card: str) -> None:
    content = read(CARDS / card)
    assert_told("card", "`card.json`", content)
    assert names("card", "`card.json`").keys() == {field.name for field in dataclasses.fields(Card)}
    for run in content["runs"]:
        assert_told("card", "A run", run)
    if content.get("difference"):
        assert_told("card", "The difference", content["difference"])
    for row in content.get("robustness", ()):
        assert_told("card", "A disturbance", row)


def test_the_routes_and_limits_of_a_server(client: TestClient) -> None:
    told = {
        (route, method) for route, method in _FIRST.findall(section("protocol", "Routes")) if route != "route"
    }
    known = {
        (route.path.replace("{name}", "NAME"), "POST" if "POST" in getattr(route, "methods", ()) else "GET")
        for route in client.app.routes  # type: ignore[attr-defined]
        if getattr(route, "include_in_schema", True) and "{version}" not in route.path
    }
    assert told == known
    tables = section("protocol", "Limits") + section("protocol", "Operations")
    told_of = {name: value.strip() for name, value in _SETTING.findall(tables)}
    assert told_of == {field.name: str(field.default) for field in dataclasses.fields(Settings)}


def test_what_a_server_answers(client: TestClient, digits_bundle: Path) -> None:
    name = read(digits_bundle / "provenance.json")["name"]
    address = f"/v2/models/{name}"
    answer = client.post(f"{address}/predict", json={"inputs": [[[0.0] * 8] * 8]})
    assert answer.status_code == 200
    told = _ROW.findall(section("protocol", "`predict`"))
    assert {key for key, _ in told} == answer.json().keys()
    tensor = {"name": "features", "datatype": "FP32", "shape": [1, 8, 8], "data": [0.0] * 64}
    answer = client.post(f"{address}/infer", json={"inputs": [tensor], "id": "mine"})
    assert {key for key, _ in _ROW.findall(section("protocol", "`infer`"))} == answer.json().keys()
    widths = {re.sub(r"\d+", "", kind) for kind in DATATYPES}
    assert all(f"`{kind}" in section("protocol", "`infer`") for kind in widths)


def test_the_statuses_of_a_server(client: TestClient, digits_bundle: Path) -> None:
    address = f"/v2/models/{read(digits_bundle / 'provenance.json')['name']}/predict"
    series = [[0.0] * 8] * 8
    statuses = {
        client.get("/v2/health/live").status_code,
        client.post(address, json={"inputs": []}).status_code,
        client.get("/nothing").status_code,
        client.get(address).status_code,
        client.post(address, json={"inputs": [series] * 257}).status_code,
        client.post(address, content=b"{}", headers={"Content-Type": "text/plain"}).status_code,
        client.get("/v2", headers={"Host": "elsewhere"}).status_code,
    }
    assert len(statuses) == 7
    told = {int(status) for status, _ in _FIRST.findall(section("protocol", "Statuses")) if status.isdigit()}
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("serving", "inference")
        for path in (FORMATS.parents[1] / "export" / "rnnzoo_export" / folder).glob("*.py")
        if path.name not in ("sessions.py",)  # sessions are not served over HTTP
    )
    raised = {int(status) for status in re.findall(r"status(?:_code)?=(\d{3})\b", source)} - {499}
    assert statuses <= told
    assert raised <= told
