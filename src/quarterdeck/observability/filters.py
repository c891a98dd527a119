"""Reads a trace filter from what a client wrote, and says which part of it makes no sense."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from quarterdeck.core.errors import InvalidInput
from quarterdeck.observability.records import TraceFilter

MOST_AT_ONCE = 500
_LONGEST_TEXT = 500
_STATUSES = ("ok", "error")


def read_filter(
    project_id: str,
    *,
    q: str | None = None,
    status: str | None = None,
    model: str | None = None,
    app: str | None = None,
    release: str | None = None,
    session: str | None = None,
    user: str | None = None,
    service: str | None = None,
    team: str | None = None,
    environment: str | None = None,
    prompt: str | None = None,
    key: str | None = None,
    tags: Sequence[str] = (),
    metadata: Sequence[str] = (),
    min_latency_ms: float | None = None,
    min_cost_usd: float | None = None,
    cached: bool | None = None,
    from_: str | None = None,
    to: str | None = None,
) -> TraceFilter:
    """A filter on the traces of a project. Times are ISO 8601; `from` belongs to the window and `to` does not."""
    if q is not None and len(q) > _LONGEST_TEXT:
        raise InvalidInput(f"`q` may have {_LONGEST_TEXT} characters; this has {len(q)}.", param="q")
    if status is not None and status not in _STATUSES:
        raise InvalidInput(f"`status` is `ok` or `error`, not `{status}`.", param="status")
    from_ns, to_ns = read_moment(from_, "from"), read_moment(to, "to")
    if from_ns is not None and to_ns is not None and from_ns >= to_ns:
        raise InvalidInput("`from` is not before `to`.", param="from")
    name, _, version = (prompt or "").partition("@")
    return TraceFilter(
        project_id=project_id,
        q=(q or "").strip() or None,
        status=status,
        model=model or None,
        app=app or None,
        release_id=release or None,
        session_id=session or None,
        user_id=user or None,
        service=service or None,
        team=team or None,
        environment=environment or None,
        prompt=name or None,
        prompt_version=version or None,
        api_key_id=key or None,
        tags=tuple(tags),
        metadata=tuple(_label(said) for said in metadata),
        min_latency_ms=_amount(min_latency_ms, "min_latency_ms"),
        min_cost_usd=_amount(min_cost_usd, "min_cost_usd"),
        cached=cached,
        from_ns=from_ns,
        to_ns=to_ns,
    )


def within(value: int, least: int, most: int, param: str) -> int:
    """A number that lies between two others, or the error that names it."""
    if not least <= value <= most:
        raise InvalidInput(f"`{param}` is a number from {least} to {most}, not {value}.", param=param)
    return value


def _label(said: str) -> tuple[str, str]:
    name, equals, value = said.partition("=")
    if not equals or not name:
        raise InvalidInput(f"`metadata` is `name=value`, such as `plan=pro`, not `{said}`.", param="metadata")
    return name, value


def read_moment(text: str | None, param: str) -> int | None:
    """A moment in ISO 8601 as epoch nanoseconds; UTC when it names no zone."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        example = "2026-11-02T08:30:00Z"
        raise InvalidInput(f"`{param}` is `{text}`; a moment such as `{example}` is needed.", param=param) from error
    return max(0, round(seconds * 1e6) * 1000)


def _amount(value: float | None, param: str) -> float | None:
    if value is not None and not (math.isfinite(value) and 0 <= value < 1e12):
        raise InvalidInput(f"`{param}` is a number that is not negative, not {value}.", param=param)
    return value
