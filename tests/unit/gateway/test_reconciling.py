"""The books against each other: what was accepted, recorded and charged, and what a provider has counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quarterdeck.access.limits import limits
from quarterdeck.access.limits.limiter import Limiter
from quarterdeck.access.limits.limits import LimitWish
from quarterdeck.access.limits.rulebook import Asking, Needs
from quarterdeck.cli.exits import WrongUse
from quarterdeck.cli.provider_usage import read_provider_usage
from quarterdeck.core.errors import InvalidInput
from quarterdeck.observability.spending.reconciling import reconcile
from quarterdeck.observability.spending.records import ProviderUsage
from tests.fakes.upstream import Turn
from tests.unit.gateway.conftest import Gateway

BODY = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}


async def called(gateway: Gateway) -> None:
    """Calls of every outcome: whole, streamed, refused, broken off."""
    await limits.create(gateway.work, "money", LimitWish("project", "cost", 100, "month"))
    await limits.create(gateway.work, "each-key", LimitWish("key", "tokens", 10_000, "day", subject_id="*", each=True))
    await limits.create(gateway.work, "some-models", LimitWish("model", "tokens", 10_000, "day", subject_id="openai/*"))
    gateway.upstream.script(Turn(), Turn(), Turn(status=400, error={"error": {"message": "no"}}), Turn(reset_after=2))
    for stream in (False, True, False, True):
        await gateway.http().post("/v1/chat/completions", json={**BODY, "stream": stream})


async def test_whatever_came_of_the_calls_the_books_agree(gateway: Gateway) -> None:
    await called(gateway)

    found = await reconcile(gateway.work)

    assert found.balanced and found.differences == []
    assert found.ledger.ledger.accepted == 4
    assert (found.limits_compared, found.limits_left_out) == (2, ["some-models"])


async def test_what_was_charged_and_never_recorded_is_found(gateway: Gateway) -> None:
    await called(gateway)
    limiter = gateway.runtime.part(Limiter)
    rules = limiter.rules_of(gateway.work.project_id)
    assert rules is not None
    grant = await limiter.reserve(rules, Asking(gateway.work.project_id), lambda: Needs(1, 1, 10**12))
    assert grant is not None
    grant.settle(Needs(5, 5, 10**12))

    found = await reconcile(gateway.work)

    (difference,) = found.differences
    assert not found.balanced
    assert (difference.book, difference.name) == ("limit", "money")
    assert difference.counted == pytest.approx(difference.recorded + 1)
    assert "More was charged than recorded" in difference.reason and difference.remedy


async def test_an_export_of_the_provider_is_compared_by_day_and_model(gateway: Gateway) -> None:
    gateway.upstream.script(Turn())
    await gateway.http().post("/v1/chat/completions", json=BODY)
    today = datetime.now(UTC).date().isoformat()  # the provider's own clock
    # Two rows of one day and model are one account.
    right = [ProviderUsage(today, "gpt-4o-mini", 15, 10), ProviderUsage(today, "gpt-4o-mini", 5, 0)]

    same = await reconcile(gateway.work, "openai", right)
    other = await reconcile(gateway.work, "openai", [ProviderUsage(today, "gpt-4o-mini", 30, 10)])
    unknown = await reconcile(gateway.work, "openai", [*right, ProviderUsage(today, "gpt-5", 7, 0)])

    assert same.balanced and same.rows_compared == 2
    (difference,) = other.differences
    assert (difference.recorded, difference.counted, difference.unit) == (20, 30, "tokens")
    assert [one.name for one in unknown.differences] == [f"{today} gpt-5 input"]
    with pytest.raises(InvalidInput, match="whose usage"):
        await reconcile(gateway.work, None, right)


EXPORTS = {
    "openai.json": json.dumps(
        {"data": [{"start_time": 1_763_683_200, "results": [{"model": "m", "input_tokens": 7, "output_tokens": 2}]}]}
    ),
    "anthropic.json": json.dumps(
        {
            "data": [
                {
                    "starting_at": "2025-11-21T00:00:00Z",
                    "results": [
                        {
                            "model": "m",
                            "uncached_input_tokens": 1,
                            "cache_read_input_tokens": 2,
                            "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 1},
                            "output_tokens": 2,
                        }
                    ],
                }
            ]
        }
    ),
    "list.json": '[{"day": "2025-11-21", "model": "m", "input_tokens": 7, "output_tokens": 2}]',
    "table.csv": '\ufeffdate,model,input_tokens,output_tokens\n2025-11-21,m,"7",2\n',
}


@pytest.mark.parametrize("name", EXPORTS)
def test_the_exports_of_providers_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(EXPORTS[name], encoding="utf-8")

    assert read_provider_usage(tmp_path / name) == [
        {"day": "2025-11-21", "model": "m", "input_tokens": 7, "output_tokens": 2}
    ]


@pytest.mark.parametrize("text", ["", "{", "[1]", "a,b\n1,2\n", '[{"day": "x", "model": "m"}]', "[" * 100_000])
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "export").write_text(text)

    with pytest.raises(WrongUse):
        read_provider_usage(tmp_path / "export")
