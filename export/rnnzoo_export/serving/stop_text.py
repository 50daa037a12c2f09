"""The end of a text that is being written: it comes where one of some texts stands, which is not given out."""

from __future__ import annotations

from collections.abc import Sequence


class StopText:
    """Passes a text on piece by piece, up to the first of the texts that end it.

    What may be the beginning of such a text is held back until it is known.

    Args:
        stops: The texts; none of them is empty.

    Example:
        >>> text = StopText(["the end"])
        >>> [text.add(piece) for piece in ("to", " the", " other", " the", " end", " of")]
        ['to', ' ', 'the other', ' ', '', '']
        >>> text.found
        True
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops, self._held = tuple(stops), ""
        #: Whether one was there: nothing more comes.
        self.found = False

    def add(self, piece: str) -> str:
        """Takes a piece, and returns what can be given out."""
        if self.found:
            return ""
        text = self._held + piece
        places = [place for place in map(text.find, self._stops) if place >= 0]
        if places:
            self.found, self._held = True, ""
            return text[: min(places)]
        length = max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - length :]
        return text[: len(text) - length]

    def rest(self) -> str:
        """Returns what was held back, at the end of the text."""
        text, self._held = self._held, ""
        return text


def _overlap(text: str, stop: str) -> int:
    """Returns how many characters at the end of a text are the beginning of another, not all of it."""
    return next(
        (size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0
    )
