"""Batches by the official client, through the real gateway: answers, errors, limits, cancelling, expiry, kills."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from quarterdeck.access import keys, projects
from quarterdeck.access.limits import limits
from quarterdeck.access.limits.limits import LimitWish
from quarterdeck.gateway.batching import batches
from tests.fakes.turn import Turn
from tests.fakes.upstream import FakeUpstream
from tests.unit.gateway.conftest import Gateway, running_gateway

ENDED = {"completed", "failed", "expired", "cancelled"}


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    async with running_gateway(tmp_path / "home", upstream, cache=False) as gateway:
        yield gateway


def lines_of(count: int, **body: object) -> str:
    """Requests that differ in their number."""
    return "".join(
        json.dumps(
            {
                "custom_id": f"line-{number}",
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": {
                    "model": "openai/gpt-4o-mini",
                    "messages": [{"role": "user", "content": f"question {number}"}],
                    **body,
                },
            }
        )
        + "\n"
        for number in range(count)
    )


async def begun(client: Any, content: str, endpoint: str = "/v1/chat/completions") -> Any:  # Any: the SDK's objects
    file = await client.files.create(file=("in.jsonl", content.encode()), purpose="batch")
    return await client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h")


async def ended(client: Any, batch: Any) -> Any:  # Any: as above
    for _ in range(400):
        if batch.status in ENDED:
            return batch
        await asyncio.sleep(0.05)
        batch = await client.batches.retrieve(batch.id)
    raise AssertionError(f"still {batch.status}")


async def results(client: Any, file_id: str | None) -> dict[str, Any]:  # Any: as above
    if file_id is None:
        return {}
    content = await client.files.content(file_id)
    found = [json.loads(line) for line in content.text.splitlines()]
    assert len({line["custom_id"] for line in found}) == len(found)
    return {line["custom_id"]: line for line in found}


async def test_every_line_is_answered_once_and_leaves_a_trace_that_is_paid(gateway: Gateway) -> None:
    client = gateway.openai()

    batch = await ended(client, await begun(client, lines_of(7)))
    found = await results(client, batch.output_file_id)

    assert batch.status == "completed"
    assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (7, 7, 0)
    assert set(found) == {f"line-{number}" for number in range(7)}
    answer = found["line-3"]["response"]
    assert answer["status_code"] == 200
    assert answer["body"]["choices"][0]["message"]["content"]
    assert answer["request_id"] == f"{batch.id}-4"
    assert len(gateway.upstream.received) == 7


async def test_lines_that_fail_stand_in_the_file_of_errors(gateway: Gateway) -> None:
    client = gateway.openai()
    good = lines_of(2)
    bad = good.splitlines()[0].replace("line-0", "bad").replace("openai/gpt-4o-mini", "openai-nobody/none") + "\n"

    batch = await ended(client, await begun(client, good + bad))
    errors = await results(client, batch.error_file_id)

    assert batch.status == "completed"
    assert (batch.request_counts.completed, batch.request_counts.failed) == (2, 1)
    assert errors["bad"]["response"]["status_code"] == 404
    assert errors["bad"]["response"]["body"]["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("content", "code"),
    (
        ("nonsense\n", "invalid_json_line"),
        ("\n\n", "empty_file"),
        (lines_of(1) + lines_of(1), "duplicate_custom_id"),
        (lines_of(1, stream=True), "invalid_request"),
        (lines_of(1).replace("/v1/chat/completions", "/v1/embeddings"), "mismatched_url"),
        (lines_of(1).replace("POST", "GET"), "invalid_method"),
    ),
)
async def test_a_file_that_is_wrong_fails_before_anything_is_called(gateway: Gateway, content: str, code: str) -> None:
    client = gateway.openai()

    batch = await ended(client, await begun(client, content))

    assert batch.status == "failed"
    assert batch.errors.data[0].code == code
    assert gateway.upstream.received == []


async def test_embeddings_and_responses_run_in_batches_too(gateway: Gateway) -> None:
    client = gateway.openai()
    wish = {"custom_id": "e", "method": "POST", "url": "/v1/embeddings", "body": {"model": "openai/text-embedding-3-small", "input": "sail"}}  # fmt: skip

    batch = await ended(client, await begun(client, json.dumps(wish), "/v1/embeddings"))
    found = await results(client, batch.output_file_id)

    assert found["e"]["response"]["body"]["data"][0]["embedding"]


async def test_a_cancelled_batch_keeps_what_is_finished(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(), Turn(), Turn(silent_after=-1))
    client = gateway.openai()
    batch = await begun(client, lines_of(40))
    while (await client.batches.retrieve(batch.id)).request_counts.completed == 0:
        await asyncio.sleep(0.05)

    await client.batches.cancel(batch.id)
    gateway.upstream.release.set()
    batch = await ended(client, batch)
    found = await results(client, batch.output_file_id)

    assert batch.status == "cancelled"
    assert 0 < len(found) < 40
    assert batch.request_counts.completed == len(found)


async def test_what_has_not_begun_when_the_day_is_over_is_expired(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_WINDOW_S", 0)
    client = gateway.openai()

    batch = await ended(client, await begun(client, lines_of(3)))
    errors = await results(client, batch.error_file_id)

    assert batch.status == "expired"
    assert {line["error"]["code"] for line in errors.values()} == {"batch_expired"}
    assert len(errors) == 3
    assert gateway.upstream.received == []


async def test_a_line_that_meets_a_limit_waits_for_its_turn(gateway: Gateway) -> None:
    await limits.create(gateway.work, "slow", LimitWish("project", "requests", 2, window="second"))
    client = gateway.openai()

    batch = await ended(client, await begun(client, lines_of(5)))

    assert batch.status == "completed"
    assert batch.request_counts.completed == 5


async def test_a_key_that_is_revoked_pays_for_nothing_more(gateway: Gateway) -> None:
    made = await keys.create(gateway.work, "short-lived")
    client = gateway.openai(api_key=made.secret)
    gateway.upstream.script(Turn(), Turn(silent_after=-1))
    batch = await begun(client, lines_of(20))
    while (await client.batches.retrieve(batch.id)).request_counts.completed == 0:
        await asyncio.sleep(0.05)

    await keys.revoke(gateway.work, made.key.id)
    gateway.upstream.release.set()
    mine = gateway.openai()
    batch = await ended(mine, batch)
    errors = await results(mine, batch.error_file_id)

    assert batch.request_counts.failed > 0
    assert {line["response"]["status_code"] for line in errors.values()} == {401}


async def test_another_project_sees_neither_files_nor_batches(gateway: Gateway) -> None:
    client = gateway.openai()
    batch = await ended(client, await begun(client, lines_of(1)))
    await projects.create(gateway.work, "elsewhere")
    stranger = gateway.openai(
        api_key=gateway.plane.keyring.add_local_key(), default_headers={"x-quarterdeck-project": "elsewhere"}
    )

    for call in (stranger.batches.retrieve(batch.id), stranger.files.retrieve(batch.input_file_id), stranger.files.content(batch.output_file_id)):  # fmt: skip
        with pytest.raises(NotFoundError):
            await call
    assert (await stranger.batches.list()).data == []
    assert (await stranger.files.list()).data == []


async def test_files_are_listed_read_and_deleted(gateway: Gateway) -> None:
    client = gateway.openai()
    first = await client.files.create(file=("a.jsonl", b"{}\n"), purpose="batch")
    second = await client.files.create(file=("b.jsonl", b"{}\n"), purpose="batch")

    listed = [file.id async for file in client.files.list(limit=1)]
    await client.files.delete(first.id)
    content = (await client.files.content(second.id)).text
    await client.files.delete(second.id)

    assert set(listed) == {first.id, second.id}
    assert content == "{}\n"
    assert not [path for path in (gateway.runtime.home / "files").rglob("*") if path.is_file()]
    with pytest.raises(NotFoundError):
        await client.files.retrieve(second.id)


async def test_a_form_that_is_broken_is_refused_and_leaves_nothing(gateway: Gateway) -> None:
    http = gateway.http()
    broken = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf a fi'

    reply = await http.post("/v1/files", content=broken, headers={"content-type": "multipart/form-data; boundary=x"})
    nothing = await http.post("/v1/files", content=b"{}", headers={"content-type": "application/json"})

    assert (reply.status_code, nothing.status_code) == (400, 400)
    assert not [path for path in (gateway.runtime.home / "files").rglob("*") if path.is_file()]


async def test_what_cannot_be_batched_is_refused_at_once(gateway: Gateway) -> None:
    client = gateway.openai()
    file = await client.files.create(file=("a.jsonl", lines_of(1).encode()), purpose="batch")

    with pytest.raises(BadRequestError, match="cannot be called in a batch"):
        await client.batches.create(input_file_id=file.id, endpoint="/v1/models", completion_window="24h")
    with pytest.raises(BadRequestError, match="completion_window"):
        await client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="1h")
    with pytest.raises(NotFoundError):
        await client.batches.create(input_file_id="file_none", endpoint="/v1/chat/completions", completion_window="24h")
