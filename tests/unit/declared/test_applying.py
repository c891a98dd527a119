"""What a file declares holds as a whole, belongs to the file, and can be written out again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from quarterdeck.access import keys, projects
from quarterdeck.access.keyring import Keyring
from quarterdeck.access.limits import limits
from quarterdeck.access.limits.limits import LimitWish
from quarterdeck.access.teams import teams
from quarterdeck.core.errors import Conflict, NotAllowed, QuarterdeckError
from quarterdeck.declared import applying, exporting, planning, reading, secrets, yaml_text
from quarterdeck.declared.document import Declaration
from quarterdeck.declared.records import ChangePlan
from quarterdeck.gateway import accounts
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.mcp import servers
from quarterdeck.gateway.money import pricing
from quarterdeck.gateway.routing import aliases
from quarterdeck.gateway.semantic import caches
from quarterdeck.prompts import library
from quarterdeck.runtime.work import Work
from quarterdeck.safety import guardrails

SECRET = "sk-qd-" + "0123456789abcdef" * 3
VARIABLES = {"OPENAI_KEY": "sk-first-0123456789", "MCP_TOKEN": "abc", "HOOK": "hook-secret", "APP_SECRET": SECRET}
WHOLE = """
version: 1
teams:
  support: {description: They answer.}
keys:
  support-bot:
    team: support
    scopes: [gateway]
    allowed_models: [smart]
    tags: [bot, bot]
    secret: ${env:APP_SECRET}
  made-here: {}
providers:
  openai:
    kind: openai
    api_key: ${env:OPENAI_KEY}
    models: [gpt-4o, gpt-4o-mini]
  house:
    kind: openai-compatible
    base_url: http://127.0.0.1:8000/v1/
mcp_servers:
  tickets:
    url: http://127.0.0.1:8001/mcp
    headers: {Authorization: "Bearer ${env:MCP_TOKEN}"}
    price_usd_per_call: 0.001
routes:
  smart:
    targets: [{model: openai/gpt-4o, weight: 3}, {model: house/llama}]
    strategy: weighted
    fallbacks: {any: [small]}
  small:
    targets: [{model: openai/gpt-4o-mini, parameters: {temperature: 0}}]
    fallbacks: {any: [smart]}
prices:
  - provider: house
    model: llama*
    prices: {input: 0.15, output: 0.6}
    above: [{tokens: 200000, prices: {input: 0.3}}]
    hours: ["16:30", "00:30"]
guardrails:
  no-secrets:
    checks: [{kind: secrets}]
    action: redact
prompts:
  greeting:
    template: "Say hello to {{ name }}. Cost: $${env:NOTHING}"
    model: smart
    labels: [production]
limits:
  month: {metric: cost, amount: 100, window: month}
  bot: {subject: key, subject_id: support-bot, metric: concurrency, amount: 4}
semantic_caches:
  smart: {mode: on, most_wrong: 0.01}
