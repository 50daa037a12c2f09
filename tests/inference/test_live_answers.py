"""Truth of ``rnnzoo_export.inference.live_answers``: what was answered to pieces is what the whole is answered."""

from __future__ import annotations

import numpy as np
import pytest

from rnnzoo.decoding import Decoding
from rnnzoo_export.inference.live_answers import LiveAnswer

LOGITS = np.random.default_rng(3).normal(scale=2.0, size=(1, 12, 3))
LABELS = ["", "a", "b"]


@pytest.mark.parametrize("beam_width", [None, 4])
def test_a_transcript_grows_to_that_of_the_whole(beam_width: int | None) -> None:
    decoding = Decoding("transcription", labels=LABELS, beam_width=beam_width)
    live = LiveAnswer(decoding)
    for end in range(1, 13):
        answer = live.add(LOGITS[:, end - 1 : end], 1)
        assert answer is not None
        (whole,) = decoding(LOGITS[:, :end])
        assert answer["text"] == whole["text"]
        # A beam may change what it heard before, so that it says the whole text alone.
        assert ("new" in answer) == (beam_width is None)
        silent = live.add(None, 0)
        assert silent is not None
        assert silent["text"] == whole["text"]


def test_tags_are_those_of_the_piece() -> None:
    decoding = Decoding("tagging", labels=LABELS)
    live = LiveAnswer(decoding)
    answers = [live.add(LOGITS[:, start : start + 4], 4) for start in (0, 4, 8)]
    (whole,) = decoding(LOGITS)
    assert [tag for answer in answers if answer for tag in answer["labels"]] == whole["labels"]
    assert live.add(None, 0) is None


def test_a_best_path_is_one_of_the_whole() -> None:
    tagging, path = Decoding("tagging", labels=LABELS), Decoding("crf_tagging", labels=LABELS)
    assert LiveAnswer.can_take(tagging, 3)
    assert not any(
        (LiveAnswer.can_take(tagging, 4), LiveAnswer.can_take(path, 4), LiveAnswer.can_take(None, 3))
    )
