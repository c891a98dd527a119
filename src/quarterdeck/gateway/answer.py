"""The contract of an answer in the making: whole events or a whole body in the client's dialect, and the spans it leaves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence

from quarterdeck.gateway.route import Route


class Answer(ABC):
    """One answer to one chat request, not asked for yet. Use `events` or `body`, then `settle`, then `close`."""

    waited_ns: int = 0
    """How long others (the provider, the app) have taken so far; the rest of the duration is ours."""
    attempts: int = 1
    """How many calls it has taken so far; more than one when some failed."""
    complete: bool = False
    """Whether it came to its proper end, so that it may be kept for the next one who asks the same."""

    translated: bool = True
    """Whether it is told in another shape than the model gave it."""
    route: Route | None = None
    """Who gave it in the end, when there was a choice."""

    ending: bytes = b""
    """The last events of a stream, known when it is complete. The client gets them when the spans are durable."""

    @abstractmethod
    def events(self) -> AsyncGenerator[bytes, None]:
        """The answer as blocks of whole server-sent events, without the `ending`. Raises where it breaks."""

    @abstractmethod
    async def body(self) -> bytes:
        """The answer as one JSON body."""

    @abstractmethod
    def settle(self, error: BaseException | None = None) -> None:
        """End the spans: what was said, what it took, how it ended. A second call changes nothing."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of whatever is still open; an unfinished answer is cut off at its source."""

    def speaks(self, block: bytes) -> bool:
        """Whether a block has something of the answer itself: once the client has it, nobody else can answer."""
        return True

    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """Response headers that only this answer knows."""
        return ()
