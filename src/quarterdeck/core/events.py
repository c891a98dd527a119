"""How a room is heard above: it publishes a fact, and whoever was wired up hears it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar


@dataclass(frozen=True)
class Event:
    """Something that has happened. Subclasses are named in the past tense: `KeyRevoked`."""


E = TypeVar("E", bound=Event)


class Events:
    """Delivers each event to its subscribers in this process, in order, before `publish` returns."""

    def __init__(self) -> None:
        # Any: a subscriber takes its own event class, which a dict of mixed classes cannot express.
        self._subscribers: dict[type[Event], list[Callable[[Any], Awaitable[None]]]] = defaultdict(list)
        self._listeners: list[Callable[[Event], Awaitable[None]]] = []

    def subscribe(self, kind: type[E], subscriber: Callable[[E], Awaitable[None]]) -> None:
        """From now on, `subscriber` hears every event of exactly this class."""
        self._subscribers[kind].append(subscriber)

    def overhear(self, listener: Callable[[Event], Awaitable[None]]) -> None:
        """From now on, `listener` hears every event of any class, after its subscribers."""
        self._listeners.append(listener)

    async def publish(self, event: Event) -> None:
        """Tell every subscriber. Their errors are the publisher's errors: nothing is swallowed."""
        for subscriber in self._subscribers[type(event)]:
            await subscriber(event)
        for listener in self._listeners:
            await listener(event)
