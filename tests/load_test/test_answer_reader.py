"""Truth of ``rnnzoo_export.load_test.answer_reader``: answers are complete when they are, however their bytes come."""

from __future__ import annotations

import pytest

from rnnzoo_export.load_test.answer_reader import Answer, AnswerReader

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"
CASES = {
    "length": (PLAIN, Answer(200, b"hello", True)),
    "no body": (b"HTTP/1.1 204 None\r\n\r\n", Answer(204, b"", True)),
    "empty": (b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", Answer(404, b"", True)),
    "chunks": (CHUNKED, Answer(503, b"hello", True)),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN, Answer(200, b"hello", True)),
    "last": (PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), Answer(200, b"hello", False)),
    "1.0": (PLAIN.replace(b"1.1", b"1.0"), Answer(200, b"hello", False)),
}


@pytest.mark.parametrize("case", CASES)
def test_an_answer_is_complete_with_its_last_byte(case: str) -> None:
    sent, expected = CASES[case]
    for cut in range(1, len(sent)):
        reader = AnswerReader()
        assert reader.feed(sent[:cut]) is None
        assert reader.feed(sent[cut:]) == expected
    for byte in sent[:-1]:
        assert reader.feed(bytes([byte])) is None
    assert reader.feed(sent[-1:]) == expected


def test_answers_follow_one_another() -> None:
    reader = AnswerReader()
    for sent, expected in CASES.values():
        assert reader.feed(sent) == expected


def test_a_body_without_length_ends_with_the_connection() -> None:
    reader = AnswerReader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\n\r\nhel") is None
    assert reader.feed(b"lo") is None
    assert reader.end() == Answer(200, b"hello", False)


@pytest.mark.parametrize("cut", [0, 10, len(PLAIN) - 1])
def test_an_answer_that_is_cut_is_none(cut: int) -> None:
    reader = AnswerReader()
    assert reader.feed(PLAIN[:cut]) is None
    assert reader.end() is None


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n",
        b"x" * 100_000,
    ],
)
def test_what_is_no_http_is_refused(sent: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        AnswerReader().feed(sent)
