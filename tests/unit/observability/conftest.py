"""A real recorder on a real spool and a real span store, in a fresh folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from quarterdeck.observability.pricing import Price, Pricing, TokenUsage
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.span_store import SpanStore
from quarterdeck.observability.span_stores.duckdb import DuckDbSpanStore
from quarterdeck.runtime.tracing import CostLine
from quarterdeck.runtime.work import Work
from quarterdeck.storage.spool import Spool
from tests.unit.observability.door import Door, open_door


def new_recorder(home: Path) -> Recorder:
    """The recorder of a data folder."""
    return Recorder(Spool(home / "spool"), DuckDbSpanStore(home / "spans.duckdb"))


@pytest.fixture(params=[DuckDbSpanStore])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SpanStore]:
    """Every span store, one after the other: the contract tests are for all of them."""
    store: SpanStore = request.param(tmp_path / "spans")
    store.open()
    yield store
    store.close()


@pytest.fixture
async def recorder(tmp_path: Path) -> AsyncIterator[Recorder]:
    """An open recorder."""
    recorder = new_recorder(tmp_path)
    await recorder.open()
    yield recorder
    await recorder.close()


class FlatPricing(Pricing):
    """One dollar a million tokens in, two out, for everything that OpenAI sells."""

    def price(
        self,
        provider: str | None,
        models: Sequence[str],
        usage: TokenUsage,
        at: datetime,
        project_id: str | None = None,
    ) -> Price | None:
        if provider != "openai":
            return None
        lines = (
            CostLine("input", usage.input, 1_000_000, usage.input * 1_000_000),
            CostLine("output", usage.output, 2_000_000, usage.output * 2_000_000),
        )
        return Price(sum(line.cost_pico for line in lines), lines, f"flat/{models[0]}")


@pytest.fixture
async def door(work: Work) -> AsyncIterator[Door]:
    """The HTTP of observability, with flat prices."""
    work.runtime.install(Pricing, FlatPricing())
    async with open_door(work) as door:
        yield door
