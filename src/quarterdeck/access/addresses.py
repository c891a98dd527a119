"""Where a request comes from: the peer's address, or what a trusted proxy says it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from quarterdeck.core.errors import InvalidInput

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def networks(written: Iterable[str], *, param: str | None = None) -> list[Network]:
    """Addresses and CIDR ranges, read strictly: a range with bits beyond its length is a mistake."""
    found: list[Network] = []
    for text in written:
        try:
            found.append(ip_network(text.strip()))
        except ValueError as error:
            raise InvalidInput(
                f"`{text}` is no IP address or range: {error}. Write `192.0.2.7` or `192.0.2.0/24`.", param=param
            ) from error
    return found


def client_address(peer: str | None, headers: Mapping[bytes, bytes], trusted: Sequence[Network]) -> Address | None:
    """The address of the client. `x-forwarded-for` counts only as far as trusted proxies have written it."""
    address = _parsed(peer)
    if address is None or not trusted or not _within(address, trusted):
        return address
    # Each proxy appends whom it heard: from the right, the first one that is no proxy of ours is the client.
    for text in reversed(headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")):
        if not text.strip():
            continue
        address = _parsed(text)
        if address is None or not _within(address, trusted):
            return address
    return address


def may_come_from(address: Address | None, allowed: Sequence[Network]) -> bool:
    """Whether an address is in one of the ranges; an unknown one is not."""
    return address is not None and _within(address, allowed)


def _within(address: Address, ranges: Sequence[Network]) -> bool:
    return any(address.version == one.version and address in one for one in ranges)


def _parsed(text: str | None) -> Address | None:
    if text is None:
        return None
    text = text.strip()
    if text.startswith("[") and "]" in text:
        text = text[1 : text.index("]")]  # `[2001:db8::1]:443`, as some proxies write it
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else mapped
