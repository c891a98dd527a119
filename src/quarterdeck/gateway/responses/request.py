"""What a request in the words of the Responses API is beside a conversation: what its answer repeats, and how tools go back."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from quarterdeck.gateway.conversation import ChatRequest

Json = dict[str, Any]  # Any: JSON of the client's


class ToolName(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a client calls a tool that a model knows as a plain function."""

    name: str
    kind: Literal["function", "custom"] = "function"
    """A custom tool takes a text and no JSON; the model is given a function with one parameter instead."""
    namespace: str | None = None


class ResponsesRequest(ChatRequest, omit_defaults=True):
    """A chat request that came as one for a response."""

    told: Json = msgspec.field(default_factory=dict)
    """The parameters that a response repeats."""
    tool_names: dict[str, ToolName] = msgspec.field(default_factory=dict)
    """The client's names of those tools that go under another one, or are called otherwise."""
    previous: str | None = None
    """The earlier response that this one goes on from."""
    keeps: bool = True
    """Whether the client wants to come back to the response."""


class Strange:
    """What was found that only a provider of the same dialect can do, and what a translation can do without."""

    def __init__(self) -> None:
        self.first: str | None = None
        self.left_out: list[str] = []

    def note(self, what: str) -> None:
        """The first thing found that would be falsified."""
        self.first = self.first or what

    def leave_out(self, name: str) -> None:
        """Something that changes nothing of what is answered."""
        if name not in self.left_out:
            self.left_out.append(name)
