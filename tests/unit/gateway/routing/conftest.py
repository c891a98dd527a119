"""A gateway with two providers, each a fake of its own, and an alias before them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from quarterdeck.gateway.routing import aliases
from quarterdeck.gateway.routing.health import Health
from quarterdeck.gateway.routing.records import Plan, Target
from quarterdeck.gateway.routing.selection import Selection
from quarterdeck.runtime.tracing import Span
from tests.fakes.upstream import FakeUpstream, fake_upstream
from tests.unit.gateway.conftest import Gateway, running_gateway

FIRST, SECOND = "first/model-a", "second/model-b"
ANTHROPIC = "anthropic/claude-sonnet-4-5"


@dataclass
class Crossroads:
    """Two providers behind one gateway: `openai` dialect both, so that bytes go through."""

    gateway: Gateway
    first: FakeUpstream
    second: FakeUpstream

    async def alias(self, name: str = "fast", *targets: str | Target, **plan: Any) -> None:
        """An alias; by default the first model, then the second."""
        found = tuple(Target(one) if isinstance(one, str) else one for one in targets or (FIRST, SECOND))
        await aliases.put(self.gateway.work, name, Plan(found, **{"retries": 0, **plan}))

    async def ask(self, model: str = "fast", *, stream: bool = False, **more: Any) -> httpx.Response:
        """One chat request."""
        headers = more.pop("headers", {})
        body = {"model": model, "messages": [{"role": "user", "content": "The capital?"}], "stream": stream, **more}
        return await self.gateway.http().post("/v1/chat/completions", json=body, headers=headers)

    def health(self, name: str = "fast", which: int = 0) -> Health:
        """The health of one of an alias's targets."""
        selection = self.gateway.plane.catalogue.selections()[self.gateway.work.project_id, name]
        assert isinstance(selection, Selection)
        return selection.candidates[which].health

    async def spans(self, reply: httpx.Response) -> list[Span]:
        """The spans that a reply left, in the order they began; roots first."""
        found = await self.gateway.spans(reply.headers["x-quarterdeck-trace-id"])
        return sorted(found, key=lambda span: (span.parent_id is not None, span.start_ns))


@pytest.fixture
async def crossroads(tmp_path: Path) -> AsyncIterator[Crossroads]:
    """A gateway with `first` and `second`."""
    async with (
        fake_upstream() as first,
        fake_upstream() as second,
        running_gateway(tmp_path / "home", second, cache=False) as gateway,
    ):
        await gateway.provider_at(first.openai_url, "first")
        await gateway.provider_at(second.openai_url, "second")
        yield Crossroads(gateway, first, second)
