"""A streaming file: the network for sequences piece by piece, whose states are inputs and outputs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from rnnzoo import checks, files
from rnnzoo.errors import BundleError
from rnnzoo_export.bundle import Bundle, load_bundle
from rnnzoo_export.inference.predictor import open_onnx, run_onnx
from rnnzoo_export.inference.validation import Limits, check_inputs
from rnnzoo_export.signature import Signature, State


class StreamingFile:
    """Runs a streaming file, and keeps nothing: whoever asks brings the states and takes the next ones.

    It may be used from several threads.

    Args:
        path: A file of ``export_streaming_onnx``, or a bundle that holds one: loaded already, or its path.
        threads: Threads that onnxruntime uses inside one run.

    Attributes:
        session: The session of onnxruntime.
        states: What is carried from piece to piece.
        signature: All inputs and outputs, states among them.
        pieces: Those without the states.
        limits: What inputs may be at most.

    Raises:
        PathNotFoundError: If there is no such file.
        BundleError: If the file is not a streaming file, or the bundle is damaged.
    """

    def __init__(self, path: Bundle | str | os.PathLike[str], *, threads: int = 1) -> None:
        file = _streaming_file(path)
        self.session = open_onnx(file, checks.integer("threads", threads, minimum=1))
        self.states, self.signature = _read_metadata(self.session, file)
        self.pieces = _without_states(self.signature, self.states)
        self.limits = Limits()
        self._outputs = [spec.name for spec in self.signature.outputs]

    def start(self) -> dict[str, np.ndarray]:
        """Returns the states at the start of one sequence, by input name, each with an axis of one row."""
        return {state.input: np.zeros((1, *state.shape), np.float32) for state in self.states}

    def check(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Returns inputs and states as arrays of the file's types, or raises ``RequestError``."""
        return check_inputs(self.signature, inputs, self.limits)

    def execute(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs checked inputs and states; returns the outputs with the next states."""
        return dict(zip(self._outputs, run_onnx(self.session, self._outputs, dict(inputs)), strict=True))


def _without_states(signature: Signature, states: tuple[State, ...]) -> Signature:
    inside, outside = {state.input for state in states}, {state.output for state in states}
    return Signature(
        tuple(spec for spec in signature.inputs if spec.name not in inside),
        tuple(spec for spec in signature.outputs if spec.name not in outside),
    )


def _streaming_file(path: Bundle | str | os.PathLike[str]) -> Path:
    if not isinstance(path, Bundle) and not Path(path).is_dir():
        return files.existing_file(Path(path), "a streaming ONNX file or a bundle that holds one")
    bundle = path if isinstance(path, Bundle) else load_bundle(path)
    file = bundle.streaming_path
    if not file.is_file():
        raise BundleError(
            f"{bundle.directory}: holds no streaming file; expected one. Export the model again with "
            "also=['streaming'], or rnnzoo export --streaming."
        )
    return file


def _read_metadata(session: onnxruntime.InferenceSession, file: Path) -> tuple[tuple[State, ...], Signature]:
    metadata = session.get_modelmeta().custom_metadata_map
    try:
        states = tuple(State.from_config(row) for row in json.loads(metadata["states"]))
        return states, Signature.from_config(json.loads(metadata["signature"]))
    except (KeyError, ValueError, TypeError) as error:
        raise BundleError(
            f"{file}: has no table of states; expected a file of export_streaming_onnx."
        ) from error
