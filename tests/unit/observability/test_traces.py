"""The control API of traces: what a client asked is what it gets, and what was wrong with the question."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from pathlib import Path

import pytest

from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.records import Ledger
from quarterdeck.observability.span_store import SpoolPosition
from quarterdeck.observability.span_stores.duckdb import DuckDbSpanStore
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work
from quarterdeck.storage.spool import Spool
from tests.unit.observability.door import Door
from tests.unit.observability.spans import answered, span


async def test_an_answer_is_in_the_list_at_once(door: Door, work: Work) -> None:
    recorder = work.part(Recorder)
    for number in range(10):
        recorder.accept(answered(number, project_id=work.project_id, question=f"question {number}"))

        _, page = await door.get("/traces", limit=1)

        assert page["items"][0]["input_preview"] == f"question {number}"
        assert (page["matched"], page["total"]) == (number + 1, number + 1)


async def test_the_list_is_walked_by_cursor(door: Door, work: Work) -> None:
    spans = [span(project_id=work.project_id, at_ms=number, name=str(number)) for number in range(7)]
    work.part(Recorder).accept([*spans, span(project_id=work.project_id, name="failed", status="error")])

    _, first = await door.get("/traces", limit=4, status="ok")
    _, second = await door.get("/traces", limit=4, status="ok", cursor=first["next_cursor"])

    assert [trace["name"] for trace in first["items"] + second["items"]] == list("6543210")
    assert second["next_cursor"] is None
    assert (first["matched"], second["matched"], second["total"]) == (7, 7, 8)


async def test_times_are_read_with_and_without_zone(door: Door, work: Work) -> None:
    work.part(Recorder).accept([span(project_id=work.project_id, at_ms=hour * 3_600_000) for hour in range(4)])

    counts = [
        (await door.get("/traces", **{"from": moment}))[1]["matched"]
        for moment in ("2026-01-01T01:00:00Z", "2026-01-01T02:00:00", "2026-01-01T04:00:00+01:00", "2026-01-02")
    ]

    assert counts == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("path", "params", "param"),
    [
        ("/traces", {"limit": 0}, "limit"),
        ("/traces", {"limit": 501}, "limit"),
        ("/traces", {"limit": "many"}, "limit"),
        ("/traces", {"cursor": "nonsense"}, "cursor"),
        ("/traces", {"cursor": "WzEsMl0"}, "cursor"),
        ("/traces", {"status": "meh"}, "status"),
        ("/traces", {"from": "yesterday"}, "from"),
        ("/traces", {"from": "2026-01-02", "to": "2026-01-01"}, "from"),
        ("/traces", {"min_latency_ms": "-1"}, "min_latency_ms"),
        ("/traces", {"min_cost_usd": "nan"}, "min_cost_usd"),
        ("/traces", {"cached": "perhaps"}, "cached"),
        ("/traces", {"q": "x" * 501}, "q"),
        ("/traces/histogram", {"buckets": 501}, "buckets"),
        ("/traces/histogram", {"status": "meh"}, "status"),
        ("/overview", {"hours": 0}, "hours"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_by_name(
    door: Door, path: str, params: dict[str, str | int], param: str
) -> None:
    status, body = await door.get(path, **params)

    assert (status, body["error"]["param"]) == (400, param)
    assert f"`{param}`" in body["error"]["message"]


@pytest.mark.parametrize("trace_id", ["ab" * 16, "nonsense", "0" * 33])
async def test_an_unknown_trace_is_not_found(door: Door, trace_id: str) -> None:
    status, body = await door.get(f"/traces/{trace_id}")

    assert (status, body["error"]["code"]) == (404, "not_found")


async def test_a_trace_of_another_project_is_not_found(door: Door, work: Work) -> None:
    theirs = span(project_id="prj_other")
    work.part(Recorder).accept([theirs])

    assert (await door.get(f"/traces/{theirs.trace_id}"))[0] == 404
    assert (await door.get("/traces"))[1]["total"] == 0


async def test_an_opened_trace_shows_its_spans_on_one_time_line(door: Door, work: Work) -> None:
    spans = answered(project_id=work.project_id)
    work.part(Recorder).accept(spans)

    _, opened = await door.get(f"/traces/{spans[0].trace_id.upper()}")

    app, llm = opened["spans"]
    assert (app["offset_ms"], app["latency_ms"], app["parent_id"]) == (0, 100, None)
    assert (llm["offset_ms"], llm["latency_ms"], llm["ttft_ms"]) == (10, 80, 30)
    assert (llm["cost_usd"], opened["trace"]["cost_usd"]) == (0.000027, 0.000027)
    assert opened["trace"]["started_at"] == "2026-01-01T00:00:00.000000Z"


async def test_the_histogram_takes_the_filters_of_the_list(door: Door, work: Work) -> None:
    spans = [
        span(project_id=work.project_id, at_ms=second * 1000, app="a" if second % 2 else "b") for second in range(10)
    ]
    work.part(Recorder).accept(spans)

    _, histogram = await door.get(
        "/traces/histogram", app="a", buckets=5, **{"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:10Z"}
    )

    assert histogram["bucket_s"] == 2
    assert [bucket["ok"] for bucket in histogram["buckets"]] == [1] * 5


async def test_the_overview_has_numbers_and_books(door: Door, work: Work) -> None:
    recorder = work.part(Recorder)
    spans = answered(project_id=work.project_id)
    recorder.accept(spans)

    status, overview = await door.get("/overview", hours=24)

    assert status == 200
    assert "from" in overview
    assert "from_" not in overview
    # The spans of these tests are of new year 2026, long before the last 24 hours.
    assert (overview["requests"], len(overview["series"])) == (0, 48)
    assert overview["ledger"] == {
        "accepted": 2,
        "stored": 2,
        "pending": 0,
        "rejected": 0,
        "duplicates": 0,
        "lost": 0,
    }


async def test_the_books_are_counted_again_on_request(door: Door, work: Work) -> None:
    recorder = work.part(Recorder)
    recorder.accept(answered())
    await recorder.flush()

    status, check = await door.get("/ledger")

    assert (status, check["balanced"], check["problem"]) == (200, True, None)
    assert (check["ledger"]["accepted"], check["ledger"]["stored"]) == (2, 2)


class FullDisk(DuckDbSpanStore):
    """A span store whose disk is full until someone makes space."""

    is_full = False

    def add(self, spans: Sequence[Span], until: SpoolPosition) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().add(spans, until)


async def test_when_storing_is_held_up_the_list_shows_what_there_is_and_a_trace_says_to_come_back(
    door: Door, work: Work, tmp_path: Path
) -> None:
    store = FullDisk(tmp_path / "spans.duckdb")
    recorder = work.runtime.install(Recorder, Recorder(Spool(tmp_path / "spool"), store))
    await recorder.open()
    early, late = answered(project_id=work.project_id), answered(project_id=work.project_id)
    recorder.accept(early)
    await recorder.flush()
    store.is_full = True
    recorder.accept(late)

    _, page = await door.get("/traces")
    status, body = await door.get(f"/traces/{late[0].trace_id}")
    books = recorder.ledger()
    store.is_full = False
    async with asyncio.timeout(10):
        while not recorder.healthy:
            await asyncio.sleep(0.01)
    after, _ = await door.get(f"/traces/{late[0].trace_id}")
    await recorder.close()

    assert page["total"] == 1
    assert (status, "still being stored" in body["error"]["message"]) == (503, True)
    assert books == Ledger(accepted=4, stored=2, pending=2)
    assert after == 200
