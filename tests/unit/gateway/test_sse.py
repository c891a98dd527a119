"""The scanner of server-sent events: whatever the network does to the bytes, the events are the same."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.gateway import sse
from quarterdeck.gateway.outcome import StreamTally

NEWLINES = st.sampled_from([b"\n", b"\r\n"])
TEXTS = st.text(max_size=40)


def cut(content: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(content), *(place % (len(content) + 1) for place in places)})
    return [content[start:end] for start, end in pairwise(edges)]


def chunk(text: str) -> bytes:
    return json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}, ensure_ascii=False).encode()


@given(
    texts=st.lists(TEXTS, min_size=1, max_size=8), newline=NEWLINES, places=st.lists(st.integers(0, 10**6), max_size=30)
)
def test_events_are_the_same_wherever_the_bytes_are_cut(texts: list[str], newline: bytes, places: list[int]) -> None:
    stream = b"".join(b"data: " + chunk(text) + newline * 2 for text in texts)
    scanner = sse.EventScanner()

    blocks = [block for part in cut(stream, places) if (block := scanner.feed(part))]

    assert b"".join(blocks) == stream
    assert scanner.rest() == b""
    found = [sse.payload(event) for block in blocks for event in sse.events(block)]
    assert found == [chunk(text) for text in texts]
    assert all(block.endswith(newline * 2) for block in blocks)


@given(content=st.binary(max_size=300), places=st.lists(st.integers(0, 10**6), max_size=10))
def test_no_byte_is_lost_or_invented_whatever_comes(content: bytes, places: list[int]) -> None:
    scanner = sse.EventScanner()

    blocks = [scanner.feed(part) for part in cut(content, places)]

    assert b"".join(blocks) + scanner.rest() == content


@given(
    texts=st.lists(TEXTS, max_size=8),
    rubbish=st.binary(max_size=50).filter(lambda b: b"\n" not in b and b"\r" not in b),
)
def test_the_outcome_is_gathered_even_around_rubbish(texts: list[str], rubbish: bytes) -> None:
    events = [sse.event(chunk(text)) for text in texts]
    events.insert(len(events) // 2, b"data: " + rubbish + b"\n\n")
    tally = StreamTally()

    for event in events:
        tally.keep(event)

    said = tally.outcome().output
    assert (said["content"] if isinstance(said, dict) else "") == "".join(texts)


@given(texts=st.lists(TEXTS, min_size=1, max_size=20))
def test_a_long_stream_folded_in_between_has_the_same_outcome(texts: list[str]) -> None:
    whole, folded = StreamTally(), StreamTally()
    folded._KEEP = 10

    for text in texts:
        whole.keep(sse.event(chunk(text)))
        folded.keep(sse.event(chunk(text)))

    assert whole.outcome() == folded.outcome()


@given(texts=st.lists(TEXTS, min_size=1, max_size=6), newline=NEWLINES, number=st.integers(0, 10**6))
def test_the_bounds_of_an_event_are_found_from_any_place_in_it(texts: list[str], newline: bytes, number: int) -> None:
    written = [b"data: " + chunk(text) + newline * 2 for text in texts]
    which = number % len(written)
    start = sum(map(len, written[:which]))

    for place in range(start, start + len(written[which]) - len(newline * 2)):
        found = sse.bounds_of_event(b"".join(written), place)

        assert found == (start, start + len(written[which]))
