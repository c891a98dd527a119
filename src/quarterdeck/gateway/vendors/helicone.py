"""Helicone: its headers for users, sessions, properties, cache, retries and fallbacks, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.exchange import Header
from quarterdeck.gateway.vendor import (
    Reader,
    Told,
    Vendor,
    label,
    left_out,
    nothing,
    sets,
    truth,
    when_true,
)
from quarterdeck.gateway.wishes import Draft, amount_of_retries

_ITS_OWN_RETRIES = 5


class _Body(msgspec.Struct):
    model: str | None = None


class _Fallback(msgspec.Struct, rename={"body": "bodyKeyOverride"}):
    body: _Body | None = None


def _session_path(draft: Draft, _name: str, value: str) -> None:
    label(draft, "session_path", value)


def _model_override(draft: Draft, _name: str, value: str) -> None:
    # There it says by which model to count the cost, and changes nothing about the call. We know what we called.
    label(draft, "model_override", value)


def _cache_enabled(draft: Draft, _name: str, value: str) -> None:
    draft.cache |= {"wanted": True} if truth(value) else {"wanted": False, "reads": False, "keeps": False}


def _namespace(draft: Draft, _name: str, value: str) -> None:
    draft.cache["namespace"] = value


def _retry(draft: Draft, _name: str, value: str) -> None:
    if truth(value) and draft.retries is None:
        draft.retries = _ITS_OWN_RETRIES


def _retry_number(draft: Draft, name: str, value: str) -> None:
    draft.retries = amount_of_retries(name, value)


def _fallbacks(draft: Draft, name: str, value: str) -> None:
    """Each names an address and perhaps another model. We call no address that a request names, but the model."""
    try:
        found = msgspec.json.decode(value, type=list[_Fallback])
    except UNREADABLE as error:
        raise InvalidInput(f"The header `{name}` is no list of fallbacks: {error}.", param=name) from error
    named = [one.body.model for one in found if one.body is not None and one.body.model]
    draft.fallbacks += named
    if len(named) < len(found):
        left_out(draft, name, value)


class Helicone(Vendor):
    """github.com/Helicone/helicone."""

    name: ClassVar[str] = "helicone"
    headers: ClassVar[Mapping[bytes, Reader]] = {
        b"helicone-auth": nothing,
        b"helicone-request-id": nothing,  # read where the request begins
        b"helicone-user-id": sets("user_id"),
        b"helicone-session-id": sets("session_id"),
        b"helicone-session-name": sets("session_name"),
        b"helicone-session-path": _session_path,
        b"helicone-prompt-id": sets("prompt", longest=128),
        b"helicone-model-override": _model_override,
        b"helicone-cache-enabled": _cache_enabled,
        b"helicone-cache-seed": _namespace,
        b"helicone-cache-bucket-max-size": left_out,
        b"helicone-retry-enabled": _retry,
        b"helicone-retry-num": _retry_number,
        b"helicone-retry-factor": nothing,
        b"helicone-retry-min-timeout": nothing,
        b"helicone-retry-max-timeout": nothing,
        b"helicone-fallbacks": _fallbacks,
        b"helicone-omit-request": when_true(omits_input=True),
        b"helicone-omit-response": when_true(omits_output=True),
        b"helicone-target-url": left_out,
        b"helicone-ratelimit-policy": left_out,
        b"helicone-moderations-enabled": left_out,
        b"helicone-llm-security-enabled": left_out,
        b"helicone-posthog-key": left_out,
    }
    prefixes: ClassVar[Mapping[bytes, Reader]] = {b"helicone-property-": label}

    def echo(self, told: Told) -> Sequence[Header]:
        headers = [(b"helicone-id", told.request_id.encode())]
        if told.cache != "off":
            headers.append((b"helicone-cache", told.cache.upper().encode()))
        if told.provider is not None:
            headers.append((b"helicone-provider", told.provider.encode()))
        return headers
