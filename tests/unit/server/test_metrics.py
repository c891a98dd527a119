"""`/metrics`, read by Prometheus's own parsers: what it counts, who may see it, and that the numbers are right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from quarterdeck.access import keys, projects
from quarterdeck.access.keyring import Keyring
from quarterdeck.observability.recorder import Recorder
from quarterdeck.server.app import Application
from tests.fakes.turn import Turn
from tests.fakes.upstream import FakeUpstream, fake_upstream
from tests.unit.gateway.conftest import Gateway, running_gateway, serving

HELLO = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with fake_upstream() as fake:
        yield fake


@pytest.fixture
async def house(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[tuple[Gateway, httpx.AsyncClient]]:
    """A gateway, and the whole server around it."""
    async with running_gateway(tmp_path / "home", upstream) as gateway, serving(Application(gateway.runtime)) as url:
        admin = gateway.runtime.part(Keyring).add_local_key()
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {admin}"}) as client:
            yield gateway, client


async def numbers(gateway: Gateway, client: httpx.AsyncClient, **headers: str) -> dict[str, float]:
    """Every sample, by its name and labels."""
    await gateway.runtime.part(Recorder).flush()
    reply = await client.get("/metrics", headers=headers)
    assert reply.status_code == 200, reply.text
    found = {}
    for family in prometheus(reply.text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()) if name != "project")
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


async def test_calls_tokens_money_and_cache_hits_are_counted(house: tuple[Gateway, httpx.AsyncClient]) -> None:
    gateway, client = house
    for _ in range(3):
        reply = await client.post("/v1/chat/completions", json=HELLO)
        assert reply.status_code == 200

    found = await numbers(gateway, client)

    call = "model=gpt-4o-mini,provider=openai"
    assert found[f"quarterdeck_calls_total{{kind=llm,{call},status=ok}}"] == 1
    assert found[f"quarterdeck_cache_hits_total{{{call}}}"] == 2
    assert found[f"quarterdeck_tokens_total{{{call},type=input}}"] == 20
    assert found[f"quarterdeck_tokens_total{{{call},type=output}}"] == 10
    # 20 tokens at 0.15 and 10 at 0.60 dollars a million
    assert found[f"quarterdeck_cost_usd_total{{{call}}}"] == pytest.approx(9e-6)
    assert found[f"quarterdeck_cache_saved_usd_total{{{call}}}"] == pytest.approx(18e-6)
    assert found[f"quarterdeck_call_duration_seconds_count{{{call}}}"] == 1


async def test_requests_are_counted_by_path_and_status_and_our_own_time_by_stage(
    house: tuple[Gateway, httpx.AsyncClient], upstream: FakeUpstream
) -> None:
    gateway, client = house
    await client.post("/v1/chat/completions", json=HELLO)
    upstream.script(Turn(status=500, error={"error": {"message": "broken"}}))
    await client.post("/v1/chat/completions", json={**HELLO, "user": "x"})
    await client.post("/v1/chat/completions", json=HELLO, headers={"Authorization": "Bearer wrong"})
    await client.get("/v1/models/openai/gpt-4o-mini")

    found = await numbers(gateway, client)

    assert found["quarterdeck_requests_total{path=/v1/chat/completions,status=200}"] == 1
    assert found["quarterdeck_requests_total{path=/v1/chat/completions,status=502}"] == 1
    assert found["quarterdeck_requests_total{path=/v1/chat/completions,status=401}"] == 1
    assert found["quarterdeck_requests_total{path=/v1/models/…,status=200}"] == 1
    assert found["quarterdeck_overhead_seconds_count{}"] == found["quarterdeck_overhead_seconds_bucket{le=+Inf}"] >= 1
    assert found["quarterdeck_stage_seconds_count{stage=admit}"] >= 1
    assert found["quarterdeck_spans_accepted_total{}"] == found["quarterdeck_spans_stored_total{}"] == 2
    assert found["quarterdeck_spans_lost{}"] == 0
    assert found["quarterdeck_limits_store_up{}"] == 1


async def test_a_key_sees_the_numbers_of_its_own_project_only(house: tuple[Gateway, httpx.AsyncClient]) -> None:
    gateway, client = house
    await client.post("/v1/chat/completions", json=HELLO)
    reader = (await keys.create(gateway.work, "prometheus", scopes=["read"])).secret
    await projects.create(gateway.work, "elsewhere")

    mine = await numbers(gateway, client, Authorization=f"Bearer {reader}")
    nobody = await client.get("/metrics", headers={"Authorization": "Bearer none"})
    caller = (await keys.create(gateway.work, "caller", scopes=["gateway"])).secret
    refused = await client.get("/metrics", headers={"Authorization": f"Bearer {caller}"})

    assert any(name.startswith("quarterdeck_calls_total") for name in mine)
    assert not any(name.startswith(("quarterdeck_requests", "process_", "quarterdeck_spans")) for name in mine)
    assert (nobody.status_code, refused.status_code) == (401, 403)


async def test_it_can_be_read_as_openmetrics(house: tuple[Gateway, httpx.AsyncClient]) -> None:
    _, client = house

    reply = await client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})

    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    families = openmetrics(reply.text)  # type: ignore[no-untyped-call]  # the library has no types here
    assert "quarterdeck_version" in {family.name for family in families}
