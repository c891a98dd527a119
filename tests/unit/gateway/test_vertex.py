"""Vertex AI: whose project, which region, and one access token for many calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quarterdeck.core.errors import InvalidInput, QuarterdeckError
from quarterdeck.gateway import accounts
from quarterdeck.gateway.google_token import GoogleTokens, google_credentials
from quarterdeck.gateway.providers.vertex import Vertex
from quarterdeck.gateway.upstream_errors import CredentialRefused
from tests.fakes import vertex
from tests.fakes.upstream import FakeUpstream
from tests.unit.gateway.conftest import Gateway, running_gateway

HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Gateway]:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(vertex.service_account(f"{upstream.url}/token")))
    found = {
        "GOOGLE_APPLICATION_CREDENTIALS": str(path),
        "VERTEX_BASE_URL": upstream.url,
        "GOOGLE_CLOUD_LOCATION": "europe-west1",
    }
    async with running_gateway(tmp_path / "home", upstream, providers=found, cache=False) as gateway:
        yield gateway


def tokens(gateway: Gateway, **changes: str) -> GoogleTokens:
    said = vertex.service_account(f"{gateway.upstream.url}/token") | changes
    credentials, key = google_credentials(json.dumps(said))
    return GoogleTokens("vertex", credentials, key)


async def test_a_model_is_called_in_its_project_and_region(gateway: Gateway) -> None:
    await gateway.openai().chat.completions.create(model="vertex/gemini-2.5-flash", messages=HELLO)
    gemini = gateway.upstream.last.path
    await gateway.openai().chat.completions.create(model="vertex/claude-sonnet-4-5@20250929", messages=HELLO)
    claude = gateway.upstream.last

    place = "/v1/projects/my-project/locations/europe-west1/publishers"
    assert gemini == f"{place}/google/models/gemini-2.5-flash:streamGenerateContent"
    assert claude.path == f"{place}/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict"
    assert claude.body["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in claude.body
    assert gateway.upstream.tokens_given == 1


async def test_texts_are_embedded(gateway: Gateway) -> None:
    wish = {"model": "vertex/gemini-embedding-001", "input": ["a", "bcd"]}

    said = (await gateway.http().post("/v1/embeddings", json=wish)).json()

    assert [entry["embedding"][0] for entry in said["data"]] == [1.0, 3.0]
    assert said["usage"]["prompt_tokens"] == 8


async def test_many_who_wait_cause_one_exchange(gateway: Gateway) -> None:
    buying = tokens(gateway)

    given = await asyncio.gather(*(buying.token(gateway.runtime.http) for _ in range(50)))

    assert set(given) == {"ya29.token-1"}
    assert gateway.upstream.tokens_given == 1


async def test_a_token_is_renewed_ahead_while_the_old_one_serves(gateway: Gateway) -> None:
    gateway.upstream.token_lasts_s = 120
    buying = tokens(gateway)
    first = await buying.token(gateway.runtime.http)
    gateway.upstream.token_lasts_s = 3599

    second = await buying.token(gateway.runtime.http)
    while gateway.upstream.tokens_given < 2 or await buying.token(gateway.runtime.http) == first:
        await asyncio.sleep(0.005)
    third = await buying.token(gateway.runtime.http)

    assert (first, second, third) == ("ya29.token-1", "ya29.token-1", "ya29.token-2")
    assert gateway.upstream.tokens_given == 2


async def test_an_ended_token_is_not_used(gateway: Gateway) -> None:
    gateway.upstream.token_lasts_s = 1
    buying = tokens(gateway)
    await buying.token(gateway.runtime.http)

    assert await buying.token(gateway.runtime.http) == "ya29.token-2"


async def test_one_who_hangs_up_does_not_end_the_exchange_for_others(gateway: Gateway) -> None:
    buying = tokens(gateway)
    impatient = asyncio.create_task(buying.token(gateway.runtime.http))
    patient = asyncio.create_task(buying.token(gateway.runtime.http))
    await asyncio.sleep(0)

    impatient.cancel()

    assert await patient == "ya29.token-1"


async def test_a_refused_key_says_what_to_do_and_is_asked_again_the_next_time(gateway: Gateway) -> None:
    buying = tokens(gateway, client_email="somebody@else.example")

    for _ in range(2):
        with pytest.raises(CredentialRefused, match=r"invalid_grant.*Renew it under Settings"):
            await buying.token(gateway.runtime.http)

    assert gateway.upstream.tokens_given == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"private_key": "-----BEGIN"}, "no RSA key"),
        ({"type": "external_account"}, "whole"),
        ({"project_id": None}, "Whose project"),
        ({"type": "authorized_user"}, "refresh_token"),
    ],
)
async def test_unusable_credentials_are_refused_when_they_are_stored(
    gateway: Gateway, changes: dict[str, str | None], words: str
) -> None:
    key = json.dumps(vertex.service_account(f"{gateway.upstream.url}/token") | changes)

    with pytest.raises(QuarterdeckError, match=words):
        await accounts.add(gateway.work, "mine", kind="vertex", base_url=gateway.upstream.url, api_key=key)


async def test_a_stored_account_may_name_its_project_and_region_in_its_url(gateway: Gateway) -> None:
    key = json.dumps(vertex.service_account(f"{gateway.upstream.url}/token"))
    base = f"{gateway.upstream.url}/v1/projects/other/locations/us-east5"
    await accounts.add(gateway.work, "mine", kind="vertex", base_url=base, api_key=key)
    gateway.upstream.tokens_given = 0

    await gateway.openai().chat.completions.create(model="mine/gemini-2.5-flash", messages=HELLO)

    assert gateway.upstream.last.path.startswith("/v1/projects/other/locations/us-east5/publishers/google/")


def test_a_file_that_means_something_else_makes_no_provider(tmp_path: Path) -> None:
    broken, foreign = tmp_path / "broken.json", tmp_path / "foreign.json"
    broken.write_text("no JSON")
    foreign.write_text('{"type": "external_account"}')

    found = [Vertex.found({"GOOGLE_APPLICATION_CREDENTIALS": str(path)}) for path in (broken, foreign, tmp_path / "x")]

    assert found == [[], [], []]


def test_a_persons_credentials_are_exchanged_by_their_refresh_token() -> None:
    said = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}

    credentials, key = google_credentials(json.dumps(said))

    assert key is None
    assert GoogleTokens("vertex", credentials, key)._form()["grant_type"] == "refresh_token"


def test_no_json_is_no_credential() -> None:
    with pytest.raises(InvalidInput, match="service account"):
        google_credentials("AIza")
