"""Aliases: public names that people give to plans. Stored here, compiled by the catalogue, asked on every request."""

from __future__ import annotations

import re
from contextlib import aclosing

from quarterdeck.core import clock, ids
from quarterdeck.core.errors import Conflict, InvalidInput, NotFound, QuarterdeckError
from quarterdeck.core.money import PICO
from quarterdeck.core.ownership import require_owner
from quarterdeck.core.paging import Page
from quarterdeck.gateway.admitting import Demand, held
from quarterdeck.gateway.application import Application, Applications
from quarterdeck.gateway.calls import call_model
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.conversation import ChatRequest, Message, TextPiece, is_token
from quarterdeck.gateway.recording import cost_of
from quarterdeck.gateway.routing import store
from quarterdeck.gateway.routing.cards import AliasCard, AttemptCard, StrategyCard, TestCall, card_of
from quarterdeck.gateway.routing.records import Alias, Plan, RoutesChanged
from quarterdeck.gateway.routing.strategy import all_strategies
from quarterdeck.observability.recorder import Recorder
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work

_NAME = re.compile(r"[A-Za-z0-9][\w.:/-]{0,127}")
_MOST_ALIASES = 1000
_TEST_QUESTION = "Answer with the one word: ready"
_TEST_TOKENS = 64


async def all_aliases(work: Work) -> Page[AliasCard]:
    """The aliases of this project, by name, with the health of what is behind them."""
    catalogue = work.part(Catalogue)
    compiled = catalogue.selections()
    mine = catalogue.aliases(work.project_id)
    return Page([card_of(alias, compiled.get((work.project_id, name))) for name, alias in mine.items()])


async def get(work: Work, name: str) -> AliasCard:
    """One alias."""
    alias = _known(work, name)
    return card_of(alias, work.part(Catalogue).selections().get((work.project_id, name)))


async def put(work: Work, name: str, plan: Plan, *, owner: str = "ui", force: bool = False) -> AliasCard:
    """Make an alias, or change its plan. Requests follow it from now on; those under way end as they began."""
    if not _NAME.fullmatch(name) or "," in name:
        raise InvalidInput(
            "The name of an alias has 1 to 128 letters, digits, `.`, `_`, `-`, `:` or `/`, and begins with a letter or "
            "digit.",
            param="name",
        )
    catalogue = work.part(Catalogue)
    if work.part(Applications).find(work.project_id, name) is not None:
        raise Conflict(f"An app is called `{name}`, and would hide the alias. Choose another name.", param="name")
    known = catalogue.aliases(work.project_id).get(name)
    if known is None and len(catalogue.aliases(work.project_id)) >= _MOST_ALIASES:
        raise Conflict(f"This project has {_MOST_ALIASES} aliases, which is the most. Remove some.")
    if known is not None:
        require_owner(f"The alias `{name}`", known.owner, owner=owner, force=force)
    catalogue.compiler(work.project_id).selection(name, plan)  # raises what is wrong with it
    now = clock.iso(clock.now())
    alias = Alias(
        id=ids.new_id("als") if known is None else known.id,
        project_id=work.project_id,
        name=name,
        plan=plan,
        owner=owner,
        created_at=now if known is None else known.created_at,
        updated_at=now,
    )
    await store.put(work.runtime.database, alias)
    await work.runtime.events.publish(RoutesChanged())
    return await get(work, name)


async def remove(work: Work, name: str, *, owner: str = "ui", force: bool = False) -> None:
    """Forget an alias."""
    require_owner(f"The alias `{name}`", _known(work, name).owner, owner=owner, force=force)
    await store.remove(work.runtime.database, work.project_id, name)
    await work.runtime.events.publish(RoutesChanged())


async def strategies(_work: Work) -> Page[StrategyCard]:
    """The strategies that a plan may name."""
    return Page([StrategyCard(name, kind.about) for name, kind in sorted(all_strategies().items())])


async def test(work: Work, model: str, question: str | None = None) -> TestCall:
    """Ask a model or an alias something short, and tell who answered after which attempts. It costs what a call costs."""
    target = work.part(Catalogue).find(work.project_id, model)
    if isinstance(target, Application):
        raise InvalidInput(f"`{model}` is an app. Ask it with `quarterdeck ask`.", param="model")
    request = ChatRequest(model, [Message("user", question or _TEST_QUESTION)], stream=True, max_tokens=_TEST_TOKENS)
    began_ns, first_ns = clock.monotonic_ns(), None
    said: list[str] = []
    spans: list[Span] = []
    failed: QuarterdeckError | None = None
    try:
        async with held(work, Demand(target, len(request.messages[0].text()), _TEST_TOKENS)) as hold:
            try:
                async with aclosing(call_model(work, request)) as pieces:
                    async for piece in pieces:
                        first_ns = first_ns or (clock.monotonic_ns() if is_token(piece) else None)
                        said += [piece.text] if isinstance(piece, TextPiece) else []
            finally:
                spans, work.trace.finished = work.trace.finished, []
                if spans:
                    work.part(Recorder).accept(spans)
                    hold.settle(spans)
    except QuarterdeckError as error:
        failed = error
    ended_ns, cost = clock.monotonic_ns(), cost_of(spans)
    calls = [span for span in spans if span.kind == "llm"]
    return TestCall(
        ok=failed is None,
        answer="".join(said),
        error=None if failed is None else failed.message,
        model=f"{calls[-1].provider}/{calls[-1].model}" if calls and failed is None else None,
        attempts=[_attempt(number, span) for number, span in enumerate(calls, start=1)],
        duration_ms=(ended_ns - began_ns) / 1e6,
        first_token_ms=None if first_ns is None else (first_ns - began_ns) / 1e6,
        cost_usd=None if cost is None else cost / PICO,
        trace_id=work.trace.trace_id,
    )


def _attempt(number: int, span: Span) -> AttemptCard:
    left = span.attributes.get("quarterdeck.left")
    return AttemptCard(
        number=number,
        model=f"{span.provider}/{span.model}",
        left=None if left is None else str(left),
        error=span.status_message,
        duration_ms=(span.end_ns - span.start_ns) / 1e6,
    )


def _known(work: Work, name: str) -> Alias:
    mine = work.part(Catalogue).aliases(work.project_id)
    if name not in mine:
        there = ", ".join(f"`{one}`" for one in mine) or "none"
        raise NotFound(f"No alias is called `{name}`. There are: {there}.")
    return mine[name]
