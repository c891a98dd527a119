"""How the wishes of a request are gathered while its headers and body are read, and which fields of a body are wishes.

The fields are those of LiteLLM's clients, so that a body written for it means the same here. They stay in the house: a
provider never sees them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from quarterdeck.core.errors import InvalidInput

MOST_TAGS, LONGEST_TAG = 32, 128
MOST_LABELS, LONGEST_NAME, LONGEST_VALUE = 64, 128, 2000
MOST_RETRIES = 10
MOST_FALLBACKS = 10
_LONGEST_ID = 256


class RequestWishes(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Fields of a body that are about the request. Requests of every dialect have them by inheritance."""

    tags: list[str] | None = None
    session_id: str | None = None
    cache: dict[str, Any] | bool | None = None  # Any, here and below: read and checked by `read_body`
    fallbacks: list[Any] | None = None
    num_retries: int | None = None
    timeout: float | None = None
    stream_timeout: float | None = None
    guardrails: list[Any] | None = None
    prompt_variables: dict[str, Any] | None = None

    def any_wish(self) -> bool:
        """Whether anything is wished."""
        # Written out, because it is asked of every request.
        return not (
            self.tags is None
            and self.session_id is None
            and self.cache is None
            and self.fallbacks is None
            and self.num_retries is None
            and self.timeout is None
            and self.stream_timeout is None
            and self.guardrails is None
            and self.prompt_variables is None
        )

    def wishes(self) -> dict[str, Any]:  # Any: as above
        """The wishes there are, to be carried over to another request."""
        if not self.any_wish():
            return {}
        return {name: value for name in WISHES if (value := getattr(self, name)) is not None}


WISHES: tuple[str, ...] = RequestWishes.__struct_fields__
"""The names of the fields, which are taken out of a body before a provider gets it."""


@dataclass(frozen=True, slots=True)
class CacheWishes:
    """What a client wants of the response cache."""

    wanted: bool | None = None
    """Whether it wants one at all; None when it does not say."""
    reads: bool = True
    """Whether an answer that is there will do."""
    keeps: bool = True
    """Whether its own answer may be kept for others."""
    keep_s: int | None = None
    """How long to keep its answer."""
    oldest_s: int | None = None
    """The greatest age of an answer that will do."""
    namespace: str = ""
    """A part of the cache of its own, within what it may see anyway."""
    kind: Literal["exact", "semantic"] | None = None
    similarity: float | None = None
    """How alike a question must be whose answer will do."""


ANY_CACHE = CacheWishes()


@dataclass(slots=True)
class Draft:
    """An envelope in the making."""

    user_id: str | None = None
    session_id: str | None = None
    session_name: str | None = None
    environment: str | None = None
    tags: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    prompt: str | None = None
    prompt_version: str | None = None
    prompt_variables: dict[str, Any] = field(default_factory=dict)  # Any: whatever a template takes
    model: str | None = None
    provider: str | None = None
    cache: dict[str, Any] = field(default_factory=dict)  # Any: the fields of `CacheWishes`
    retries: int | None = None
    fallbacks: list[str] = field(default_factory=list)
    timeout_s: float | None = None
    stream_timeout_s: float | None = None
    guardrails: list[str] = field(default_factory=list)
    omits_input: bool = False
    omits_output: bool = False
    vendors: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)

    def all_tags(self) -> tuple[str, ...]:
        """The tags, each once."""
        tags = tuple(dict.fromkeys(tag for tag in (tag.strip() for tag in self.tags) if tag))
        if len(tags) > MOST_TAGS:
            raise InvalidInput(f"A request may have {MOST_TAGS} tags; this has {len(tags)}.", param="tags")
        for tag in tags:
            if len(tag) > LONGEST_TAG:
                raise InvalidInput(f"The tag `{tag[:40]}…` is longer than {LONGEST_TAG} characters.", param="tags")
        return tags

    def all_labels(self) -> dict[str, str]:
        """The labels; what is too long for one is cut, and ends in `…`."""
        if len(self.labels) > MOST_LABELS:
            raise InvalidInput(
                f"A request may have {MOST_LABELS} labels; this has {len(self.labels)}.", param="metadata"
            )
        for name, value in self.labels.items():
            if len(name) > LONGEST_NAME:
                raise InvalidInput(
                    f"The label `{name[:40]}…` has a name of more than {LONGEST_NAME} characters.", param="metadata"
                )
            if len(value) > LONGEST_VALUE:
                self.labels[name] = value[: LONGEST_VALUE - 1] + "…"
        return self.labels

    def prompt_name(self) -> str | None:
        """The prompt with its version, if both are told."""
        if self.prompt is None or self.prompt_version is None:
            return self.prompt
        return f"{self.prompt.partition('@')[0]}@{self.prompt_version}"

    def cache_wishes(self) -> CacheWishes:
        """What was said of the cache, all together."""
        return CacheWishes(**self.cache) if self.cache else ANY_CACHE


