"""Where a request carries its API key: in any header that the clients of the field use for it.

Clients of other gateways send two credentials: the gateway's in a header of its own, and the provider's as `Authorization`.
Here the first is ours, and the second is not looked at: the providers' keys are kept in the gateway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

KEY_PREFIX = b"sk-qd-"
# In the order in which they are believed. Anthropic's, Azure's and Gemini's own headers come after `Authorization`.
_OF_GATEWAYS = (b"x-litellm-api-key", b"x-portkey-api-key", b"helicone-auth", b"x-bf-vk")
_OF_PROVIDERS = (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key")

CARRIERS = frozenset((*_OF_GATEWAYS, *_OF_PROVIDERS))
"""Every header in which a key may stand: what goes on to a provider leaves them here."""


def find_secret(headers: Mapping[bytes, bytes]) -> str | None:
    """The API key in a request. Header names are in lower case. Of several the one that looks like ours, or the first."""
    first: bytes | None = None
    for found in _candidates(headers):
        if found.startswith(KEY_PREFIX):
            return found.decode("latin-1")
        first = first or found
    return None if first is None else first.decode("latin-1")


def _candidates(headers: Mapping[bytes, bytes]) -> Iterator[bytes]:
    for name in _OF_GATEWAYS:
        value = headers.get(name)
        if value is not None and (secret := _bare(value)):
            yield secret
    for name in _OF_PROVIDERS:
        value = headers.get(name)
        if value is None:
            continue
        if name == b"authorization" and value[:7].lower() != b"bearer ":
            continue
        if secret := _bare(value):
            yield secret


def _bare(value: bytes) -> bytes:
    return value[7:].strip() if value[:7].lower() == b"bearer " else value.strip()
