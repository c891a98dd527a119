"""Declared semantic caches."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.declared.section import Fields, Section, Standing, without
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.semantic import caches
from quarterdeck.gateway.semantic.cache import name_of
from quarterdeck.gateway.semantic.promise import Promise
from quarterdeck.gateway.semantic.records import Policy, SemanticCachesChanged
from quarterdeck.runtime.work import Work

_SAME = ("mode", "most_wrong", "confidence", "check_share", "ttl_s", "personal_data", "shared")


class SemanticCaches(Section):
    """Semantic caches, by the full name of what they are for."""

    key = "semantic_caches"
    kind = "semantic cache"
    changed = SemanticCachesChanged

    async def live(self, work: Work) -> dict[str, Standing]:
        return {
            card.target: Standing(card.owner, {name: getattr(card, name) for name in _SAME})
            for card in (await caches.all_caches(work)).items
        }

    async def wanted(
        self, work: Work, declared: Mapping[str, Fields], live: Mapping[str, Standing]
    ) -> dict[str, Fields]:
        return {_full_name(work, name): dict(fields) for name, fields in declared.items()}

    async def put(self, work: Work, name: str, fields: Fields, *, owner: str) -> str | None:
        promise = Promise(fields["most_wrong"], fields["confidence"])
        await caches.put(
            work, name, Policy(**without(fields, "most_wrong", "confidence"), promise=promise), owner=owner
        )
        return None

    async def remove(self, work: Work, name: str, *, owner: str) -> None:
        await caches.remove(work, name, owner=owner)


def _full_name(work: Work, name: str) -> str:
    try:
        return name_of(work.part(Catalogue).find(work.project_id, name))
    except QuarterdeckError:
        return name  # what it is for is declared in the same file, or is missing: applying will say so
