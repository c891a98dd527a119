"""One HTTP call to a provider, and how long we wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from quarterdeck.config.settings import Settings
from quarterdeck.core import clock
from quarterdeck.core.errors import QuarterdeckError, UpstreamFailed, UpstreamTimeout
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway import patience
from quarterdeck.gateway.patience import Waits
from quarterdeck.gateway.upstream_errors import SHORTEST_CREDENTIAL, refusal, unreachable, words
from quarterdeck.gateway.wire.line import LARGE_BODY, Line, Parcel, Stale, parcelled
from quarterdeck.gateway.wire.lines import ConnectTimeout, Lines, Place, head_of, lines_of, place_of

_LARGEST_ERROR_BODY = 64 * 1024
_LARGEST_ANSWER = 64 * 1024 * 1024
_ERROR_BODY_TIMEOUT_S = 15.0
_CREDENTIAL_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "x-amz-security-token")


class Reply:
    """A provider's successful answer, on its way in. Whoever opens it says `finish` or `close`."""

    def __init__(self, provider: str, line: Line, waits: Waits, waited_ns: int, sent: Mapping[str, str]) -> None:
        self.raw_headers = line.headers
        """As they came, names in lower case."""
        self.waited_ns = waited_ns
        """How long we have waited for the provider so far: the part of a request's duration that is not ours."""
        self._provider = provider
        self._line: Line | None = line
        self._sent = sent
        self._received = 0
        self._idle_limit_s = waits.idle_s
        waited_s = waited_ns / 1e9
        # What is left for a first token after the headers; some providers send these at once, others with it.
        self._limit_s = max(min(1.0, waits.first_token_s), waits.first_token_s - waited_s)
        self._ends_ns = None if waits.total_s is None else clock.monotonic_ns() + int((waits.total_s - waited_s) * 1e9)
        """When the whole answer must be there, however steadily it comes."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, whatever the case of their names."""
        return _Headers(self.raw_headers)

    async def read(self) -> bytes:
        """The whole answer. Its parts may come as late as a first token: a plain answer is written at once."""
        line = self._line
        if line is not None and line.whole:
            body = self._counted(line.take())
        else:
            chunks = []
            try:
                while chunk := await self.receive(patient=True):
                    chunks.append(chunk)
            except BaseException:
                self.close()
                raise
            body = b"".join(chunks)
        await self.finish()
        return body

    async def receive(self, *, patient: bool = False) -> bytes:
        """The next bytes, whatever their framing; none at the end. Silence that lasts too long is an `UpstreamTimeout`."""
        line = self._line
        if line is None:
            return b""
        chunk = line.take()
        if not chunk:
            if line.whole:
                return b""
            started = clock.monotonic_ns()
            limit_s = self._limit_s
            if self._ends_ns is not None:
                limit_s = min(limit_s, max(0.0, (self._ends_ns - started) / 1e9))
            try:
                await line.more(limit_s)
            except TimeoutError as error:
                if limit_s < self._limit_s:
                    raise self._too_long() from error
                raise UpstreamTimeout(f"`{self._provider}` was silent for {limit_s:g} s.") from error
            except ConnectionError as error:
                raise UpstreamFailed(
                    f"`{self._provider}` broke off in the middle of its answer: {words(error)}."
                ) from error
            finally:
                self.waited_ns += clock.monotonic_ns() - started
            chunk = line.take()
        elif self._ends_ns is not None and clock.monotonic_ns() > self._ends_ns:
            raise self._too_long()
        if not patient:
            self._limit_s = self._idle_limit_s
        return self._counted(chunk)

    def masked(self, said: bytes) -> bytes:
        """Something that the provider said, without the credential that it was called with."""
        return _without_our_credential(said, self._sent)

    async def refusal(self, status: int) -> QuarterdeckError:
        """What an answer that is an error means, in its own words as far as they come."""
        line, body = self._line, b""
        with suppress(TimeoutError, ConnectionError):
            while line is not None and not line.whole and len(body) < _LARGEST_ERROR_BODY:
                await line.more(_ERROR_BODY_TIMEOUT_S)
                body += line.take()
        if line is not None:
            body += line.take()
        headers = self.headers
        error = refusal(self._provider, status, headers, self.masked(body[:_LARGEST_ERROR_BODY]))
        self.close()
        return error

    async def finish(self) -> None:
        """Let the connection serve the next request, once it has read what is left, which should be nothing."""
        line, self._line = self._line, None
        if line is not None:
            line.release()

    def close(self) -> None:
        """Let go. An answer that has not ended is cut off, so that the provider stops generating."""
        line, self._line = self._line, None
        if line is not None:
            if line.whole:
                line.release()
            else:
                line.abort()

    def _too_long(self) -> UpstreamTimeout:
        return UpstreamTimeout(f"`{self._provider}` took too long for its whole answer, and was cut off.")

    def _counted(self, chunk: bytes) -> bytes:
        self._received += len(chunk)
        if self._received > _LARGEST_ANSWER:
            raise UpstreamFailed(f"`{self._provider}` sent more than {_LARGEST_ANSWER >> 20} MB for one answer.")
        return chunk


