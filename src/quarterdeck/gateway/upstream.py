"""One HTTP call to a provider, and how long we wait for it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from quarterdeck.config.settings import Settings
from quarterdeck.core import clock
from quarterdeck.core.errors import QuarterdeckError, UpstreamFailed, UpstreamTimeout
from quarterdeck.gateway import patience
from quarterdeck.gateway.upstream_errors import SHORTEST_CREDENTIAL, refusal, unreachable, words

_LARGEST_ERROR_BODY = 64 * 1024
_LARGE_BODY = 1024 * 1024
_LARGEST_ANSWER = 64 * 1024 * 1024
_LAST_BYTES_TIMEOUT_S = 1.0
_CREDENTIAL_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "x-amz-security-token")


class Reply:
    """A provider's successful answer, on its way in. Whoever opens it says `finish` or `close`."""

    def __init__(self, provider: str, response: aiohttp.ClientResponse, waits: patience.Waits, waited_ns: int) -> None:
        self.headers = response.headers
        self.waited_ns = waited_ns
        """How long we have waited for the provider so far: the part of a request's duration that is not ours."""
        self._provider = provider
        self._response = response
        self._content = response.content
        self._received = 0
        self._idle_limit_s = waits.idle_s
        waited_s = waited_ns / 1e9
        # What is left for a first token after the headers; some providers send these at once, others with it.
        first_s = max(min(1.0, waits.first_token_s), waits.first_token_s - waited_s)
        left_s = None if waits.total_s is None else max(0.0, waits.total_s - waited_s)
        self._silence = _Silence(provider, response.content, first_s, left_s)

    async def read(self) -> bytes:
        """The whole answer. Its parts may come as late as a first token: a plain answer is written at once."""
        chunks = []
        try:
            while chunk := await self.receive(patient=True):
                chunks.append(chunk)
        except BaseException:
            self.close()
            raise
        await self.finish()
        return b"".join(chunks)

    async def receive(self, *, patient: bool = False) -> bytes:
        """The next bytes, whatever their framing; none at the end. Silence that lasts too long is an `UpstreamTimeout`."""
        started = clock.monotonic_ns()
        self._silence.begin()
        try:
            chunk = await self._content.readany()
        except (aiohttp.ClientError, ConnectionError) as error:
            raise UpstreamFailed(
                f"`{self._provider}` broke off in the middle of its answer: {words(error)}."
            ) from error
        self._silence.end()
        self.waited_ns += clock.monotonic_ns() - started
        self._received += len(chunk)
        if self._received > _LARGEST_ANSWER:
            raise UpstreamFailed(f"`{self._provider}` sent more than {_LARGEST_ANSWER >> 20} MB for one answer.")
        if not patient and self._silence.limit_s != self._idle_limit_s:
            self._silence.change_limit(self._idle_limit_s)
        return chunk

    def masked(self, said: bytes) -> bytes:
        """Something that the provider said, without the credential that it was called with."""
        return _without_our_credential(said, self._response)

    async def finish(self) -> None:
        """Read what is left, which should be nothing, so that the connection can serve the next request."""
        self._silence.stop()
        if not self._content.at_eof():
            with suppress(TimeoutError, aiohttp.ClientError, ConnectionError):
                async with asyncio.timeout(_LAST_BYTES_TIMEOUT_S):
                    while await self._content.readany():
                        pass
        self.close()

    def close(self) -> None:
        """Let go. An answer that has not ended is cut off, so that the provider stops generating."""
        self._silence.stop()
        if self._content.at_eof():
            self._response.release()
        else:
            self._response.close()


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
    started = clock.monotonic_ns()
    waits = patience.waits(settings)
    # Only said where it differs: a session's own timeout costs a request nothing.
    more: dict[str, Any] = {} if waits.connection is None else {"timeout": waits.connection}  # Any: for aiohttp
    try:
        async with asyncio.timeout(waits.for_headers_s):
            try:
                response = await http.post(url, data=_payload(body), headers=headers, allow_redirects=False, **more)
            except aiohttp.ServerDisconnectedError:
                # A pooled connection that the provider has closed just now: nothing was answered, so ask again, once.
                response = await http.post(url, data=_payload(body), headers=headers, allow_redirects=False, **more)
            if response.status != 200:
                raise await _meaning(provider, response)
    except TimeoutError as error:
        raise UpstreamTimeout(
            f"`{provider}` did not begin to answer in time. {_timeout_words(error, waits)}"
        ) from error
    except (aiohttp.ClientError, OSError) as error:
        raise unreachable(provider, url, error) from error
    return Reply(provider, response, waits, clock.monotonic_ns() - started)


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
                raise await _meaning(provider, response)
            return msgspec.json.decode(await response.content.read(_LARGEST_ANSWER))
    except TimeoutError as error:
        raise UpstreamTimeout(f"`{provider}` did not answer within {timeout_s:g} s.") from error
    except msgspec.DecodeError as error:
        raise UpstreamFailed(f"`{provider}` did not answer with JSON. Is `{url}` the right base URL?") from error
    except (aiohttp.ClientError, OSError) as error:
        raise unreachable(provider, url, error) from error


