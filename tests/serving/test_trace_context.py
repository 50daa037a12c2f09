"""Truth of ``rnnzoo_export.serving.trace_context``: the rules of W3C Trace Context level 1, and nothing malformed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnzoo_export.serving.trace_context import trace_context

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{PARENT}-01".encode()
HEADER = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]")


def test_a_trace_goes_on_with_a_span_of_its_own() -> None:
    one, other = trace_context([GOOD], []), trace_context([GOOD], [])
    assert (one.trace_id, one.parent_id, one.sampled) == (TRACE, PARENT, True)
    assert one.span_id not in (PARENT, other.span_id)
    assert one.traceparent == f"00-{TRACE}-{one.span_id}-01"


def test_one_that_is_not_recorded_stays_so() -> None:
    context = trace_context([GOOD[:-2] + b"00"], [])
    assert context.traceparent == f"00-{TRACE}-{context.span_id}-00"


def test_flags_of_later_levels_are_not_passed_on() -> None:
    assert trace_context([GOOD[:-2] + b"ff"], []).traceparent.endswith("-01")


@pytest.mark.parametrize("more", [b"", b"-what-comes-later"])
def test_a_later_version_is_read_as_far_as_it_is_known_and_written_as_ours(more: bytes) -> None:
    context = trace_context([b"cc" + GOOD[2:] + more], [])
    assert context.parent_id == PARENT
    assert context.traceparent.startswith(f"00-{TRACE}-")


@pytest.mark.parametrize(
    "parents",
    [
        [],
        [GOOD, GOOD],
        [b""],
        [GOOD + b"-more"],  # version 00 has no more
        [b"cc" + GOOD[2:] + b".more"],
        [b"ff" + GOOD[2:]],
        [GOOD.upper()],
        [GOOD.replace(TRACE.encode(), b"0" * 32)],
        [GOOD.replace(PARENT.encode(), b"0" * 16)],
        [GOOD.replace(b"4", b"g")],
        [GOOD[1:]],
        [GOOD.replace(b"-", b"_")],
        ["00-" + "٣" * 32 + GOOD.decode()[35:]],
    ],
)
def test_a_malformed_one_begins_a_trace_without_the_state(parents: list[bytes | str]) -> None:
    headers = [header if isinstance(header, bytes) else header.encode() for header in parents]
    context = trace_context(headers, [b"shop=7"])
    assert context.parent_id is None
    assert context.state == ""
    assert HEADER.fullmatch(context.traceparent)
    assert context.trace_id != TRACE


@pytest.mark.parametrize(
    ("states", "passed"),
    [
        ([b"shop=7"], "shop=7"),
        ([b"a=1, b=2", b"c=3"], "a=1,b=2,c=3"),
        ([b"a=1,,b=2", b""], "a=1,b=2"),
        ([b"tenant@system=x y"], "tenant@system=x y"),
        ([b"1tenant@system=x"], "1tenant@system=x"),
        ([",".join(f"k{number}=1" for number in range(32)).encode()], None),
    ],
)
def test_the_state_is_passed_on(states: list[bytes], passed: str | None) -> None:
    expected = states[0].decode() if passed is None else passed
    assert trace_context([GOOD], states).state == expected


@pytest.mark.parametrize(
    "state",
    [
        b"Shop=7",
        b"1shop=7",
        b"shop",
        b"shop=",
        b"=7",
        b"shop=a=b",
        b"a=1,a=2",
        b"shop=\xe9",
        b"shop=a\x01b",
        b"shop=" + b"x" * 257,
        b"k" * 257 + b"=1",
        ",".join(f"k{number}=1" for number in range(33)).encode(),
    ],
)
def test_a_malformed_state_is_left_out_and_the_trace_goes_on(state: bytes) -> None:
    context = trace_context([GOOD], [state])
    assert (context.trace_id, context.state) == (TRACE, "")


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_whatever_comes_what_is_passed_on_is_well_formed(parent: bytes, state: bytes) -> None:
    for parents in ([parent], [GOOD]):
        context = trace_context(parents, [state])
        assert HEADER.fullmatch(context.traceparent)
        assert re.fullmatch(r"[\x20-\x7e]*", context.state)
