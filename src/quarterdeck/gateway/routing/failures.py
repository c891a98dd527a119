"""What a failed attempt means for the next one: of which kind it was, and whether asking again can help."""

from __future__ import annotations

import re
from dataclasses import dataclass

from quarterdeck.core.errors import (
    LimitReached,
    QuarterdeckError,
    UpstreamFailed,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from quarterdeck.gateway.routing.records import FailureKind
from quarterdeck.gateway.upstream_errors import CredentialRefused, ProviderRefused

# Every provider says in its own words that a request is too long for a model.
_TOO_LONG = re.compile(
    r"context.?(length|window)|maximum.{0,20}(context|tokens)|prompt is too long|too many (input )?tokens"
    r"|input (is )?too long|exceeds? the (maximum|limit).{0,40}tokens|input token count",
    re.IGNORECASE,
)
_POLICY = re.compile(r"content.?(policy|filter|management)|responsible.?ai|safety system|flagged", re.IGNORECASE)
_POLICY_CODES = {"content_policy_violation", "content_filter", "responsibleaipolicyviolation", "moderation_blocked"}
_TOO_LONG_CODES = {"context_length_exceeded", "string_above_max_length", "request_too_large"}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt was left."""

    kind: FailureKind
    error: QuarterdeckError
    again: bool
    """Whether the same model, asked again, may answer."""
    counts: bool = True
    """Whether it says something about the health of the model."""


def failure_of(error: BaseException) -> Failure | None:
    """What a failure means; None when somebody else would fail at it, too: the request is wrong, or nobody waits for it."""
    match error:
        case UpstreamTimeout():
            return Failure("timeout", error, again=True)
        case CredentialRefused():
            return Failure("error", error, again=False)
        case ProviderRefused():
            return _refusal(error)
        case UpstreamFailed() | UpstreamUnavailable():
            return Failure("error", error, again=True)
        case LimitReached():  # by us: a limit of this model, or too much in flight to its provider
            kind: FailureKind = "budget" if error.kind == "insufficient_quota" else "rate_limit"
            return Failure(kind, error, again=kind == "rate_limit", counts=False)
    return None


def _refusal(error: ProviderRefused) -> Failure | None:
    code = error.code.lower()
    if error.kind == "insufficient_quota" or error.status == 402:
        return Failure("budget", error, again=False)
    if error.status == 429:
        return Failure("rate_limit", error, again=True)
    if code in _TOO_LONG_CODES or error.status == 413 or (error.status == 400 and _TOO_LONG.search(error.message)):
        return Failure("context_window", error, again=False, counts=False)
    if code in _POLICY_CODES or (error.status == 400 and _POLICY.search(error.message)):
        return Failure("content_policy", error, again=False, counts=False)
    if error.status in (404, 405, 410):  # this provider does not have the model: the plan is wrong, not the request
        return Failure("error", error, again=False)
    if error.status in (409, 425):
        return Failure("error", error, again=True)
    return None