def _payload(body: bytes) -> bytes | io.BytesIO:
    # As one write, a large body would hold up everybody else; as a file, it is sent piece by piece.
    return body if len(body) < _LARGE_BODY else io.BytesIO(body)


async def _meaning(provider: str, response: aiohttp.ClientResponse) -> QuarterdeckError:
    try:
        body = await response.content.read(_LARGEST_ERROR_BODY)
        return refusal(provider, response.status, response.headers, _without_our_credential(body, response))
    finally:
        response.close()


def _without_our_credential(body: bytes, response: aiohttp.ClientResponse) -> bytes:
    # Some servers repeat the key that they refuse; what they say goes to clients, traces and the disk.
    sent = response.request_info.headers
    for name in _CREDENTIAL_HEADERS:
        credential = sent.get(name, "").rpartition(" ")[2].encode()
        if len(credential) >= SHORTEST_CREDENTIAL:
            body = body.replace(credential, "…".encode())
    return body


def _timeout_words(error: BaseException, waits: patience.Waits) -> str:
    if isinstance(error, aiohttp.ServerTimeoutError):
        return f"The connection took longer than {waits.connect_s:g} s."
    return f"We waited {waits.for_headers_s:g} s."


class _Silence:
    """Ends a wait for the provider that lasts too long. Beginning and ending a wait touches no timer, so it costs nothing."""

    def __init__(
        self, provider: str, content: aiohttp.StreamReader, limit_s: float, left_s: float | None = None
    ) -> None:
        self.limit_s = limit_s
        self._provider = provider
        self._content = content
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        self._timer = self._loop.call_later(limit_s, self._look)
        # The end of the whole answer, however steadily it comes.
        self._end = None if left_s is None else self._loop.call_later(left_s, self._too_long)

    def begin(self) -> None:
        self._since = self._loop.time()

    def end(self) -> None:
        self._since = None

    def change_limit(self, limit_s: float) -> None:
        self._timer.cancel()
        self.limit_s = limit_s
        self._timer = self._loop.call_later(limit_s, self._look)

    def stop(self) -> None:
        self._timer.cancel()
        if self._end is not None:
            self._end.cancel()

    def _too_long(self) -> None:
        late = UpstreamTimeout(f"`{self._provider}` took too long for its whole answer, and was cut off.")
        self._content.set_exception(late)

    def _look(self) -> None:
        lasted = 0.0 if self._since is None else self._loop.time() - self._since
        if lasted >= self.limit_s - 0.001:
            silent = UpstreamTimeout(f"`{self._provider}` was silent for {self.limit_s:g} s.")
            self._content.set_exception(silent)
        else:
            self._timer = self._loop.call_later(self.limit_s - lasted, self._look)
