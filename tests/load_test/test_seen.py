"""Truth of ``rnnzoo_export.load_test.seen``: the figures are those of all requests, whatever became of them."""

from __future__ import annotations

from rnnzoo_export.load_test.seen import Seen


def seen_of(milliseconds: range, began: float = 0.0) -> Seen:
    seen = Seen()
    seen.began = began
    for number in milliseconds:
        seen.answer(200, b"{}", began, began + number / 1e3)
    return seen


def test_figures() -> None:
    seen = seen_of(range(1, 101))
    assert seen.facts() == {
        "requests": 100,
        "answers": 100,
        "answers_per_second": 1000.0,
        "p50_ms": 50.5,
        "p95_ms": 95.05,
        "p99_ms": 99.01,
        "max_ms": 100.0,
        "failed": 0,
        "unanswered": 0,
        "statuses": {"200": 100},
        "errors": {},
    }


def test_what_failed_has_no_time_and_counts() -> None:
    seen = seen_of(range(1, 3))
    for text in (b'{"error": "full"}', b'{"error": "still full"}'):
        seen.answer(503, text, 0.0, 9.0)
    seen.no_answer("none within 1 s")
    facts = seen.facts()
    assert (facts["requests"], facts["answers"], facts["failed"], facts["unanswered"]) == (5, 2, 3, 1)
    assert facts["max_ms"] == 2.0
    assert facts["answers_per_second"] == round(2 / 9, 1)
    assert facts["statuses"] == {"200": 2, "503": 2}
    assert facts["errors"] == {"status 503": '{"error": "full"}', "none within 1 s": "1 requests"}


def test_nothing_answered_has_no_times() -> None:
    seen = Seen()
    seen.no_answer("no connection")
    facts = seen.facts()
    assert (facts["p50_ms"], facts["max_ms"], facts["answers_per_second"]) == (None, None, 0.0)


def test_a_long_error_is_cut() -> None:
    seen = Seen()
    seen.answer(500, b"\xff\n" * 10_000, 0.0, 1.0)
    assert len(seen.texts[500]) <= 300


def test_the_time_between_rounds_does_not_count() -> None:
    seen = Seen()
    for began in (0.0, 100.0):
        seen.add(seen_of(range(1, 101), began))
    assert seen.facts()["answers_per_second"] == 1000.0
    assert seen.facts()["answers"] == 200
