"""Helicone: the AI gateway's YAML with routers, or a file with the `model` string and the `headers` of a client."""

from __future__ import annotations

import re

from quarterdeck.declared.draft import NOTHING_LIKE_IT, Draft, Given, named, route_named
from quarterdeck.declared.section import Fields

_STRATEGIES = {
    "latency": "lowest-latency", "provider-latency": "lowest-latency", "model-latency": "lowest-latency",
    "weighted": "weighted", "provider-weighted": "weighted", "model-weighted": "weighted",
}  # fmt: skip
_WINDOWS = {1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week", 2592000: "month"}
_POLICY = re.compile(r"(\d+(?:\.\d+)?);w=(\d+)((?:;[us]=[\w-]+)*)")
_LABELS = (
    "helicone-user-id",
    "helicone-session-id",
    "helicone-session-name",
    "helicone-session-path",
    "helicone-prompt-id",
)
_MOST_RETRIES = 10


def read(config: Fields, draft: Draft, name: str) -> None:
    """Make ours of theirs."""
    whole = Given(config, "", draft)
    routers = whole.inside("routers")
    for one in routers.names():
        _router(routers.inside(one), one, draft)
    model, headers = whole.text("model"), whole.use("headers") or {}
    if model or headers:
        _client(model or "", {str(k).lower(): str(v) for k, v in headers.items()}, draft, route_named(name))
    providers = whole.inside("providers")
    for one in providers.names():
        given = providers.inside(one)
        base_url = given.text("base-url")
        vendor = named(one)
        if draft.provider(vendor, given.where, api_key=f"${{env:{vendor.upper()}_API_KEY}}", base_url=base_url):
            draft.note(given.where, "taken over", "As a provider.")
        given.leave("Models are asked of the provider, or named where they are called.", "models")
        given.leave(NOTHING_LIKE_IT)
    whole.leave("Nothing has to be sent to Helicone: every call is a trace here.", "helicone", "telemetry")
    whole.leave("The exact cache is on by itself: `QUARTERDECK_CACHE`.", "cache-store")
    whole.leave(NOTHING_LIKE_IT)


def _router(router: Given, name: str, draft: Draft) -> None:
    route, chat = route_named(name), router.inside("load-balance").inside("chat")
    theirs = chat.text("strategy") or "latency"
    targets: list[Fields] = []
    for one in [*(chat.use("models") or []), *(chat.use("providers") or [])]:
        said = one.get("model") or one.get("provider") if isinstance(one, dict) else one
        target = _target(str(said), draft, chat.where)
        if target is not None:
            weight = one.get("weight") if isinstance(one, dict) else None
            targets.append({**target, "weight": float(weight)} if weight is not None else target)
    plan: Fields = {"targets": targets, "strategy": _STRATEGIES.get(theirs, "ordered")}
    if theirs not in _STRATEGIES:
        draft.note(chat.at("strategy"), "approximated", f"`{theirs}` is not known here: they are asked in order.")
    retries = router.inside("retries")
    if "max-retries" in retries:
        plan["retries"] = min(int(retries.use("max-retries")), _MOST_RETRIES)
    retries.leave("Pauses between attempts grow by themselves.")
    router.leave("The exact cache is on by itself; `Cache-Control` and our headers are understood.", "cache")
    _rate_limit(router, name, draft)
    chat.leave(NOTHING_LIKE_IT)
    router.leave(NOTHING_LIKE_IT)
    if targets:
        draft.section("routes")[route] = plan
        draft.note(
            router.where, "approximated", f"As the route `{route}`: it is the `model` of a request, and no path."
        )
    else:
        draft.note(
            router.where,
            "left out",
            "It names providers and no models: call `provider/model`, or give the route targets.",
        )


def _target(said: str, draft: Draft, where: str) -> Fields | None:
    first, slash, last = said.partition("/")
    if not slash:
        draft.provider(said, where, api_key=f"${{env:{said.upper().replace('-', '_')}_API_KEY}}")
        return None
    provider = draft.provider(first, where, api_key=f"${{env:{first.upper().replace('-', '_')}_API_KEY}}")
    return None if provider is None else {"model": draft.offers(provider, last)}


def _rate_limit(router: Given, name: str, draft: Draft) -> None:
    limit = router.inside("rate-limit")
    rules = limit.inside("per-api-key")
    capacity, every = rules.use("capacity"), str(rules.use("refill-frequency") or "")
    window = {"1s": "second", "1m": "minute", "60s": "minute", "1h": "hour", "1d": "day"}.get(every)
    if capacity and window:
        terms = {
            "subject": "key",
            "subject_id": "*",
            "each": True,
            "metric": "requests",
            "amount": capacity,
            "window": window,
        }
        draft.limit(f"{name}-per-key", terms)
        draft.note(rules.where, "approximated", f"As a limit of each key a {window}, for all routes.")
    elif capacity:
        draft.note(rules.where, "left out", f"`{every}` is no window of ours.")
    rules.leave(NOTHING_LIKE_IT)
    limit.leave(NOTHING_LIKE_IT)


def _client(model: str, headers: dict[str, str], draft: Draft, route: str) -> None:
    # Of a client's model string each part is `model/provider`; the next is asked when one has failed.
    targets: list[Fields] = []
    for part in [part.strip() for part in model.split(",") if part.strip() and not part.strip().startswith("!")]:
        name, slash, vendor = part.rpartition("/")
        provider = (
            draft.provider(vendor, f"model `{part}`", api_key=f"${{env:{vendor.upper().replace('-', '_')}_API_KEY}}")
            if slash
            else None
        )
        if provider is None:
            draft.note(f"model `{part}`", "left out", "Say who runs it: `model/provider`.")
            continue
        targets.append({"model": draft.offers(provider, name)})
        draft.note(f"model `{part}`", "taken over", f"As a target of the route `{route}`.")
    plan: Fields = {"targets": targets}
    for header, value in headers.items():
        _header(header, value, plan, draft)
    if targets:
        draft.section("routes")[route] = plan


def _header(header: str, value: str, plan: Fields, draft: Draft) -> None:
    where = f"headers.{header}"
    if header in _LABELS or header.startswith("helicone-property-"):
        draft.note(where, "taken over", "It is understood as it is, on every request.")
    elif header == "helicone-retry-num":
        plan["retries"] = min(int(value), _MOST_RETRIES) if value.isdigit() else 1
        draft.note(where, "taken over", "As the retries of the route.")
    elif header in (
        "helicone-retry-enabled",
        "helicone-cache-enabled",
        "cache-control",
        "helicone-fallbacks",
    ) or header.startswith("helicone-cache"):
        draft.note(where, "taken over", "It is understood as it is, on every request.")
    elif header == "helicone-ratelimit-policy":
        _policy(value, where, draft)
    elif header in ("helicone-auth", "authorization"):
        draft.note(where, "approximated", "Put a key of this server in its place: `quarterdeck keys create`.")
    else:
        draft.note(where, "left out", NOTHING_LIKE_IT)


def _policy(value: str, where: str, draft: Draft) -> None:
    match = _POLICY.fullmatch(value.strip().strip('"').replace(" ", ""))
    window = _WINDOWS.get(int(match[2])) if match else None
    if match is None or window is None:
        draft.note(where, "left out", "Its window is none of a second, minute, hour, day, week or month.")
        return
    options = dict(one.split("=") for one in match[3].split(";") if one)
    cents, by = options.get("u") == "cents", options.get("s")
    amount = float(match[1]) / 100 if cents else int(float(match[1]))
    terms: Fields = {"metric": "cost" if cents else "requests", "amount": amount, "window": window}
    if by == "user":
        terms |= {"subject": "user", "subject_id": "*", "each": True}
    draft.limit("helicone-policy", terms)
    exact = by in (None, "user")
    draft.note(
        where,
        "approximated",
        "As a limit by the calendar (UTC)" + ("." if exact else f", for all together and not by `{by}`."),
    )
