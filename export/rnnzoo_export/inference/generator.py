"""Writing text with a streaming language model, with NumPy and onnxruntime only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.decoding.sampling import generate_tokens
from rnnzoo.errors import ArgumentError, BundleError, EmptyRowError
from rnnzoo_export.bundle import Bundle, load_bundle
from rnnzoo_export.inference.sessions import StreamingPredictor

_NEVER = (0, 1)  # padding and unknown
_END_OF_LINE = "<eos>"


class TextGenerator:
    """Writes on from a prompt, a word or character at a time.

    Args:
        bundle: A bundle of a language model that holds a streaming file (``save_bundle(..., also=["streaming"])``), or
            the path of one.

    Raises:
        BundleError: If the bundle holds no streaming file, or is of another kind of model.

    Example:
        ``TextGenerator("bundle").write("to be", length=20, temperature=0.8, seed=1)``
    """

    def __init__(self, bundle: Bundle | str | os.PathLike[str]) -> None:
        loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
        preprocessing = loaded.preprocessing
        words = None if preprocessing is None else preprocessing.words_by_id
        if preprocessing is None or preprocessing.writes is None or words is None:
            raise BundleError(
                f"{loaded.directory}: has {type(preprocessing).__name__} as preprocessing; expected that of a language "
                "model. Train one on running_text_splits."
            )
        self._preprocessing = preprocessing
        self._words = words
        self._by_words = preprocessing.writes == "words"
        self._predictor = StreamingPredictor(loaded.directory)

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
        text = prompt.replace("\n", f" {_END_OF_LINE} ") if self._by_words else prompt
        try:
            ids = self._preprocessing.encode_rows([text])[0]
        except EmptyRowError as error:
            raise ArgumentError(
                f"prompt: received {prompt!r}; expected one word or character at least."
            ) from error
        return self._pieces(ids, length, np.random.default_rng(seed), options)

    def _pieces(
        self, ids: np.ndarray, length: int, rng: np.random.Generator, options: dict[str, Any]
    ) -> Iterator[str]:
        session = self._predictor.open()
        try:
            (name,) = (spec.name for spec in self._predictor.inputs)
            (output,) = (spec.name for spec in self._predictor.outputs)
            drawn = generate_tokens(
                lambda tokens: self._predictor.step(session, {name: tokens})[output],
                ids,
                length=length,
                rng=rng,
                forbidden=_NEVER,
                **options,
            )
            for token in drawn:
                yield self._shown(self._words[token])
        finally:
            self._predictor.close(session)

    def _shown(self, word: str) -> str:
        if not self._by_words:
            return word
        return "\n" if word == _END_OF_LINE else f" {word}"


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
