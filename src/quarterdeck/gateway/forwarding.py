"""An answer from a provider that speaks the client's own dialect: its bytes go through untouched, and are read afterwards."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence

from quarterdeck.core.errors import QuarterdeckError, UpstreamFailed
from quarterdeck.gateway import llm_span, sse
from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.dialect import Asked, Dialect
from quarterdeck.gateway.outcome import Outcome
from quarterdeck.gateway.patience import waiting
from quarterdeck.gateway.provider import WireProvider
from quarterdeck.gateway.route import Route
from quarterdeck.gateway.routing.course import Attempt
from quarterdeck.gateway.upstream import Reply
from quarterdeck.runtime.work import Work


def _places(remarkable: Sequence[bytes], block: bytes) -> list[int]:
    # Searches for fixed bytes cost a tenth of one for a pattern, and this is done with every byte of every stream.
    places: list[int] = []
    for words in remarkable:
        place = block.find(words)
        while place >= 0:
            places.append(place)
            place = block.find(words, place + 1)
    places.sort()
    return places


class Forwarding(Answer):
    """Sends the client's own body on, with the provider's name for the model, and hands back what comes."""

    translated = False

    def __init__(
        self,
        work: Work,
        route: Route,
        provider: WireProvider,
        dialect: Dialect,
        asked: Asked,
        headers: Mapping[str, str] | None = None,
        attempt: Attempt | None = None,
    ) -> None:
        self._work = work
        self._attempt = attempt
        self._route = route
        self._provider = provider
        self._dialect = dialect
        self._asked = asked
        self._headers = headers
        self._span = llm_span.start_chat(work, route, asked.request)
        self._listener = dialect.listener(asked.request)
        self._outcome: Outcome | None = None
        self._reply: Reply | None = None
        self._settled = False
        self._entered = False

    def speaks(self, block: bytes) -> bool:
        return self._listener.speaks(block)

    async def events(self) -> AsyncGenerator[bytes, None]:
        reply = await self._post()
        listener, scanner = self._listener, sse.EventScanner()
        while not self.complete:
            chunk = await reply.receive()
            self.waited_ns = reply.waited_ns
            if not chunk:
                break
            block = scanner.feed(chunk)
            if not block:
                continue
            self._span.first_token()
            listener.keep(block)
            places = _places(listener.remarkable, block)
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
        reply = await self._post()
        body = await reply.read()
        self.waited_ns = reply.waited_ns
        outcome = self._outcome = self._listener.outcome_of_body(body)
        if not outcome.is_completion:
            said = reply.masked(body)
            outcome.output = said[:2000].decode(errors="replace")
            raise self._not_a_completion(said)
        self.complete = True
        return body

    def settle(self, error: BaseException | None = None) -> None:
        if not self._settled:
            self._settled = True
            outcome = self._outcome or self._listener.outcome()
            if self._attempt is not None:
                self._attempt.mark(self._span, error)
            if self._reply is not None:
                outcome.note_cost(self._reply.headers)
            llm_span.settle_chat(
                self._work, self._span, self._route, self._asked.request, outcome, error=error, complete=self.complete
            )

    async def close(self) -> None:
        if self._entered:
            self._entered = False
            self._provider.leave()
        if self._reply is not None:
            if self.complete:
                await self._reply.finish()
            else:
                self._reply.close()

    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        if self._reply is None:
            return ()
        told = self._dialect.limit_headers
        return [header for header in self._reply.raw_headers if header[0].startswith(told)]

    async def _post(self) -> Reply:
        model, dialect = self._route.model, self._dialect
        path, body = dialect.upstream_path(model, self._asked.request), dialect.upstream_body(self._asked, model)
        attempt = self._attempt
        timeouts = None if attempt is None else attempt.timeouts()
        self._provider.enter()
        self._entered = True
        if timeouts is None:
            reply = self._reply = await self._provider.post(path, body, self._headers)
        else:
            with waiting(timeouts):
                reply = self._reply = await self._provider.post(path, body, self._headers)
        return reply

    def _look_closer(self, block: bytes, places: list[int]) -> tuple[bytes, Exception | None]:
        """The block as the client gets it: up to the end, without the report it did not ask for; and a failure in it."""
        kept: list[bytes] = []
        done_until = 0
        for place in places:
            if place < done_until:
                continue
            start, end = sse.bounds_of_event(block, place)
            kept.append(block[done_until:start])
            done_until = end
            data = sse.payload(block[start:end])
            match self._listener.judge(data):
                case "end":
                    self.complete, self.ending = True, block[start:end]
                    return b"".join(kept), None
                case "error":
                    return b"".join(kept), self._failure(data)
                case "pass":
                    kept.append(block[start:end])
        return b"".join(kept) + block[done_until:], None

    def _require_end(self, rest: bytes) -> None:
        """Some servers forget the end of a stream. That is fine if the answer was finished, and a broken answer if not."""
        if rest.strip() or not self._listener.outcome().finish_reasons:
            name = self._provider.account.name
            if rest.lstrip().startswith(b"{"):
                raise self._failure(rest)
            raise UpstreamFailed(f"`{name}` broke off before the end of its answer.")
        self.complete, self.ending = True, self._listener.usual_end

    def _failure(self, said: bytes) -> QuarterdeckError:
        masked = said if self._reply is None else self._reply.masked(said)
        return self._listener.failure(self._provider.account.name, masked)

    def _not_a_completion(self, body: bytes) -> Exception:
        name = self._provider.account.name
        if b'"error"' in body:
            return self._failure(body)
        start = body[:120].decode(errors="replace")
        return UpstreamFailed(
            f"`{name}` did not answer with {self._listener.answer_name} but with: {start}. Is its base URL right?"
        )
