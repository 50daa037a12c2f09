"""Writing text with a streaming language model, with NumPy and onnxruntime only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.decoding.sampling import generate_tokens
from rnnzoo.errors import ArgumentError, BundleError, EmptyRowError
from rnnzoo_export.bundle import Bundle, load_bundle
from rnnzoo_export.inference.sessions import StreamingPredictor

PADDING, UNKNOWN = 0, 1
#: What is never written.
NEVER = (PADDING, UNKNOWN)
_END_OF_LINE = "<eos>"


def writes_texts(bundle: Bundle) -> bool:
    """Whether a bundle is of a language model: it answers with a score for each word or character that can follow."""
    preprocessing = bundle.preprocessing
    if preprocessing is None or preprocessing.writes is None or preprocessing.words_by_id is None:
        return False
    shapes = [spec.shape for spec in bundle.signature.outputs]
    return len(shapes) == 1 and shapes[0][-1] == len(preprocessing.words_by_id)


class TextGenerator:
    """Writes on from a prompt, a word or character at a time.

    Args:
        bundle: A bundle of a language model that holds a streaming file (``save_bundle(..., also=["streaming"])``), or
            the path of one.
        threads: Threads that onnxruntime uses inside one run.

    Attributes:
        predictor: What runs the streaming file, a session for each text.

    Raises:
        BundleError: If the bundle holds no streaming file, or is of another kind of model.

    Example:
        ``TextGenerator("bundle").write("to be", length=20, temperature=0.8, seed=1)``
    """

    def __init__(self, bundle: Bundle | str | os.PathLike[str], *, threads: int = 1) -> None:
        loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
        preprocessing = loaded.preprocessing
        words = None if preprocessing is None else preprocessing.words_by_id
        if preprocessing is None or preprocessing.writes is None or words is None:
            raise BundleError(
                f"{loaded.directory}: has {type(preprocessing).__name__} as preprocessing; expected that of a language "
                "model. Train one on running_text_splits."
            )
        if not writes_texts(loaded):
            raise BundleError(
                f"{loaded.directory}: does not answer with a score for each of {len(words)} words; expected a language "
                "model. Train one on running_text_splits."
            )
        self._preprocessing = preprocessing
        self._words = words
        self._by_words = preprocessing.writes == "words"
        self.predictor = StreamingPredictor(loaded, threads=threads)
        (self._input,) = (spec.name for spec in self.predictor.inputs)
        (self._output,) = (spec.name for spec in self.predictor.outputs)

    def write(self, prompt: str, *, length: int, seed: int = 0, **options: Any) -> str:
        """Returns the prompt and what is written on.

        Args:
            prompt: What the text begins with.
            length: How many words or characters to write.
            seed: The same seed writes the same text.
            **options: ``temperature``, ``top_k`` and ``top_p``: see ``token_probabilities``.

        Raises:
            ArgumentError: If an option is out of range, or the prompt is empty or no text.
        """
        _check_prompt(prompt, "write", length)
        return "".join([prompt, *self.pieces(prompt, length=length, seed=seed, **options)])

    def pieces(self, prompt: str, *, length: int, seed: int = 0, **options: Any) -> Iterator[str]:
        """Yields what is written on, piece by piece as it is drawn; arguments as for ``write``."""
        _check_prompt(prompt, "pieces", length)
        checks.integer("seed", seed, minimum=0)
        return self._pieces(self.encode(prompt), length, np.random.default_rng(seed), options)

    def encode(self, prompt: str) -> np.ndarray:
        """Returns the ids of a prompt ``(tokens,)``; ``ArgumentError`` where it holds none."""
        text = prompt.replace("\n", f" {_END_OF_LINE} ") if self._by_words else prompt
        try:
            return self._preprocessing.encode_rows([text])[0]
        except EmptyRowError as error:
            raise ArgumentError(
                f"prompt: received {prompt!r}; expected one word or character at least."
            ) from error

    def decode(self, token: int) -> str:
        """Returns what a token that was drawn adds to the text."""
        word = self._words[token]
        if not self._by_words:
            return word
        return "\n" if word == _END_OF_LINE else f" {word}"

    def logits(self, sessions: Sequence[str], tokens: np.ndarray) -> np.ndarray:
        """Returns the scores of what comes next ``(sessions, vocabulary)``.

        Args:
            sessions: Open sessions of ``predictor``, each named once.
            tokens: The next tokens of each ``(sessions, time)``.

        Raises:
            RequestError: As ``StreamingPredictor.step_batch`` does.
        """
        return self.predictor.step_batch(sessions, {self._input: tokens})[self._output][:, -1]

    def _pieces(
        self, ids: np.ndarray, length: int, rng: np.random.Generator, options: dict[str, Any]
    ) -> Iterator[str]:
        session = self.predictor.open()
        try:
            drawn = generate_tokens(
                lambda tokens: self.predictor.step(session, {self._input: tokens})[self._output],
                ids,
                length=length,
                rng=rng,
                forbidden=NEVER,
                **options,
            )
            yield from map(self.decode, drawn)
        finally:
            self.predictor.close(session)


def _check_prompt(prompt: Any, call: str, length: Any) -> None:
    """Raises ``ArgumentError`` for a prompt that is no text, such as a list of words."""
    if isinstance(prompt, str):
        return
    words = (
        prompt if isinstance(prompt, list | tuple) and all(isinstance(word, str) for word in prompt) else ()
    )
    text = json.dumps(" ".join(words) or "a text")
    raise ArgumentError(
        f"prompt: received {type(prompt).__name__}; expected one text. Write {call}({text}, length={length})."
    )
