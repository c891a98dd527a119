"""Declared API keys: what they may do, and perhaps which secret they have."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.access import keys
from quarterdeck.access.keys import KeyTerms
from quarterdeck.access.records import ApiKey, KeysChanged
from quarterdeck.core.ownership import is_file
from quarterdeck.declared.section import Fields, Section, Standing
from quarterdeck.runtime.work import Work

_TERMS = ("allowed_models", "allowed_ips", "allowed_tools", "passthrough", "tags", "metadata")


class Keys(Section):
    """Keys that are not revoked, by name."""

    key = "keys"
    kind = "key"
    changed = KeysChanged

    async def live(self, work: Work) -> dict[str, Standing]:
        return {key.name: Standing(key.owner, _fields(key)) for key in (await _living(work)).values()}

    async def wanted(
        self, work: Work, declared: Mapping[str, Fields], live: Mapping[str, Standing]
    ) -> dict[str, Fields]:
        living = await _living(work)
        found = {}
        for name, fields in declared.items():
            compared = {**fields, "scopes": sorted(set(fields["scopes"])), "tags": sorted(set(fields["tags"]))}
            secret = compared.pop("secret")
            if secret is not None and (name not in living or not await keys.secret_is(work, living[name].id, secret)):
                compared["secret"] = secret
            found[name] = compared
        return found

    async def put(self, work: Work, name: str, fields: Fields, *, owner: str) -> str | None:
        known = (await _living(work)).get(name)
        terms = KeyTerms(team=fields["team"], **{term: fields[term] for term in _TERMS})
        secret = fields["secret"]
        if known is None:
            made = await keys.create(work, name, scopes=fields["scopes"], terms=terms, owner=owner, secret=secret)
            return made.secret if secret is None else None
        await keys.change(work, known.id, scopes=fields["scopes"], terms=terms, owner=owner)
        if secret is not None and not await keys.secret_is(work, known.id, secret):
            await keys.rotate(work, known.id, secret=secret)
        return None

    async def remove(self, work: Work, name: str, *, owner: str) -> None:
        await keys.revoke(work, (await _living(work))[name].id)


async def _living(work: Work) -> dict[str, ApiKey]:
    """Of several keys with one name, one that a file declares is meant before the newest."""
    page = await keys.all_keys(work)
    ordered = sorted(
        (key for key in page.items if key.revoked_at is None), key=lambda key: (is_file(key.owner), key.id)
    )
    return {key.name: key for key in ordered}


def _fields(key: ApiKey) -> Fields:
    return {"scopes": list(key.scopes), "team": key.team, **{term: getattr(key, term) for term in _TERMS}}
