"""Providers and models from the terminal, and a question put straight to a model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from click.testing import Result

from tests.fakes.upstream import FakeUpstream, Turn, fake_upstream
from tests.unit.cli.conftest import Quarterdeck


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with fake_upstream() as upstream:
        yield upstream


async def run(quarterdeck: Quarterdeck, *arguments: str, stdin: str = "") -> Result:
    """Run a command while the upstream answers from this loop."""
    return await asyncio.to_thread(quarterdeck, *arguments, stdin=stdin)


async def add(quarterdeck: Quarterdeck, upstream: FakeUpstream, name: str) -> Result:
    arguments = ("providers", "add", name, "--base-url", upstream.openai_url, "--model", "gpt-4o-mini", "--key-stdin")
    return await run(quarterdeck, *arguments, stdin="sk-upstream-1234\n")


async def test_a_provider_is_added_listed_checked_and_removed(quarterdeck: Quarterdeck, upstream: FakeUpstream) -> None:
    added = await add(quarterdeck, upstream, "acme")
    listed = await run(quarterdeck, "providers")
    checked = await run(quarterdeck, "providers", "check", "acme")
    removed = await run(quarterdeck, "providers", "remove", "acme")
    after = await run(quarterdeck, "providers")

    assert [result.exit_code for result in (added, listed, checked, removed)] == [0, 0, 0, 0]
    row = next(line.split("\t") for line in listed.stdout.splitlines() if line.startswith("acme\t"))
    assert row[1:5] == ["openai-compatible", "stored", "…1234", upstream.openai_url]
    assert "`acme` works" in checked.stderr
    assert "acme" not in after.stdout


async def test_a_key_never_comes_back(quarterdeck: Quarterdeck, upstream: FakeUpstream) -> None:
    added = await add(quarterdeck, upstream, "silent")
    listed = await run(quarterdeck, "providers", "--json")

    assert "sk-upstream-1234" not in added.output + listed.output


async def test_a_provider_that_refuses_its_key_fails_the_check(
    quarterdeck: Quarterdeck, upstream: FakeUpstream
) -> None:
    upstream.script(Turn(status=401, error={"error": {"message": "Incorrect API key provided."}}))
    await add(quarterdeck, upstream, "locked")

    result = await run(quarterdeck, "providers", "check", "locked", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["ok"] is False
    assert "`locked` does not work" in result.stderr


async def test_the_doctor_calls_providers_only_when_told_to(quarterdeck: Quarterdeck, upstream: FakeUpstream) -> None:
    await add(quarterdeck, upstream, "patient")
    upstream.script(Turn(status=401, error={"error": {"message": "Incorrect API key provided."}}))
    received = len(upstream.received)

    quiet = await run(quarterdeck, "doctor", "--json")
    asked_nothing = len(upstream.received) == received
    calling = await run(quarterdeck, "doctor", "--call", "--json")

    checks = {check["name"]: check["status"] for check in json.loads(calling.stdout)["checks"]}
    assert quiet.exit_code == 0
    assert asked_nothing
    assert calling.exit_code == 1
    assert checks["provider patient"] == "failed"


def test_a_built_in_provider_cannot_be_removed(quarterdeck: Quarterdeck) -> None:
    result = quarterdeck("providers", "remove", "local")

    assert result.exit_code == 2
    assert "local" in result.stderr


def test_a_provider_without_an_address_is_wrong_use(quarterdeck: Quarterdeck) -> None:
    result = quarterdeck("providers", "add", "acme")

    assert result.exit_code == 2
    assert "`--base-url`" in result.stderr


def test_without_a_terminal_a_key_is_not_asked_for(quarterdeck: Quarterdeck) -> None:
    result = quarterdeck("providers", "add", "openai")

    assert result.exit_code == 2
    assert "--key-stdin" in result.stderr


async def test_models_are_listed_with_their_prices(quarterdeck: Quarterdeck, upstream: FakeUpstream) -> None:
    await add(quarterdeck, upstream, "priced")

    everything = await run(quarterdeck, "models", "--json")
    narrowed = await run(quarterdeck, "models", "extractive")

    models = {model["id"]: model for model in json.loads(everything.stdout)["items"]}
    assert models["priced/gpt-4o-mini"]["kind"] == "chat"
    assert models["local/extractive"]["input_usd_per_million"] == 0
    assert narrowed.stdout.splitlines() == ["local/extractive\tchat\tlocal\t0.0\t0.0"]


async def test_a_model_is_asked_directly_and_the_answer_is_on_stdout(
    quarterdeck: Quarterdeck, upstream: FakeUpstream
) -> None:
    await add(quarterdeck, upstream, "direct")

    result = await run(quarterdeck, "ask", "direct/gpt-4o-mini", "What is Paris?")

    assert result.exit_code == 0
    assert result.stdout == "Paris is the capital.\n"
    assert "20 → 10 tokens" in result.stderr
    assert "trace " in result.stderr


async def test_json_tells_everything_about_an_answer(quarterdeck: Quarterdeck, upstream: FakeUpstream) -> None:
    await add(quarterdeck, upstream, "telling")

    whole = json.loads((await run(quarterdeck, "ask", "telling/gpt-4o-mini", "-", "--json", stdin="Paris?\n")).stdout)

    assert upstream.last.body["messages"][-1]["content"] == "Paris?"
    assert whole["answer"] == "Paris is the capital."
    assert (whole["input_tokens"], whole["output_tokens"]) == (20, 10)
    assert (whole["cost_usd"], whole["unpriced"]) == (None, True)  # nobody knows the prices of `telling`
    assert 0 < whole["ttft_ms"] <= whole["latency_ms"]


async def test_an_answer_that_breaks_off_is_an_error_and_not_an_answer(
    quarterdeck: Quarterdeck, upstream: FakeUpstream
) -> None:
    await add(quarterdeck, upstream, "breaking")
    upstream.script(Turn(reset_after=2))

    result = await run(quarterdeck, "ask", "breaking/gpt-4o-mini", "What is Paris?")

    assert result.exit_code != 0
    assert result.stderr.startswith("Error: ")


def test_an_unknown_model_is_not_found_and_known_ones_are_named(quarterdeck: Quarterdeck) -> None:
    result = quarterdeck("ask", "nobody/nothing", "Are you there?")

    assert result.exit_code == 4
    assert "local/extractive" in result.stderr


def test_a_question_without_quotes_is_wrong_use_and_gets_an_example(quarterdeck: Quarterdeck) -> None:
    result = quarterdeck("ask", "how", "many", "days")

    assert result.exit_code == 2
    assert "in quotes" in result.stderr
