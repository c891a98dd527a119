"""One call of a provider that is passed on as it is: any method, any body, and whatever comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import aiohttp

from quarterdeck.core import clock
from quarterdeck.core.errors import UpstreamTimeout
from quarterdeck.gateway import patience
from quarterdeck.gateway.provider import Address, Provider
from quarterdeck.gateway.upstream import Reply
from quarterdeck.gateway.upstream_errors import unreachable


@dataclass(frozen=True, slots=True)
class Parcel:
    """A body on its way: how long it is, and its bytes, as often as they are asked for."""

    size: int
    pieces: Callable[[], AsyncIterator[bytes]]


@dataclass(slots=True)
class Passed:
    """What a provider answered."""

    status: int
    headers: Mapping[str, str]
    reply: Reply

    @property
    def content_type(self) -> str:
        """The kind of its body, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


async def send(
    provider: Provider, method: str, address: Address, body: bytes | Parcel | None, headers: Mapping[str, str]
) -> Passed:
    """Ask, and return when the provider has begun to answer, whatever it says. `headers` hold no keys."""
    settings, started = provider.runtime.settings, clock.monotonic_ns()
    waits, name = patience.waits(settings), provider.account.name
    own = {name.lower(): value for name, value in address.headers.items()}
    sent = {**headers, **own} if address.signed else {**own, **headers}
    if body is None:
        sent.pop("content-type", None)
    elif isinstance(body, Parcel):
        sent["content-length"] = str(body.size)
    http = provider.runtime.http
    try:
        async with asyncio.timeout(waits.for_headers_s):
            try:
                response = await _request(http, method, address, body, sent)
            except aiohttp.ServerDisconnectedError:
                # A pooled connection that the provider has closed just now: nothing was answered, so ask again, once.
                response = await _request(http, method, address, body, sent)
    except TimeoutError as error:
        raise UpstreamTimeout(f"`{name}` did not begin to answer within {waits.for_headers_s:g} s.") from error
    except (aiohttp.ClientError, OSError) as error:
        raise unreachable(name, address.url, error) from error
    reply = Reply(name, response, waits, clock.monotonic_ns() - started)
    return Passed(response.status, response.headers, reply)


async def _request(
    http: aiohttp.ClientSession,
    method: str,
    address: Address,
    body: bytes | Parcel | None,
    headers: Mapping[str, str],
) -> aiohttp.ClientResponse:
    data = body.pieces() if isinstance(body, Parcel) else body
    return await http.request(
        method, address.url, data=data, headers=headers, allow_redirects=False, skip_auto_headers=("Content-Type",)
    )