def read_body(draft: Draft, wishes: RequestWishes) -> None:
    """Take the wishes of a body."""
    if wishes.tags:
        draft.tags += wishes.tags
    if wishes.session_id:
        draft.session_id = identifier("session_id", wishes.session_id)
    if wishes.cache is not None:
        _read_cache(draft, wishes.cache)
    if wishes.fallbacks:
        draft.fallbacks += models("fallbacks", wishes.fallbacks)
    if wishes.num_retries is not None:
        draft.retries = amount_of_retries("num_retries", wishes.num_retries)
    if wishes.timeout is not None:
        draft.timeout_s = seconds("timeout", wishes.timeout)
    if wishes.stream_timeout is not None:
        draft.stream_timeout_s = seconds("stream_timeout", wishes.stream_timeout)
    for asked in wishes.guardrails or ():
        # LiteLLM also takes `{"name": {options}}`; our options are part of the guardrail itself.
        draft.guardrails += [asked] if isinstance(asked, str) else list(asked) if isinstance(asked, dict) else []
    if wishes.prompt_variables:
        draft.prompt_variables = {**draft.prompt_variables, **wishes.prompt_variables}


def read_labels(draft: Draft, labels: Mapping[str, Any]) -> None:  # Any: JSON
    """Take labels; those that other gateways give a meaning to have it here, too."""
    for name, value in labels.items():
        if name == "tags" and isinstance(value, list):
            draft.tags += [str(tag) for tag in value]
            continue
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        draft.labels[str(name)] = text
        match name:
            case "session_id" | "langfuse_session_id" | "session.id":
                draft.session_id = identifier(name, text)
            case "session_name":
                draft.session_name = text
            case "user_id" | "_user" | "langfuse_user_id" | "user.id" | "enduser.id":
                draft.user_id = identifier(name, text)
            case "environment" | "_environment" | "deployment.environment" | "deployment.environment.name":
                draft.environment = text[:LONGEST_TAG]
            case "_prompt":
                draft.prompt = text[:LONGEST_TAG]


def _read_cache(draft: Draft, said: dict[str, Any] | bool) -> None:  # Any: JSON
    if isinstance(said, bool):
        draft.cache["wanted"] = said
        if not said:
            draft.cache |= {"reads": False, "keeps": False}
        return
    for name, value in said.items():
        match name:
            case "no-cache":
                draft.cache["reads"] = not value
            case "no-store":
                draft.cache["keeps"] = not value
            case "use-cache":
                draft.cache["wanted"] = bool(value)
            case "ttl":
                draft.cache["keep_s"] = whole_seconds("cache.ttl", value)
            case "s-maxage" | "s-max-age" | "max-age":
                draft.cache["oldest_s"] = whole_seconds(f"cache.{name}", value)
            case "namespace":
                draft.cache["namespace"] = identifier("cache.namespace", str(value))
            case _:
                known = "no-cache, no-store, use-cache, ttl, s-maxage, namespace"
                raise InvalidInput(f"`cache.{name}` means nothing here. There are: {known}.", param="cache")


def identifier(name: str, text: str) -> str:
    """The name of something: a user, a session."""
    if len(text) > _LONGEST_ID:
        raise InvalidInput(f"`{name}` has {len(text)} characters; {_LONGEST_ID} is the most.", param=name)
    return text


def amount_of_retries(name: str, said: object) -> int:
    """How often to try again."""
    number = _number(said)
    if number is None or not number.is_integer() or not 0 <= number <= MOST_RETRIES:
        raise InvalidInput(f"`{name}` is a whole number from 0 to {MOST_RETRIES}, not `{said}`.", param=name)
    return int(number)


def seconds(name: str, said: object, *, unit_s: float = 1.0) -> float:
    """A length of time."""
    number = _number(said)
    if number is None or not 0 < number * unit_s <= 86_400:
        raise InvalidInput(f"`{name}` is a length of time of at most a day, not `{said}`.", param=name)
    return number * unit_s


def whole_seconds(name: str, said: object) -> int:
    """A length of time that may be nothing, and may be a month."""
    number = _number(str(said).removesuffix("s") if isinstance(said, str) else said)
    if number is None or not 0 <= number <= 31_536_000:
        raise InvalidInput(f"`{name}` is a number of seconds, not `{said}`.", param=name)
    return int(number)


def models(name: str, said: object) -> list[str]:
    """Models to fall back to: names, or objects with a `model`."""
    found = list(_model_names(said if isinstance(said, list) else [said]))
    if not found or len(found) > MOST_FALLBACKS:
        raise InvalidInput(f"`{name}` is a list of up to {MOST_FALLBACKS} model names.", param=name)
    return found


def _model_names(said: list[Any]) -> Iterator[str]:  # Any: JSON
    for one in said:
        if isinstance(one, str) and one.strip():
            yield one.strip()
        elif isinstance(one, dict) and isinstance(one.get("model"), str):
            yield one["model"]
        elif isinstance(one, dict) and all(isinstance(value, list) for value in one.values()):
            # LiteLLM: {"gpt-4o": ["claude-sonnet-4-5"]}
            for targets in one.values():
                yield from _model_names(targets)
        else:
            raise InvalidInput(f"`{one}` names no model to fall back to.", param="fallbacks")


def _number(said: object) -> float | None:
    if isinstance(said, bool):
        return None
    try:
        return float(said)  # type: ignore[arg-type]  # whatever it is: what is no number raises
    except (TypeError, ValueError, OverflowError):
        return None
