"""Providers: found in the environment or stored, checked on request, never called otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quarterdeck.core.errors import Conflict, InvalidInput, NotFound
from quarterdeck.gateway import accounts
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.provider import ProviderKind
from quarterdeck.gateway.providers.openai_compatible import OpenAICompatible
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work
from tests.fakes import upstream
from tests.fakes.upstream import FakeUpstream, Turn
from tests.unit.gateway.conftest import Gateway, running_gateway

ASK = [{"role": "user", "content": "hi"}]


async def test_a_stored_provider_is_called_at_once_and_after_a_restart(tmp_path: Path, upstream: FakeUpstream) -> None:
    body = {"model": "mine/some-model", "messages": ASK}
    async with running_gateway(tmp_path / "home", upstream, providers={}) as gateway:
        shown = await accounts.add(
            gateway.work,
            "mine",
            kind="openai-compatible",
            base_url=upstream.openai_url + "/",
            api_key="sk-mine-1234567",
        )
        before = await gateway.http().post("/v1/chat/completions", json=body)
    async with running_gateway(tmp_path / "home", upstream, providers={}) as gateway:
        after = await gateway.http().post("/v1/chat/completions", json=body)

    assert (shown.key_hint, shown.origin) == ("…4567", "stored")
    assert (before.status_code, after.status_code) == (200, 200)
    assert [call.headers["authorization"] for call in upstream.received] == ["Bearer sk-mine-1234567"] * 2


async def test_a_credential_is_never_stored_in_clear(gateway: Gateway) -> None:
    await accounts.add(gateway.work, "mine", kind="openai", api_key="sk-very-secret-4711")
    await gateway.runtime.database.close()

    stored = b"".join(path.read_bytes() for path in gateway.runtime.home.rglob("*") if path.is_file())

    assert b"mine" in stored
    assert b"sk-very-secret-4711" not in stored


async def test_a_removed_provider_is_gone_at_once(gateway: Gateway) -> None:
    await gateway.provider_at("http://127.0.0.1:9/v1", "gone")

    await accounts.remove(gateway.work, "gone")

    reply = await gateway.http().post("/v1/chat/completions", json={"model": "gone/m", "messages": ASK})
    assert reply.status_code == 404


async def test_what_the_environment_says_or_is_built_in_cannot_be_removed(gateway: Gateway) -> None:
    with pytest.raises(Conflict, match="Unset `OPENAI_API_KEY`"):
        await accounts.remove(gateway.work, "openai")
    with pytest.raises(Conflict, match="built in"):
        await accounts.remove(gateway.work, "local")
    with pytest.raises(NotFound, match="There are:"):
        await accounts.remove(gateway.work, "nobody")


async def test_a_name_is_taken_once(gateway: Gateway) -> None:
    await gateway.provider_at("http://127.0.0.1:9/v1", "mine")

    with pytest.raises(Conflict, match="There is a provider `mine` already"):
        await gateway.provider_at("http://127.0.0.1:10/v1", "mine")


@pytest.mark.parametrize(
    ("name", "kind", "options", "words"),
    [
        ("Mine!", "openai-compatible", {"base_url": "http://x"}, "name has"),
        ("mine", "openai-compatible", {}, "`base_url` is missing"),
        ("mine", "openai-compatible", {"base_url": "file:///etc/passwd"}, "no base URL"),
        ("mine", "openai-compatible", {"base_url": "http://u:p@host/"}, "no base URL"),
        ("mine", "openai-compatible", {"base_url": "http://host/?a=b"}, "no base URL"),
        ("mine", "openai", {}, "needs an `api_key`"),
        ("mine", "openai", {"api_key": "sk one"}, "copied whole"),
        ("mine", "openai", {"api_key": "sk\r\nx-evil: 1"}, "copied whole"),
        ("mine", "local", {}, "built in"),
    ],
)
async def test_a_provider_that_cannot_work_is_refused(
    work: Work, name: str, kind: ProviderKind, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        await accounts.add(work, name, kind=kind, **options)


async def test_a_check_asks_the_provider_and_its_models_are_then_known_by_name(gateway: Gateway) -> None:
    await gateway.provider_at(gateway.upstream.openai_url, "mine")
    unknown = await gateway.http().post("/v1/chat/completions", json={"model": "llama-x", "messages": ASK})
    gateway.upstream.script(Turn(body=b'{"object":"list","data":[{"id":"llama-x","object":"model"}]}'), Turn())

    check = await accounts.check(gateway.work, "mine")

    known = await gateway.http().post("/v1/chat/completions", json={"model": "llama-x", "messages": ASK})
    assert (check.ok, check.models_seen, check.error) == (True, 1, None)
    assert (unknown.status_code, known.status_code) == (404, 200)


async def test_anthropic_is_checked_in_its_own_way(gateway: Gateway) -> None:
    check = await accounts.check(gateway.work, "anthropic")

    assert (check.ok, check.models_seen) == (True, 1)
    assert gateway.upstream.last.headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (Turn(status=401, error=upstream.OPENAI_BAD_KEY), "refused our credential"),
        (Turn(body=b"<html>"), "did not answer with JSON"),
        (Turn(body=b'{"hello": 1}'), "did not answer with a list of models"),
    ],
)
async def test_a_check_that_fails_says_why(gateway: Gateway, turn: Turn, words: str) -> None:
    gateway.upstream.script(turn)

    check = await accounts.check(gateway.work, "openai")

    assert not check.ok and words in str(check.error)


async def test_every_model_is_listed_with_its_price_or_as_unpriced(gateway: Gateway) -> None:
    await accounts.add(
        gateway.work,
        "mine",
        kind="openai-compatible",
        base_url="http://127.0.0.1:9/v1",
        models=["llama-x", "llama-x", " "],
    )

    cards = {card.id: card for card in (await accounts.all_models(gateway.work)).items}

    mini, own = cards["openai/gpt-4o-mini"], cards["mine/llama-x"]
    assert (mini.input_usd_per_million, mini.output_usd_per_million, mini.priced) == (0.15, 0.6, True)
    assert (own.input_usd_per_million, own.priced, own.kind) == (None, False, "chat")
    assert cards["local/extractive"].input_usd_per_million == 0


async def test_a_stored_provider_belongs_to_its_project(gateway: Gateway) -> None:
    await gateway.provider_at("http://127.0.0.1:9/v1", "mine")

    names = gateway.runtime.part(Catalogue).providers("prj_of_somebody_else")

    assert "mine" not in names and "openai" in names


@pytest.mark.parametrize(
    ("variables", "name", "url"),
    [
        ({"GROQ_API_KEY": "k"}, "groq", "https://api.groq.com/openai/v1"),
        ({"OLLAMA_HOST": "0.0.0.0"}, "ollama", "http://127.0.0.1:11434/v1"),  # noqa: S104
        ({"OLLAMA_HOST": "http://box:8080/"}, "ollama", "http://box:8080/v1"),
        ({"OLLAMA_BASE_URL": "http://box:11434/v1"}, "ollama", "http://box:11434/v1"),
        ({"VLLM_BASE_URL": "http://gpu:8000"}, "vllm", "http://gpu:8000/v1"),
    ],
)
def test_well_known_providers_are_found_by_their_variables(variables: dict[str, str], name: str, url: str) -> None:
    (account,) = OpenAICompatible.found(variables)

    assert (account.name, account.base_url) == (name, url)
    assert account.origin == f"env:{next(iter(variables))}"


async def test_nothing_is_configured_and_the_built_in_provider_still_answers(runtime: Runtime) -> None:
    providers = runtime.part(Catalogue).providers("any")

    assert [provider.account.origin for provider in providers.values()] == ["built-in"]


async def test_a_credential_sealed_with_another_key_does_not_keep_the_server_from_starting(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    async with running_gateway(tmp_path / "home", upstream, secret_key="one long secret key") as gateway:
        await accounts.add(gateway.work, "mine", kind="openai", api_key="sk-mine-1234567")

    async with running_gateway(tmp_path / "home", upstream, secret_key="another secret key") as gateway:
        shown = {provider.name: provider for provider in (await accounts.all_providers(gateway.work)).items}

    assert shown["mine"].key_hint is None


async def test_what_a_check_has_learnt_outlives_a_change_of_another_provider(gateway: Gateway) -> None:
    await gateway.provider_at(gateway.upstream.openai_url, "mine")
    await accounts.check(gateway.work, "mine")

    await gateway.provider_at("http://127.0.0.1:9/v1", "other")

    shown = {provider.name: provider for provider in (await accounts.all_providers(gateway.work)).items}
    assert shown["mine"].models == ["gpt-4o-mini", "text-embedding-3-small"]
