"""Learned routers as their owner sees them: made for two models, fed with outcomes, trained, reported on, removed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

import numpy as np

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, NotFound, Unavailable
from quarterdeck.core.paging import Page
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.gateway.routing.learned import store
from quarterdeck.gateway.routing.learned.choosing import LearnedRouters
from quarterdeck.gateway.routing.learned.features import LONGEST_TEXT
from quarterdeck.gateway.routing.learned.model import from_bytes
from quarterdeck.gateway.routing.learned.records import (
    Imported,
    Outcome,
    Prediction,
    Report,
    RouterCard,
    RoutersChanged,
    RouterState,
    Sample,
)
from quarterdeck.gateway.routing.learned.store import RouterRow
from quarterdeck.gateway.routing.learned.training import LEAST_PAIRS, train
from quarterdeck.runtime.work import Work

MOST_OUTCOMES = 5000
"""So many at once; a longer table is imported in portions."""
_MOST_KEPT = 200_000
_MOST_PAIRS = 10_000
"""Trained on the newest so many."""
_PORTION = 64
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


async def all_routers(work: Work) -> Page[RouterCard]:
    """Every learned router of the project."""
    return Page([await _card(work, row) for row in await store.all_routers(work.runtime.database, work.project_id)])


async def get(work: Work, name: str) -> RouterCard:
    """One router with its report."""
    return await _card(work, await _row(work, name))


async def create(work: Work, name: str, *, weak: str, strong: str, keep: float, confidence: float) -> RouterCard:
    """A router between two models. It learns from outcomes, and chooses once it is trained and shown to be worth it."""
    if not _NAME.fullmatch(name):
        raise InvalidInput("A router's name has 1 to 63 of `a-z`, `0-9`, `.`, `_`, `-`.", param="name")
    for field, value, least in (("keep", keep, 0.5), ("confidence", confidence, 0.5)):
        if not least <= value < 1.0:
            raise InvalidInput(f"`{field}` is {value:g}; it must be from {least:g} to less than 1.", param=field)
    catalogue = work.part(Catalogue)
    names = [catalogue.route(work.project_id, model).id for model in (weak, strong)]
    if names[0] == names[1]:
        raise InvalidInput("`weak` and `strong` are the same model: there is nothing to choose.", param="weak")
    row = RouterRow(work.project_id, name, names[0], names[1], keep, confidence, None, None)
    await store.add(work.runtime.database, row, clock.iso(clock.now()))
    return await get(work, name)


async def remove(work: Work, name: str) -> None:
    """Forget a router, its model and its outcomes."""
    await _row(work, name)
    await store.remove(work.runtime.database, work.project_id, name)
    await work.runtime.events.publish(RoutersChanged())


async def add_outcomes(work: Work, name: str, outcomes: Sequence[Outcome]) -> Imported:
    """Keep outcomes to learn from: what the one and the other model made of the same request."""
    row = await _row(work, name)
    if not 1 <= len(outcomes) <= MOST_OUTCOMES:
        raise InvalidInput(f"Send between 1 and {MOST_OUTCOMES} outcomes at once.", param="outcomes")
    catalogue = work.part(Catalogue)
    full_names = {row.weak: row.weak, row.strong: row.strong}
    for number, outcome in enumerate(outcomes):
        if outcome.target not in full_names:
            target = catalogue.route(work.project_id, outcome.target).id
            if target not in (row.weak, row.strong):
                raise InvalidInput(
                    f"Outcome {number} is of `{outcome.target}`; `{name}` chooses between `{row.weak}` and `{row.strong}`.",
                    param=f"outcomes.{number}.target",
                )
            full_names[outcome.target] = target
    if await store.count_outcomes(work.runtime.database, work.project_id, name) + len(outcomes) > _MOST_KEPT:
        raise InvalidInput(f"`{name}` has {_MOST_KEPT} outcomes, which is all it keeps. Begin a new router.")
    kept = [
        Outcome(outcome.text, full_names[outcome.target], outcome.score, outcome.cost_usd, outcome.topic)
        for outcome in outcomes
    ]
    await store.add_outcomes(work.runtime.database, work.project_id, name, kept, clock.iso(clock.now()))
    there = await store.count_outcomes(work.runtime.database, work.project_id, name)
    return Imported(name, len(outcomes), there)


async def train_router(work: Work, name: str) -> RouterCard:
    """Train on the newest outcomes of both models, and judge the router by requests it has not seen."""
    row = await _row(work, name)
    found = await store.samples(work.runtime.database, row, _MOST_PAIRS)
    if len(found) < LEAST_PAIRS:
        raise InvalidInput(
            f"`{name}` has {len(found)} requests with an outcome of both models; it takes {LEAST_PAIRS} to learn anything. "
            f"Import more with `quarterdeck router import {name} FILE`."
        )
    embedder = work.part(Embedder)
    if not embedder.ready:
        raise Unavailable("There is no embedding model on this machine; `quarterdeck doctor` says how to get it.")
    now = clock.iso(clock.now())
    content, report = await asyncio.to_thread(_train, embedder, row, found, now)
    await store.keep_model(work.runtime.database, work.project_id, name, content, report, now)
    await work.runtime.events.publish(RoutersChanged())
    return await get(work, name)


async def predict(work: Work, name: str, text: str) -> Prediction:
    """What a router would do with a text."""
    row = await _row(work, name)
    routers = work.part(LearnedRouters)
    ready = routers.find(work.project_id, name)
    if ready is None:
        return Prediction(row.strong, 0.0, None, "untrained")
    return await routers.predict(ready, text)


def _train(embedder: Embedder, row: RouterRow, found: Sequence[Sample], now: str) -> tuple[bytes, Report]:
    texts = [sample.text[:LONGEST_TEXT] for sample in found]
    portions = [embedder.embed(texts[start : start + _PORTION]) for start in range(0, len(texts), _PORTION)]
    model, report = train(
        found,
        np.concatenate(portions),
        weak=row.weak,
        strong=row.strong,
        keep=row.keep,
        confidence=row.confidence,
        embedder=embedder.name,
        now=now,
    )
    return model.to_bytes(), report


async def _row(work: Work, name: str) -> RouterRow:
    row = await store.router(work.runtime.database, work.project_id, name)
    if row is None:
        known = ", ".join(f"`{one.name}`" for one in await store.all_routers(work.runtime.database, work.project_id))
        raise NotFound(f"No router is called `{name}`. " + (f"There are: {known}." if known else "There is none yet."))
    return row


async def _card(work: Work, row: RouterRow) -> RouterCard:
    card = None if row.model is None else from_bytes(row.model).card
    state: RouterState = "untrained" if card is None else ("on" if card.on else "off")
    pairs = await store.count_pairs(work.runtime.database, row)
    if card is not None:
        reason = card.reason
    elif pairs < LEAST_PAIRS:
        reason = f"It takes {LEAST_PAIRS} requests with an outcome of both models; there are {pairs}."
    else:
        reason = f"`quarterdeck router train {row.name}` trains it."
    return RouterCard(
        name=row.name,
        weak=row.weak,
        strong=row.strong,
        keep=row.keep,
        confidence=row.confidence,
        state=state,
        reason=reason,
        outcomes=await store.count_outcomes(work.runtime.database, work.project_id, row.name),
        pairs=pairs,
        model=card,
        report=row.report,
    )
