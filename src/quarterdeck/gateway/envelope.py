"""What a client says beside the conversation: for whom it asks, under which labels, and what may be tried for it.

Every endpoint of the data plane reads it once, from headers and from the fields of a body that are about the request and
not about its answer. Nothing in it changes what a model is told, and nothing of it goes to a provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.vendor import header_readers, spoken_among
from quarterdeck.gateway.wishes import ANY_CACHE, CacheWishes, Draft, RequestWishes, read_body, read_labels

__all__ = ["CacheWishes", "Envelope", "read_envelope"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """The wishes and labels of one request. Everything is optional, and nearly all requests have nearly nothing."""

    user_id: str | None = None
    """The end user for whom is asked."""
    session_id: str | None = None
    session_name: str | None = None
    environment: str | None = None
    """`production`, `staging`, …: whatever the client calls where it runs."""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Labels as the client gave them, values as text."""
    prompt: str | None = None
    """The prompt that the client says it used, by name (`NAME@3`): a label, when it rendered the prompt itself."""
    prompt_variables: Mapping[str, Any] = field(default_factory=dict)  # Any: whatever a template takes
    """What fills the template of `model="prompt:NAME"`."""
    model: str | None = None
    """The model to call instead of the one that the body names."""
    provider: str | None = None
    """The provider to call it at, where that is said apart from the model."""
    cache: CacheWishes = ANY_CACHE
    retries: int | None = None
    fallbacks: tuple[str, ...] = ()
    """Models to try when the one that was asked for fails, in order."""
    timeout_s: float | None = None
    """The longest that the whole answer may take."""
    stream_timeout_s: float | None = None
    """The same for a stream, when that is wished apart."""
    guardrails: tuple[str, ...] = ()
    """Guardrails asked for by name, beside those that apply anyway."""
    omits_input: bool = False
    """What was asked shall not be recorded."""
    omits_output: bool = False
    """What was answered shall not be recorded."""
    vendors: frozenset[str] = frozenset()
    """The other gateways in whose headers the client speaks: it gets those headers back that they would send."""
    left_out: tuple[str, ...] = ()
    """Headers that were understood and cannot be obeyed: told to the client."""

    def model_for(self, named: str) -> str:
        """The model to call when the body names this one."""
        model = self.model or named
        if self.provider is None or model.startswith(f"{self.provider}/"):
            return model
        return f"{self.provider}/{model}"


def read_envelope(
    exchange: Exchange,
    user: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    wishes: RequestWishes | None = None,
) -> Envelope:
    """Read it from the headers of a request, and from its body: `user`, `metadata`, and the fields of `wishes`."""
    # Any, above: metadata is whatever the client likes.
    headers = exchange.headers
    spoken = spoken_among(tuple(headers))
    if not spoken and not metadata and (wishes is None or not wishes.any_wish()):
        return _NOTHING if user is None else Envelope(user_id=user)
    draft = Draft(user_id=user)
    if metadata:
        read_labels(draft, metadata)
    if wishes is not None:
        read_body(draft, wishes)
    # Headers last: they are set where a client is configured, and stand before what a framework puts into bodies.
    readers = header_readers()
    for name in spoken:
        readers.read(draft, name, headers[name])
    return Envelope(
        user_id=draft.user_id,
        session_id=draft.session_id or draft.labels.get("session_id") or None,
        session_name=draft.session_name,
        environment=draft.environment,
        tags=draft.all_tags(),
        metadata=draft.all_labels(),
        prompt=draft.prompt_name(),
        prompt_variables=draft.prompt_variables,
        model=draft.model,
        provider=draft.provider,
        cache=draft.cache_wishes(),
        retries=draft.retries,
        fallbacks=tuple(dict.fromkeys(draft.fallbacks)),
        timeout_s=draft.timeout_s,
        stream_timeout_s=draft.stream_timeout_s,
        guardrails=tuple(dict.fromkeys(draft.guardrails)),
        omits_input=draft.omits_input,
        omits_output=draft.omits_output,
        vendors=frozenset(draft.vendors),
        left_out=tuple(dict.fromkeys(draft.left_out)),
    )


_NOTHING = Envelope()
