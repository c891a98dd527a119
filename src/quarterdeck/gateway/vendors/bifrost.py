"""Bifrost: its sessions, its cache headers, and its dimensions as labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.exchange import Header
from quarterdeck.gateway.vendor import Reader, Told, Vendor, cache_wish, label, left_out, nothing, sets
from quarterdeck.gateway.wishes import Draft, whole_seconds

_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def _customer(draft: Draft, _name: str, value: str) -> None:
    label(draft, "customer_id", value)


def _extra_header(draft: Draft, name: str, _value: str) -> None:
    draft.left_out.append(f"x-bf-eh-{name}")


def _cache_key(draft: Draft, _name: str, value: str) -> None:
    draft.cache |= {"wanted": True, "namespace": value}


def _cache_ttl(draft: Draft, name: str, value: str) -> None:
    """A length of time as Go writes it: `30s`, `5m`; a bare number means seconds."""
    unit = next((unit for unit in _UNITS_S if value.endswith(unit)), "")
    try:
        length = float(value.removesuffix(unit)) * _UNITS_S.get(unit, 1)
    except ValueError as error:
        raise InvalidInput(f"`{name}` is a length of time such as `30s` or `5m`, not `{value}`.", param=name) from error
    draft.cache["keep_s"] = whole_seconds(name, length)


def _cache_type(draft: Draft, _name: str, value: str) -> None:
    draft.cache["kind"] = "semantic" if value == "semantic" else "exact"


def _threshold(draft: Draft, name: str, value: str) -> None:
    try:
        similarity = float(value)
    except ValueError as error:
        raise InvalidInput(f"`{name}` is a number from 0 to 1, not `{value}`.", param=name) from error
    if not 0 <= similarity <= 1:
        raise InvalidInput(f"`{name}` is a number from 0 to 1, not `{value}`.", param=name)
    draft.cache["similarity"] = similarity


class Bifrost(Vendor):
    """github.com/maximhq/bifrost."""

    name: ClassVar[str] = "bifrost"
    headers: ClassVar[Mapping[bytes, Reader]] = {
        b"x-bf-vk": nothing,
        b"x-bf-api-key": left_out,
        b"x-bf-api-key-id": left_out,
        b"x-bf-session-id": sets("session_id"),
        b"x-bf-session-ttl": nothing,
        b"x-bf-customer-id": _customer,
        b"x-bf-prompt-id": sets("prompt", longest=128),
        b"x-bf-prompt-version": sets("prompt_version", longest=32),
        b"x-bf-cache-key": _cache_key,
        b"x-bf-cache-ttl": _cache_ttl,
        b"x-bf-cache-type": _cache_type,
        b"x-bf-cache-threshold": _threshold,
        b"x-bf-cache-no-store": cache_wish(keeps=False),
        b"x-bf-mcp-include-clients": left_out,
        b"x-bf-mcp-include-tools": left_out,
        b"x-bf-send-back-raw-response": left_out,
        b"x-bf-passthrough-extra-params": nothing,
    }
    prefixes: ClassVar[Mapping[bytes, Reader]] = {b"x-bf-dim-": label, b"x-bf-prom-": label, b"x-bf-eh-": _extra_header}

    def echo(self, told: Told) -> Sequence[Header]:
        return ()