"""


def declared(text: str, variables: Mapping[str, str] = VARIABLES) -> Declaration:
    return reading.read_text(text, "quarterdeck.yaml", variables, Path())


async def planned(work: Work, text: str, *, source: str = "quarterdeck.yaml") -> ChangePlan:
    return await planning.plan(work, declared(text), source=source)


async def applied(work: Work, text: str, *, prune: bool = False, source: str = "quarterdeck.yaml") -> None:
    await applying.apply(work, declared(text), source=source, prune=prune)


async def test_a_whole_file_holds_once_it_is_applied_and_belongs_to_the_file(work: Work) -> None:
    done = await applying.apply(work, declared(WHOLE), source="quarterdeck.yaml")

    owner = "file:quarterdeck.yaml"
    assert {change.verb for change in done.changes} == {"create"}
    assert [(key.name, key.secret.startswith("sk-qd-")) for key in done.made_keys] == [("made-here", True)]
    assert (await teams.get(work, "support")).owner == owner
    assert accounts.stored(work)["openai"].api_key == "sk-first-0123456789"
    assert (await aliases.get(work, "smart")).owner == owner
    assert (await aliases.get(work, "smart")).plan.fallbacks.any == ("small",)
    assert (await aliases.get(work, "small")).plan.fallbacks.any == ("smart",)
    assert (await guardrails.get(work, "no-secrets")).owner == owner
    assert (await limits.get(work, "bot")).window == "now"
    assert [one.owner for one in (await pricing.history(work)).items] == [owner]
    assert (await caches.get(work, "smart")).owner == owner
    assert (await servers.all_servers(work)).items[0].owner == owner
    assert (await library.version(work, "greeting")).template.endswith("${env:NOTHING}")
    actor = work.part(Keyring).actor_for(SECRET)
    assert (actor.name, actor.terms.team_name, actor.terms.tags) == ("support-bot", "support", ("bot",))


async def test_what_was_applied_is_as_declared(work: Work) -> None:
    await applied(work, WHOLE)

    again = await planned(work, WHOLE)

    assert (again.changes, again.adoptions, again.leftovers) == ([], [], [])
    assert again.unchanged == 14


async def test_what_is_exported_is_what_is_live(work: Work) -> None:
    await applied(work, WHOLE)

    text = yaml_text.write(await exporting.export(work))
    again = await planned(work, text)

    assert again.changes == []
    assert "sk-first" not in text
    assert SECRET not in text
    assert "${secret:providers/openai}" in text
    assert "$${env:NOTHING}" in text
    assert "enabled" not in text  # defaults are left out


async def test_a_change_is_told_field_by_field_and_credentials_are_not_shown(work: Work) -> None:
    await applied(work, WHOLE)
    other = WHOLE.replace("amount: 100", "amount: 50").replace("retries: 2", "")

    changed = await planning.plan(
        work, declared(other, {**VARIABLES, "OPENAI_KEY": "sk-other-9876543210"}), source="quarterdeck.yaml"
    )

    told = {(one.name, field.field): (field.was, field.becomes) for one in changed.changes for field in one.fields}
    assert told == {("month", "amount"): (100.0, 50.0), ("openai", "api_key"): ("(hidden)", "(hidden)")}


async def test_all_is_applied_or_nothing(work: Work) -> None:
    await applied(work, "teams: {support: {description: Before.}}")
    wrong = """
