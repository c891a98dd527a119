"""Keys: shown once, kept as a hash, dead when revoked or expired, and good for one project only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from quarterdeck.access import keys, projects, store
from quarterdeck.access.keyring import Keyring
from quarterdeck.access.records import ApiKey
from quarterdeck.config.settings import Settings
from quarterdeck.core.errors import InvalidInput, NotAllowed, NotFound, Unauthenticated
from quarterdeck.core.hashing import sha256
from quarterdeck.runtime.work import Work
from quarterdeck.server.wiring import running


def headers(**named: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]


async def test_a_new_key_opens_the_door_at_once(work: Work) -> None:
    made = await keys.create(work, "ci", scopes=["gateway"])

    actor = work.part(Keyring).actor_for(made.secret)

    assert actor.name == "ci"
    assert actor.scopes == {"gateway"}
    assert actor.project_name == "default"


async def test_a_key_looks_like_one_and_only_its_hash_is_on_disk(work: Work) -> None:
    made = await keys.create(work, "ci")

    on_disk = b"".join(file.read_bytes() for file in work.runtime.home.rglob("*") if file.is_file())

    assert made.secret.startswith("sk-qd-")
    assert len(made.secret) == len("sk-qd-") + 40
    assert made.key.prefix == made.secret[:10]
    assert sha256(made.secret).encode() in on_disk
    assert made.secret.encode() not in on_disk


async def test_without_scopes_a_key_may_do_everything_but_administer(work: Work) -> None:
    made = await keys.create(work, "bot")

    actor = work.part(Keyring).actor_for(made.secret)

    for scope in ("gateway", "read", "write"):
        actor.require(scope)
    with pytest.raises(NotAllowed, match="lacks the scope `admin`"):
        actor.require("admin")


@pytest.mark.parametrize("style", ["x-api-key", "api-key", "x-goog-api-key"])
async def test_a_key_is_found_in_each_header_that_clients_use(work: Work, style: str) -> None:
    secret = (await keys.create(work, "any")).secret

    by_header = work.part(Keyring).authenticate("POST", [(style.encode(), secret.encode())])
    by_bearer = work.part(Keyring).authenticate("POST", headers(authorization=f"bearer {secret}"))

    assert by_header == by_bearer


async def test_an_unknown_a_missing_and_an_empty_key_are_refused_with_a_remedy(work: Work) -> None:
    keyring = work.part(Keyring)

    with pytest.raises(Unauthenticated, match="quarterdeck keys create"):
        keyring.authenticate("GET", headers(authorization="Bearer sk-qd-nobody"))
    with pytest.raises(Unauthenticated, match="Send it as"):
        keyring.authenticate("GET", [])
    with pytest.raises(Unauthenticated):
        keyring.authenticate("GET", headers(x_api_key=""))


async def test_a_revoked_key_is_dead_at_once_and_says_when_it_died(work: Work) -> None:
    made = await keys.create(work, "old laptop")

    revoked = await keys.revoke(work, made.key.id)
    again = await keys.revoke(work, made.key.id)

    assert revoked.revoked_at is not None
    assert again == revoked
    with pytest.raises(Unauthenticated, match=f"`old laptop` was revoked at {revoked.revoked_at}"):
        work.part(Keyring).actor_for(made.secret)


async def test_an_expired_key_is_dead_without_anyone_doing_anything(work: Work) -> None:
    secret = "sk-qd-of-last-year"
    key = ApiKey("key_1", "trial", "sk-qd-of-l", ["read"], "2025-01-01T00:00:00Z", expires_at="2025-02-01T00:00:00Z")
    await store.add_key(work.runtime.database, store.KeyRow(key, work.project_id, sha256(secret)))
    await work.part(Keyring).reload()

    with pytest.raises(Unauthenticated, match="`trial` expired at 2025-02-01"):
        work.part(Keyring).actor_for(secret)


async def test_keys_are_listed_newest_first_and_only_those_of_the_project(work: Work) -> None:
    other = await projects.create(work, "other")
    in_other = replace(work, actor=replace(work.actor, project_id=other.id, project_name=other.name))
    first = await keys.create(work, "first", expires_in_days=30)
    second = await keys.create(work, "second")
    await keys.create(in_other, "elsewhere")

    listed = await keys.all_keys(work)

    assert [key.name for key in listed.items] == ["second", "first"]
    assert listed.items == [second.key, first.key]


async def test_the_key_of_another_project_cannot_be_revoked_from_here(work: Work) -> None:
    other = await projects.create(work, "other")
    in_other = replace(work, actor=replace(work.actor, project_id=other.id, project_name=other.name))
    made = await keys.create(in_other, "elsewhere")

    with pytest.raises(NotFound):
        await keys.revoke(work, made.key.id)

    assert work.part(Keyring).actor_for(made.secret).project_name == "other"


async def test_the_administrator_picks_a_project_and_a_key_cannot(work: Work) -> None:
    await projects.create(work, "other")
    keyring = work.part(Keyring)
    admin, bot = keyring.add_local_key(), (await keys.create(work, "bot", scopes=["admin"])).secret

    chosen = keyring.authenticate("GET", headers(x_api_key=admin, x_quarterdeck_project="other"))

    assert chosen.project_name == "other"
    with pytest.raises(NotAllowed, match="belongs to the project `default`"):
        keyring.authenticate("GET", headers(x_api_key=bot, x_quarterdeck_project="other"))
    with pytest.raises(NotFound, match=r"There are: \['default', 'other'\]"):
        keyring.authenticate("GET", headers(x_api_key=admin, x_quarterdeck_project="nope"))


async def test_a_key_without_a_name_is_refused(work: Work) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await keys.create(work, "  ")

    assert refusal.value.param == "name"


async def test_the_last_use_is_written_when_the_house_closes_and_never_before_a_request(tmp_path: Path) -> None:
    async with running(Settings(home=tmp_path)) as runtime:
        work = Work(runtime, runtime.part(Keyring).administrator("admin"))
        made = await keys.create(work, "bot")
        runtime.part(Keyring).actor_for(made.secret)
        at_once = (await keys.all_keys(work)).items[0].last_used_at

    async with running(Settings(home=tmp_path)) as runtime:
        work = Work(runtime, runtime.part(Keyring).administrator("admin"))
        afterwards = (await keys.all_keys(work)).items[0].last_used_at

    assert at_once is None
    assert afterwards is not None
