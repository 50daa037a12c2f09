"""Truth of ``rnnzoo_export.serving.model_facts``: what the page knows of each kind of row, of images too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from page_bundles import BUNDLES, parts, shops, tales, tensors, texts, words
from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import FeaturePreprocessing
from rnnzoo_export import load_bundle
from rnnzoo_export.serving.model_facts import describe_bundle, describe_translator, find_image
from rnnzoo_export.signature import Signature, TensorSpec

LABELS = list("0123456789")
IMAGE = [[0.0] * 7 + [9.0]] * 8


# It takes seconds to read the digits.
KINDS = [pytest.param(kind, marks=pytest.mark.slow) if kind == "digits" else kind for kind in BUNDLES]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_described_as_json_has_it(kind: str, tmp_path: Path) -> None:
    bundle = load_bundle(BUNDLES[kind](tmp_path / "bundle"))
    facts = describe_bundle(bundle)
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["name"], facts["sha256"]) == (bundle.name, bundle.sha256)
    assert facts["example"] is not None
    assert facts.get("image") == ({"height": 8, "width": 8, "most": 16.0} if kind == "digits" else None)


def test_what_a_request_holds(tmp_path: Path) -> None:
    facts = describe_bundle(load_bundle(shops(tmp_path / "bundle")))
    assert facts["takes"] == "windows"
    assert facts["request"]["whole"]
    assert facts["request"]["past"] == {
        "sales": "number",
        "visits": "number",
        "sky": "category",
        "price": "number",
        "offer": "category",
        "date": "time",
    }
    assert facts["request"]["step"]["unit"] == "hour"
    assert facts["categories"]["region"] == ["coast", "hills", "Ötztal"]


def test_where_it_comes_from(tmp_path: Path) -> None:
    facts = describe_bundle(load_bundle(texts(tmp_path / "bundle")))
    assert facts["metrics"] == {"loss": 0.4, "accuracy": 0.9123}
    assert (facts["parameters"], facts["task"]) == (60, "classification")


def test_each_part_of_a_row_is_described(tmp_path: Path) -> None:
    assert describe_bundle(load_bundle(parts(tmp_path / "bundle")))["parts"] == {
        "note": {"takes": "text"},
        "past": {"takes": "series", "features": 2},
        "shop": {"takes": "category", "categories": ["east", "north", "south"], "unknown": "error"},
        "size": {"takes": "numbers", "count": 2},
        "floor": {"takes": "category", "categories": [0, 1, 2], "unknown": "own_id"},
    }


def test_a_model_of_arrays_has_tensors_to_begin_with(tmp_path: Path) -> None:
    facts = describe_bundle(load_bundle(tensors(tmp_path / "bundle")))
    assert facts["takes"] == "tensors"
    assert facts["example"] == {
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 1, 3], "data": [0.0] * 3}]
    }


def test_only_a_language_model_with_a_streaming_file_writes(tmp_path: Path) -> None:
    bundle = load_bundle(tales(tmp_path / "bundle"))
    assert describe_bundle(bundle)["writes"] == "characters"
    bundle.streaming_path.unlink()
    assert "writes" not in describe_bundle(bundle)
    assert "writes" not in describe_bundle(load_bundle(words(tmp_path / "tagger")))


def test_a_translator_reads_texts_or_ids() -> None:
    tokens = TensorSpec("tokens", "int32", (None, None), ("batch", "source"))
    signature = Signature((tokens,), (tokens,))
    facts = describe_translator(signature, reads_text=True, most_beams=2)
    assert (facts["takes"], facts["beams"]) == ("source", {"usual": 2, "most": 2})
    assert describe_translator(signature, reads_text=False, most_beams=8)["example"] == {
        "inputs": [{"name": "tokens", "datatype": "INT32", "shape": [1, 1], "data": [0]}]
    }


@pytest.mark.parametrize(
    ("example", "labels", "variable", "most"),
    [
        (IMAGE, LABELS, False, 16.0),
        ([[0.0] * 7 + [0.5]] * 8, LABELS, False, 1.0),
        ([[0] * 7 + [200]] * 8, LABELS, False, 255.0),
        ([[0.0] * 7 + [256.0]] * 8, LABELS, False, None),
        ([[0.0] * 7 + [-1.0]] * 8, LABELS, False, None),
        (IMAGE[:7], LABELS, False, None),
        (IMAGE, list("abcdefghij"), False, None),
        (IMAGE, LABELS[:9], False, None),
        (IMAGE, LABELS, True, None),
        (None, LABELS, False, None),
        ("a text", LABELS, False, None),
    ],
)
def test_what_is_an_image(example: Any, labels: list[str], variable: bool, most: float | None) -> None:
    preprocessing = FeaturePreprocessing([8.0] * 8, [4.0] * 8, variable_length=variable)
    found = find_image(preprocessing, Decoding("classification", labels=labels), example)
    assert found == (None if most is None else {"height": 8, "width": 8, "most": most})
