"""Portkey: what its clients send, its inline configs as far as they are wishes, and what its SDK reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from quarterdeck.gateway.exchange import Header
from quarterdeck.gateway.vendor import (
    Reader,
    Told,
    Vendor,
    json_object,
    labels_as_json,
    left_out,
    nothing,
    sets_if_absent,
    truth,
)
from quarterdeck.gateway.wishes import Draft, amount_of_retries, seconds, whole_seconds

_IN_A_CONFIG = ("retry", "cache", "request_timeout", "override_params")


def _retries(draft: Draft, name: str, value: str) -> None:
    draft.retries = amount_of_retries(name, value)


def _timeout(draft: Draft, name: str, value: str) -> None:
    draft.timeout_s = seconds(name, value, unit_s=0.001)


def _refresh(draft: Draft, _name: str, value: str) -> None:
    if truth(value):
        draft.cache["reads"] = False


def _namespace(draft: Draft, _name: str, value: str) -> None:
    draft.cache["namespace"] = value


def _provider(draft: Draft, _name: str, value: str) -> None:
    draft.provider = value.removeprefix("@")


def _config(draft: Draft, name: str, value: str) -> None:
    """A config written out is read as far as it goes; one by its id is kept at Portkey, where we do not look."""
    if not value.startswith("{"):
        left_out(draft, name, value)
        return
    config = json_object(name, value)
    retry, cache, params = (config.get(part) for part in ("retry", "cache", "override_params"))
    if isinstance(retry, dict) and "attempts" in retry:
        draft.retries = amount_of_retries(f"{name}.retry.attempts", retry["attempts"])
    if isinstance(cache, dict):
        draft.cache |= {"wanted": True, "kind": "semantic" if cache.get("mode") == "semantic" else "exact"}
        if "max_age" in cache:
            draft.cache["keep_s"] = whole_seconds(f"{name}.cache.max_age", cache["max_age"])
    if "request_timeout" in config:
        draft.timeout_s = seconds(f"{name}.request_timeout", config["request_timeout"], unit_s=0.001)
    if isinstance(params, dict) and isinstance(params.get("model"), str):
        draft.model = params["model"]
    if not set(config) <= set(_IN_A_CONFIG):
        left_out(draft, name, value)


class Portkey(Vendor):
    """github.com/Portkey-AI/gateway."""

    name: ClassVar[str] = "portkey"
    headers: ClassVar[Mapping[bytes, Reader]] = {
        b"x-portkey-api-key": nothing,
        b"x-portkey-trace-id": sets_if_absent("session_id"),
        b"x-portkey-metadata": labels_as_json,
        b"x-portkey-cache-force-refresh": _refresh,
        b"x-portkey-cache-namespace": _namespace,
        b"x-portkey-request-timeout": _timeout,
        b"x-portkey-retry-count": _retries,
        b"x-portkey-provider": _provider,
        b"x-portkey-config": _config,
        b"x-portkey-virtual-key": left_out,
        b"x-portkey-custom-host": left_out,
        b"x-portkey-forward-headers": left_out,
        b"x-portkey-strict-open-ai-compliance": nothing,
    }

    def echo(self, told: Told) -> Sequence[Header]:
        cache = {"hit": b"HIT", "miss": b"MISS"}.get(told.cache, b"DISABLED")
        headers = [
            (b"x-portkey-cache-status", cache),
            (b"x-portkey-trace-id", (told.session_id or told.trace_id).encode()),
            (b"x-portkey-retry-attempt-count", str(told.attempts - 1).encode()),
        ]
        if told.provider is not None:
            headers.append((b"x-portkey-provider", told.provider.encode()))
        return headers
