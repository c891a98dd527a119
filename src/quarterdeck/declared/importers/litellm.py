"""LiteLLM's proxy: `config.yaml` with model_list, router_settings, litellm_settings, general_settings, and virtual keys."""

from __future__ import annotations

from typing import Any

from quarterdeck.declared.draft import NOTHING_LIKE_IT, PARAMETERS, Draft, Given, named, route_named
from quarterdeck.declared.section import Fields

_STRATEGIES = {
    "simple-shuffle": ("weighted", ""),
    "least-busy": ("least-busy", ""),
    "latency-based-routing": ("lowest-latency", ""),
    "cost-based-routing": ("lowest-cost", ""),
    "usage-based-routing": ("least-busy", "By requests in flight, and not by the tokens of the minute."),
    "usage-based-routing-v2": ("least-busy", "By requests in flight, and not by the tokens of the minute."),
}
_FALLBACKS = {
    "fallbacks": "any",
    "context_window_fallbacks": "context_window",
    "content_policy_fallbacks": "content_policy",
}
_MOST_RETRIES = 10


def read(config: Fields, draft: Draft, name: str) -> None:
    """Make ours of theirs."""
    whole = Given(config, "", draft)
    for model in whole.each("model_list"):
        _model(model, draft)
    settings, router = whole.inside("litellm_settings"), whole.inside("router_settings")
    for one in (settings, router):
        _reliability(one, draft)
    _router(router, draft)
    _cache(settings, draft)
    settings.leave(
        "Callbacks are not needed: every call is a trace here.", "success_callback", "failure_callback", "callbacks"
    )
    settings.leave(NOTHING_LIKE_IT)
    router.leave(NOTHING_LIKE_IT)
    general = whole.inside("general_settings")
    general.leave("The administrator's key is `QUARTERDECK_ADMIN_KEY`.", "master_key")
    general.leave("The database lies in the data folder.", "database_url", "store_model_in_db")
    general.leave(NOTHING_LIKE_IT)
    variables = whole.inside("environment_variables")
    variables.leave("Set it in the environment of the server.")
    for key in ("virtual_keys", "keys"):
        for one in whole.each(key):
            _key(one, draft)
    whole.leave(NOTHING_LIKE_IT)


def _model(model: Given, draft: Draft) -> None:
    public = str(model.use("model_name", "unnamed"))
    where = f"{model.where} `{public}`"
    params = model.inside("litellm_params")
    vendor, slash, rest = str(params.use("model", "")).partition("/")
    vendor, rest = (vendor, rest) if slash else ("openai", vendor)
    base_url = params.text("api_base") or params.text("base_url")
    if base_url and base_url.startswith("os.environ/"):
        base_url = f"${{env:{base_url.removeprefix('os.environ/')}}}"
    key = draft.credential(params.use("api_key"), named(f"{vendor}-{public}"), where)
    provider = draft.provider(vendor, where, api_key=key, base_url=base_url)
    if provider is None:
        return
    if "*" in rest:
        draft.note(where, "approximated", f"Every model of `{provider}` can be called as `{provider}/MODEL`.")
        params.leave(NOTHING_LIKE_IT)
        model.leave("It only describes the model.")
        return
    full = draft.offers(provider, rest)
    target: Fields = {"model": full}
    if "weight" in params:
        target["weight"] = params.use("weight")
    chosen = {one: params.use(one) for one in PARAMETERS if one in params}
    if chosen:
        target["parameters"] = chosen
    timeouts = {"total_s": params.use("timeout"), "first_token_s": params.use("stream_timeout")}
    timeouts = {one: float(value) for one, value in timeouts.items() if isinstance(value, int | float)}
    if timeouts:
        target["timeouts"] = timeouts
    _limits(params, model, full, draft)
    _price(params, model, provider, rest, draft)
    params.leave(
        "The credential of Azure says it: `quarterdeck secrets set`, with JSON of `api_key` and `api_version`.",
        "api_version",
    )
    params.leave(NOTHING_LIKE_IT)
    model.inside("model_info").leave("It only describes the model.")
    model.leave(NOTHING_LIKE_IT)
    name = route_named(public)
    plan = draft.section("routes").setdefault(name, {"targets": [], "strategy": "weighted"})
    plan["targets"].append(target)
    draft.note(where, "taken over" if name == public else "approximated", f"As the route `{name}`, to `{full}`.")


