"""Aliases from storing to calling: over the API, on every endpoint, after every change."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from quarterdeck.core.errors import Conflict, InvalidInput, ModelNotFound, NotFound
from quarterdeck.gateway import accounts
from quarterdeck.gateway.routing import aliases
from quarterdeck.gateway.routing.records import Condition, Fallbacks, HealthCheck, Plan, Shadow, Target, Timeouts
from quarterdeck.server.app import Application
from tests.fakes.turn import Turn
from tests.fakes.upstream import OPENAI_BROKEN
from tests.unit.gateway.routing.conftest import FIRST, SECOND, Crossroads

BROKEN = Turn(status=500, error=OPENAI_BROKEN)


async def api(crossroads: Crossroads) -> httpx.AsyncClient:
    """The control API of the same house."""
    secret = await crossroads.gateway.another_key("admin", ["admin"])
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(Application(crossroads.gateway.runtime)),
        base_url="http://127.0.0.1",
        headers={"authorization": f"Bearer {secret}"},
    )


async def test_an_alias_is_made_changed_shown_and_removed_over_the_api(crossroads: Crossroads) -> None:
    plan: dict[str, Any] = {
        "targets": [{"model": FIRST, "weight": 3}, {"model": SECOND, "when": {"tags": ["slow"]}}],
        "strategy": "weighted",
        "fallbacks": {"context_window": [SECOND]},
        "timeouts": {"first_token_s": 5},
    }
    async with await api(crossroads) as client:
        made = await client.put("/api/v1/routes/team/fast", json=plan)
        shown = await client.get("/api/v1/routes/team/fast")
        reply = await crossroads.ask("team/fast")
        listed = (await client.get("/api/v1/routes")).json()["items"]
        await client.put("/api/v1/routes/team/fast", json={"targets": [{"model": SECOND}]})
        changed = await crossroads.ask("team/fast")
        removed = await client.delete("/api/v1/routes/team/fast")
        gone = await crossroads.ask("team/fast")

    assert made.status_code == shown.status_code == 200, made.text
    assert shown.json()["plan"]["targets"][0] == {
        "model": FIRST,
        "weight": 3.0,
        "parameters": {},
        "timeouts": None,
        "when": None,
    }
    assert reply.headers["x-quarterdeck-model"] == FIRST
    health = listed[0]["models"][0]
    assert (health["model"], health["standing"], health["breaker"], health["calls"]) == (FIRST, "target", "closed", 1)
    assert health["whole_ms"] > 0
    assert changed.headers["x-quarterdeck-model"] == SECOND
    assert removed.status_code == 204
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"targets": []}, "`targets` is empty"),
        ({"targets": [{"model": "nobody/x"}]}, "nobody/x"),
        ({"targets": [{"model": FIRST, "wieght": 2}]}, "wieght"),
        ({"targets": [{"model": FIRST}], "fallback": []}, "fallback"),
        ({"targets": [{"model": FIRST}], "strategy": "best"}, "`lowest-cost`"),
        ({"targets": [{"model": FIRST}], "options": {"x": 1}}, "unknown field `x`"),
        ({"targets": [{"model": FIRST}], "retries": 99}, "from 0 to 10"),
        ({"targets": [{"model": FIRST, "weight": -1}]}, "number from 0"),
        ({"targets": [{"model": FIRST, "parameters": {"model": "other"}}]}, "`model`"),
        ({"targets": [{"model": FIRST, "parameters": {"temperature": "hot"}}]}, "temperature"),
        ({"targets": [{"model": FIRST}], "timeouts": {"idle_s": 0}}, "`timeouts.idle_s`"),
        ({"targets": [{"model": FIRST}], "shadow": {"model": SECOND, "share": 2}}, "`shadow.share`"),
        ({"targets": [{"model": FIRST}], "fallbacks": {"any": ["nobody/y"]}}, "nobody/y"),
    ],
)
async def test_a_plan_that_cannot_work_is_refused_with_the_reason(
    crossroads: Crossroads, body: dict[str, Any], said: str
) -> None:
    async with await api(crossroads) as client:
        refused = await client.put("/api/v1/routes/wrong", json=body)
        listed = await client.get("/api/v1/routes")

    assert refused.status_code in (400, 404, 422), refused.text
    assert said in refused.text
    assert listed.json()["items"] == []


async def test_what_is_stored_comes_back_as_it_was(crossroads: Crossroads) -> None:
    plan = Plan(
        (Target(FIRST, 2.0, {"seed": 1}, Timeouts(1, 2, 3, 4), Condition(("a",), {"b": "c"}, uses=("tools",))),),
        strategy="sticky",
        options={"by": "user"},
        fallbacks=Fallbacks(error=(SECOND,)),
        shadow=Shadow(SECOND, 0.5),
        health_check=HealthCheck(60, "models"),
    )

    await aliases.put(crossroads.gateway.work, "whole", plan)
    await crossroads.gateway.plane.catalogue.reload()

    assert (await aliases.get(crossroads.gateway.work, "whole")).plan == plan


async def test_names_that_mean_something_else_are_refused(crossroads: Crossroads) -> None:
    plan = Plan((Target(FIRST),))

    for name in ("", "a,b", "-x", "ümlaut", "x" * 129):
        with pytest.raises(InvalidInput):
            await aliases.put(crossroads.gateway.work, name, plan)
    with pytest.raises(NotFound, match="No alias is called `x`"):
        await aliases.remove(crossroads.gateway.work, "x")


async def test_what_a_file_declares_is_changed_there(crossroads: Crossroads) -> None:
    work, plan = crossroads.gateway.work, Plan((Target(FIRST),))
    await aliases.put(work, "declared", plan, owner="file")

    with pytest.raises(Conflict, match="configuration file"):
        await aliases.put(work, "declared", plan)
    with pytest.raises(Conflict):
        await aliases.remove(work, "declared")
    await aliases.put(work, "declared", plan, force=True)

    assert (await aliases.get(work, "declared")).owner == "ui"


async def test_fallbacks_may_be_aliases_even_in_a_circle(crossroads: Crossroads) -> None:
    await crossroads.alias("b", SECOND)
    await crossroads.alias("a", FIRST, fallbacks=Fallbacks(any=("b",)))
    await crossroads.alias("b", SECOND, fallbacks=Fallbacks(any=("a",)))
    crossroads.first.script(BROKEN)

    reply = await crossroads.ask("a")

    assert reply.headers["x-quarterdeck-model"] == SECOND


async def test_an_alias_whose_provider_is_gone_says_so_and_comes_back_with_it(crossroads: Crossroads) -> None:
    await crossroads.alias("lonely", FIRST)
    await accounts.remove(crossroads.gateway.work, "first")

    broken = await crossroads.ask("lonely")
    card = await aliases.get(crossroads.gateway.work, "lonely")
    await crossroads.gateway.provider_at(crossroads.first.openai_url, "first")
    mended = await crossroads.ask("lonely")

    assert broken.status_code == 503
    assert "`lonely` cannot be used" in broken.json()["error"]["message"]
    assert card.broken is not None
    assert mended.status_code == 200


async def test_aliases_are_among_the_models(crossroads: Crossroads) -> None:
    await crossroads.alias()

    listed = (await crossroads.gateway.http().get("/v1/models")).json()["data"]
    one = (await crossroads.gateway.http().get("/v1/models/fast")).json()
    cards = (await accounts.all_models(crossroads.gateway.work)).items

    assert {"id": "fast", "object": "model", "created": 0, "owned_by": "quarterdeck"} in listed
    assert one["id"] == "fast"
    assert [card.kind for card in cards if card.id == "fast"] == ["alias"]


async def test_embeddings_have_fallbacks_and_spans_too(crossroads: Crossroads) -> None:
    await crossroads.alias("vectors", "first/text-embedding-3-small", "second/text-embedding-3-small")
    crossroads.first.script(BROKEN)

    reply = await crossroads.gateway.http().post("/v1/embeddings", json={"model": "vectors", "input": "Hello"})

    assert reply.status_code == 200, reply.text
    assert reply.headers["x-quarterdeck-model"] == "second/text-embedding-3-small"
    assert reply.headers["x-quarterdeck-attempts"] == "2"
    root, left, made = await crossroads.spans(reply)
    assert (root.kind, left.status, made.status) == ("chain", "error", "ok")
    assert crossroads.second.last.body["model"] == "text-embedding-3-small"


async def test_anthropic_clients_can_call_an_alias(crossroads: Crossroads) -> None:
    await crossroads.alias()
    crossroads.first.script(BROKEN)

    message = await crossroads.gateway.anthropic().messages.create(
        model="fast", max_tokens=50, messages=[{"role": "user", "content": "The capital?"}]
    )

    assert message.content[0].text == "Paris is the capital."


async def test_a_test_call_tells_who_answered_after_what(crossroads: Crossroads) -> None:
    await crossroads.alias()
    crossroads.first.script(BROKEN)

    seen = await aliases.test(crossroads.gateway.work, "fast")
    failed = await aliases.test(crossroads.gateway.work, FIRST)

    assert (seen.ok, seen.model, seen.answer) == (True, SECOND, "Paris is the capital.")
    assert [(attempt.model, attempt.left) for attempt in seen.attempts] == [(FIRST, "error"), (SECOND, None)]
    assert (failed.ok, failed.model) == (False, None)
    assert failed.error is not None
    assert len(await crossroads.gateway.spans(seen.trace_id)) == 3
    with pytest.raises(ModelNotFound):
        await aliases.test(crossroads.gateway.work, "nobody/x")


async def test_the_cache_forgets_what_an_alias_said_before_it_was_changed(crossroads: Crossroads) -> None:
    crossroads.gateway.plane.cache.enabled = True
    await crossroads.alias("fast", FIRST)

    replies = [await crossroads.ask() for _ in range(2)]
    await crossroads.alias("fast", SECOND)
    changed = await crossroads.ask()

    assert [reply.headers["x-quarterdeck-cache"] for reply in replies] == ["miss", "hit"]
    assert changed.headers["x-quarterdeck-cache"] == "miss"
    assert len(crossroads.second.received) == 1
