"""The connections to providers: opened when none is free, kept for the next request, by place."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from quarterdeck.core.errors import InvalidInput, UpstreamUnavailable
from quarterdeck.gateway.wire.line import Line


class Place(NamedTuple):
    """Where a connection leads."""

    host: str
    port: int
    tls: bool


class Lines:
    """Lends connections. The one used last is lent first, so that those that are not needed grow old and close."""

    def __init__(self) -> None:
        self._free: dict[Place, list[Line]] = {}
        self._open: set[Line] = set()
        self._tls: ssl.SSLContext | None = None

    def free(self, place: Place) -> Line | None:
        """A connection that is open already."""
        free = self._free.get(place)
        while free:
            line = free.pop()
            if line.is_usable:
                return line
        return None

    async def connect(self, place: Place, connect_limit_s: float, limit_s: float) -> Line:
        """A new connection. Takes as long as a connection may, or as the request may."""
        try:
            async with asyncio.timeout(min(limit_s, connect_limit_s)):
                _, line = await asyncio.get_running_loop().create_connection(
                    lambda: Line(self, place),
                    place.host,
                    place.port,
                    ssl=self._context() if place.tls else None,
                    server_hostname=place.host if place.tls else None,
                )
        except TimeoutError as error:
            if limit_s <= connect_limit_s:
                raise
            raise ConnectTimeout(f"The connection took longer than {connect_limit_s:g} s.") from error
        self._open.add(line)
        return line

    def take_back(self, line: Line) -> None:
        """A line is free again."""
        assert isinstance(line.place, Place)  # noqa: S101  # for the type checker
        self._free.setdefault(line.place, []).append(line)

    def forget(self, line: Line) -> None:
        """A line is closed."""
        self._open.discard(line)
        assert isinstance(line.place, Place)  # noqa: S101  # for the type checker
        free = self._free.get(line.place)
        if free is not None and line in free:
            free.remove(line)

    def close(self) -> None:
        """Hang up everywhere."""
        for line in list(self._open):
            line.abort()
        self._free.clear()

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


class ConnectTimeout(TimeoutError):
    """The connection itself took too long."""


class Connector(aiohttp.TCPConnector):
    """What a session calls the world with: aiohttp's own connections for odd jobs, ours for model calls."""

    def __init__(self, **options: Any) -> None:  # Any: aiohttp's own options
        super().__init__(**options)
        self.lines = Lines()

    def close(self, **options: Any) -> Any:  # Any: as aiohttp has it
        self.lines.close()
        return super().close(**options)


def lines_of(http: aiohttp.ClientSession) -> Lines:
    """Our connections of a session."""
    if not isinstance(http.connector, Connector):
        raise TypeError("Model calls need a session that was made with `Connector`.")
    return http.connector.lines


@lru_cache(maxsize=4096)
def place_of(url: URL) -> Place:
    """Where the connection for a URL leads."""
    if url.raw_host is None or url.port is None:
        raise UpstreamUnavailable(f"`{url}` is no address of a server. Check the base URL.")
    return Place(url.raw_host, url.port, url.scheme == "https")


def head_of(method: str, url: URL, headers: Mapping[str, str]) -> bytes:
    """A request's first line and headers, but for the length of its body."""
    first = _first_lines(method, url)
    if not isinstance(headers, FixedHeaders):
        return first + _encoded(headers)
    if headers.encoded is None:
        headers.encoded = _encoded(headers)
    return first + headers.encoded


class FixedHeaders(CIMultiDict[str]):
    """Headers that all requests of an account have in common, and that nobody changes after the first one."""

    encoded: bytes | None = None


def _encoded(headers: Mapping[str, str]) -> bytes:
    lines: list[str] = []
    for name, value in headers.items():
        if "\n" in value or "\r" in value or "\0" in value:
            raise InvalidInput(f"The header `{name}` has a line break in it, which no header may have.")
        if name.lower() not in _OURS:
            lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode()


_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection"})


@lru_cache(maxsize=4096)
def _first_lines(method: str, url: URL) -> bytes:
    host = url.host_port_subcomponent if not url.is_default_port() else url.host_subcomponent
    return f"{method} {url.raw_path_qs or '/'} HTTP/1.1\r\nHost: {host}\r\n".encode()
