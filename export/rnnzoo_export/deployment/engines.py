"""Bundles for engines beyond one machine: a model repository of Triton Inference Server, a service of KServe."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from rnnzoo import checks, files
from rnnzoo.errors import ArgumentError
from rnnzoo_export.bundle import Bundle, load_bundle
from rnnzoo_export.inference.predictor import open_onnx
from rnnzoo_export.signature import Signature, State, TensorSpec

SERVICE_FILE = "inference_service.yaml"
REPOSITORY_DIRECTORY = "repository"

_TYPES = {
    "float32": "TYPE_FP32",
    "float64": "TYPE_FP64",
    "float16": "TYPE_FP16",
    "int64": "TYPE_INT64",
    "int32": "TYPE_INT32",
    "bool": "TYPE_BOOL",
    "string": "TYPE_STRING",
}


def export_triton(
    bundle: Bundle | str | os.PathLike[str],
    directory: str | os.PathLike[str],
    *,
    max_batch_size: int = 64,
    max_sequences: int = 1024,
    sequence_idle_seconds: float = 60.0,
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Writes a model repository for Triton Inference Server with its onnxruntime backend.

    Each ONNX file of the bundle becomes a model: ``NAME``, and where the bundle has them ``NAME-streaming``,
    ``NAME-raw`` and ``NAME-quantized``. Requests of equal shapes are batched dynamically. The streaming model has a
    sequence batcher with implicit state: the server keeps the states of each sequence, which starts from zeros.

    Args:
        bundle: A loaded bundle, or the path of one.
        directory: The repository to make, the argument of ``tritonserver --model-repository``.
        max_batch_size: The most rows of one run.
        max_sequences: How many sequences may be open at once.
        sequence_idle_seconds: After how long without a request a sequence is forgotten.
        overwrite: Whether an existing directory is replaced.

    Returns:
        The names of the models.

    Raises:
        PathExistsError: If the directory holds something and ``overwrite`` is false.
        BundleError: If the bundle is damaged.
        ArgumentError: If an argument is out of range, or the model's name cannot be a directory's.

    Reference:
        https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/model_configuration.html
    """
    checks.integer("max_batch_size", max_batch_size, minimum=1)
    checks.integer("max_sequences", max_sequences, minimum=1)
    if not 0 < sequence_idle_seconds < float("inf"):
        raise ArgumentError(
            f"sequence_idle_seconds: received {sequence_idle_seconds!r}; expected seconds above 0."
        )
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    _check_name(loaded.name, r"[A-Za-z0-9][A-Za-z0-9_.-]*", "letters, digits, '_', '.' and '-'")
    names = []
    with files.new_directory(directory, overwrite=overwrite) as temporary:
        for name, path in _models(loaded):
            folder = temporary / name / loaded.version
            folder.mkdir(parents=True)
            shutil.copyfile(path, folder / "model.onnx")
            signature, states = _describe(path)
            if states:
                idle = round(1e6 * sequence_idle_seconds)
                scheduling = _sequence_batching(states, max_sequences=max_sequences, idle=idle)
            else:
                scheduling = "dynamic_batching { }\n"
            config = _config(name, signature, states, max_batch_size=max_batch_size) + scheduling
            (temporary / name / "config.pbtxt").write_text(config, encoding="utf-8")
            names.append(name)
    return tuple(names)


