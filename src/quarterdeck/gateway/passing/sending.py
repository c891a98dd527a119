"""One call of a provider that is passed on as it is: any method, any body, and whatever comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from quarterdeck.gateway import upstream
from quarterdeck.gateway.provider import Address, Provider
from quarterdeck.gateway.upstream import Reply
from quarterdeck.gateway.wire.line import Parcel

__all__ = ["Parcel", "Passed", "send"]


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
    runtime = provider.runtime
    own = {name.lower(): value for name, value in address.headers.items()}
    sent = {**headers, **own} if address.signed else {**own, **headers}
    if body is None:
        sent.pop("content-type", None)
    reply, status = await upstream.ask(
        runtime.http, method, address.url, body, sent, provider=provider.account.name, settings=runtime.settings
    )
    return Passed(status, reply.headers, reply)