async def post(
    http: aiohttp.ClientSession,
    url: URL,
    body: bytes,
    headers: Mapping[str, str],
    *,
    provider: str,
    settings: Settings,
) -> Reply:
    """Send a request. Returns when the provider has answered 200; anything else is raised as what it means."""
    reply, status = await ask(http, "POST", url, body, headers, provider=provider, settings=settings)
    if status != 200:
        raise await reply.refusal(status)
    return reply


async def ask(
    http: aiohttp.ClientSession,
    method: str,
    url: URL,
    body: bytes | Parcel | None,
    headers: Mapping[str, str],
    *,
    provider: str,
    settings: Settings,
) -> tuple[Reply, int]:
    """Send a request of any kind. Returns when the provider has begun to answer, with the status of whatever it says."""
    started = clock.monotonic_ns()
    waits, lines = patience.waits(settings), lines_of(http)
    place, head = place_of(url), head_of(method, url, headers)
    if isinstance(body, bytes) and len(body) >= LARGE_BODY:
        body = parcelled(body)
    bodiless = method == "HEAD"
    try:
        line = lines.free(place)
        try:
            line = await _send(lines, line, place, head, body, waits, bodiless=bodiless)
        except Stale:
            if line is None:
                raise
            # A pooled connection that the provider has closed just now: nothing was answered, so ask again, once.
            line = await _send(lines, None, place, head, body, waits, bodiless=bodiless)
    except ConnectTimeout as error:
        raise UpstreamTimeout(f"`{provider}` did not begin to answer in time. {error}") from error
    except TimeoutError as error:
        raise UpstreamTimeout(
            f"`{provider}` did not begin to answer in time. We waited {waits.for_headers_s:g} s."
        ) from error
    except OSError as error:
        raise unreachable(provider, url, error) from error
    return Reply(provider, line, waits, clock.monotonic_ns() - started, headers), line.status


async def _send(
    lines: Lines,
    line: Line | None,
    place: Place,
    head: bytes,
    body: bytes | Parcel | None,
    waits: Waits,
    *,
    bodiless: bool,
) -> Line:
    limit_s = waits.for_headers_s
    if line is None:
        began = clock.monotonic_ns()
        line = await lines.connect(place, waits.connect_s, limit_s)
        limit_s = max(0.0, limit_s - (clock.monotonic_ns() - began) / 1e9)
    try:
        if isinstance(body, Parcel):
            async with asyncio.timeout(limit_s):
                await line.send_slowly(head, body)
        else:
            line.send(head, body, expects_body=not bodiless)
        await line.head(limit_s)
    except BaseException:
        line.abort()
        raise
    return line


async def get_json(
    http: aiohttp.ClientSession, url: URL, headers: Mapping[str, str], *, provider: str, timeout_s: float = 15.0
) -> Any:  # Any: whatever JSON the provider sends; the caller converts it
    """Fetch a small JSON document from a provider."""
    try:
        async with (
            asyncio.timeout(timeout_s),
            http.get(url, headers=headers, allow_redirects=False) as response,
        ):
            if response.status != 200:
                body = await response.content.read(_LARGEST_ERROR_BODY)
                raise refusal(provider, response.status, response.headers, _without_our_credential(body, headers))
            return msgspec.json.decode(await response.content.read(_LARGEST_ANSWER))
    except TimeoutError as error:
        raise UpstreamTimeout(f"`{provider}` did not answer within {timeout_s:g} s.") from error
    except UNREADABLE as error:
        raise UpstreamFailed(f"`{provider}` did not answer with JSON. Is `{url}` the right base URL?") from error
    except (aiohttp.ClientError, OSError) as error:
        raise unreachable(provider, url, error) from error


def _without_our_credential(body: bytes, sent: Mapping[str, str]) -> bytes:
    # Some servers repeat the key that they refuse; what they say goes to clients, traces and the disk.
    for name, value in sent.items():
        if name.lower() in _CREDENTIAL_HEADERS:
            credential = value.rpartition(" ")[2].encode()
            if len(credential) >= SHORTEST_CREDENTIAL:
                body = body.replace(credential, "…".encode())
    return body


class _Headers(Mapping[str, str]):
    """Headers as they came, looked up in any case: few are ever asked for, so none is converted before."""

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = raw

    def __getitem__(self, name: str) -> str:
        wanted = name.lower().encode()
        found = [value for each, value in self._raw if each == wanted]
        if not found:
            raise KeyError(name)
        return b", ".join(found).decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.decode("latin-1") for name, _ in self._raw))

    def __len__(self) -> int:
        return len({name for name, _ in self._raw})
