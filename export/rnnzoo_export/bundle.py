"""The bundle: one directory that holds a model and all that is needed to use it, sealed by a manifest.

    model.onnx           the network for onnxruntime
    streaming.onnx       the network for sequences piece by piece (absent unless asked for)
    raw.onnx             from raw examples to answers, preprocessing included (absent unless asked for)
    quantized.onnx       the network with smaller weights (absent unless asked for)
    saved_model/1/       the network for TensorFlow Serving
    signature.json       names, types and axes of inputs and outputs
    preprocessing.json   from raw examples to inputs (absent where the model has none)
    decoding.json        from outputs to answers (absent where the model has none)
    provenance.json      how the model was made: name, versions, seed, data, metrics
    parity.json          the measured agreement with the trained model
    manifest.json        the SHA-256 of every other file, and of itself

ONNX has no checksum of its own, and most one-bit changes of a file load and answer wrongly without a sound; so
a bundle is checked whenever it is loaded. The manifest guards against accidents: who can write the directory
can write a new manifest, so fetch bundles from places that you trust, or compare ``Bundle.sha256``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from rnnzoo import files
from rnnzoo.errors import ArgumentError, BundleError, DataError, NotRegisteredError, PathNotFoundError
from rnnzoo_export.signature import Signature

if TYPE_CHECKING:
    from rnnzoo.decoding import Decoding
    from rnnzoo.preprocessing import Preprocessing

FORMAT_VERSION = 1
ONNX_FILE = "model.onnx"
STREAMING_FILE = "streaming.onnx"
RAW_FILE = "raw.onnx"
QUANTIZED_FILE = "quantized.onnx"
SAVED_MODEL_DIRECTORY = "saved_model/1"
SIGNATURE_FILE = "signature.json"
PREPROCESSING_FILE = "preprocessing.json"
DECODING_FILE = "decoding.json"
PROVENANCE_FILE = "provenance.json"
PARITY_FILE = "parity.json"
MANIFEST_FILE = "manifest.json"
#: The header of what export_seq2seq_onnx writes, which is no bundle.
TRANSLATOR_FILE = "translator.json"

_LONGEST = 128
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{_LONGEST - 1}}}")
_REQUIRED = (ONNX_FILE, SIGNATURE_FILE, PROVENANCE_FILE)
# What rnnzoo.train leaves, by which a run is known.
_RUN_FILE = "model.keras"
_AGAIN = "Export the model again, or copy the whole bundle again."


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle.

    Attributes:
        directory: Where it lies.
        signature: Names, types and axes of the model's inputs and outputs.
        preprocessing: From raw examples to inputs; ``None`` where the model takes arrays only.
        decoding: From outputs to answers; ``None`` where the outputs are the answer.
        provenance: How the model was made.
        parity: The measured agreement of the exported files with the trained model.
        sha256: The digest of the manifest: equal digests mean equal bundles.
    """

    directory: Path
    signature: Signature
    preprocessing: Preprocessing | None
    decoding: Decoding | None
    provenance: dict[str, Any]
    parity: dict[str, Any]
    sha256: str

    @property
    def name(self) -> str:
        """The model's name: the one given at export, else the directory's."""
        return str(self.provenance.get("name") or self.directory.resolve().name)

    @property
    def version(self) -> str:
        """The model's version: the one given at export, else 1."""
        version = self.provenance.get("version", 1)
        if type(version) is not int or version < 1:
            raise BundleError(
                f"{self.directory}: received version {version!r}; expected a whole number from 1. {_AGAIN}"
            )
        return str(version)

    @property
    def onnx_path(self) -> Path:
        """The ONNX file."""
        return self.directory / ONNX_FILE

    @property
    def streaming_path(self) -> Path:
        """The ONNX file for sequences piece by piece; it may be absent."""
        return self.directory / STREAMING_FILE

    @property
    def raw_path(self) -> Path:
        """The ONNX file that takes raw examples; it may be absent."""
        return self.directory / RAW_FILE

    @property
    def quantized_path(self) -> Path:
        """The smaller ONNX file; it may be absent."""
        return self.directory / QUANTIZED_FILE

    @property
    def saved_model_path(self) -> Path:
        """The SavedModel directory; it may be absent."""
        return self.directory / SAVED_MODEL_DIRECTORY


