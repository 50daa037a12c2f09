"""Truth of ``rnnzoo_export.inference.live_rows``: the steps of pieces are those of the whole row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnnzoo.errors import RequestError
from rnnzoo.preprocessing import FeaturePreprocessing, LogMelPreprocessing, Preprocessing
from rnnzoo.preprocessing.dna import DNAPreprocessing
from rnnzoo.preprocessing.frames import FramePreprocessing
from rnnzoo_export.inference.live_rows import encode_piece, live_row

RNG = np.random.default_rng(0)
SERIES = RNG.normal(2.0, 3.0, size=(12, 3))
VIDEO = RNG.uniform(0, 255, size=(12, 4, 5, 2))
SOUND = RNG.integers(-20000, 20000, 3000).astype(np.int16)
KINDS: dict[str, tuple[Preprocessing, np.ndarray, str]] = {
    "series": (FeaturePreprocessing.fit([SERIES], variable_length=True), SERIES, "<f4"),
    "frames": (FramePreprocessing.fit([VIDEO], variable_length=False), VIDEO, "<f4"),
    "sound": (LogMelPreprocessing(8000, num_mels=5), SOUND, "<i2"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("as_bytes", [False, True])
def test_pieces_are_encoded_as_the_whole(kind: str, as_bytes: bool) -> None:
    preprocessing, raw, dtype = KINDS[kind]
    row, found = live_row(preprocessing), []
    assert row is not None
    assert row.facts["takes"] == preprocessing.takes
    for piece in np.split(raw, [1, 2, 7]):
        given: Any = row.numbers(piece.astype(dtype).tobytes()) if as_bytes else piece
        encoded, row = encode_piece(row, given)
        found.append(encoded)
    (whole,) = preprocessing.encode([raw])
    np.testing.assert_allclose(np.concatenate(found), whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_what_it_was_until_the_next_is_taken(kind: str) -> None:
    preprocessing, raw, _ = KINDS[kind]
    row = live_row(preprocessing)
    assert row is not None
    _, row = encode_piece(row, raw[:5])
    first, _ = encode_piece(row, raw[5:])
    second, _ = encode_piece(row, raw[5:])
    np.testing.assert_array_equal(first, second)


class Own(FeaturePreprocessing):
    """One of a user, which may look at the whole row."""


@pytest.mark.parametrize(
    "preprocessing",
    [None, DNAPreprocessing(), Own([0.0], [1.0], variable_length=True)],
    ids=lambda p: type(p).__name__,
)
def test_rows_whose_steps_depend_on_each_other_come_as_tensors(preprocessing: Preprocessing | None) -> None:
    assert live_row(preprocessing) is None


@pytest.mark.parametrize(
    ("kind", "piece", "status", "message"),
    [
        ("series", [[1.0]], 400, "piece: received shape (1, 1); expected (time, 3)."),
        (
            "series",
            [[0.0] * 3] * 9,
            413,
            "piece: received 9 values, up to 9 steps; expected at most 8. Cut it.",
        ),
        (
            "sound",
            np.zeros(2000),
            413,
            "piece: received 2000 values, up to 26 steps; expected at most 8. Cut it.",
        ),
        ("sound", [2.5], 400, "piece: received 2.5 at sample 0; expected floats from -1 to 1"),
        ("frames", 7, 400, "piece: received"),
    ],
)
def test_wrong_pieces_are_told(kind: str, piece: Any, status: int, message: str) -> None:
    row = live_row(KINDS[kind][0])
    assert row is not None
    with pytest.raises(RequestError) as found:
        encode_piece(row, piece, 8)
    assert (found.value.status, str(found.value)[: len(message)]) == (status, message)


@pytest.mark.parametrize(("kind", "size"), [("series", 13), ("frames", 4 * 40 + 4), ("sound", 3)])
def test_bytes_are_whole_steps(kind: str, size: int) -> None:
    row = live_row(KINDS[kind][0])
    assert row is not None
    with pytest.raises(RequestError, match=f"piece: received {size} bytes; expected whole steps"):
        row.numbers(bytes(size))
