"""The administrator's key: strong or refused, made once, shown once."""

from __future__ import annotations

import pytest

from quarterdeck.access import admin
from quarterdeck.access.keyring import Keyring
from quarterdeck.core import ids
from quarterdeck.core.errors import SetupError, Unauthenticated
from quarterdeck.runtime.runtime import Runtime


@pytest.mark.parametrize(
    "weak",
    [
        "admin",
        "changeme",
        "sk-1234",
        "password",
        "Password",
        "sk-qd-admin",
        "short-but-Odd7",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abcdefghijklmnopqrstuvwxyz",
        "12345678901234567890",
        "abababababababababababab",
        "twenty chars with spaces",
    ],
)
def test_a_weak_key_is_refused_and_a_good_one_proposed(weak: str) -> None:
    with pytest.raises(SetupError, match=r"is weak: .*`sk-qd-[0-9a-z]{40}`"):
        admin.refuse_weak(weak)


@pytest.mark.parametrize(
    "strong", [ids.new_secret("sk-qd-"), "b3f1c0de9a7744d2a1e85f6c", "correct-horse-battery-staple"]
)
def test_a_strong_key_is_taken(strong: str) -> None:
    admin.refuse_weak(strong)


def test_no_key_we_make_is_weak() -> None:
    for _ in range(1000):
        admin.refuse_weak(ids.new_secret("sk-qd-"))


async def test_a_key_is_made_on_the_first_start_and_never_again(runtime: Runtime) -> None:
    made = await admin.ensure_key(runtime.database, None)
    later = await admin.ensure_key(runtime.database, None)
    await runtime.part(Keyring).reload()

    assert made is not None
    assert later is None
    assert runtime.part(Keyring).actor_for(made).kind == "admin"


async def test_a_given_key_takes_the_place_of_the_old_one(runtime: Runtime) -> None:
    made = await admin.ensure_key(runtime.database, None)
    given = ids.new_secret("sk-qd-")

    await admin.ensure_key(runtime.database, given)
    await runtime.part(Keyring).reload()

    assert runtime.part(Keyring).actor_for(given).kind == "admin"
    with pytest.raises(Unauthenticated):
        runtime.part(Keyring).actor_for(str(made))
