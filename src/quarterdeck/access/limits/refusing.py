"""How a limit says no: which one, how far it is used, and when it makes sense to ask again."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.access.limits import windows
from quarterdeck.access.limits.counters import Claim, Standing
from quarterdeck.access.limits.records import Limit, amount_of
from quarterdeck.access.limits.rulebook import Rule
from quarterdeck.core.errors import LimitReached

Header = tuple[bytes, bytes]
_UNITS = {"input_tokens": "input tokens", "output_tokens": "output tokens"}
_SOON_S = 60


class RateLimitReached(LimitReached):
    """A rate limit is reached. Wait until its window is over."""

    code = "rate_limit_exceeded"


class BudgetSpent(LimitReached):
    """The budget for this period is spent. Raise it, or wait for the next one."""

    kind = "insufficient_quota"
    code = "insufficient_quota"
    retry_after_s = None


class BudgetHeld(LimitReached):
    """What is left of the budget is held for calls that are under way. Try again in a moment."""

    code = "budget_held"


def refusal(rule: Rule, claim: Claim, standing: Standing, headers: Sequence[Header], *, status: int) -> LimitReached:
    """The error that a request gets when one of its claims was too much."""
    limit, now_s = rule.limit, windows.now_s()
    resets_at, left_s = windows.iso_s(claim.ends_at_s), float(max(1, claim.ends_at_s - now_s))
    told = (
        f"The limit `{limit.name}` ({amount(limit, rule.units)}{_per(limit)} for {whom(limit)}) is reached: "
        f"{amount(limit, standing.used)} used, {amount(limit, standing.reserved)} held for calls under way, "
        f"{amount(limit, max(0, rule.units - standing.used - standing.reserved))} left; "
        f"this request may need {amount(limit, claim.amount)}."
    )
    if limit.metric == "concurrency":
        error: LimitReached = RateLimitReached(f"{told} Wait until one of them is over.", retry_after_s=1.0)
    elif limit.metric != "requests" and standing.used + claim.amount <= rule.units:
        # Nothing is spent that will not come back: what stands in the way are calls that will be settled soon.
        kind = BudgetHeld if limit.metric == "cost" else RateLimitReached
        error = kind(f"{told} Try again when they are settled.", retry_after_s=1.0)
    elif limit.metric == "cost":
        again = f" It starts anew at {resets_at}." if resets_at else ""
        error = BudgetSpent(
            f"{told}{again} Raise it with `quarterdeck limits set {limit.name}`, or wait.",
            retry_after_s=left_s if left_s <= _SOON_S else None,
        )
        error.status = status
    else:
        again = f" It starts anew at {resets_at}." if resets_at else ""
        error = RateLimitReached(told + again, retry_after_s=left_s)
        if limit.window == "total" or left_s > 3600:
            error.retry_after_s = None
    error.headers = tuple(headers)
    return error


def headers(rules: Sequence[tuple[Rule, str]], claims: Sequence[Claim], standings: Sequence[Standing]) -> list[Header]:
    """`x-ratelimit-…` in the words of OpenAI, for the tightest limit of requests and of tokens."""
    tightest: dict[str, tuple[int, Rule, Claim]] = {}
    for (rule, _), claim, standing in zip(rules, claims, standings, strict=True):
        kind = "requests" if rule.limit.metric == "requests" else "tokens"
        if not rule.limit.hard or rule.limit.metric in ("cost", "concurrency"):
            continue
        left = max(0, rule.units - standing.used - standing.reserved)
        if kind not in tightest or left < tightest[kind][0]:
            tightest[kind] = (left, rule, claim)
    if not tightest:
        return []
    now_s = windows.now_s()
    found: list[Header] = []
    for kind, (left, rule, claim) in tightest.items():
        found += [
            (f"x-ratelimit-limit-{kind}".encode(), str(rule.units).encode()),
            (f"x-ratelimit-remaining-{kind}".encode(), str(left).encode()),
            (f"x-ratelimit-reset-{kind}".encode(), _duration(claim.ends_at_s - now_s)),
        ]
    return found


def whom(limit: Limit) -> str:
    """Whom a limit concerns, in words."""
    if limit.subject == "project":
        return "the project"
    if limit.subject_id == "*":
        return f"each {limit.subject}" if limit.each else f"all {limit.subject}s"
    return f"the {limit.subject} `{limit.subject_id}`"


def amount(limit: Limit, units: int) -> str:
    """An amount with its unit."""
    if limit.metric == "cost":
        return "$" + (f"{amount_of('cost', units):.6f}".rstrip("0").rstrip(".") or "0")
    if limit.metric == "concurrency":
        return f"{units} at once"
    return f"{units:,} {_UNITS.get(limit.metric, limit.metric)}"


def _per(limit: Limit) -> str:
    return {"now": "", "total": " in all"}.get(limit.window, f" a {limit.window}")


def _duration(seconds: int) -> bytes:
    """As Go writes durations, which is what OpenAI sends: `1s`, `6m0s`, `23h59m1s`."""
    seconds = max(0, seconds)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s".encode()
    return f"{minutes}m{seconds}s".encode() if minutes else f"{seconds}s".encode()
