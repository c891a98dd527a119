"""What becomes of another gateway's configuration: a document of ours, and what was made of each thing it said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from quarterdeck.declared.document import Declaration
from quarterdeck.declared.section import Fields
from quarterdeck.gateway.well_known import standard_url

Outcome = Literal["taken over", "approximated", "left out"]
_KINDS = {
    "openai": "openai", "anthropic": "anthropic", "azure": "azure", "azure-openai": "azure", "azure_ai": "azure",
    "bedrock": "bedrock", "aws_bedrock": "bedrock", "gemini": "gemini", "google": "gemini",
    "google_ai_studio_gemini": "gemini", "google-gemini": "gemini", "vertex_ai": "vertex", "vertex-ai": "vertex",
    "gcp_vertex_gemini": "vertex", "cohere": "cohere", "cohere_chat": "cohere", "mistral": "mistral",
    "mistral-ai": "mistral",
}  # fmt: skip
_WELL_KNOWN = {
    "together_ai": "together", "together-ai": "together", "fireworks_ai": "fireworks", "fireworks-ai": "fireworks",
    "perplexity-ai": "perplexity", "hosted_vllm": "vllm", "x-ai": "xai", "nvidia_nim": "nvidia", "lm_studio": "lmstudio",
}  # fmt: skip
_SEVERAL_WORDS = {"bedrock": "AWS's access key and secret", "vertex": "the service account"}
PARAMETERS = (
    "temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "stop", "presence_penalty", "frequency_penalty",
    "reasoning_effort", "response_format",
)  # fmt: skip
"""What both they and our targets call alike."""


@dataclass(frozen=True)
class Note:
    """What became of one thing."""

    where: str
    outcome: Outcome
    why: str


@dataclass
class Draft:
    """The document as it grows."""

    document: Fields = field(default_factory=lambda: {"version": 1})
    notes: list[Note] = field(default_factory=list)
    _providers: dict[tuple[str, str | None, str | None], str] = field(default_factory=dict)

    def note(self, where: str, outcome: Outcome, why: str = "") -> None:
        """Say what became of something."""
        self.notes.append(Note(where, outcome, why))

    def section(self, key: str) -> dict[str, Any]:
        """A section, made when it is first needed."""
        found: dict[str, Any] = self.document.setdefault(key, {})
        return found

    def provider(self, vendor: str, where: str, *, api_key: str | None, base_url: str | None = None) -> str | None:
        """The name of a provider with this address and credential; the same one for the same. None when we have none."""
        ours = _WELL_KNOWN.get(vendor, vendor)
        kind = _KINDS.get(vendor) or "openai-compatible"
        if kind == "openai" and base_url and "api.openai.com" not in base_url:
            kind = "openai-compatible"
        address = base_url or (standard_url(ours) if kind == "openai-compatible" else None)
        if kind == "openai-compatible" and address is None:
            self.note(
                where,
                "left out",
                f"`{vendor}` is not known here, and no address is said. Add it as `openai-compatible`.",
            )
            return None
        key = (kind, address, api_key)
        if key in self._providers:
            return self._providers[key]
        name = self._free("providers", named(ours))
        if kind in _SEVERAL_WORDS:
            api_key = f"${{secret:{name}}}"
            why = f"Its credential is {_SEVERAL_WORDS[kind]}, as JSON: `quarterdeck secrets set {name}`."
            self.note(where, "approximated", why)
        elif api_key is None and kind != "openai-compatible":
            api_key = f"${{env:{ours.upper().replace('-', '_')}_API_KEY}}"
            self.note(where, "approximated", f"No key is said; `{api_key}` is taken.")
        if kind in ("azure", "bedrock") and address is None:
            self.note(where, "approximated", "No address is said. Write the `base_url` of your resource or region.")
        self._providers[key] = name
        wanted = {"kind": kind, "base_url": address, "api_key": api_key}
        self.section("providers")[name] = {one: value for one, value in wanted.items() if value is not None}
        return name

    def offers(self, provider: str, model: str) -> str:
        """A model of a provider, by its full name here."""
        models = self.section("providers")[provider].setdefault("models", [])
        if model not in models:
            models.append(model)
        return f"{provider}/{model}"

    def limit(self, name: str, terms: Fields) -> None:
        """A limit, under a name that is free."""
        self.section("limits")[self._free("limits", named(name))] = terms

    def credential(self, value: object, name: str, where: str) -> str | None:
        """A reference in the place of a credential; one in clear becomes a secret that has to be set."""
        if value in (None, ""):
            return None
        text = str(value)
        if text.startswith("os.environ/"):
            return f"${{env:{text.removeprefix('os.environ/')}}}"
        if re.fullmatch(r"\$\{?[A-Za-z_][A-Za-z0-9_]*\}?", text):
            return f"${{env:{text.strip('${}')}}}"
        self.note(
            where, "approximated", f"A credential stands in the file: set it with `quarterdeck secrets set {name}`."
        )
        return f"${{secret:{name}}}"

    def finished(self) -> Declaration:
        """The whole, checked: what is written can be applied."""
        routes = self.document.get("routes", {})
        for name, plan in routes.items():
            self._without_strangers(name, plan, set(routes))
        return Declaration.model_validate(self.document)

    def _without_strangers(self, name: str, plan: Fields, known: set[str]) -> None:
        providers = set(self.document.get("providers", {}))
        for kind, names in list(plan.get("fallbacks", {}).items()):
            kept = [one for one in names if one in known or one.partition("/")[0] in providers]
            for lost in [one for one in names if one not in kept]:
                self.note(f"{name}: fallback `{lost}`", "left out", "Nothing of this name is in the file.")
            if kept:
                plan["fallbacks"][kind] = kept
            else:
                del plan["fallbacks"][kind]
        if not plan.get("fallbacks", True):
            del plan["fallbacks"]

    def _free(self, key: str, name: str) -> str:
        there, number, found = self.section(key), 2, name
        while found in there:
            found, number = f"{name}-{number}", number + 1
        return found


class Given:
    """A mapping of theirs, of which each key is either used or told to have been left out: nothing is lost in silence."""

    def __init__(self, value: object, where: str, draft: Draft) -> None:
        self._rest: dict[str, Any] = dict(value) if isinstance(value, Mapping) else {}
        self.where = where
        self._draft = draft
        if value is not None and not isinstance(value, Mapping):
            draft.note(where, "left out", "It is no mapping.")

    def __contains__(self, key: str) -> bool:
        return key in self._rest

    def at(self, key: str) -> str:
        """How a report names one of its keys."""
        return f"{self.where}.{key}" if self.where else key

    def use(self, key: str, default: Any = None) -> Any:  # Any: what their file says
        """The value of a key, which is dealt with thereby."""
        return self._rest.pop(key, default)

    def text(self, key: str) -> str | None:
        """The same, as a text."""
        value = self.use(key)
        return None if value is None else str(value)

    def inside(self, key: str) -> Given:
        """The mapping below a key."""
        return Given(self.use(key), self.at(key), self._draft)

    def each(self, key: str) -> Iterator[Given]:
        """The mappings of a list below a key."""
        value = self.use(key)
        for index, one in enumerate(value if isinstance(value, list) else []):
            yield Given(one, f"{self.at(key)}[{index}]", self._draft)

    def names(self) -> list[str]:
        """The keys that nobody has dealt with yet."""
        return list(self._rest)

    def leave(self, why: str, *keys: str) -> None:
        """Tell why some keys, or all that are left, are not taken over."""
        for key in keys or tuple(self._rest):
            if key in self._rest:
                del self._rest[key]
                self._draft.note(self.at(key), "left out", why)


NOTHING_LIKE_IT = "Nothing here means the same."


def named(text: str) -> str:
    """A text as a name of ours."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:60] or "unnamed"


def route_named(text: str) -> str:
    """A text as the name of a route."""
    return re.sub(r"[^\w.:/-]+", "-", text).strip("-./:_")[:128] or "unnamed"
