"""Bundles that answer a sequence while it arrives, written by hand, and in NumPy what they answer to the whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from handmade_bundles import spec, write_bundle, write_onnx
from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import FeaturePreprocessing, LogMelPreprocessing, Preprocessing
from rnnzoo_export.signature import Signature, State, TensorSpec
from serving_client import Server, running

FEATURES, CLASSES, UNITS, RATE, MELS = 3, 4, 5, 8000, 6
#: The names of the served models.
TAGGER, TRANSCRIBER, SPOTTER, WHOLE = "tagger", "transcriber", "spotter", "whole"
LETTERS = ["", "a", "b", "c"]


@dataclass(frozen=True)
class Recurrence:
    """``h = tanh(x A + h B)`` from zeros, of which the logits are ``h C``: of each step, or of the last.

    Attributes:
        inputs: The weights of the inputs ``(features, units)``.
        recurrent: Those of the state ``(units, units)``.
        outputs: Those of the logits ``(units, classes)``.
        each_step: Whether each step is answered.
    """

    inputs: np.ndarray
    recurrent: np.ndarray
    outputs: np.ndarray
    each_step: bool = True

    @classmethod
    def of(cls, features: int, *, each_step: bool = True) -> Recurrence:
        """Makes one with some weights."""
        rng = np.random.default_rng(features)
        shapes = ((features, UNITS), (UNITS, UNITS), (UNITS, CLASSES))
        a, b, c = (rng.normal(scale=0.7, size=shape).astype(np.float32) for shape in shapes)
        return cls(a, b, c, each_step)

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Answers whole sequences ``(batch, time, features)``."""
        state, answers = np.zeros((len(features), UNITS)), []
        for step in features.swapaxes(0, 1):
            state = np.tanh(step @ self.inputs.astype(np.float64) + state @ self.recurrent)
            answers.append(state @ self.outputs)
        return np.stack(answers, axis=1) if self.each_step else answers[-1]

    def write(self, folder: Path, *, mask: bool) -> Signature:
        """Writes ``model.onnx`` and ``streaming.onnx``; returns the signature of the first."""
        folder.mkdir(parents=True)
        features = spec("features", "float32", "batch", "time", "features", size=len(self.inputs))
        taken = (features, spec("mask", "bool", "batch", "time")) if mask else (features,)
        answered = ("batch", "time", "classes") if self.each_step else ("batch", "classes")
        logits = spec("logits", "float32", *answered, size=CLASSES)
        states = [TensorSpec(name, "float32", (None, UNITS), ("batch", None)) for name in ("h", "h_out")]
        whole, pieces = Signature(taken, (logits,)), Signature((*taken, states[0]), (logits, states[1]))
        table = json.dumps([State("h", "h_out", (UNITS,)).to_config()])
        metadata = {"states": table, "signature": json.dumps(pieces.to_config())}
        constants = {
            "A": self.inputs.T[None],
            "B": self.recurrent.T[None],
            "C": self.outputs,
            "first": np.array([0], np.int64),
            "second": np.array([1], np.int64),
        }
        used = {name: value for name, value in constants.items() if name != "second" or self.each_step}
        write_onnx(folder / "model.onnx", whole, self._nodes(""), used)
        write_onnx(folder / "streaming.onnx", pieces, self._nodes("h"), used, metadata)
        return whole

    def _nodes(self, state: str) -> list[object]:
        named = helper.make_node
        nodes = [named("Transpose", ["features"], ["steps"], perm=[1, 0, 2])]
        if state:
            nodes.append(named("Unsqueeze", [state, "first"], ["before"]))
        before = "before" if state else ""
        nodes += [
            named("RNN", ["steps", "A", "B", "", "", before], ["every", "after"], hidden_size=UNITS),
            named("Squeeze", ["after", "first"], ["h_out"]),
        ]
        if not self.each_step:
            return [*nodes, named("MatMul", ["h_out", "C"], ["logits"])]
        return [
            *nodes,
            named("Squeeze", ["every", "second"], ["told"]),
            named("Transpose", ["told"], ["rows"], perm=[1, 0, 2]),
            named("MatMul", ["rows", "C"], ["logits"]),
        ]


def series(steps: int, seed: int = 0) -> np.ndarray:
    """One series, as the network takes it."""
    return np.random.default_rng(seed).normal(size=(1, steps, FEATURES)).astype(np.float32)


def sound(seed: int = 0, samples: int = 4000) -> np.ndarray:
    """Some 16-bit noise that grows and fades."""
    rng = np.random.default_rng(seed)
    loudness = np.sin(np.arange(samples) / 300) ** 2
    return np.round(20000 * loudness * rng.uniform(-1, 1, samples)).astype(np.int16)


def _bundle(
    folder: Path, recurrence: Recurrence, preprocessing: Preprocessing, decoding: Decoding, *, mask: bool
) -> Path:
    signature = recurrence.write(folder, mask=mask)
    return write_bundle(folder, signature, preprocessing=preprocessing, decoding=decoding)


@pytest.fixture(scope="session")
def streamed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tagger of series, a transcriber, a spotter of words, and a tagger of whole series only."""
    folder = tmp_path_factory.mktemp("streamed")
    scaled = FeaturePreprocessing.fit(
        [3 + 2 * series(9, seed)[0] for seed in range(9)], variable_length=False
    )
    tags = Decoding("tagging", labels=["x", "y", "z", "none"])
    heard = LogMelPreprocessing.fit([sound(seed) for seed in range(3)], sample_rate=RATE, num_mels=MELS)
    words = Decoding("classification", labels=["yes", "no", "up", "down"])
    found = {
        TAGGER: _bundle(folder / TAGGER, Recurrence.of(FEATURES), scaled, tags, mask=False),
        TRANSCRIBER: _bundle(
            folder / TRANSCRIBER,
            Recurrence.of(MELS),
            heard,
            Decoding("transcription", labels=LETTERS),
            mask=True,
        ),
        SPOTTER: _bundle(folder / SPOTTER, Recurrence.of(MELS, each_step=False), heard, words, mask=True),
    }
    shutil.copytree(found[TAGGER], folder / WHOLE)
    (folder / WHOLE / "streaming.onnx").unlink()
    whole = Signature.from_config(json.loads((folder / WHOLE / "signature.json").read_text()))
    return {**found, WHOLE: write_bundle(folder / WHOLE, whole)}


@pytest.fixture(scope="session")
def streams(streamed: dict[str, Path]) -> Iterator[Server]:
    """A server of them all."""
    first, *others = streamed.values()
    names = [part for name in streamed for part in ("--name", name)]
    with running(first, TAGGER, *map(str, others), *names) as server:
        yield server
