"""Input budgets: set for an app or model, wished for by a header, kept on every request they concern."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.core.paging import Page
from quarterdeck.gateway.application import Application
from quarterdeck.gateway.catalogue import Catalogue, Route
from quarterdeck.gateway.compression import store
from quarterdeck.gateway.compression.fitting import fit
from quarterdeck.gateway.compression.records import InputBudget, InputBudgetCard, InputBudgetsChanged, WhenOver
from quarterdeck.gateway.dialect import Asked, Dialect
from quarterdeck.gateway.extractive.vector_memory import VectorMemory
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work

MOST_TOKENS_HEADER = b"x-quarterdeck-max-input-tokens"
WHEN_OVER_HEADER = b"x-quarterdeck-when-over"
KEEP_HEADER = b"x-quarterdeck-keep-context"
_HEADERS = (MOST_TOKENS_HEADER, WHEN_OVER_HEADER, KEEP_HEADER)
_LEAST_SHARE = 0.05
_MOST_TOKENS = 100_000_000


class InputBudgets:
    """All input budgets of all projects, in memory."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._budgets: dict[tuple[str, str], InputBudget] = {}

    async def reload(self, _event: InputBudgetsChanged | None = None) -> None:
        """Read them anew."""
        self._budgets = await store.everybodys(self._runtime.database)

    def may_concern(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request may have one. The one question that every request pays for."""
        return bool(self._budgets) or any(name in headers for name in _HEADERS)

    async def fitted(
        self,
        work: Work,
        target: Application | Route,
        dialect: Dialect,
        path: str,
        asked: Asked,
        headers: Mapping[bytes, bytes],
    ) -> Asked:
        """The request as its budget lets it through, or a refusal. What was left out stands on the root span."""
        budget = wished(self._budgets.get((work.project_id, _name_of(target))), headers)
        if budget is None:
            return asked
        embed = work.part(VectorMemory).embed_if_ready
        found = await asyncio.to_thread(
            fit, asked.body, asked.request, budget, lambda body: dialect.read(path, body).request, embed
        )
        if not found.changed:
            return asked
        work.trace.remarks.update(found.told)
        return dialect.read_again(path, asked, found.body)


def wished(stored: InputBudget | None, headers: Mapping[bytes, bytes]) -> InputBudget | None:
    """The budget of a request: what was set, made tighter where a header says so. A header never loosens a limit."""
    said = {name: headers[name].decode("latin-1").strip().lower() for name in _HEADERS if name in headers}
    if not said:
        return stored
    base = stored or InputBudget()
    most = _number(said, MOST_TOKENS_HEADER, 1, _MOST_TOKENS)
    share = _number(said, KEEP_HEADER, _LEAST_SHARE, 1.0)
    limits = [limit for limit in (base.most_tokens, None if most is None else int(most)) if limit is not None]
    return InputBudget(
        most_tokens=min(limits, default=None),
        when_over=_when_over(said.get(WHEN_OVER_HEADER), base.when_over),
        keep_share=base.keep_share if share is None else share,
    )


async def all_budgets(work: Work) -> Page[InputBudgetCard]:
    """Every input budget of the project."""
    return Page(await store.budgets(work.runtime.database, work.project_id))


async def put(work: Work, target: str, budget: InputBudget) -> InputBudgetCard:
    """Set the input budget of an app or model."""
    name = _name_of(work.part(Catalogue).find(work.project_id, target))
    if budget.most_tokens is None and budget.keep_share is None:
        raise InvalidInput("An input budget needs `most_tokens`, `keep_share`, or both.", param="most_tokens")
    if budget.most_tokens is not None and not 1 <= budget.most_tokens <= _MOST_TOKENS:
        raise InvalidInput(f"`most_tokens` must be between 1 and {_MOST_TOKENS}.", param="most_tokens")
    if budget.keep_share is not None and not _LEAST_SHARE <= budget.keep_share <= 1:
        raise InvalidInput(f"`keep_share` must be between {_LEAST_SHARE} and 1.", param="keep_share")
    await store.put(work.runtime.database, work.project_id, name, budget, clock.iso(clock.now()))
    await work.runtime.events.publish(InputBudgetsChanged())
    return next(card for card in (await all_budgets(work)).items if card.target == name)


async def remove(work: Work, target: str) -> None:
    """Take an input budget away."""
    if not await store.remove(work.runtime.database, work.project_id, target):
        raise NotFound(f"`{target}` has no input budget. `quarterdeck input-budget list` shows which have one.")
    await work.runtime.events.publish(InputBudgetsChanged())


def _name_of(target: Application | Route) -> str:
    return target.name if isinstance(target, Application) else target.id


def _number(said: Mapping[bytes, str], name: bytes, least: float, most: float) -> float | None:
    if name not in said:
        return None
    try:
        value = float(said[name])
    except ValueError:
        value = -1.0
    if not least <= value <= most:
        raise InvalidInput(f"The header `{name.decode()}` is `{said[name]}`; it must be from {least:g} to {most:g}.")
    return value


def _when_over(said: str | None, otherwise: WhenOver) -> WhenOver:
    if said is None:
        return otherwise
    if said == "trim":
        return "trim"
    if said == "refuse":
        return "refuse"
    raise InvalidInput(f"The header `{WHEN_OVER_HEADER.decode()}` is `{said}`; it must be `refuse` or `trim`.")
