"""Truth of ``rnnzoo_export.serving.stream_messages``."""

from __future__ import annotations

import pytest

from rnnzoo.errors import RequestError
from rnnzoo_export.serving.stream_messages import StreamMessage, read_message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x00\x01", StreamMessage(raw=b"\x00\x01")),
        ('{"input": [1, 2]}', StreamMessage(raw=[1, 2])),
        ('{"input": [], "end": true, "id": "a"}', StreamMessage(raw=[], end=True, id="a")),
        ('{"inputs": [{}], "end": false}', StreamMessage(tensors=[{}])),
        ('{"end": true}', StreamMessage(end=True)),
    ],
)
def test_a_message_is_read(content: str | bytes, expected: StreamMessage) -> None:
    assert read_message(content) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "body: empty; expected a JSON object"),
        ('{"end": false}', "message: received no piece"),
        ('{"input": null}', "message: received no piece"),
        ('{"input": 1, "input": 2}', "body: "),
        ('{"input": [1], "end": "yes"}', "end: received 'yes'; expected true or false"),
    ],
)
def test_what_is_no_message_is_told(content: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        read_message(content)
