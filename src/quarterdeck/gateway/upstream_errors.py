"""What a provider's failures mean to the client that asked us: status, code, remedy, and when to try again."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from yarl import URL

from quarterdeck.core.errors import QuarterdeckError, UpstreamFailed, UpstreamTimeout, UpstreamUnavailable
from quarterdeck.core.unreadable import UNREADABLE

# Google answers 400 to a key that it does not know.
_API_KEY_INVALID = b'"API_KEY_INVALID"'
SHORTEST_CREDENTIAL = 6
"""Shorter ones (`none`, `x`) are no secrets, but may be words of the message."""


class ProviderRefused(UpstreamFailed):
    """The provider answered with an error that the client can act on: its status and code are passed on."""

    def __init__(self, message: str, *, status: int, kind: str, code: str, param: str | None = None) -> None:
        super().__init__(message, param=param)
        self.status = status
        self.kind = kind
        self.code = code


class CredentialRefused(UpstreamFailed):
    """The provider did not accept our credential. Renew it under Settings → Providers."""


def refusal(provider: str, status: int, headers: Mapping[str, str], body: bytes) -> QuarterdeckError:
    """What a provider's error answer means to the client that asked us."""
    said = _said(body)
    message = str(said.get("message") or body[:500].decode(errors="replace") or f"HTTP {status}")
    error: QuarterdeckError
    if status in (401, 403) or _API_KEY_INVALID in body:
        error = CredentialRefused(
            f"`{provider}` refused our credential ({status}): {message} Renew it under Settings → Providers."
        )
    elif status in (408, 504):
        error = UpstreamTimeout(f"`{provider}` timed out ({status}): {message}")
    elif status in (503, 529):
        error = UpstreamUnavailable(f"`{provider}` is overloaded or down ({status}): {message}")
    elif status >= 500 or status < 400:
        error = UpstreamFailed(f"`{provider}` answered {status}: {message}")
    else:
        kinds = {404: "not_found_error", 429: "rate_limit_error"}
        codes = {404: "model_not_found", 429: "rate_limit_exceeded"}
        error = ProviderRefused(
            message,
            status=status,
            kind=kinds.get(status, "invalid_request_error"),
            code=str(said.get("code") or codes.get(status, "invalid_request")),
            param=said["param"] if isinstance(said.get("param"), str) else None,
        )
        if said.get("type") == "insufficient_quota":
            error.kind = "insufficient_quota"
    error.retry_after_s = _retry_after_s(headers, said)
    return error


def without_credential(error: QuarterdeckError, credential: str | None) -> None:
    """Take our own credential out of what an error says: some servers repeat it, and errors go to clients and traces."""
    for secret in _secrets(credential):
        if secret in error.message:
            error.message = error.message.replace(secret, "…")
            error.args = (error.message,)


def _secrets(credential: str | None) -> list[str]:
    if not credential:
        return []
    found = [credential]
    if credential.lstrip().startswith("{"):  # several in one, as JSON
        try:
            said = msgspec.json.decode(credential)
        except UNREADABLE:
            said = {}
        found = [value for value in said.values() if isinstance(value, str)] if isinstance(said, dict) else []
    return [secret for secret in found if len(secret) >= SHORTEST_CREDENTIAL]


def unreachable(provider: str, url: URL, error: BaseException) -> QuarterdeckError:
    """What a failed connection means."""
    place = url.origin() if url.absolute else url
    return UpstreamUnavailable(
        f"`{provider}` cannot be reached at {place}: {words(error)}. Check its base URL and the network."
    )


def words(error: BaseException) -> str:
    """What an error says of itself, or at least what it is."""
    return str(error).strip().rstrip(".") or type(error).__name__


def _said(body: bytes) -> dict[str, Any]:  # Any: every provider words its errors in its own way
    try:
        found = msgspec.json.decode(body)
    except UNREADABLE:
        return {}
    if isinstance(found, list) and found:  # Gemini's OpenAI endpoint wraps its errors in a list
        found = found[0]
    if not isinstance(found, dict):
        return {}
    inner = found.get("error", found)
    if isinstance(inner, str):
        return {"message": inner}
    if isinstance(inner, dict):
        if str(inner.get("code")).isdigit():  # Google and Azure repeat the status there
            inner = {**inner, "code": None}
        return {**inner, "message": _worded(inner.get("message") or inner.get("detail"))}
    return {}


def _worded(said: Any) -> Any:  # Any: as above
    """A message in words, where it is a list of what is wrong with which field, as Mistral and FastAPI send it."""
    if isinstance(said, dict) and "detail" in said:
        said = said["detail"]
    if not isinstance(said, list):
        return said
    wrong = [
        f"`{'.'.join(str(part) for part in one.get('loc', ()) if part != 'body')}`: {one['msg']}"
        for one in said
        if isinstance(one, dict) and "msg" in one
    ]
    return "; ".join(wrong) or str(said)


def _retry_after_s(headers: Mapping[str, str], said: dict[str, Any]) -> float | None:
    for name, scale in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            wait_s = float(headers[name]) / scale
        except (KeyError, ValueError):
            continue
        if math.isfinite(wait_s):
            return max(0.0, wait_s)
    details = said.get("details")
    for detail in details if isinstance(details, list) else ():
        match detail:
            case {"retryDelay": str(delay)} if re.fullmatch(r"\d{1,9}(\.\d{1,9})?s", delay):  # Google's way to say it
                return float(delay[:-1])
    return None
