"""Declared guardrails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from quarterdeck.declared.section import Fields, Section, Standing, without
from quarterdeck.runtime.work import Work
from quarterdeck.safety import guardrails
from quarterdeck.safety.guardrails import GuardrailWish
from quarterdeck.safety.records import GuardrailsChanged, GuardrailScope

_SAME = ("checks", "stages", "action", "description", "enabled", "streaming", "roles")


class Guardrails(Section):
    """Guardrails, by name."""

    key = "guardrails"
    kind = "guardrail"
    changed = GuardrailsChanged

    async def live(self, work: Work) -> dict[str, Standing]:
        found = {}
        for one in (await guardrails.all_guardrails(work)).items:
            secret = await guardrails.secret_of(work, one.name) if one.has_secret else None
            fields = {**{name: getattr(one, name) for name in _SAME}, "scope": asdict(one.scope), "secret": secret}
            found[one.name] = Standing(one.owner, fields)
        return found

    async def wanted(
        self, work: Work, declared: Mapping[str, Fields], live: Mapping[str, Standing]
    ) -> dict[str, Fields]:
        return {
            name: without(fields, "secret") if fields["secret"] is None else dict(fields)
            for name, fields in declared.items()
        }

    async def put(self, work: Work, name: str, fields: Fields, *, owner: str) -> str | None:
        wish = GuardrailWish(**without(fields, "scope"), scope=GuardrailScope(**fields["scope"]))
        await guardrails.put(work, name, wish, owner=owner)
        return None

    async def remove(self, work: Work, name: str, *, owner: str) -> None:
        await guardrails.remove(work, name, owner=owner)

    def secrets(self, name: str, fields: Fields) -> dict[str, str]:
        return {f"guardrails/{name}": fields["secret"]} if fields["secret"] else {}

    def referring(self, name: str, fields: Fields) -> Fields:
        return {**fields, "secret": f"${{secret:guardrails/{name}}}" if fields["secret"] else None}
