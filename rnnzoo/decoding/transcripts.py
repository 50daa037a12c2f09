"""What was said so far in a stream, piece by piece the same as of the whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnzoo.decoding.ctc import PrefixBeam, collapse
from rnnzoo.errors import ArgumentError


class GreedyTranscript:
    """The best path of a stream, piece by piece the same as of the whole.

    Args:
        labels: The symbols by number, the blank ``""`` first: ``decoding.labels``.

    Attributes:
        text: All that was said so far.

    Example:
        >>> transcript = GreedyTranscript(["", "a", "b"])
        >>> logits = np.eye(3)[[1, 1, 0, 1, 2]]
        >>> [transcript.add(logits[:1]), transcript.add(logits[1:]), transcript.text]
        ['a', 'ab', 'aab']
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = list(labels)
        self._last = 0
        self.text = ""

    def add(self, logits: np.ndarray) -> str:
        """Reads the logits ``(frames, symbols)`` of the next piece and returns what they add to the text.

        Raises:
            ArgumentError: If there are not as many symbols as labels.
        """
        logits = _checked(logits, self._labels)
        path = [self._last, *logits.argmax(axis=-1).tolist()]
        self._last = path[-1]
        # The symbol before this piece only says what is a repetition.
        new = "".join(self._labels[symbol] for symbol in collapse(path)[1 if path[0] else 0 :])
        self.text += new
        return new


class BeamTranscript:
    """The likeliest text of a stream by prefix beam search, piece by piece the same as of the whole.

    What comes later may change what was heard before.

    Args:
        labels: The symbols by number, the blank ``""`` first: ``decoding.labels``.
        beam_width: How many beginnings are kept after each frame.

    Attributes:
        text: What was said so far, as it is likeliest by now.

    Raises:
        ArgumentError: If ``beam_width`` is not positive.

    Example:
        >>> transcript = BeamTranscript(["", "a"])
        >>> frame = np.log([[0.6, 0.4]])  # a blank is likelier in each frame, but an "a" somewhere in both
        >>> [transcript.add(frame), transcript.add(frame)]
        ['', 'a']
    """

    def __init__(self, labels: Sequence[str], *, beam_width: int = 16) -> None:
        self._labels = list(labels)
        self._beam = PrefixBeam(beam_width=beam_width)
        self.text = ""

    def add(self, logits: np.ndarray) -> str:
        """Reads the logits ``(frames, symbols)`` of the next piece and returns the text so far.

        Raises:
            ArgumentError: If there are not as many symbols as labels.
        """
        self._beam.add(_checked(logits, self._labels))
        symbols, _ = self._beam.ranked[0]
        self.text = "".join(self._labels[symbol] for symbol in symbols)
        return self.text


def _checked(logits: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    logits = np.asarray(logits)
    if logits.ndim != 2 or logits.shape[1] != len(labels):
        raise ArgumentError(
            f"logits: received shape {logits.shape}; expected (frames, {len(labels)}), one number for each "
            "label. Pass the logits of one session without the batch axis."
        )
    return logits