def load_bundle(directory: str | os.PathLike[str], *, verify: bool = True) -> Bundle:
    """Loads a bundle, after comparing each of its files with the manifest.

    Args:
        directory: The bundle's directory.
        verify: Whether every file is hashed. Without it only the manifest itself is checked: use that only
            for a bundle that was checked a moment ago.

    Returns:
        The bundle.

    Raises:
        PathNotFoundError: If ``directory`` is not a directory.
        BundleError: If a file is missing, altered or unknown, the format is newer than this version's, or a class of
            yours is not registered that it was written with; no file says what code to import.
    """
    folder = files.existing_directory(directory, "a bundle")
    manifest = read_manifest(folder)
    if verify:
        _compare(folder, manifest["files"])
    for name in _REQUIRED:
        if name not in manifest["files"]:
            raise BundleError(f"{folder / name}: not in the manifest; expected in every bundle. {_AGAIN}")
    try:
        return _assemble(folder, manifest)
    except NotRegisteredError as error:
        raise BundleError(str(error)) from error
    except (DataError, PathNotFoundError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{folder}: its description cannot be read ({error!r}). {_AGAIN}") from error


def check_model_name(name: object) -> None:
    """Raises ``ArgumentError`` for a name that servers cannot take as a directory and in an address."""
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        shown = repr(name)
        shown = shown if len(shown) <= 60 else f"{shown[:60]}..."
        raise ArgumentError(
            f"name: received {shown}; expected 1 to {_LONGEST} letters, digits, '_', '.' and '-', "
            "a letter or digit first, which servers take as a directory and in an address. Choose another name."
        )


def write_manifest(directory: str | os.PathLike[str]) -> str:
    """Seals a directory: writes the manifest of all files below it.

    Args:
        directory: The directory, complete but for its manifest.

    Returns:
        The manifest's SHA-256.

    Raises:
        BundleError: If the directory holds a link or anything else than plain files and directories.
    """
    folder = files.existing_directory(directory, "a bundle")
    listed = {path: _describe(folder / path) for path in _listing(folder)}
    manifest = _sealed({"format_version": FORMAT_VERSION, "files": listed})
    with files.replacing(folder / MANIFEST_FILE) as temporary:
        temporary.write_bytes(_rendered(manifest))
    return str(manifest["sha256"])


def verify_bundle(directory: str | os.PathLike[str]) -> str:
    """Compares every file below a directory with its manifest.

    Args:
        directory: The bundle's directory.

    Returns:
        The manifest's SHA-256.

    Raises:
        BundleError: If a file is missing, altered or unknown, or the format is newer than this version's.
    """
    folder = files.existing_directory(directory, "a bundle")
    manifest = read_manifest(folder)
    _compare(folder, manifest["files"])
    return str(manifest["sha256"])


def read_manifest(directory: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads the manifest and checks its version, its own digest and that its paths stay in the directory.

    Args:
        directory: The bundle's directory.

    Returns:
        ``{"format_version": 1, "files": {path: {"sha256": ..., "bytes": ...}}, "sha256": ...}``.

    Raises:
        BundleError: If it is missing, altered or of a newer format.
    """
    path = Path(directory) / MANIFEST_FILE
    if (path.parent / TRANSLATOR_FILE).is_file():
        raise BundleError(
            f"{path.parent}: holds a translator; expected a bundle. Use Translator of rnnzoo_export, or rnnzoo predict."
        )
    if not path.exists() and (path.parent / _RUN_FILE).is_file():
        run = path.parent.as_posix()
        raise BundleError(
            f"{path.parent}: is a run of training; expected a bundle. Export it: "
            f"rnnzoo export {shlex.quote(run)} --out {shlex.quote(run + '-bundle')}"
        )
    if path.is_symlink() or not path.is_file():
        raise BundleError(f"{path}: no such file; expected the manifest of a bundle. {_AGAIN}")
    content = path.read_bytes()
    try:
        manifest = json.loads(content)
        _check_version(path, manifest["format_version"])
        # The exact bytes are compared, so that no change hides in white space or a repeated key.
        intact = content == _rendered(_sealed(manifest))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, BundleError):
            raise
        intact = False
    if not intact:
        raise BundleError(f"{path}: the manifest was altered after the export. {_AGAIN}")
    if not isinstance(manifest["files"], dict):
        raise BundleError(f"{path}: holds no table of files. {_AGAIN}")
    _check_paths(path, manifest["files"])
    return dict(manifest)


def _check_version(path: Path, version: object) -> None:
    if type(version) is not int or version < 1:
        raise BundleError(f"{path}: received bundle format {version!r}; expected {FORMAT_VERSION}. {_AGAIN}")
    if version > FORMAT_VERSION:
        raise BundleError(
            f"{path}: received bundle format {version}; expected at most {FORMAT_VERSION}. "
            "Upgrade rnnzoo, or export the model with this version."
        )


def _check_paths(path: Path, listed: Mapping[str, Any]) -> None:
    for name in listed:
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or name.startswith("/") or "\\" in name or "\0" in name:
            raise BundleError(f"{path}: lists {name!r}; expected paths inside the bundle only. {_AGAIN}")


def _compare(folder: Path, listed: Mapping[str, Any]) -> None:
    present = _listing(folder)
    for name in sorted(set(listed) - set(present)):
        raise BundleError(f"{folder / name}: missing; the manifest lists it. {_AGAIN}")
    for name in sorted(set(present) - set(listed)):
        raise BundleError(
            f"{folder / name}: not listed in the manifest; expected only the exported files. "
            "Move it out of the bundle."
        )
    for name, expected in listed.items():
        if _describe(folder / name) != expected:
            raise BundleError(
                f"{folder / name}: its content differs from the manifest (damaged or altered). {_AGAIN}"
            )


def _listing(folder: Path) -> list[str]:
    """Returns the relative paths of all files below ``folder`` but the manifest; links are refused."""
    found = []
    for root, directories, names in os.walk(folder):
        for name in (*directories, *names):
            path = Path(root) / name
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise BundleError(
                    f"{path}: a link or special file; expected plain files only. Copy the bundle with its "
                    "links resolved."
                )
        found += [(Path(root) / name).relative_to(folder).as_posix() for name in names]
    return sorted(name for name in found if name != MANIFEST_FILE)


def _describe(path: Path) -> dict[str, Any]:
    return {"sha256": files.file_checksum(path), "bytes": path.stat().st_size}


def _sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the manifest with the digest of the rest of it."""
    rest = {"format_version": manifest["format_version"], "files": manifest["files"]}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return {**rest, "sha256": hashlib.sha256(canonical.encode("ascii")).hexdigest()}


def _rendered(manifest: Mapping[str, Any]) -> bytes:
    return (json.dumps(manifest, indent=2, sort_keys=True) + "\n").encode("ascii")


def _assemble(folder: Path, manifest: Mapping[str, Any]) -> Bundle:
    listed = manifest["files"]
    preprocessing, decoding = None, None
    if PREPROCESSING_FILE in listed:
        from rnnzoo.preprocessing import load_preprocessing

        preprocessing = load_preprocessing(folder / PREPROCESSING_FILE)
    if DECODING_FILE in listed:
        from rnnzoo.decoding import load_decoding

        decoding = load_decoding(folder / DECODING_FILE)
    return Bundle(
        directory=folder,
        signature=Signature.from_config(files.read_json(folder / SIGNATURE_FILE, "a signature")),
        preprocessing=preprocessing,
        decoding=decoding,
        provenance=dict(files.read_json(folder / PROVENANCE_FILE, "a provenance")),
        parity=dict(files.read_json(folder / PARITY_FILE, "a parity report"))
        if PARITY_FILE in listed
        else {},
        sha256=manifest["sha256"],
    )
