"""Where a request goes: one provider and one of its models."""

from __future__ import annotations

from dataclasses import dataclass

from quarterdeck.gateway.provider import Provider


@dataclass(frozen=True, slots=True)
class Route:
    """A provider, and the model by the provider's own name."""

    provider: Provider
    model: str

    @property
    def id(self) -> str:
        """The full name of the model: `openai/gpt-4o-mini`."""
        return f"{self.provider.account.name}/{self.model}"

    @property
    def first(self) -> Route:
        """One provider and one model, for who cannot try several."""
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """What a client has asked for by calling it: each of these names must be allowed to its key."""
        return (self.id,)

    @property
    def identity(self) -> tuple[str, ...]:
        """What answers, exactly: two routes of the same identity may share what a cache holds."""
        return ("route", self.id, self.provider.account.kind, self.provider.account.base_url)