def export_kserve(
    bundle: Bundle | str | os.PathLike[str],
    directory: str | os.PathLike[str],
    *,
    storage_uri: str,
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Writes an InferenceService for KServe, and the Triton repository that it serves.

    Copy ``repository/`` to ``storage_uri``, then ``kubectl apply -f inference_service.yaml``. Clients speak the Open
    Inference Protocol, the same as to ``rnnzoo serve``.

    Args:
        bundle: A loaded bundle, or the path of one.
        directory: The directory to make.
        storage_uri: Where the cluster will find the repository, such as ``"s3://models/digits"``.
        overwrite: Whether an existing directory is replaced.

    Returns:
        The names of the models in the repository.

    Raises:
        PathExistsError: If the directory holds something and ``overwrite`` is false.
        BundleError: If the bundle is damaged.
        ArgumentError: If the model's name cannot be a service's, or ``storage_uri`` is no URI.

    Reference:
        https://kserve.github.io/website/docs/model-serving/predictive-inference/frameworks/triton
    """
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    _check_name(loaded.name, r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "small letters, digits and '-'")
    check_storage_uri(storage_uri)
    with files.new_directory(directory, overwrite=overwrite) as temporary:
        names = export_triton(loaded, temporary / REPOSITORY_DIRECTORY)
        (temporary / SERVICE_FILE).write_text(_service(loaded.name, storage_uri), encoding="utf-8")
    return names


def check_storage_uri(storage_uri: str) -> None:
    """Raises ``ArgumentError`` if this is no URI."""
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", storage_uri):
        raise ArgumentError(
            f"storage_uri: received {storage_uri!r}; expected where the cluster finds the repository, such as "
            "s3://models/digits or pvc://models/digits."
        )


def _models(bundle: Bundle) -> Iterator[tuple[str, Path]]:
    yield bundle.name, bundle.onnx_path
    for form in ("streaming", "raw", "quantized"):
        path: Path = getattr(bundle, f"{form}_path")
        if path.is_file():
            yield f"{bundle.name}-{form}", path


def _check_name(name: str, pattern: str, allowed: str) -> None:
    if not re.fullmatch(pattern, name):
        raise ArgumentError(
            f"bundle: received the name {name!r}; expected {allowed} only. Export the bundle again with another name."
        )


def _describe(path: Path) -> tuple[Signature, tuple[State, ...]]:
    metadata = open_onnx(path, 1).get_modelmeta().custom_metadata_map
    states = tuple(State.from_config(row) for row in json.loads(metadata.get("states", "[]")))
    return Signature.from_config(json.loads(metadata["signature"])), states


def _config(name: str, signature: Signature, states: Sequence[State], *, max_batch_size: int) -> str:
    carried = {state.input for state in states} | {state.output for state in states}
    lines = [
        f"name: {json.dumps(name)}",
        'backend: "onnxruntime"',
        f"max_batch_size: {max_batch_size}",
        *(_tensor("input", spec) for spec in signature.inputs if spec.name not in carried),
        *(_tensor("output", spec) for spec in signature.outputs if spec.name not in carried),
        "instance_group [ { count: 1 kind: KIND_CPU } ]",
        # Small networks lose more to the meeting of threads than they win.
        'parameters { key: "intra_op_thread_count" value { string_value: "1" } }',
    ]
    return "\n".join(lines) + "\n"


def _tensor(field: str, spec: TensorSpec) -> str:
    """Describes an input or output; Triton puts the batch before ``dims`` and allows no empty ones."""
    dims = [-1 if size is None else size for size in spec.shape[1:]]
    reshape = "" if dims else " reshape { shape: [ ] }"
    return (
        f"{field} [ {{ name: {json.dumps(spec.name)} data_type: {_TYPES[spec.dtype]} "
        f"dims: {dims or [1]}{reshape} }} ]"
    )


def _sequence_batching(states: Sequence[State], *, max_sequences: int, idle: int) -> str:
    return "\n".join(
        [
            "sequence_batching {",
            f"  max_sequence_idle_microseconds: {idle}",
            f"  oldest {{ max_candidate_sequences: {max_sequences} }}",
            *(_state(state) for state in states),
            "}\n",
        ]
    )


def _state(state: State) -> str:
    tensor = f"data_type: TYPE_FP32 dims: {list(state.shape)}"
    return (
        f"  state [ {{ input_name: {json.dumps(state.input)} output_name: {json.dumps(state.output)} {tensor} "
        f'initial_state {{ name: "start" {tensor} zero_data: true }} }} ]'
    )


def _service(name: str, storage_uri: str) -> str:
    return f"""\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {name}
spec:
  predictor:
    model:
      modelFormat:
        name: onnx
      runtime: kserve-tritonserver
      protocolVersion: v2
      storageUri: {json.dumps(storage_uri)}
"""
