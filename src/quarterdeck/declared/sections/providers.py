"""Declared providers of models."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.declared.section import Fields, Section, Standing, without
from quarterdeck.gateway import accounts
from quarterdeck.gateway.records import ProvidersChanged
from quarterdeck.runtime.work import Work


class Providers(Section):
    """Stored providers, by name: those of the environment are not for a file to say."""

    key = "providers"
    kind = "provider"
    changed = ProvidersChanged

    async def live(self, work: Work) -> dict[str, Standing]:
        return {
            name: Standing(
                account.owner,
                {
                    "kind": account.kind,
                    "base_url": account.base_url or None,
                    "api_key": account.api_key,
                    "models": list(account.models),
                },
            )
            for name, account in accounts.stored(work).items()
        }

    async def wanted(
        self, work: Work, declared: Mapping[str, Fields], live: Mapping[str, Standing]
    ) -> dict[str, Fields]:
        found = {}
        for name, fields in declared.items():
            address = accounts.standard_address(name, fields["kind"], fields["base_url"])
            compared = {**fields, "base_url": address or None, "models": list(dict.fromkeys(fields["models"]))}
            found[name] = without(compared, "api_key") if fields["api_key"] is None and name in live else compared
        return found

    async def put(self, work: Work, name: str, fields: Fields, *, owner: str) -> str | None:
        await accounts.put(work, name, **fields, owner=owner)
        return None

    async def remove(self, work: Work, name: str, *, owner: str) -> None:
        await accounts.remove(work, name, owner=owner)

    def secrets(self, name: str, fields: Fields) -> dict[str, str]:
        return {f"providers/{name}": fields["api_key"]} if fields["api_key"] else {}

    def referring(self, name: str, fields: Fields) -> Fields:
        return {**fields, "api_key": f"${{secret:providers/{name}}}" if fields["api_key"] else None}
