"""Translation with NumPy and onnxruntime only."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo import checks, files
from rnnzoo.decoding.beam import Hypothesis, States, Step, beam_search
from rnnzoo.decoding.probabilities import log_softmax
from rnnzoo.errors import ArgumentError, BundleError, DataError
from rnnzoo.preprocessing.given_rows import check_rows
from rnnzoo.preprocessing.pairs import PairPreprocessing
from rnnzoo.preprocessing.storage import load_preprocessing
from rnnzoo.preprocessing.text_coding import END, PADDING, START
from rnnzoo_export.bundle import TRANSLATOR_FILE
from rnnzoo_export.inference.predictor import open_onnx
from rnnzoo_export.inference.row_batches import rows_by_length

FORMAT_VERSION = 1
ENCODER, DECODER, PREPROCESSING = "encoder.onnx", "decoder.onnx", "preprocessing.json"
#: From arrays by name to arrays by name.
Run = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]
#: What the decoder reads and never changes.
CONSTANTS = ("memory", "keys", "valid")


@dataclass(frozen=True)
class Translation:
    """One answer.

    Attributes:
        text: The text.
        score: Its log-probability, normalised by length: see ``beam_search``.
        ended: Whether it came to its end by itself, and was not cut at the greatest length.
    """

    text: str
    score: float
    ended: bool


class Steps:
    """The two files of a model.

    Args:
        encode: From ``tokens`` to outputs by name.
        decode: From inputs by name to outputs by name.
    """

    def __init__(self, encode: Run, decode: Run) -> None:
        self._encode, self._decode = encode, decode

    @classmethod
    def open(cls, directory: Path, *, threads: int = 1) -> Steps:
        """Opens the files of a directory."""
        return cls(*(_runner(directory / name, threads) for name in (ENCODER, DECODER)))

    def encode(self, tokens: np.ndarray) -> tuple[States, States]:
        """Reads sources ``(batch, source)``: what stays, and the states in which the decoder starts."""
        outputs = self._encode({"tokens": np.asarray(tokens, np.int32)})
        constants = {name: outputs.pop(name) for name in CONSTANTS}
        return constants, outputs

    def decode(
        self, constants: Mapping[str, np.ndarray], states: Mapping[str, np.ndarray], last: np.ndarray
    ) -> tuple[np.ndarray, States]:
        """Takes one step from the last tokens ``(batch,)``: logits ``(batch, vocabulary)`` and the next states."""
        outputs = self._decode({"decoder_tokens": np.asarray(last, np.int32)[:, None], **constants, **states})
        logits = outputs.pop("logits")[:, 0]
        return logits, {name.removeprefix("next_"): value for name, value in outputs.items()}

    def search(
        self,
        tokens: np.ndarray,
        *,
        beams: int,
        alpha: float,
        max_length: int,
        before_step: Callable[[], None] = lambda: None,
    ) -> list[list[Hypothesis]]:
        """Searches the answers to sources ``(batch, source)``: see ``beam_search``."""
        constants, states = self.encode(tokens)
        return beam_search(
            self._step(constants, before_step),
            states,
            len(tokens),
            start=START,
            end=END,
            beams=beams,
            alpha=alpha,
            max_length=max_length,
            banned=(PADDING, START),
        )

    def _step(self, constants: States, before_step: Callable[[], None]) -> Step:
        taken: dict[str, Any] = {"rows": None, "constants": {}}

        def step(states: States, last: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, States]:
            before_step()
            # The memory is copied only when rows come or go, not at every step.
            if taken["rows"] is None or not np.array_equal(taken["rows"], rows):
                taken.update(rows=rows, constants={name: value[rows] for name, value in constants.items()})
            logits, after = self.decode(taken["constants"], states, last)
            return log_softmax(logits.astype(np.float64)), after

        return step


class Translator:
    """Translates with the two files of ``export_seq2seq_onnx``; needs no TensorFlow.

    Answers do not depend on what is translated beside them.

    Args:
        directory: What ``export_seq2seq_onnx`` wrote.
        threads: Threads that onnxruntime uses inside one run.

    Raises:
        PathNotFoundError: If a file is missing.
        BundleError: If the directory is of a newer format.

    Example:
        ``Translator("runs/captions/translator").translate(["A dog runs."])``
    """

    def __init__(self, directory: str | os.PathLike[str], *, threads: int = 1) -> None:
        folder = files.existing_directory(directory, "a directory that export_seq2seq_onnx wrote")
        header = files.read_json(folder / TRANSLATOR_FILE, "the header of a translator")
        version = header.get("format_version") if isinstance(header, dict) else None
        if version != FORMAT_VERSION:
            raise BundleError(
                f"{folder}: received format version {version!r}; expected {FORMAT_VERSION}. Use the version of rnnzoo "
                "that wrote it."
            )
        for name in (ENCODER, DECODER):
            files.existing_file(folder / name, "a file that export_seq2seq_onnx wrote")
        size = header.get("source_vocabulary_size")
        if not isinstance(size, int):
            raise BundleError(
                f"{folder / TRANSLATOR_FILE}: has no source_vocabulary_size; expected one. Export again."
            )
        self.vocabulary_size = size
        self.steps = Steps.open(folder, threads=checks.integer("threads", threads, minimum=1))
        self.preprocessing = _read_preprocessing(folder / PREPROCESSING)

    def translate(
        self,
        texts: Sequence[str],
        *,
        beams: int = 4,
        alpha: float = 0.6,
        max_length: int = 100,
        batch_size: int = 32,
    ) -> list[Translation]:
        """Translates texts.

        Args:
            texts: The texts.
            beams: How many beginnings are kept; 1 is greedy.
            alpha: How much longer answers are favoured.
            max_length: The most tokens of an answer.
            batch_size: How many texts are run at once; those of like length together.

        Returns:
            The best answer to each, in order.

        Raises:
            ArgumentError: If an argument is out of range or no list of texts, or no preprocessing was stored.
            DataError: If a text is not one; the message names it.
        """
        if self.preprocessing is None:
            raise ArgumentError(
                "translate: no preprocessing was stored with these files; expected one. Pass preprocessing= to "
                "export_seq2seq_onnx, or give ids to search()."
            )
        check_rows(texts, self.preprocessing.takes, call="translate")
        checks.integer("batch_size", batch_size, minimum=1)
        encoded = self.preprocessing.encode_rows(texts)
        found: dict[int, Translation] = {}
        for rows in rows_by_length(encoded, batch_size):
            tokens = self.preprocessing.batch([encoded[row] for row in rows])["tokens"]
            answers = self.search(tokens, beams=beams, alpha=alpha, max_length=max_length)
            for row, (best, *_) in zip(rows, answers, strict=True):
                found[row] = Translation(self.preprocessing.decode(best.tokens), best.score, best.ended)
        return [found[row] for row in range(len(encoded))]

    def search(
        self,
        tokens: np.ndarray,
        *,
        beams: int = 4,
        alpha: float = 0.6,
        max_length: int = 100,
        before_step: Callable[[], None] = lambda: None,
    ) -> list[list[Hypothesis]]:
        """Answers sources that are ids already.

        Args:
            tokens: Right-padded ids ``(batch, source)``, the end id last in each row.
            beams: How many beginnings are kept; 1 is greedy.
            alpha: How much longer answers are favoured.
            max_length: The most tokens of an answer.
            before_step: Called before each step of the search, which ends with what it raises.

        Returns:
            For each row at most ``beams`` hypotheses, the best first.

        Raises:
            ArgumentError: If an argument is out of range.
            DataError: If the ids are not such.
        """
        tokens = np.asarray(tokens)
        if tokens.ndim != 2 or tokens.dtype.kind not in "iu" or not tokens.shape[1]:
            raise DataError(
                f"tokens: received {tokens.dtype} {tokens.shape}; expected whole numbers (batch, source)."
            )
        if tokens.size and not (tokens.min() >= 0 and tokens.max() < self.vocabulary_size):
            raise DataError(
                f"tokens: received ids from {tokens.min()} to {tokens.max()}; expected 0 to {self.vocabulary_size - 1}."
            )
        if not len(tokens):
            return []
        return self.steps.search(
            tokens, beams=beams, alpha=alpha, max_length=max_length, before_step=before_step
        )


def _read_preprocessing(path: Path) -> PairPreprocessing | None:
    if not path.is_file():
        return None
    preprocessing = load_preprocessing(path)
    if not isinstance(preprocessing, PairPreprocessing):
        raise BundleError(f"{path}: is of the kind {preprocessing.kind!r}; expected 'pairs'.")
    return preprocessing


def _runner(path: Path, threads: int) -> Run:
    session = open_onnx(path, threads)
    outputs = [node.name for node in session.get_outputs()]

    def run(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return dict(zip(outputs, session.run(outputs, dict(inputs)), strict=True))

    return run
