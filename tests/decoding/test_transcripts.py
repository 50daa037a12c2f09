"""Truth of ``rnnzoo.decoding.transcripts``: however a stream is cut, its text is that of the whole."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rnnzoo import BeamTranscript, GreedyTranscript
from rnnzoo.decoding.ctc import best_symbols, prefix_beam_search
from rnnzoo.errors import ArgumentError

LABELS = ["", "a", "b"]
CUTS = [[1] * 12, [5, 7], [3, 0, 4, 5], [12]]


def pieces_of(logits: np.ndarray, lengths: list[int]) -> list[np.ndarray]:
    bounds = np.cumsum([0, *lengths])
    return [logits[first:end] for first, end in itertools.pairwise(bounds)]


def random_logits(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=2.0, size=(12, len(LABELS)))


def text_of(symbols: list[int]) -> str:
    return "".join(LABELS[symbol] for symbol in symbols)


@pytest.mark.parametrize("lengths", CUTS)
def test_the_best_path_of_pieces_is_that_of_the_whole(lengths: list[int]) -> None:
    for seed in range(20):
        logits = random_logits(seed)
        transcript = GreedyTranscript(LABELS)
        said = [transcript.add(piece) for piece in pieces_of(logits, lengths)]
        assert "".join(said) == transcript.text == text_of(best_symbols(logits))


@pytest.mark.parametrize("lengths", CUTS)
def test_the_beam_of_pieces_is_that_of_the_whole(lengths: list[int]) -> None:
    for seed in range(20):
        logits = random_logits(seed)
        transcript = BeamTranscript(LABELS, beam_width=4)
        for end, piece in zip(np.cumsum(lengths), pieces_of(logits, lengths), strict=True):
            said = transcript.add(piece)
            ((symbols, _), *_) = prefix_beam_search(logits[:end], beam_width=4)
            assert said == transcript.text == text_of(symbols)


def test_wrong_arguments_are_told() -> None:
    for transcript in (GreedyTranscript(["", "a"]), BeamTranscript(["", "a"])):
        with pytest.raises(
            ArgumentError, match=r"logits: received shape \(1, 2, 3\); expected \(frames, 2\)"
        ):
            transcript.add(np.zeros((1, 2, 3)))
        assert transcript.text == ""
    with pytest.raises(ArgumentError, match="beam_width: received 0; expected an integer of at least 1"):
        BeamTranscript(LABELS, beam_width=0)
