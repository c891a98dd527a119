"""A real recorder on a real spool and a real span store, in a fresh folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.span_store import SpanStore
from quarterdeck.observability.span_stores.duckdb import DuckDbSpanStore
from quarterdeck.storage.spool import Spool


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
