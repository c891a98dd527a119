"""What holds for a key beyond its scopes: its team, from where it may be used, and rotation without a closed door."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from quarterdeck.access import keys
from quarterdeck.access.addresses import client_address, may_come_from, networks
from quarterdeck.access.keyring import AddressNotAllowed, Keyring
from quarterdeck.access.keys import KeyTerms
from quarterdeck.access.teams import teams
from quarterdeck.core import clock
from quarterdeck.core.errors import Conflict, InvalidInput, NotFound, SetupError, Unauthenticated
from quarterdeck.runtime.work import Work
from quarterdeck.storage.database import Database, sqlite_url


def headers(secret: str, **more: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-api-key", secret.encode()), *((k.replace("_", "-").encode(), v.encode()) for k, v in more.items())]


async def test_a_key_carries_its_team_its_labels_and_what_it_may_call(work: Work) -> None:
    team = await teams.create(work, "search")
    terms = KeyTerms("search", ["openai/*"], tags=["batch", "batch"], metadata={"cost_center": "42"}, passthrough=False)
    made = await keys.create(work, "bot", terms=terms)

    actor = work.part(Keyring).actor_for(made.secret)

    assert actor.terms.team_id == team.id
    assert actor.terms.team_name == "search"
    assert actor.terms.allowed_models == ("openai/*",)
    assert actor.terms.tags == ("batch",)
    assert actor.terms.metadata == {"cost_center": "42"}
    assert not actor.terms.passthrough


async def test_what_a_key_may_do_can_change_while_its_secret_stays(work: Work) -> None:
    made = await keys.create(work, "bot", terms=KeyTerms(tags=["old"]))

    changed = await keys.change(work, made.key.id, name="robot", scopes=["gateway"], terms=KeyTerms(tags=["new"]))

    actor = work.part(Keyring).actor_for(made.secret)
    assert (changed.name, actor.name) == ("robot", "robot")
    assert actor.scopes == {"gateway"}
    assert actor.terms.tags == ("new",)


async def test_a_team_that_is_not_there_is_said(work: Work) -> None:
    with pytest.raises(NotFound, match="No team is called `nobody`"):
        await keys.create(work, "bot", terms=KeyTerms("nobody"))


async def test_a_team_with_keys_stays(work: Work) -> None:
    await teams.create(work, "search")
    made = await keys.create(work, "bot", terms=KeyTerms("search"))

    with pytest.raises(Conflict, match="1 keys belong"):
        await teams.remove(work, "search")

    await keys.revoke(work, made.key.id)
    await teams.remove(work, "search")
    assert (await teams.all_teams(work)).items == []


async def test_both_secrets_work_until_the_overlap_is_over(work: Work) -> None:
    made = await keys.create(work, "bot")

    rotated = await keys.rotate(work, made.key.id, overlap=timedelta(hours=1))

    keyring = work.part(Keyring)
    assert rotated.secret != made.secret
    assert keyring.actor_for(made.secret) == keyring.actor_for(rotated.secret)


async def test_an_old_secret_ends_with_its_overlap_and_says_so(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await keys.create(work, "bot")
    rotated = await keys.rotate(work, made.key.id, overlap=timedelta(hours=1))
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)

    with pytest.raises(Unauthenticated, match="old secret has ended"):
        work.part(Keyring).actor_for(made.secret)
    assert work.part(Keyring).actor_for(rotated.secret).name == "bot"


async def test_a_rotation_without_overlap_ends_the_old_secret_at_once(work: Work) -> None:
    made = await keys.create(work, "leaked")

    rotated = await keys.rotate(work, made.key.id, overlap=timedelta())

    with pytest.raises(Unauthenticated):
        work.part(Keyring).actor_for(made.secret)
    assert work.part(Keyring).actor_for(rotated.secret).name == "leaked"


async def test_a_second_rotation_ends_the_secret_before_the_last(work: Work) -> None:
    first = await keys.create(work, "bot")
    second = await keys.rotate(work, first.key.id)

    third = await keys.rotate(work, first.key.id)

    with pytest.raises(Unauthenticated):
        work.part(Keyring).actor_for(first.secret)
    for secret in (second.secret, third.secret):
        assert work.part(Keyring).actor_for(secret).name == "bot"


async def test_revoking_ends_a_secret_in_its_overlap_too(work: Work) -> None:
    first = await keys.create(work, "bot")
    second = await keys.rotate(work, first.key.id)

    await keys.revoke(work, first.key.id)

    for secret in (first.secret, second.secret):
        with pytest.raises(Unauthenticated, match="was revoked"):
            work.part(Keyring).actor_for(secret)
    with pytest.raises(Conflict, match="was revoked"):
        await keys.rotate(work, first.key.id)


async def test_a_key_works_only_from_its_addresses(work: Work) -> None:
    terms = KeyTerms(allowed_ips=["192.0.2.0/24", "2001:db8::1"])
    secret = (await keys.create(work, "office", terms=terms)).secret
    keyring = work.part(Keyring)

    assert keyring.authenticate("POST", headers(secret), "192.0.2.9").name == "office"
    assert keyring.authenticate("POST", headers(secret), "2001:db8::1").name == "office"
    assert keyring.authenticate("POST", headers(secret), "::ffff:192.0.2.9").name == "office"
    for elsewhere in ("198.51.100.1", None, "unix:"):
        with pytest.raises(AddressNotAllowed, match="may not be used from"):
            keyring.authenticate("POST", headers(secret), elsewhere)


def test_a_trusted_proxy_that_is_no_address_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"QUARTERDECK_TRUSTED_PROXIES.*`proxy`"):
        Keyring(Database(sqlite_url(tmp_path)), bound_to="127.0.0.1", trusted_proxies=["proxy"])


async def test_whoever_is_no_trusted_proxy_cannot_claim_an_address(work: Work) -> None:
    secret = (await keys.create(work, "office", terms=KeyTerms(allowed_ips=["192.0.2.0/24"]))).secret

    with pytest.raises(AddressNotAllowed):
        work.part(Keyring).authenticate("POST", headers(secret, x_forwarded_for="192.0.2.9"), "198.51.100.1")


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (b"192.0.2.9", "192.0.2.9"),
        (b"192.0.2.9, 10.0.0.2", "192.0.2.9"),
        (b"6.6.6.6, 192.0.2.9, 10.0.0.2", "192.0.2.9"),  # the left end is whatever the client wrote
        (b"192.0.2.9:4711", "192.0.2.9"),
        (b"[2001:db8::1]:443", "2001:db8::1"),
        (b"", "10.0.0.1"),
        (b"nonsense", None),
    ],
)
def test_behind_trusted_proxies_the_client_is_the_first_that_is_none(forwarded: bytes, client: str | None) -> None:
    found = client_address("10.0.0.1", {b"x-forwarded-for": forwarded}, networks(["10.0.0.0/8"]))

    assert (None if found is None else str(found)) == client
    assert may_come_from(found, networks(["0.0.0.0/0", "::/0"])) is (client is not None)


@pytest.mark.parametrize("written", ["192.0.2.300", "192.0.2.1/24", "office", ""])
async def test_an_address_that_is_none_is_refused_when_it_is_set(work: Work, written: str) -> None:
    with pytest.raises(InvalidInput, match="is no IP address or range"):
        await keys.create(work, "bot", terms=KeyTerms(allowed_ips=[written]))
