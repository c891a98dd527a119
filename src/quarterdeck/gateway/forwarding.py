"""An answer from a provider that speaks OpenAI's dialect: its bytes go through untouched, and are read afterwards."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import msgspec

from quarterdeck.core.errors import UpstreamFailed
from quarterdeck.gateway import llm_span, sse
from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.catalogue import Route
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.outcome import Outcome, StreamTally, outcome_of_body
from quarterdeck.gateway.parsing import with_fields
from quarterdeck.gateway.provider import WireProvider
from quarterdeck.gateway.upstream import Reply
from quarterdeck.gateway.upstream_errors import refusal
from quarterdeck.runtime.work import Work

PATH = "/chat/completions"
# The only events that need a closer look: a usage report, an error, the end. Model text cannot look like them, because
# quotes inside JSON strings are escaped.
_REMARKABLE = (b'"usage":{', b'"usage": {', b'"error"', b"[DONE]")


def _remarkable_places(block: bytes) -> list[int]:
    # Searches for fixed bytes cost a tenth of one for a pattern, and this is done with every byte of every stream.
    places: list[int] = []
    for words in _REMARKABLE:
        place = block.find(words)
        while place >= 0:
            places.append(place)
            place = block.find(words, place + 1)
    places.sort()
    return places


class _Glance(msgspec.Struct):
    choices: list[msgspec.Raw] | None = None
    usage: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw = msgspec.Raw(b"null")


_GLANCE = msgspec.json.Decoder(_Glance)


def _glance(data: bytes) -> _Glance:
    try:
        return _GLANCE.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Glance()


class Forwarding(Answer):
    """Sends the client's own body on, with the provider's name for the model, and hands back what comes."""

    def __init__(self, work: Work, route: Route, provider: WireProvider, request: ChatRequest, body: bytes) -> None:
        self._work = work
        self._route = route
        self._provider = provider
        self._request = request
        self._body = body
        self._span = llm_span.start_chat(work, route, request)
        self._tally = StreamTally()
        self._outcome: Outcome | None = None
        self._reply: Reply | None = None
        self._settled = False

    async def events(self) -> AsyncGenerator[bytes, None]:
        reply = self._reply = await self._provider.post(PATH, self._upstream_body())
        scanner = sse.EventScanner()
        while not self.complete:
            chunk = await reply.receive()
            self.waited_ns = reply.waited_ns
            if not chunk:
                break
            block = scanner.feed(chunk)
            if not block:
                continue
            self._span.first_token()
            self._tally.keep(block)
            places = _remarkable_places(block)
            if places:
                block, failure = self._look_closer(block, places)
                if block:
                    yield block
                if failure is not None:
                    raise failure
            else:
                yield block
        if not self.complete:
            self._require_end(scanner.rest())

    async def body(self) -> bytes:
        reply = self._reply = await self._provider.post(PATH, self._upstream_body())
        body = await reply.read()
        self.waited_ns = reply.waited_ns
        outcome = self._outcome = outcome_of_body(body)
        if not outcome.is_completion:
            raise self._not_a_completion(body)
        self.complete = True
        return body

    def settle(self, error: BaseException | None = None) -> None:
        if not self._settled:
            self._settled = True
            outcome = self._outcome or self._tally.outcome()
            llm_span.settle_chat(
                self._work, self._span, self._route, self._request, outcome, error=error, complete=self.complete
            )

    async def close(self) -> None:
        if self._reply is not None:
            if self.complete:
                await self._reply.finish()
            else:
                self._reply.close()

    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        if self._reply is None:
            return ()
        return [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in self._reply.headers.items()
            if name[:11].lower() == "x-ratelimit"
        ]

    def _upstream_body(self) -> bytes:
        changes: dict[str, object] = {}
        if self._route.model != self._request.model:
            changes["model"] = self._route.model
        if self._request.stream and not self._wants_usage():
            # We count; the client did not ask, so the extra chunk is taken out again on the way back.
            changes["stream_options"] = {**(self._request.stream_options or {}), "include_usage": True}
        return with_fields(self._body, **changes) if changes else self._body

    def _wants_usage(self) -> bool:
        return bool((self._request.stream_options or {}).get("include_usage"))

    def _look_closer(self, block: bytes, places: list[int]) -> tuple[bytes, Exception | None]:
        """The block as the client gets it: up to `[DONE]`, without the report it did not ask for; and a failure in it."""
        kept: list[bytes] = []
        done_until = 0
        for place in places:
            if place < done_until:
                continue
            start, end = sse.bounds_of_event(block, place)
            kept.append(block[done_until:start])
            done_until = end
            data = sse.payload(block[start:end])
            if data == b"[DONE]":
                self.complete = True
                return b"".join(kept), None
            glance = _glance(data)
            if bytes(glance.error) != b"null":
                return b"".join(kept), refusal(self._provider.account.name, 502, {}, data)
            ours = glance.choices == [] and bytes(glance.usage) != b"null" and not self._wants_usage()
            if not ours:
                kept.append(block[start:end])
        return b"".join(kept) + block[done_until:], None

    def _require_end(self, rest: bytes) -> None:
        """Some servers end without `[DONE]`. That is fine if the answer was finished, and a broken answer if not."""
        if rest.strip() or not self._tally.outcome().finish_reasons:
            name = self._provider.account.name
            if rest.lstrip().startswith(b"{"):
                raise refusal(name, 502, {}, rest)
            raise UpstreamFailed(f"`{name}` broke off before the end of its answer.")
        self.complete = True

    def _not_a_completion(self, body: bytes) -> Exception:
        name = self._provider.account.name
        if b'"error"' in body:
            return refusal(name, 502, {}, body)
        start = body[:120].decode(errors="replace")
        return UpstreamFailed(
            f"`{name}` did not answer with a chat completion but with: {start}. Is its base URL right?"
        )
