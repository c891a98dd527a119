"""The contract of a connection to one MCP server, made for one client, and how it is opened."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from quarterdeck.core.errors import UpstreamFailed, UpstreamTimeout
from quarterdeck.gateway.mcp.records import McpServer
from quarterdeck.gateway.mcp.wire import (
    CAPABILITIES_KEY,
    CLIENT_KEY,
    INTERNAL_ERROR,
    MODERN,
    OURSELVES,
    VERSION_KEY,
    WITH_HANDSHAKE,
    Json,
    McpError,
    notification,
    request,
    without_our_words,
)


class SessionGone(Exception):
    """The server has forgotten our session: open a new one and ask again."""


class NotSpoken(Exception):
    """Nobody speaks this transport at the address."""


class Upstream(ABC):
    """Messages to a server and back. The transport is the plug-in's affair, the protocol's opening is ours."""

    def __init__(self, server: McpServer) -> None:
        self.server = server
        self.version = WITH_HANDSHAKE[0]
        self.capabilities: Json = {}
        self.info: Json = {}
        self.instructions: str | None = None
        self._client_capabilities: Json = {}
        self._numbers = itertools.count(1)

    @property
    def modern(self) -> bool:
        """Whether it is spoken to without a session, each request for itself."""
        return self.version == MODERN

    @abstractmethod
    def send(self, message: Json, trace: str | None = None) -> AsyncGenerator[Json, None]:
        """Send a message, and hear what comes in answer to it until that is over. `trace` is a `traceparent`."""

    @abstractmethod
    async def close(self) -> None:
        """Say goodbye. Never raises."""

    async def open(self, client_capabilities: Json, *, try_modern: bool = True) -> None:
        """Agree on a version. Capabilities are what our client can do when the server asks back."""
        self._client_capabilities = client_capabilities
        if try_modern:
            self.version = MODERN
            try:
                found = await self.ask("server/discover", {})
            except McpError:
                found = {}
            if MODERN in (found.get("supportedVersions") or ()):
                self._learn(found, found.get("serverInfo") or (found.get("_meta") or {}).get(_SERVER_KEY))
                return
        self.version = WITH_HANDSHAKE[0]
        hello = {"protocolVersion": self.version, "capabilities": client_capabilities, "clientInfo": OURSELVES}
        found = await self.ask("initialize", hello)
        version = found.get("protocolVersion")
        if version not in WITH_HANDSHAKE:
            raise UpstreamFailed(f"`{self.server.name}` speaks version {version!r} of MCP, which we do not know.")
        self.version = version
        self._learn(found, found.get("serverInfo"))
        await self.tell(notification("notifications/initialized"))

    async def call(
        self, method: str, params: Json, *, trace: str | None = None, capabilities: Json | None = None
    ) -> AsyncGenerator[Json, None]:
        """Send a request; notifications and requests of the server may come before the answer, which comes last.

        `capabilities` are those of a client that tells them with each request; without a session they reach the server.
        """
        params = without_our_words(params)
        if self.modern:
            can = self._client_capabilities if capabilities is None else capabilities
            ours = {VERSION_KEY: MODERN, CLIENT_KEY: OURSELVES, CAPABILITIES_KEY: can}
            params = {**params, "_meta": {**params.get("_meta", {}), **ours}}
        message = request(next(self._numbers), method, params)
        answered = False
        try:
            async with aclosing(self.send(message, trace)) as messages:
                async for heard in messages:
                    if heard.get("id") == message["id"] and "method" not in heard:
                        answered = True
                        yield heard
                        return
                    yield heard
        except TimeoutError as error:
            raise UpstreamTimeout(
                f"The MCP server `{self.server.name}` was silent for {self.server.timeout_s:g} s."
            ) from error
        except GeneratorExit:
            if not answered and not self.modern:
                self.cancel_soon(message["id"])
            raise
        raise UpstreamFailed(f"The MCP server `{self.server.name}` broke off before it had answered `{method}`.")

    async def ask(self, method: str, params: Json) -> Json:
        """Send a request for which only the answer matters."""
        async with aclosing(self.call(method, params)) as messages:
            async for message in messages:
                if "method" not in message:
                    return answer_in(message)
        raise UpstreamFailed(f"The MCP server `{self.server.name}` did not answer `{method}`.")

    async def tell(self, message: Json) -> None:
        """Send a message that wants no answer."""
        async with aclosing(self.send(message)) as messages:
            async for _ in messages:
                pass

    @abstractmethod
    def cancel_soon(self, number: int) -> None:
        """Tell the server that nobody waits for an answer any more, where its transport does not say so by itself."""

    def _learn(self, found: Json, info: Any) -> None:
        # Any: whatever the server says of itself.
        self.info = info if isinstance(info, dict) else {}
        self.capabilities = found.get("capabilities") or {}
        self.instructions = found.get("instructions")


def answer_in(message: Json) -> Json:
    """The result of an answer; an error in it is raised."""
    if isinstance(message.get("result"), dict):
        found: Json = message["result"]
        return found
    said = message.get("error")
    said = said if isinstance(said, dict) else {}
    code = said.get("code")
    raise McpError(
        code if isinstance(code, int) else INTERNAL_ERROR, str(said.get("message", "no reason")), said.get("data")
    )


_SERVER_KEY = "io.modelcontextprotocol/serverInfo"
