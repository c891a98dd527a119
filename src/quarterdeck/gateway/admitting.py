"""The one gate of the data plane: whatever would cost something passes here first, and gives back what it did not use.

Every endpoint that calls a provider says `async with admitted(…) as hold`. Who may call what, limits and budgets are
looked at here and nowhere else, so that no path goes around them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from quarterdeck.gateway.application import Application
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.recording import note_who_asks
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work


@dataclass(frozen=True, slots=True)
class Demand:
    """What a request may take, as far as one can tell before it is made."""

    target: Application | Route
    input_bytes: int
    """The size of its body: the tokens are estimated from it, and reconciled with what was really used."""
    most_output_tokens: int | None = None
    """What the client allows for the answer; None when it does not say."""


class Hold:
    """What one request has been granted."""

    def settle(self, spans: Sequence[Span]) -> None:
        """Say what was really used: the finished spans of the request."""


@asynccontextmanager
async def admitted(plane: Plane, work: Work, envelope: Envelope, demand: Demand) -> AsyncIterator[Hold]:
    """Let a request in, or refuse it. What it holds is given back when the block ends, however it ends."""
    plane.admission.require_disk()
    note_who_asks(work, envelope)
    yield Hold()
