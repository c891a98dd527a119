"""What stands at a path of the data plane: which methods it takes, and who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.plane import Plane
from quarterdeck.runtime.work import Work


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path, or all paths below one."""

    methods: tuple[str, ...]
    answer: Callable[[Plane, Exchange, Work], Awaitable[None]]
