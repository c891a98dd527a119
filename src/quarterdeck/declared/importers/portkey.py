"""Portkey: a config as JSON, with strategy, targets, retry, cache and timeout."""

from __future__ import annotations

from typing import Any

from quarterdeck.declared.draft import NOTHING_LIKE_IT, Draft, Given, named, route_named
from quarterdeck.declared.section import Fields

_MOST_RETRIES = 10


def read(config: Fields, draft: Draft, name: str) -> None:
    """Make ours of theirs: one config is one route, named by its file."""
    route = route_named(str(config.get("slug") or config.get("name") or name))
    body = config.get("config", config)
    _route(
        Given({one: value for one, value in body.items() if one not in ("slug", "name")}, "", draft), draft, route, {}
    )


def _route(config: Given, draft: Draft, name: str, inherited: Fields) -> None:
    common = {**inherited, **_common(config, draft, name)}
    strategy = config.inside("strategy") if "strategy" in config else Given({}, "strategy", draft)
    mode = strategy.text("mode") or "single"
    codes = strategy.use("on_status_codes")
    if codes:
        why = f"Failures of every kind lead on to the next target, not only {codes}."
        draft.note(strategy.at("on_status_codes"), "approximated", why)
    targets: list[Fields] = []
    nested: list[str] = []
    by_name: dict[str, Fields] = {}
    for number, target in enumerate(config.each("targets"), start=1):
        if "targets" in target:
            inner = f"{name}-{number}"
            weight = target.use("weight")
            _route(target, draft, inner, inherited)
            if inner not in draft.section("routes"):
                continue
            if mode == "fallback":
                nested.append(inner)
                draft.note(
                    target.where, "taken over", f"As the route `{inner}`, asked when those before it have failed."
                )
            else:
                targets += [{**one, "weight": weight or 1} for one in draft.section("routes").pop(inner)["targets"]]
                draft.note(target.where, "approximated", "Its targets stand beside the others, each with its weight.")
            continue
        label = target.text("name")
        made = _target(target, draft)
        if made is not None:
            if nested:
                draft.note(
                    target.where, "approximated", "It is asked before the targets that have targets of their own."
                )
            targets.append(made)
            by_name[label or f"{number}"] = made
    if mode == "single" and not targets:
        made = _target(config, draft)
        targets = [made] if made is not None else []
    if mode == "conditional":
        _conditions(strategy, by_name, draft)
    strategy.leave(NOTHING_LIKE_IT)
    config.leave(NOTHING_LIKE_IT)
    if not targets and nested:
        first = draft.section("routes")[nested.pop(0)]
        targets = first["targets"]
    if not targets:
        draft.note(
            config.where or name,
            "left out",
            "No target of it names a model: each request says its own, as `provider/model`.",
        )
        return
    ours = {"loadbalance": "weighted", "conditional": "rules"}.get(mode, "ordered")
    plan: Fields = {"targets": targets, "strategy": ours, **common}
    if nested:
        plan["fallbacks"] = {"any": nested}
    draft.section("routes")[name] = plan
    draft.note(config.where or "strategy", "taken over", f"As the route `{name}`, `{ours}`.")


def _common(config: Given, draft: Draft, name: str) -> Fields:
    found: Fields = {}
    if "retry" in config:
        retry = config.inside("retry")
        found["retries"] = min(int(retry.use("attempts") or 0), _MOST_RETRIES)
        if retry.use("on_status_codes"):
            draft.note(
                retry.at("on_status_codes"), "approximated", "What may pass by itself is tried again, nothing else."
            )
        retry.leave(NOTHING_LIKE_IT)
    if "request_timeout" in config:
        found["timeouts"] = {"total_s": float(config.use("request_timeout")) / 1000}
    if "cache" in config:
        _cache(config, draft, name)
    return found