def _limits(params: Given, model: Given, full: str, draft: Draft) -> None:
    for theirs, metric in (("rpm", "requests"), ("tpm", "tokens")):
        for given in (params, model):
            if theirs in given:
                terms = {
                    "subject": "model",
                    "subject_id": full,
                    "metric": metric,
                    "amount": given.use(theirs),
                    "window": "minute",
                }
                draft.limit(f"{full.replace('/', '-')}-{theirs}", terms)
                draft.note(given.at(theirs), "taken over", f"As a limit of `{full}` a minute.")
    if "max_parallel_requests" in params:
        terms = {
            "subject": "model",
            "subject_id": full,
            "metric": "concurrency",
            "amount": params.use("max_parallel_requests"),
        }
        draft.limit(f"{full.replace('/', '-')}-concurrency", terms)


def _price(params: Given, model: Given, provider: str, name: str, draft: Draft) -> None:
    info = model.inside("model_info") if "model_info" in model else Given({}, model.at("model_info"), draft)
    prices: dict[str, float] = {}
    for given in (params, info):
        for theirs, unit in (
            ("input_cost_per_token", "input"),
            ("output_cost_per_token", "output"),
            ("cache_read_input_token_cost", "cache_read"),
        ):
            if theirs in given:
                prices[unit] = round(float(given.use(theirs)) * 1_000_000, 9)
    info.leave("It only describes the model.")
    if prices:
        draft.document.setdefault("prices", []).append({"provider": provider, "model": name, "prices": prices})
        draft.note(f"{params.where}: prices", "taken over", f"As prices of `{provider}/{name}`, by the million tokens.")


def _reliability(given: Given, draft: Draft) -> None:
    routes = draft.section("routes")
    retries, timeout = given.use("num_retries"), given.use("request_timeout", given.use("timeout"))
    for said, what in ((retries, "retries"), (timeout, "longest time")):
        if said is not None:
            draft.note(f"{given.where}: {what}", "taken over", "For each route.")
    for plan in routes.values():
        if retries is not None:
            plan["retries"] = min(int(retries), _MOST_RETRIES)
        if timeout is not None:
            plan.setdefault("timeouts", {})["total_s"] = float(timeout)
    for theirs, ours in _FALLBACKS.items():
        for entry in given.use(theirs) or []:
            for name, others in entry.items() if isinstance(entry, dict) else ():
                _fall_back(routes, str(name), ours, others, given.at(theirs), draft)
    for name in list(routes) if "default_fallbacks" in given else ():
        others = [one for one in given.use("default_fallbacks") or [] if one != name]
        routes[name].setdefault("fallbacks", {}).setdefault("any", others)
    given.leave(
        "Models that fail are left alone by themselves, as long as they fail.", "allowed_fails", "cooldown_time"
    )
    given.leave("Pauses between attempts grow by themselves, and `Retry-After` is kept.", "retry_after")


def _fall_back(routes: dict[str, Any], name: str, kind: str, others: object, where: str, draft: Draft) -> None:
    if not isinstance(others, list):
        return
    plan = routes.get(route_named(name))
    if plan is None:
        draft.note(f"{where} `{name}`", "left out", "No model of the list has this name.")
        return
    plan.setdefault("fallbacks", {})[kind] = [route_named(str(one)) for one in others]
    draft.note(f"{where} `{name}`", "taken over", f"As fallbacks of `{route_named(name)}`.")


