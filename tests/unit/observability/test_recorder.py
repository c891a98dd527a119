"""What the recorder has accepted is stored exactly once, and the books prove it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from functools import partial
from pathlib import Path

import duckdb
import msgspec
import pytest

from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.records import Ledger, TraceFilter
from quarterdeck.observability.span_store import SpanStore
from quarterdeck.runtime.tracing import Span
from quarterdeck.storage.spool import Spool
from tests.unit.observability.conftest import new_recorder
from tests.unit.observability.spans import answered, span

ALL = TraceFilter("prj_a")


async def trace_ids(recorder: Recorder) -> list[str]:
    """The ids of all traces that can be queried."""
    found, more = await recorder.ask(lambda store: store.traces(ALL, limit=100_000, after=None))
    assert more is None
    return [trace.trace_id for trace in found]


async def test_what_was_accepted_can_be_queried_after_a_flush(recorder: Recorder) -> None:
    spans = answered()
    recorder.accept(spans)

    assert await recorder.flush()

    assert await trace_ids(recorder) == [spans[0].trace_id]
    assert recorder.ledger() == Ledger(accepted=2, stored=2, pending=0)


async def test_spans_are_stored_without_anyone_asking(recorder: Recorder) -> None:
    recorder.accept(answered())

    async with asyncio.timeout(10):
        while recorder.ledger().stored < 2:
            await asyncio.sleep(0.01)

    assert recorder.ledger() == Ledger(accepted=2, stored=2, pending=0)


async def test_a_span_that_is_sent_twice_is_counted_twice_and_kept_once(recorder: Recorder) -> None:
    spans = answered()

    recorder.accept(spans)
    await recorder.flush()
    recorder.accept(spans)
    recorder.accept([*spans, *spans])
    await recorder.flush()

    assert recorder.ledger() == Ledger(accepted=8, stored=8, pending=0, duplicates=6)
    assert await recorder.ask(lambda store: store.spans_stored()) == 2
    assert (await recorder.check()).balanced


async def test_the_books_survive_a_restart(tmp_path: Path) -> None:
    first = new_recorder(tmp_path)
    await first.open()
    first.accept(answered())
    await first.close()

    second = new_recorder(tmp_path)
    await second.open()
    second.accept(answered())
    await second.flush()

    assert second.ledger() == Ledger(accepted=4, stored=4, pending=0)
    assert (await second.check()).balanced
    await second.close()


async def test_closing_stores_what_is_still_in_the_spool(tmp_path: Path) -> None:
    recorder = new_recorder(tmp_path)
    await recorder.open()
    for number in range(100):
        recorder.accept(answered(number))

    await recorder.close()

    with duckdb.connect(str(tmp_path / "spans.duckdb")) as connection:
        assert connection.execute("SELECT count(*) FROM spans").fetchall() == [(200,)]


@pytest.mark.parametrize("accepted_before_the_kill", [1, 45, 300])
async def test_a_killed_process_loses_no_span_and_stores_none_twice(
    tmp_path: Path, accepted_before_the_kill: int
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.observability.recorder_child", "record_for_ever", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    accepted = [child.stdout.readline().strip() for _ in range(accepted_before_the_kill)]
    child.kill()
    accepted += child.stdout.read().split()
    child.wait()
    child.stdout.close()

    recorder = new_recorder(tmp_path)
    await recorder.open()
    await recorder.flush()
    kept = await trace_ids(recorder)
    check = await recorder.check()
    await recorder.close()

    assert len(kept) == len(set(kept))
    assert set(accepted) <= set(kept)
    # One trace may be kept whose acknowledgement the kill cut off.
    assert len(kept) - len(accepted) in (0, 1)
    assert check.balanced, check.problem
    assert check.ledger.accepted == check.ledger.stored == 2 * len(kept)


def test_a_store_that_ran_out_of_disk_catches_up_when_there_is_space(tmp_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "tests.unit.observability.recorder_child", "record_without_space", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    outcome, refused = child.stdout.splitlines()[:2]

    assert outcome == "True True True"
    assert "Spans are accepted but cannot be stored" in refused


async def test_a_span_with_impossible_ids_or_numbers_is_rejected_and_the_others_are_kept(recorder: Recorder) -> None:
    good = span()
    bad = [
        msgspec.structs.replace(good, trace_id="not hexadecimal"),
        msgspec.structs.replace(good, span_id="0" * 16),
        msgspec.structs.replace(good, parent_id="abc"),
        msgspec.structs.replace(good, input_tokens=-1),
        msgspec.structs.replace(good, end_ns=2**63),
    ]

    recorder.accept([*bad, good])
    await recorder.flush()

    assert recorder.ledger() == Ledger(accepted=1, stored=1, pending=0, rejected=5)


async def test_content_that_no_encoding_can_carry_is_mended_and_kept(recorder: Recorder) -> None:
    nested: list[object] = []
    for _ in range(5000):
        nested = [nested]
    odd = span(
        name="half a \ud83d character",
        input={"text": "zero \x00 and half \udc00", "nested": nested},
        attributes={"giant": 10**40, "not a number": float("nan")},
    )

    recorder.accept([odd])
    await recorder.flush()
    kept = await recorder.ask(lambda store: store.trace("prj_a", odd.trace_id))

    assert kept[0].name == "half a ? character"
    assert kept[0].input["text"] == "zero \x00 and half ?"
    assert kept[0].attributes == {"giant": str(10**40), "not a number": "nan"}


async def test_a_span_of_many_megabytes_is_kept(recorder: Recorder) -> None:
    spans = [span(input="x" * 3_000_000, output=str(number)) for number in range(6)]

    recorder.accept(spans)
    await recorder.flush()
    kept = await recorder.ask(lambda store: store.trace("prj_a", spans[5].trace_id))

    assert len(kept[0].input) == 3_000_000
    assert recorder.ledger() == Ledger(accepted=6, stored=6, pending=0)


async def test_a_row_that_is_missing_in_the_store_is_found_by_the_check(tmp_path: Path) -> None:
    recorder = new_recorder(tmp_path)
    await recorder.open()
    recorder.accept(answered())
    await recorder.close()
    with duckdb.connect(str(tmp_path / "spans.duckdb")) as connection:
        connection.execute("DELETE FROM spans WHERE kind = 'llm'")

    recorder = new_recorder(tmp_path)
    await recorder.open()
    check = await recorder.check()
    await recorder.close()

    assert not check.balanced
    assert check.problem == "2 spans were stored, but 1 are in the span store."


async def test_a_store_that_was_lost_is_filled_again_from_what_the_spool_still_has(tmp_path: Path) -> None:
    recorder = new_recorder(tmp_path)
    await recorder.open()
    recorder.accept(answered())
    await recorder.close()
    (tmp_path / "spans.duckdb").unlink()

    recorder = new_recorder(tmp_path)
    await recorder.open()
    await recorder.flush()
    check = await recorder.check()
    await recorder.close()

    assert check.balanced
    assert check.ledger == Ledger(accepted=2, stored=2, pending=0)


async def test_spans_that_were_lost_with_both_are_not_hidden(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", segment_bytes=1)
    spool.open()
    for number in range(3):
        spool.append(msgspec.msgpack.encode(answered(number)), count=2)
    spool.close()
    min((tmp_path / "spool").glob("*.spool")).unlink()

    recorder = new_recorder(tmp_path)
    await recorder.open()
    await recorder.flush()
    check = await recorder.check()
    await recorder.close()

    assert not check.balanced
    assert check.ledger == Ledger(accepted=6, stored=4, pending=0, lost=2)


async def test_a_payload_that_cannot_be_read_is_set_aside_and_the_spans_behind_it_are_stored(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.open()
    spool.append(msgspec.msgpack.encode([{"kind": "of the future"}]), count=1)
    spool.append(msgspec.msgpack.encode(answered()), count=2)
    spool.close()

    recorder = new_recorder(tmp_path)
    await recorder.open()
    await recorder.flush()
    check = await recorder.check()
    await recorder.close()

    assert check.ledger == Ledger(accepted=3, stored=2, pending=0, lost=1)
    assert check.problem is not None
    assert "set aside" in check.problem
    assert len(list((tmp_path / "spool").glob("unread-*.msgpack"))) == 1


async def test_spans_of_one_moment_keep_apart_by_project(recorder: Recorder) -> None:
    mine: Span = span(project_id="prj_a")
    yours = msgspec.structs.replace(mine, project_id="prj_b")

    recorder.accept([mine, yours])
    await recorder.flush()
    in_a, in_b, in_c = [
        await recorder.ask(partial(count, where)) for where in (ALL, TraceFilter("prj_b"), TraceFilter("prj_c"))
    ]

    assert (in_a, in_b, in_c) == (1, 1, 0)


def count(where: TraceFilter, store: SpanStore) -> int:
    return store.count(where)