def _cache(config: Given, draft: Draft, name: str) -> None:
    value = config.use("cache")
    cache = Given(value if isinstance(value, dict) else {"mode": value}, config.at("cache"), draft)
    mode, age = cache.text("mode"), cache.use("max_age")
    if mode == "semantic":
        policy: Fields = {"ttl_s": int(age)} if age else {}
        draft.section("semantic_caches")[name] = policy
        draft.note(
            cache.at("mode"), "approximated", "It learns first, and serves once at most 2 % of its answers are wrong."
        )
    else:
        why = "The exact cache is on by itself" + (f"; `QUARTERDECK_CACHE_TTL_S={age}` says how long." if age else ".")
        draft.note(cache.at("mode"), "approximated", why)
    cache.leave(NOTHING_LIKE_IT)


def _target(target: Given, draft: Draft) -> Fields | None:
    where = target.where or "the config"
    params = dict(target.use("override_params") or {})
    model = str(params.pop("model", "") or "")
    vendor, slug = target.text("provider") or "", target.text("virtual_key") or ""
    if model.startswith("@"):
        slug, _, model = model[1:].partition("/")
    if vendor.startswith("@"):
        slug, vendor = vendor[1:], ""
    if not vendor and slug:
        vendor = _vendor_of(slug)
        draft.note(
            where,
            "approximated",
            f"`{slug}` is taken for {vendor}: `quarterdeck secrets set {named(slug)}` is its key.",
        )
    if not vendor:
        return None
    key = f"${{secret:{named(slug)}}}" if slug else draft.credential(target.use("api_key"), named(vendor), where)
    provider = draft.provider(vendor, where, api_key=key, base_url=target.text("custom_host"))
    weight = target.use("weight")
    timeout = target.use("request_timeout")
    for one in ("retry", "cache"):
        target.leave("It is said for the whole route, and not for one target.", one)
    if provider is None or not model:
        target.leave(NOTHING_LIKE_IT)
        if provider is not None:
            draft.note(
                where, "left out", f"It names no model. `{provider}` is there, and called as `{provider}/MODEL`."
            )
        return None
    found: Fields = {"model": draft.offers(provider, model)}
    if weight is not None:
        found["weight"] = weight
    if params:
        found["parameters"] = params
        draft.note(f"{where}: override_params", "approximated", "They hold where a request says nothing itself.")
    if timeout:
        found["timeouts"] = {"total_s": float(timeout) / 1000}
    target.leave(
        "Guardrails are declared under `guardrails`.",
        "input_guardrails",
        "output_guardrails",
        "before_request_hooks",
        "after_request_hooks",
    )
    target.leave(NOTHING_LIKE_IT)
    return found


def _vendor_of(slug: str) -> str:
    vendors = (
        "anthropic",
        "azure-openai",
        "openai",
        "bedrock",
        "vertex-ai",
        "gemini",
        "cohere",
        "mistral-ai",
        "groq",
        "together-ai",
        "azure",
    )
    return next((one for one in vendors if one in slug.lower()), "openai")


def _conditions(strategy: Given, by_name: dict[str, Fields], draft: Draft) -> None:
    for condition in strategy.each("conditions"):
        query, then = condition.use("query") or {}, str(condition.use("then") or "")
        target = by_name.get(then)
        wanted = _metadata(query)
        if target is None or wanted is None or "when" in target:
            draft.note(
                condition.where, "left out", "Only metadata that equals a value can be asked for, once for each target."
            )
        else:
            target["when"] = {"metadata": wanted}
            draft.note(condition.where, "taken over", f"As what must hold for `{then}`.")
    default = strategy.text("default")
    if default and default in by_name:
        draft.note(strategy.at("default"), "taken over", f"`{default}` is asked when no other is meant.")


def _metadata(query: Any) -> dict[str, str] | None:  # Any: their query
    found: dict[str, str] = {}
    for name, value in query.items() if isinstance(query, dict) else ():
        if name == "$and" and isinstance(value, list):
            for one in value:
                inner = _metadata(one)
                if inner is None:
                    return None
                found |= inner
        elif name.startswith("metadata.") and isinstance(value, str | dict):
            equals = value.get("$eq") if isinstance(value, dict) and set(value) == {"$eq"} else value
            if not isinstance(equals, str):
                return None
            found[name.removeprefix("metadata.")] = equals
        else:
            return None
    return found or None
