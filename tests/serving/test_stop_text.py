"""Truth of ``rnnzoo_export.serving.stop_text``: whatever the pieces, what comes is the text up to its first end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rnnzoo_export.serving.stop_text import StopText

WORDS = st.text("ab", max_size=4)


@given(pieces=st.lists(WORDS, max_size=8), stops=st.lists(WORDS.filter(bool), max_size=3))
def test_pieces_join_to_the_text_before_its_first_end(pieces: list[str], stops: list[str]) -> None:
    text, whole, shown, end = StopText(stops), "", "", None
    for piece in pieces:
        whole += piece
        shown += text.add(piece)
        if end is None:
            end = min((whole.find(stop) for stop in stops if stop in whole), default=None)
        assert text.found == (end is not None)
    assert shown + text.rest() == whole[:end]


def test_only_what_may_be_the_beginning_of_an_end_is_held_back() -> None:
    text = StopText(["\n\n", "end"])
    assert [text.add(piece) for piece in ("a", "\n", "b e", "n", "t")] == ["a", "", "\nb ", "", "ent"]
    assert (text.found, text.rest()) == (False, "")
    assert [text.add(piece) for piece in ("one\n", "\ntwo", "three")] == ["one", "", ""]
    assert text.found


def test_without_ends_nothing_is_held_back() -> None:
    text = StopText(())
    assert [text.add("a"), text.add(""), text.rest()] == ["a", "", ""]
