"""AWS's binary messages: read wherever the bytes are cut, refused when damaged."""

from __future__ import annotations

import struct
from binascii import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.gateway.aws_event_stream import AwsMessageScanner
from tests.fakes.bedrock import frame

MESSAGES = st.lists(
    st.tuples(st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=20), max_size=4), st.binary()),
    min_size=1,
    max_size=5,
)


@given(messages=MESSAGES, cuts=st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_what_was_written_is_read_wherever_it_is_cut(
    messages: list[tuple[dict[str, str], bytes]], cuts: list[int]
) -> None:
    data = b"".join(frame(headers, payload) for headers, payload in messages)
    scanner = AwsMessageScanner("bedrock")
    found = []
    place, number = 0, 0
    while place < len(data):
        size = cuts[number % len(cuts)]
        found += scanner.feed(data[place : place + size])
        place, number = place + size, number + 1

    assert [(message.headers, message.payload) for message in found] == messages
    assert scanner.rest() == b""


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed_or_waits_for_more(place: int, bit: int) -> None:
    data = bytearray(frame({":event-type": "contentBlockDelta"}, b'{"delta":{"text":"25 days"}}'))
    data[place % len(data)] ^= 1 << bit

    with pytest.raises(UpstreamFailed, match="damaged"):
        AwsMessageScanner("bedrock").feed(bytes(data))


@given(data=st.binary(max_size=200))
def test_noise_is_refused_with_an_error_that_has_a_name(data: bytes) -> None:
    scanner = AwsMessageScanner("bedrock")

    try:
        found = scanner.feed(data)
    except UpstreamFailed as error:
        assert "`bedrock`" in error.message
    else:
        assert found == [] and scanner.rest() == data and len(data) < 12


@pytest.mark.parametrize("sizes", [(0, 0), (15, 0), (40, 30), (1 << 30, 0), (1 << 20, 1 << 19)])
def test_a_message_cannot_lie_about_its_size(sizes: tuple[int, int]) -> None:
    prelude = struct.pack("!II", *sizes)

    with pytest.raises(UpstreamFailed, match="it says it has"):
        AwsMessageScanner("bedrock").feed(prelude + struct.pack("!I", crc32(prelude)))


@pytest.mark.parametrize(
    ("block", "found"),
    [
        (b"\x01a\x00\x01b\x01\x01c\x04\x00\x00\x00\x07\x01d\x08" + b"\0" * 8, {}),
        (b"\x01a\x06\x00\x02xy\x01b\x07\x00\x02xy\x01c\x09" + b"\0" * 16, {"b": "xy"}),
    ],
)
def test_headers_of_every_type_are_passed_over(block: bytes, found: dict[str, str]) -> None:
    prelude = struct.pack("!II", 16 + len(block), len(block))
    start = prelude + struct.pack("!I", crc32(prelude)) + block

    (message,) = AwsMessageScanner("bedrock").feed(start + struct.pack("!I", crc32(start)))

    assert message.headers == found


@pytest.mark.parametrize("block", [b"\x05ab", b"\x01a\x0a", b"\x01a\x07\xff\xffx", b"\x01\xff\x00", b"\x01a\x05\x00"])
def test_headers_that_cannot_be_read_are_damage(block: bytes) -> None:
    prelude = struct.pack("!II", 16 + len(block), len(block))
    start = prelude + struct.pack("!I", crc32(prelude)) + block

    with pytest.raises(UpstreamFailed, match="headers cannot be read"):
        AwsMessageScanner("bedrock").feed(start + struct.pack("!I", crc32(start)))
