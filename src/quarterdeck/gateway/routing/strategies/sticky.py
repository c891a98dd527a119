"""`sticky`: requests that belong together go to the same target, where the provider's prompt cache is warm."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import msgspec

from quarterdeck.gateway.routing.records import Plan
from quarterdeck.gateway.routing.strategy import Candidate, Question, Strategy
from quarterdeck.runtime.runtime import Runtime

Bond = Literal["session", "user", "key", "prefix"]
_PREFIX_CHARACTERS = 2048


class _Options(msgspec.Struct, forbid_unknown_fields=True):
    by: Bond = "session"
    """What holds requests together. Where a request has no session or user, the beginning of its prompt does."""


class Sticky(Strategy):
    """Rendezvous hashing: a target that comes or goes moves only the requests that are its own."""

    name: ClassVar[str] = "sticky"
    about: ClassVar[str] = "Requests of one session, user, key or prompt prefix go to one target (`options.by`)."

    def __init__(self, plan: Plan, runtime: Runtime) -> None:
        super().__init__(plan, runtime)
        self._by = self.options(_Options).by

    async def rank(self, question: Question, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        bond = self._bond(question)
        return sorted(candidates, key=lambda one: _distance(bond, one))

    def _bond(self, question: Question) -> bytes:
        envelope = question.envelope
        match self._by:
            case "session" if envelope.session_id:
                return envelope.session_id.encode()
            case "user" if envelope.user_id:
                return envelope.user_id.encode()
            case "key":
                return question.work.actor.id.encode()
        return _prefix(question)


def _prefix(question: Question) -> bytes:
    request = question.request
    if request is None or not request.messages:
        return question.work.actor.id.encode()
    # Providers keep prompts by their beginning: tools, then the system prompt, then the first words of the user.
    first = [message.text()[:_PREFIX_CHARACTERS] for message in request.messages[:2]]
    return msgspec.json.encode([request.tools, first])


def _distance(bond: bytes, candidate: Candidate) -> float:
    weight = candidate.target.weight
    if weight <= 0:
        return math.inf
    digest = hashlib.blake2b(bond, key=candidate.route.id.encode()[:64], digest_size=8).digest()
    return -math.log((int.from_bytes(digest) + 1) / 2**64) / weight
