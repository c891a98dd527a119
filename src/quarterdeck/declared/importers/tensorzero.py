"""TensorZero: `tensorzero.toml` with models and their providers, functions and their variants."""

from __future__ import annotations

from typing import Any

from quarterdeck.declared.draft import NOTHING_LIKE_IT, PARAMETERS, Draft, Given, named, route_named
from quarterdeck.declared.section import Fields

_MODEL_FIELDS = ("model_name", "deployment_id", "model_id", "endpoint_id")
_MOST_RETRIES = 10


def read(config: Fields, draft: Draft, name: str) -> None:
    """Make ours of theirs: models and functions become routes."""
    whole = Given(config, "", draft)
    models, functions = whole.inside("models"), whole.inside("functions")
    for one in models.names():
        _model(models.inside(one), one, draft)
    for one in functions.names():
        _function(functions.inside(one), one, draft)
    whole.leave(
        "Address, storage and telemetry are settings of the server.",
        "gateway",
        "clickhouse",
        "postgres",
        "object_storage",
    )
    whole.leave("Limits are declared under `limits`, by key, tag, user or model.", "rate_limiting")
    whole.leave("Evaluations and metrics are no part of a configuration.", "metrics", "evaluations", "optimizers")
    whole.leave(NOTHING_LIKE_IT)


def _model(model: Given, name: str, draft: Draft) -> None:
    providers, targets = model.inside("providers"), []
    for one in [str(one) for one in model.use("routing") or []]:
        target = _target(providers.inside(one), draft)
        if target is not None:
            targets.append(target)
    providers.leave("It is not in `routing`, and was never asked.")
    plan: Fields = {"targets": targets, "strategy": "ordered"}
    _timeouts(model, plan, draft)
    _retries(model, plan)
    model.leave(NOTHING_LIKE_IT)
    if targets:
        draft.section("routes")[route_named(name)] = plan
        draft.note(model.where, "taken over", f"As the route `{route_named(name)}`, its providers in order.")


def _target(provider: Given, draft: Draft) -> Fields | None:
    kind = provider.text("type") or ""
    model = next((str(found) for field in _MODEL_FIELDS if (found := provider.use(field))), "")
    base_url = provider.text("api_base") or provider.text("endpoint")
    key = _credential(provider, kind, draft)
    found = draft.provider(kind, provider.where, api_key=key, base_url=base_url)
    if provider.use("region"):
        draft.note(provider.at("region"), "approximated", "The region is part of the provider's `base_url`.")
    provider.leave(NOTHING_LIKE_IT)
    if found is None or not model:
        return None
    return {"model": draft.offers(found, model)}


def _credential(provider: Given, kind: str, draft: Draft) -> str | None:
    place = provider.use("api_key_location") or provider.use("credential_location")
    if place is None:
        return None
    if isinstance(place, dict):
        draft.note(provider.at("api_key_location"), "approximated", "The first of several places is taken.")
        place = place.get("default", "")
    how, _, name = str(place).partition("::")
    if how == "env":
        return f"${{env:{name}}}"
    if how in ("path", "file"):
        return f"${{file:{name}}}"
    if how == "none":
        return None
    draft.note(
        provider.at("api_key_location"),
        "approximated",
        f"`{place}` cannot come with a request: `quarterdeck secrets set {named(kind)}`.",
    )
    return f"${{secret:{named(kind)}}}"


def _function(function: Given, name: str, draft: Draft) -> None:
    variants = function.inside("variants")
    weighted: list[Fields] = []
    plain: list[Fields] = []
    plan: Fields = {}
    for one in variants.names():
        variant = variants.inside(one)
        if variant.text("type") not in ("chat_completion", None):
            draft.note(variant.where, "left out", "Only `chat_completion` has something like it here.")
            variant.leave(NOTHING_LIKE_IT)
            continue
        targets = _variant(variant, plan, draft)
        weight = variant.use("weight")
        variant.leave(
            "Templates with schemas stay with your program; a plain one is a prompt here.",
            "system_template",
            "user_template",
            "assistant_template",
            "templates",
            "system_instructions",
            "output_schema",
        )
        variant.leave(NOTHING_LIKE_IT)
        if weight == 0:
            draft.note(variant.where, "left out", "Its weight is 0: it was asked only by name.")
            continue
        for index, target in enumerate(targets):
            (weighted if weight and not index else plain).append(
                {**target, "weight": weight} if weight and not index else target
            )
    if weighted:
        plain = [{**one, "weight": 0} for one in plain]
    plan = {"targets": weighted + plain, "strategy": "weighted", **plan}
    experimentation = function.inside("experimentation")
    experimentation.leave("Shares are the `weight` of each target.")
    function.leave("Its kind is what each request asks for.", "type")
    function.leave(
        "Schemas stay with your program, or are said by each request.",
        "system_schema",
        "user_schema",
        "assistant_schema",
        "output_schema",
        "schemas",
    )
    function.leave("Each request says its tools.", "tools", "tool_choice", "parallel_tool_calls")
    function.leave(NOTHING_LIKE_IT)
    if plan["targets"]:
        route = route_named(name)
        draft.section("routes")[route] = plan
        draft.note(
            function.where,
            "approximated",
            f"As the route `{route}` with its variants as targets: called as a model, with whole messages.",
        )


def _variant(variant: Given, plan: Fields, draft: Draft) -> list[Fields]:
    model = str(variant.use("model") or "")
    parameters = {one: variant.use(one) for one in PARAMETERS if one in variant}
    if "stop_sequences" in variant:
        parameters["stop"] = variant.use("stop_sequences")
    _timeouts(variant, plan, draft)
    _retries(variant, plan)
    route = draft.section("routes").get(route_named(model))
    if route is not None:
        targets = [dict(one) for one in route["targets"]]
    else:
        vendor, shorthand, name = model.partition("::")
        name = name.removeprefix("responses::")
        provider = draft.provider(vendor, variant.where, api_key=None) if shorthand else None
        if provider is None:
            if not shorthand:
                draft.note(variant.where, "left out", f"No model of the file is called `{model}`.")
            return []
        targets = [{"model": draft.offers(provider, name)}]
    return [{**one, "parameters": parameters} if parameters else one for one in targets]


def _timeouts(given: Given, plan: Fields, draft: Draft) -> None:
    timeouts: Any = given.use("timeouts") or {}
    ms = {
        "total_s": (timeouts.get("non_streaming") or {}).get("total_ms"),
        "first_token_s": (timeouts.get("streaming") or {}).get("ttft_ms"),
    }
    found = {name: value / 1000 for name, value in ms.items() if value}
    if found:
        if plan.get("timeouts", found) != found:
            draft.note(given.at("timeouts"), "approximated", "A route has one: the longest of its variants'.")
        known = plan.get("timeouts", {})
        plan["timeouts"] = {name: max(value, known.get(name, 0)) for name, value in {**known, **found}.items()}


def _retries(given: Given, plan: Fields) -> None:
    retries: Any = given.use("retries") or {}
    if retries:
        plan["retries"] = max(plan.get("retries", 0), min(int(retries.get("num_retries", 0)), _MOST_RETRIES))
        if "max_delay_s" in retries:
            plan["longest_wait_s"] = float(retries["max_delay_s"])
