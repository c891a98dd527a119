"""Traces in the terminal: listed, filtered, opened and drawn."""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.server_process import ServerProcess
from tests.unit.cli.conftest import Quarterdeck

SLOW = "5a0b" + "0" * 28
FAILED = "5fa1" + "0" * 28
TWIN = "5fa2" + "0" * 28


def span(
    trace_id: str, name: str, *, number: int = 1, parent: int | None = None, took_s: float, **more: object
) -> object:
    start = time.time_ns() - 60_000_000_000
    attributes = more.pop("attributes", {})
    assert isinstance(attributes, dict)
    return {
        "traceId": trace_id,
        "spanId": f"{trace_id[:4]}{number:012x}",
        "parentSpanId": f"{trace_id[:4]}{parent:012x}" if parent else "",
        "name": name,
        "startTimeUnixNano": str(start + number),
        "endTimeUnixNano": str(start + number + int(took_s * 1e9)),
        "attributes": [
            {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
            for key, value in attributes.items()
        ],
        **more,
    }


@pytest.fixture(autouse=True, scope="module")
def sent(server: ServerProcess) -> None:
    """Three traces from a program of somebody else: a slow one with a model in it, and two that failed."""
    model = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 1200,
        "gen_ai.usage.output_tokens": 80,
    }
    spans = [
        span(SLOW, "support.answer", took_s=2.5),
        span(SLOW, "chat gpt-4o-mini", number=2, parent=1, took_s=2.0, attributes=model),
        span(FAILED, "nightly.report", took_s=0.2, status={"code": 2, "message": "The disk was full."}),
        span(TWIN, "nightly.report", took_s=0.1, status={"code": 2}),
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "helpdesk"}}]}
    with server.client() as client:
        sent = client.post(
            "/v1/traces", json={"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
        )
    assert sent.is_success, sent.text


def test_json_is_the_page_of_the_api(quarterdeck: Quarterdeck, server: ServerProcess) -> None:
    page = json.loads(quarterdeck("traces", "--json", "-n", "50").stdout)

    with server.client() as client:
        assert page == client.get("/api/v1/traces?limit=50").json()


def test_piped_a_trace_is_a_line_of_fourteen_cells_with_whole_values(quarterdeck: Quarterdeck) -> None:
    lines = [line.split("\t") for line in quarterdeck("traces").stdout.splitlines()]

    assert {len(line) for line in lines} == {14}
    slow = next(line for line in lines if line[0] == SLOW)
    assert slow[2:5] == ["support.answer", "ok", "2500.0"]
    assert slow[6:8] == ["1200", "80"]
    assert float(slow[8]) > 0


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--status", "error"], {FAILED, TWIN}),
        (["--min-latency", "2s"], {SLOW}),
        (["-q", "support"], {SLOW}),
        (["--service", "helpdesk", "--min-latency", "150ms"], {SLOW, FAILED}),
        (["--min-cost", "0.00001"], {SLOW}),
        (["--since", "2h", "--status", "ok"], {SLOW}),
        (["--until", "2h"], set()),
        (["--app", "nobody"], set()),
        (["--cached"], set()),
    ],
)
def test_filters_narrow_the_list(quarterdeck: Quarterdeck, filters: list[str], found: set[str]) -> None:
    result = quarterdeck("traces", *filters)

    assert {line.split("\t")[0] for line in result.stdout.splitlines()} == found


def test_pages_follow_each_other(quarterdeck: Quarterdeck) -> None:
    first = json.loads(quarterdeck("traces", "-n", "2", "--json").stdout)
    second = json.loads(quarterdeck("traces", "-n", "2", "--cursor", first["next_cursor"], "--json").stdout)

    assert len({item["trace_id"] for item in first["items"] + second["items"]}) == 3
    assert second["next_cursor"] is None


def test_the_start_of_an_id_opens_a_trace(quarterdeck: Quarterdeck) -> None:
    found = json.loads(quarterdeck("trace", "5a0b", "--json").stdout)

    assert found["trace"]["trace_id"] == SLOW
    assert len(found["spans"]) == 2


def test_a_start_that_fits_two_traces_is_refused(quarterdeck: Quarterdeck) -> None:
    result = quarterdeck("trace", "5fa")

    assert result.exit_code == 2
    assert "2 traces begin with `5fa`" in result.stderr


@pytest.mark.parametrize("unknown", ["abcdef", "f" * 32])
def test_a_trace_that_is_not_there_is_not_found(quarterdeck: Quarterdeck, unknown: str) -> None:
    assert quarterdeck("trace", unknown).exit_code == 4


def test_what_is_no_trace_id_is_wrong_use(quarterdeck: Quarterdeck) -> None:
    assert quarterdeck("trace", "policy-bot").exit_code == 2


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_on_a_terminal_the_list_fits_its_width(quarterdeck: Quarterdeck, columns: int) -> None:
    drawn = quarterdeck("traces", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm", COLUMNS=str(columns)).stdout

    lines = plain(drawn).splitlines()
    assert lines[0].split()[:3] == ["trace", "age", "name"]
    assert any("error" in line for line in lines)
    assert max(len(line.rstrip()) for line in lines) <= columns


@pytest.mark.parametrize("columns", [80, 100])
def test_a_trace_is_drawn_as_a_tree_with_bars_that_fits_the_terminal(quarterdeck: Quarterdeck, columns: int) -> None:
    drawn = quarterdeck("trace", "5a0b", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm", COLUMNS=str(columns)).stdout

    lines = plain(drawn).splitlines()
    child = next(line for line in lines if "└─ chat gpt-4o-mini llm" in line)
    assert "█" in child
    assert "2.00 s" in child
    assert "1,200 → 80" in child
    assert max(len(line.rstrip()) for line in lines) <= columns


def test_a_failed_trace_says_why(quarterdeck: Quarterdeck) -> None:
    drawn = quarterdeck("trace", "5fa1", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm", COLUMNS="100").stdout

    assert "✗ nightly.report  The disk was full." in plain(drawn)


def test_a_span_cannot_steer_the_terminal(quarterdeck: Quarterdeck, server: ServerProcess) -> None:
    hostile = span("5bad" + "0" * 28, "a\x1b]0;owned\x07b\x1b[31mc\x9bd", took_s=0.1)
    with server.client() as client:
        client.post("/v1/traces", json={"resourceSpans": [{"scopeSpans": [{"spans": [hostile]}]}]})

    listed = quarterdeck("traces", "-q", "owned", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm").stdout
    opened = quarterdeck("trace", "5bad", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm").stdout

    assert "owned" in listed
    assert not re.search(r"[\x07\x9b]|\x1b(?!\[[0-9;]*m)|\x1b\[31m", listed + opened)


def test_no_color_means_no_colour(quarterdeck: Quarterdeck) -> None:
    drawn = quarterdeck("traces", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm").stdout
    coloured = quarterdeck("traces", FORCE_COLOR="1", TERM="xterm").stdout

    assert not re.search(r"\x1b\[[0-9;]*3\dm", drawn)
    assert re.search(r"\x1b\[[0-9;]*3\dm", coloured)


def test_a_trace_without_a_release_cannot_be_replayed_and_says_so(quarterdeck: Quarterdeck) -> None:
    result = quarterdeck("replay", "5a0b")

    assert result.exit_code in (2, 4)
    assert "Traceback" not in result.stderr


def plain(drawn: str) -> str:
    """What a terminal shows, without bold and dim."""
    return re.sub(r"\x1b\[[0-9;]*m", "", drawn)
