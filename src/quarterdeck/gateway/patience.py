"""How long one call waits for a provider: as its route or its client says, else as the settings do.

Told to `upstream.post` beside the arguments: every provider would otherwise have to hand it on without looking at it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from quarterdeck.config.settings import Settings
from quarterdeck.gateway.routing.records import Timeouts

T = TypeVar("T")

_SAID: ContextVar[Timeouts | None] = ContextVar("patience", default=None)


@dataclass(frozen=True, slots=True)
class Waits:
    """The four limits of one call."""

    connect_s: float
    first_token_s: float
    idle_s: float
    total_s: float | None

    @property
    def for_headers_s(self) -> float:
        """How long until the provider must have begun to answer."""
        return self.first_token_s if self.total_s is None else min(self.first_token_s, self.total_s)


def waits(settings: Settings) -> Waits:
    """The limits of a call that is begun here and now."""
    told = _SAID.get()
    if told is None:
        return Waits(
            settings.upstream_connect_timeout_s,
            settings.upstream_first_token_timeout_s,
            settings.upstream_idle_timeout_s,
            settings.upstream_total_timeout_s or None,
        )
    return Waits(
        told.connect_s or settings.upstream_connect_timeout_s,
        told.first_token_s or settings.upstream_first_token_timeout_s,
        told.idle_s or settings.upstream_idle_timeout_s,
        told.total_s or settings.upstream_total_timeout_s or None,
    )


@contextmanager
def waiting(timeouts: Timeouts | None) -> Iterator[None]:
    """Calls that are begun in this block wait as long as this says; None leaves it to the settings."""
    token = _SAID.set(timeouts)
    try:
        yield
    finally:
        _SAID.reset(token)


async def patiently(pieces: AsyncGenerator[T, None], timeouts: Timeouts) -> AsyncGenerator[T, None]:
    """The same pieces. The call that brings them is begun with the first one."""
    async with aclosing(pieces):
        with waiting(timeouts):
            first = await anext(pieces, None)
        if first is None:
            return
        yield first
        async for piece in pieces:
            yield piece