teams: {support: {description: After.}, new: {}}
providers: {house: {kind: openai-compatible, base_url: "http://127.0.0.1:8000/v1"}}
routes: {smart: {targets: [{model: house/llama}]}}
limits: {odd: {metric: requests, amount: 1.5, window: day}}
"""

    with pytest.raises(
        QuarterdeckError, match="limit `odd` of the project `default` cannot be applied, and nothing was"
    ):
        await applied(work, wrong)

    assert [(team.name, team.description) for team in (await teams.all_teams(work)).items] == [("support", "Before.")]
    assert "house" not in work.part(Catalogue).providers(work.project_id)
    assert work.part(Catalogue).aliases(work.project_id) == {}


async def test_nobody_else_sees_half_of_it_in_the_database_while_it_is_applied(work: Work) -> None:
    seen: list[int] = []

    async def look() -> None:
        seen.append(len((await teams.all_teams(work)).items))

    async with work.runtime.database.together():
        await teams.create(work, "one")
        await asyncio.create_task(look())
        await look()

    await look()
    assert seen == [0, 1, 1]


async def test_who_insists_changes_what_a_file_owns(work: Work) -> None:
    await applied(work, WHOLE)

    await teams.put(work, "support", description="x", force=True)
    await limits.put(work, "month", LimitWish("project", "cost", 5, "month"), force=True)
    await caches.remove(work, "smart", force=True)
    await guardrails.remove(work, "no-secrets", force=True)

    drifted = {(change.kind, change.verb) for change in (await planned(work, WHOLE)).changes}
    assert drifted == {
        ("team", "change"),
        ("limit", "change"),
        ("semantic cache", "create"),
        ("guardrail", "create"),
    }


async def test_each_room_says_which_file_owns_a_thing(work: Work) -> None:
    await applied(work, WHOLE)
    (price,) = (await pricing.history(work)).items
    key = next(one for one in (await keys.all_keys(work)).items if one.name == "made-here")
    plan = (await aliases.get(work, "smart")).plan

    for attempt in (
        teams.put(work, "support"),
        limits.remove(work, "month"),
        accounts.remove(work, "house"),
        aliases.put(work, "smart", plan),
        caches.remove(work, "smart"),
        servers.remove(work, "tickets"),
        guardrails.switch(work, "no-secrets", enabled=False),
        pricing.withdraw(work, price.id),
        keys.change(work, key.id, scopes=["read"]),
    ):
        with pytest.raises(Conflict, match=r"is declared in `quarterdeck\.yaml`.*`force`"):
            await attempt


async def test_what_is_not_declared_any_more_is_removed_only_when_asked_for(work: Work) -> None:
    await applied(work, WHOLE)
    await teams.create(work, "of-people")

    left = (await planned(work, "version: 1")).leftovers
    await applied(work, "version: 1")
    kept = len((await limits.all_limits(work)).items)
    await applied(work, "version: 1", prune=True)

    assert {change.kind for change in left} == {
        "team", "key", "provider", "MCP server", "route", "price", "guardrail", "limit", "semantic cache",
    }  # fmt: skip
    assert kept == 2
    assert (await limits.all_limits(work)).items == []
    assert [team.name for team in (await teams.all_teams(work)).items] == ["of-people"]
    assert accounts.stored(work) == {}
    assert work.part(Catalogue).aliases(work.project_id) == {}


async def test_what_people_have_made_is_adopted_and_another_files_is_not(work: Work) -> None:
    await teams.create(work, "support", description="They answer.")
    text = "teams: {support: {description: They answer.}}"

    adopting = await planned(work, text)
    await applied(work, text)

    assert [change.verb for change in adopting.adoptions] == ["adopt"]
    assert (await teams.get(work, "support")).owner == "file:quarterdeck.yaml"
    with pytest.raises(Conflict, match=r"declared in `quarterdeck\.yaml`"):
        await applied(work, text.replace("answer", "ask"), source="other.yaml")


async def test_secrets_are_looked_up_by_name_on_the_server(work: Work) -> None:
    text = "providers: {openai: {kind: openai, api_key: '${secret:openai}'}}"

    with pytest.raises(QuarterdeckError, match="`quarterdeck secrets set openai`"):
        await applied(work, text)
    await secrets.put(work, "openai", "sk-one-0123456789")
    await applied(work, text)
    await secrets.put(work, "openai", "sk-two-0123456789")
    differing = (await planned(work, text)).changes
    await applied(work, text)

    assert [field.field for change in differing for field in change.fields] == ["api_key"]
    assert accounts.stored(work)["openai"].api_key == "sk-two-0123456789"
    assert [(one.name, one.hint) for one in (await secrets.all_secrets(work)).items] == [("openai", "…6789")]


async def test_other_projects_are_made_and_stay_apart(work: Work) -> None:
    text = "projects: {shop: {teams: {till: {}}}}"

    first = await planned(work, text)
    await applied(work, text)
    second = await planned(work, text)

    assert [(one.project, one.kind, one.name) for one in first.changes] == [
        ("shop", "project", "shop"),
        ("shop", "team", "till"),
    ]
    assert second.changes == []
    assert (await teams.all_teams(work)).items == []
    assert {one.name for one in (await projects.visible(work)).items} == {"default", "shop"}


async def test_a_key_applies_to_its_own_project_alone(work: Work) -> None:
    made = await keys.create(work, "deploy", scopes=["admin"])
    as_key = Work(runtime=work.runtime, actor=work.part(Keyring).actor_for(made.secret))

    await applied(as_key, "teams: {mine: {}}")

    with pytest.raises(NotAllowed):
        await applied(as_key, "projects: {shop: {teams: {till: {}}}}")
    assert [team.name for team in (await teams.all_teams(work)).items] == ["mine"]


async def test_the_secret_of_a_key_is_rotated_when_the_reference_says_another(work: Work) -> None:
    text = "keys: {bot: {secret: '${env:APP_SECRET}'}}"
    other = "sk-qd-" + "fedcba9876543210" * 3
    await applied(work, text)

    await applying.apply(work, declared(text, {"APP_SECRET": other}), source="quarterdeck.yaml")

    keyring = work.part(Keyring)
    assert keyring.actor_for(other).name == "bot"
    assert keyring.actor_for(SECRET).name == "bot"  # the overlap: nobody stands before a closed door


async def test_the_same_prompt_makes_no_new_version(work: Work) -> None:
    await applied(work, WHOLE)
    await applied(work, WHOLE.replace("amount: 100", "amount: 101"))
    same = await library.history(work, "greeting")
    await applied(work, WHOLE.replace("Say hello", "Say good morning"))
    other = await library.history(work, "greeting")

    assert len(same.versions) == 1
    assert [(one.label, one.version) for one in other.labels] == [("production", 2)]
