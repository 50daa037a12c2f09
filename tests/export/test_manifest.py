"""Truth of ``rnnzoo_export.bundle`` and ``rnnzoo_export.signature``: what was sealed is read, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handmade_bundles import scorer
from rnnzoo.decoding import Decoding
from rnnzoo.errors import BundleError, PathNotFoundError
from rnnzoo.preprocessing import TokenPreprocessing
from rnnzoo_export.bundle import load_bundle, read_manifest, verify_bundle, write_manifest
from rnnzoo_export.signature import Signature, State, TensorSpec

AGAIN = "Export the model again, or copy the whole bundle again."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return scorer(
        tmp_path / "b",
        np.eye(4),
        preprocessing=TokenPreprocessing(["", "[UNK]", "good", "bad"]),
        decoding=Decoding("classification", labels=list("abcd")),
    )


def test_a_bundle_is_what_lies_in_its_folder(folder: Path) -> None:
    bundle = load_bundle(folder)
    assert bundle.name == "handmade"
    assert bundle.signature.inputs == (TensorSpec("tokens", "int32", (None, None), ("batch", "time")),)
    assert isinstance(bundle.preprocessing, TokenPreprocessing)
    assert bundle.decoding is not None
    assert bundle.decoding.labels == list("abcd")
    assert bundle.parity == {}
    assert bundle.sha256 == verify_bundle(folder) == read_manifest(folder)["sha256"]
    there = {bundle.onnx_path: True, bundle.streaming_path: False, bundle.raw_path: False}
    assert {path: path.is_file() for path in there} == there
    assert bundle.quantized_path == folder / "quantized.onnx"
    assert bundle.saved_model_path == folder / "saved_model" / "1"


def test_a_bundle_without_a_name_has_that_of_its_folder(folder: Path) -> None:
    (folder / "provenance.json").write_text("{}")
    (folder / "parity.json").write_text('{"max_difference": 0.5}')
    write_manifest(folder)
    bundle = load_bundle(folder)
    assert (bundle.name, bundle.parity) == ("b", {"max_difference": 0.5})


def test_the_manifest_holds_the_digest_of_every_file(folder: Path) -> None:
    manifest = read_manifest(folder)
    present = sorted(path.name for path in folder.iterdir() if path.name != "manifest.json")
    assert sorted(manifest["files"]) == present
    for name, facts in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert facts == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def altered(folder: Path) -> None:
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes() + b"\0")


CHANGED: list[tuple[Callable[[Path], Any], str]] = [
    (altered, f"model.onnx: its content differs from the manifest (damaged or altered). {AGAIN}"),
    (
        lambda folder: (folder / "decoding.json").unlink(),
        f"decoding.json: missing; the manifest lists it. {AGAIN}",
    ),
    (
        lambda folder: (folder / "notes.txt").write_text("mine"),
        "notes.txt: not listed in the manifest; expected only the exported files. Move it out of the bundle.",
    ),
    (
        lambda folder: (folder / "link").symlink_to(folder / "model.onnx"),
        "link: a link or special file; expected plain files only. Copy the bundle with its links resolved.",
    ),
    (
        lambda folder: os.mkfifo(folder / "pipe"),
        "pipe: a link or special file; expected plain files only. Copy the bundle with its links resolved.",
    ),
    (
        lambda folder: (folder / "manifest.json").unlink(),
        f"manifest.json: no such file; expected the manifest of a bundle. {AGAIN}",
    ),
    (
        lambda folder: (folder / "translator.json").write_text("{}"),
        "b: holds a translator; expected a bundle. Use Translator of rnnzoo_export, or rnnzoo predict.",
    ),
]


@pytest.mark.parametrize(("change", "message"), CHANGED, ids=[message[:20] for _, message in CHANGED])
def test_what_was_changed_since_is_named(folder: Path, change: Callable[[Path], Any], message: str) -> None:
    change(folder)
    for read in (load_bundle, verify_bundle):
        with pytest.raises(BundleError, match=rf"{re.escape(message)}$"):
            read(folder)


def test_a_file_that_was_just_checked_may_be_left_unread(folder: Path) -> None:
    altered(folder)
    assert load_bundle(folder, verify=False).name == "handmade"


def test_a_manifest_is_read_to_the_letter(folder: Path) -> None:
    path = folder / "manifest.json"
    whole = path.read_text()
    for changed in (
        whole + "\n",
        whole.replace("handmade", "x").replace('"bytes": ', '"bytes":  ', 1),
        "{}",
        "[",
        "[]",
    ):
        path.write_text(changed)
        with pytest.raises(
            BundleError, match=rf"the manifest was altered after the export\. {re.escape(AGAIN)}"
        ):
            read_manifest(folder)


def sealed(folder: Path, version: Any, files: Any) -> None:
    """Writes a manifest whose own digest is right."""
    rest = {"format_version": version, "files": files}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    content = json.dumps({**rest, "sha256": digest}, indent=2, sort_keys=True) + "\n"
    (folder / "manifest.json").write_text(content)


@pytest.mark.parametrize(
    ("version", "files", "message"),
    [
        (
            2,
            {},
            "received bundle format 2; expected at most 1. Upgrade rnnzoo, or export the model with this version.",
        ),
        (True, {}, f"received bundle format True; expected 1. {AGAIN}"),
        (0, {}, f"received bundle format 0; expected 1. {AGAIN}"),
        (1, [], f"holds no table of files. {AGAIN}"),
        (1, {"../a": {}}, f"lists '../a'; expected paths inside the bundle only. {AGAIN}"),
        (1, {"/a": {}}, f"lists '/a'; expected paths inside the bundle only. {AGAIN}"),
        (1, {"": {}}, f"lists ''; expected paths inside the bundle only. {AGAIN}"),
        (1, {"a\\b": {}}, f"lists 'a\\\\b'; expected paths inside the bundle only. {AGAIN}"),
    ],
    ids=str,
)
def test_a_manifest_that_is_sealed_but_wrong_is_refused(
    folder: Path, version: Any, files: Any, message: str
) -> None:
    sealed(folder, version, files)
    with pytest.raises(BundleError, match=rf"manifest\.json: {re.escape(message)}$"):
        read_manifest(folder)


def test_what_every_bundle_needs_is_asked_for(folder: Path) -> None:
    (folder / "signature.json").unlink()
    write_manifest(folder)
    with pytest.raises(
        BundleError, match=r"signature\.json: not in the manifest; expected in every bundle\."
    ):
        load_bundle(folder)
    with pytest.raises(PathNotFoundError, match="no such directory; expected a bundle"):
        load_bundle(folder / "none")


@pytest.mark.parametrize("name", ["signature.json", "preprocessing.json", "decoding.json", "provenance.json"])
def test_a_description_that_cannot_be_read_is_the_bundles_fault(folder: Path, name: str) -> None:
    (folder / name).write_text("[1]")
    write_manifest(folder)
    with pytest.raises(
        BundleError, match=r"b: its description cannot be read \(.*\)\. Export the model again"
    ):
        load_bundle(folder)


def test_signatures_come_back_as_they_were() -> None:
    ids = TensorSpec("tokens", "int32", (None, 4), ("batch", None), categories=9)
    plain = TensorSpec("logits", "float32", (None, 2), ("batch", "classes"))
    for signature in (Signature((ids,), (plain,)), Signature((ids, plain), (), least_steps=3)):
        assert Signature.from_config(json.loads(json.dumps(signature.to_config()))) == signature
    assert "categories" not in plain.to_config()
    state = State("h", "next_h", (3, 2))
    assert State.from_config(json.loads(json.dumps(state.to_config()))) == state
