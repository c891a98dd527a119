"""Our own headers, and those that belong to nobody: `baggage`, `cache-control`, `x-session-id`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import ClassVar

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.exchange import Header
from quarterdeck.gateway.vendor import (
    Reader,
    Told,
    Vendor,
    json_object,
    label,
    labels_as_json,
    pairs,
    sets,
    tags_between_commas,
)
from quarterdeck.gateway.wishes import Draft, amount_of_retries, models, read_labels, seconds, whole_seconds


def _baggage(draft: Draft, name: str, value: str) -> None:
    # Baggage is put there by tracing libraries, often unseen: what is wrong with it must not stop the request.
    with suppress(InvalidInput):
        read_labels(draft, {key: said for key, said in pairs(name, value).items() if key not in draft.labels})


def _cache_control(draft: Draft, name: str, value: str) -> None:
    for directive in value.lower().split(","):
        said, _, amount = directive.strip().partition("=")
        match said:
            case "no-cache":
                draft.cache["reads"] = False
            case "no-store":
                draft.cache |= {"reads": False, "keeps": False}
            case "max-age":
                draft.cache["oldest_s"] = whole_seconds(name, amount)
            case "s-maxage":
                draft.cache["keep_s"] = whole_seconds(name, amount)


def _cache(draft: Draft, name: str, value: str) -> None:
    for directive in value.split(","):
        said, _, amount = directive.strip().partition("=")
        match said.lower():
            case "on":
                draft.cache["wanted"] = True
            case "off":
                draft.cache |= {"wanted": False, "reads": False, "keeps": False}
            case "exact" | "semantic":
                draft.cache |= {"wanted": True, "kind": said.lower()}
            case "ttl":
                draft.cache["keep_s"] = whole_seconds(name, amount)
            case "namespace" if amount:
                draft.cache["namespace"] = amount
            case "no-cache" | "no-store" | "max-age" | "s-maxage":
                _cache_control(draft, name, directive)
            case _:
                known = "on, off, exact, semantic, ttl=60, namespace=…, no-cache, no-store, max-age=60"
                raise InvalidInput(f"`{name}: {said}` means nothing. There are: {known}.", param=name)


def _omit(draft: Draft, name: str, value: str) -> None:
    for what in value.lower().replace(" ", "").split(","):
        match what:
            case "input" | "request":
                draft.omits_input = True
            case "output" | "response":
                draft.omits_output = True
            case "all" | "both":
                draft.omits_input = draft.omits_output = True
            case _:
                raise InvalidInput(f"`{name}` is `input`, `output` or `all`, not `{what}`.", param=name)


def _retries(draft: Draft, name: str, value: str) -> None:
    draft.retries = amount_of_retries(name, value)


def _timeout(draft: Draft, name: str, value: str) -> None:
    draft.timeout_s = seconds(name, value)


def _fallbacks(draft: Draft, name: str, value: str) -> None:
    try:
        said = msgspec.json.decode(value) if value.startswith("[") else value.split(",")
    except UNREADABLE as error:
        raise InvalidInput(f"The header `{name}` is no list of models: {error}.", param=name) from error
    draft.fallbacks += models(name, said)


def _guardrails(draft: Draft, _name: str, value: str) -> None:
    draft.guardrails += [name for name in value.replace(" ", "").split(",") if name]


def _prompt_variables(draft: Draft, name: str, value: str) -> None:
    draft.prompt_variables = {**draft.prompt_variables, **json_object(name, value)}


class OurOwn(Vendor):
    """Quarterdeck's own words. Nothing is echoed: our headers are on every answer."""

    name: ClassVar[str] = ""
    headers: ClassVar[Mapping[bytes, Reader]] = {
        b"baggage": _baggage,
        b"cache-control": _cache_control,
        b"tracestate": label,
        b"x-session-id": sets("session_id"),
        b"x-quarterdeck-user": sets("user_id"),
        b"x-quarterdeck-session": sets("session_id"),
        b"x-quarterdeck-session-name": sets("session_name"),
        b"x-quarterdeck-environment": sets("environment", longest=128),
        b"x-quarterdeck-tags": tags_between_commas,
        b"x-quarterdeck-metadata": labels_as_json,
        b"x-quarterdeck-model": sets("model"),
        b"x-quarterdeck-prompt": sets("prompt", longest=128),
        b"x-quarterdeck-prompt-variables": _prompt_variables,
        b"x-quarterdeck-cache": _cache,
        b"x-quarterdeck-retries": _retries,
        b"x-quarterdeck-fallbacks": _fallbacks,
        b"x-quarterdeck-timeout-s": _timeout,
        b"x-quarterdeck-guardrails": _guardrails,
        b"x-quarterdeck-omit": _omit,
    }

    def echo(self, told: Told) -> Sequence[Header]:
        return ()
