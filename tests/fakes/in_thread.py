"""The fake provider in a thread of its own, for tests that have no event loop: those in a browser."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fakes.upstream import FakeUpstream, fake_upstream


@contextmanager
def upstream_in_thread() -> Iterator[FakeUpstream]:
    """A running fake, gone when the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    fake = fake_upstream()
    try:
        yield asyncio.run_coroutine_threadsafe(fake.__aenter__(), loop).result(timeout=10)
    finally:
        asyncio.run_coroutine_threadsafe(fake.__aexit__(None, None, None), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()
