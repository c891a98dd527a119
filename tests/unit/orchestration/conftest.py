"""A house with a small handbook and a fake provider, and a way to ask its apps as the data plane does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from quarterdeck.access.keyring import Keyring
from quarterdeck.config.settings import Settings
from quarterdeck.gateway.application import Applications
from quarterdeck.gateway.conversation import (
    ChatRequest,
    Citation,
    FinishPiece,
    Message,
    PassagesPiece,
    TextPiece,
    UsagePiece,
)
from quarterdeck.gateway.speaking import answer_of_app
from quarterdeck.observability.recorder import Recorder
from quarterdeck.orchestration import apps
from quarterdeck.retrieval import ingestion, library
from quarterdeck.retrieval.records import IndexVersion
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.tracing import Span, Trace
from quarterdeck.runtime.work import Work
from quarterdeck.server.wiring import running
from tests.conftest import FreshHome
from tests.fakes.upstream import FakeUpstream, fake_upstream

LEAVE = """# Annual leave

## How much

A full-time employee has 25 days of paid annual leave in each calendar year. After five years of service this becomes 27 days.

## Carrying over

You may carry up to 5 unused days into the next year. Carried days lapse on 31 March.
"""
REMOTE = """# Remote work

## How much

You may work from home up to 3 days a week. Tuesday and Thursday are anchor days, on which everyone comes to the office.
"""
PAY = """# Pay

## The yearly review

New salaries apply from 1 April. There is no general or automatic raise.
"""
HANDBOOK = {"leave.md": LEAVE, "remote.md": REMOTE, "pay.md": PAY}


@dataclass
class Said:
    """An answer, collected."""

    text: str = ""
    citations: list[Citation] = field(default_factory=list)
    passages: list[Citation] = field(default_factory=list)
    declined: bool | None = None
    usage: UsagePiece | None = None
    spans: list[Span] = field(default_factory=list)
    trace_id: str = ""
    order: list[str] = field(default_factory=list)
    """The kinds of the pieces, as they came."""

    def span(self, name: str) -> Span:
        """The only span whose name begins so."""
        (found,) = [span for span in self.spans if span.name.startswith(name)]
        return found


@dataclass
class House:
    """A running house, the provider behind it, and somebody who works there."""

    runtime: Runtime
    upstream: FakeUpstream

    @property
    def work(self) -> Work:
        """A fresh piece of work of the administrator."""
        return Work(runtime=self.runtime, actor=self.runtime.part(Keyring).administrator("admin"), trace=Trace())

    async def publish(self, knowledge: str, files: dict[str, str]) -> IndexVersion:
        """Put files into a knowledge base, and wait until every passage has its vector."""
        for path, text in files.items():
            await ingestion.stage_file(self.work, knowledge, path, text.encode())
        version = await ingestion.publish(self.work, knowledge)
        async with asyncio.timeout(60):
            while (now := await library.knowledge(self.work, knowledge)).embedded < now.chunks:
                await asyncio.sleep(0.02)
        return version

    async def bot(self, name: str = "bot", *, model: str = "local/extractive", **parameters: object) -> str:
        """The name of an app that answers from the handbook."""
        await apps.create(
            self.work, name, description="Knows the handbook.", knowledge="handbook", model=model, parameters=parameters
        )
        return name

    async def ask(self, app: str, question: str, before: Sequence[Message] = ()) -> Said:
        """Ask an app as a client would, and keep the trace."""
        work = self.work
        found = work.part(Applications).find(work.project_id, app)
        assert found is not None
        request = ChatRequest(model=app, messages=[*before, Message("user", question)])
        answer = answer_of_app(work, found, request)
        span = answer._span  # type: ignore[attr-defined]  # the app's own span, as the data plane has it
        said = Said(trace_id=work.trace.trace_id)
        try:
            async with aclosing(found.answer(work.under(span), request, span)) as pieces:
                async for piece in pieces:
                    _hear(said, piece)
                    answer._hear(piece, 0)  # type: ignore[attr-defined]
        finally:
            answer.settle()
            said.spans = list(work.trace.finished)
            self.runtime.part(Recorder).accept(said.spans)
        return said


def _hear(said: Said, piece: object) -> None:
    said.order.append(type(piece).__name__)
    if isinstance(piece, TextPiece):
        said.text += piece.text
    elif isinstance(piece, PassagesPiece):
        said.passages = piece.passages
    elif isinstance(piece, FinishPiece):
        said.citations, said.declined = piece.citations or [], piece.declined
    elif isinstance(piece, UsagePiece):
        said.usage = piece


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with fake_upstream() as fake:
        yield fake


@pytest.fixture
async def empty_house(tmp_path: Path, fresh_home: FreshHome, upstream: FakeUpstream) -> AsyncIterator[House]:
    """A house with a provider `openai` (the fake) and no documents."""
    providers = {"OPENAI_API_KEY": "sk-upstream", "OPENAI_BASE_URL": upstream.openai_url}
    async with running(Settings(home=fresh_home(tmp_path / "home"), providers=providers)) as runtime:
        yield House(runtime, upstream)


@pytest.fixture
async def house(empty_house: House) -> House:
    """The same with the handbook in it."""
    await empty_house.publish("handbook", HANDBOOK)
    return empty_house