def _router(router: Given, draft: Draft) -> None:
    routes = draft.section("routes")
    theirs = router.text("routing_strategy")
    if theirs is not None:
        strategy, why = _STRATEGIES.get(theirs, ("weighted", f"`{theirs}` is not known here."))
        for plan in routes.values():
            plan["strategy"] = strategy
        draft.note(router.at("routing_strategy"), "approximated" if why else "taken over", why or f"As `{strategy}`.")
    for name, target in (router.use("model_group_alias") or {}).items():
        group = target.get("model") if isinstance(target, dict) else target
        plan = routes.get(route_named(str(group)))
        where = f"{router.at('model_group_alias')} `{name}`"
        if plan is None:
            draft.note(where, "left out", f"No model of the list is called `{group}`.")
        else:
            routes[route_named(str(name))] = {**plan}
            draft.note(where, "taken over", f"As a route with the plan of `{group}`.")
    router.leave(
        "Where limits are counted for many machines is `QUARTERDECK_REDIS_URL`.",
        "redis_url",
        "redis_host",
        "redis_port",
        "redis_password",
    )


def _cache(settings: Given, draft: Draft) -> None:
    wanted, params = settings.use("cache"), settings.inside("cache_params")
    if wanted is None:
        params.leave("The cache is not switched on.")
        return
    draft.note(
        settings.at("cache"), "approximated", "The exact cache is on by itself; `QUARTERDECK_CACHE` switches it."
    )
    kind = params.text("type")
    if kind and "semantic" in kind:
        draft.note(
            params.at("type"),
            "left out",
            "Set up a semantic cache for each route under `semantic_caches`: it keeps a promise.",
        )
    elif kind:
        draft.note(params.at("type"), "approximated", "The exact cache lies in the memory of each process.")
    if "ttl" in params:
        draft.note(params.at("ttl"), "approximated", f"`QUARTERDECK_CACHE_TTL_S={params.use('ttl')}` says it.")
    params.leave(NOTHING_LIKE_IT)


def _key(key: Given, draft: Draft) -> None:
    name = str(key.use("key_alias") or key.use("key_name") or "imported")
    team = key.text("team_alias") or key.text("team_id")
    wanted: Fields = {"scopes": ["gateway"]}
    if team:
        wanted["team"] = named(team)
        draft.section("teams").setdefault(named(team), {})
    models = [str(one) for one in key.use("models") or [] if one != "all-team-models"]
    if models:
        wanted["allowed_models"] = models
    tags = (key.use("metadata") or {}).get("tags") or key.use("tags")
    if tags:
        wanted["tags"] = tags
    draft.section("keys")[name] = wanted
    draft.note(
        f"{key.where} `{name}`", "approximated", "Its secret is made anew when the file is applied, and shown once."
    )
    key.leave("A secret cannot be taken over: ours begin with `sk-qd-`.", "token", "key")
    for theirs, metric in (("rpm_limit", "requests"), ("tpm_limit", "tokens")):
        if key_amount := key.use(theirs):
            terms = {"subject": "key", "subject_id": name, "metric": metric, "amount": key_amount, "window": "minute"}
            draft.limit(f"{name}-{theirs}", terms)
            draft.note(key.at(theirs), "taken over", "As a limit of the key a minute.")
    if parallel := key.use("max_parallel_requests"):
        draft.limit(
            f"{name}-concurrency", {"subject": "key", "subject_id": name, "metric": "concurrency", "amount": parallel}
        )
    budget, duration = key.use("max_budget"), str(key.use("budget_duration") or "")
    if budget:
        window = {
            "1d": "day",
            "24h": "day",
            "7d": "week",
            "1h": "hour",
            "30d": "month",
            "1mo": "month",
            "": "total",
        }.get(duration)
        draft.limit(
            f"{name}-budget",
            {"subject": "key", "subject_id": name, "metric": "cost", "amount": budget, "window": window or "month"},
        )
        exact = "by the calendar (UTC)" if window else f"a calendar month, in the place of `{duration}`"
        draft.note(f"{key.where}.max_budget", "approximated", f"As a budget {exact}.")
    key.leave(NOTHING_LIKE_IT)
