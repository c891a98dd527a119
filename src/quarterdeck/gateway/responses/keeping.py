"""Keeps responses that were made here, so that a client can come back to them by their ids.

A provider of this dialect keeps its own responses. For all others the gateway does it: by project, for as long and as much
as its settings say, in the database.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway import sse
from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.dialect import Asked
from quarterdeck.gateway.parsing import with_fields, without_fields
from quarterdeck.gateway.responses import store
from quarterdeck.gateway.responses.asked import read_responses_request
from quarterdeck.gateway.responses.draft import OURS
from quarterdeck.gateway.responses.request import ResponsesRequest
from quarterdeck.gateway.responses.store import KeptResponse
from quarterdeck.runtime.work import Work

_TIDY_EVERY = 64


class PreviousResponseNotFound(InvalidInput):
    """The response that this one goes on from is not kept here."""


class _Asked(msgspec.Struct):
    input: str | list[msgspec.Raw] | None = None


class _Output(msgspec.Struct):
    output: list[msgspec.Raw] = []


class _Ended(msgspec.Struct):
    id: str = ""
    response: msgspec.Raw = msgspec.Raw(b"null")


async def recalled(work: Work, asked: Asked) -> Asked:
    """The request with the whole conversation in it, where the earlier part of that is kept here."""
    previous = asked.previous
    if previous is None or not previous.startswith(OURS):
        return asked
    line = await store.conversation(work.runtime.database, work.project_id, previous)
    if not line:
        raise PreviousResponseNotFound(
            f"No response `{previous}` is kept in this project. Send the whole conversation as `input`.",
            param="previous_response_id",
        )
    if line[0].previous_id is not None:
        raise PreviousResponseNotFound(
            f"`{previous}` goes on from `{line[0].previous_id}`, which is no longer kept. "
            "Send the whole conversation as `input`.",
            param="previous_response_id",
        )
    before = [item for kept in line for item in _items_of(kept)]
    body = with_fields(
        without_fields(asked.body, ["previous_response_id"]), input=[*before, *(new := _items(asked.body))]
    )
    return _going_on(read_responses_request(body), previous, len(new))


def read_again(asked: Asked, body: bytes) -> Asked:
    """A request whose words were changed, still going on from where it did."""
    found = read_responses_request(body)
    return found if asked.newest is None else _going_on(found, asked.previous, asked.newest)


def _going_on(asked: Asked, previous: str | None, newest: int) -> Asked:
    request = asked.request
    if isinstance(request, ResponsesRequest):
        told = {**request.told, "previous_response_id": previous}
        request = msgspec.structs.replace(request, previous=previous, told=told)
    return replace(asked, request=request, previous=previous, newest=newest)


def _items_of(kept: KeptResponse) -> list[msgspec.Raw]:
    output = msgspec.json.decode(kept.response, type=_Output).output
    return [*msgspec.json.decode(kept.input, type=list[msgspec.Raw]), *output]


def _items(body: bytes) -> list[object]:
    given = msgspec.json.decode(body, type=_Asked).input
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": given}]}]
    return [*(given or ())]


class Kept(Answer):
    """Another answer, kept when it is whole: before its last byte, so that whoever has its id can use it."""

    def __init__(self, work: Work, asked: Asked, answer: Answer) -> None:
        self._work = work
        self._asked = asked
        self._answer = answer

    async def events(self) -> AsyncGenerator[bytes, None]:
        async for block in self._answer.events():
            self._look()
            yield block
        self._look()
        self.complete, self.ending = self._answer.complete, self._answer.ending
        for event in reversed(sse.events(self.ending)):
            ended = msgspec.json.decode(sse.payload(event) or b"{}", type=_Ended)
            if bytes(ended.response) != b"null":
                await self._keep(bytes(ended.response))
                break

    async def body(self) -> bytes:
        body = await self._answer.body()
        self._look()
        self.complete = self._answer.complete
        await self._keep(body)
        return body

    def settle(self, error: BaseException | None = None) -> None:
        self._answer.settle(error)

    async def close(self) -> None:
        await self._answer.close()

    def speaks(self, block: bytes) -> bool:
        return self._answer.speaks(block)

    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        return self._answer.headers()

    def _look(self) -> None:
        answer = self._answer
        self.waited_ns, self.attempts = answer.waited_ns, answer.attempts
        self.route, self.translated = answer.route, answer.translated

    async def _keep(self, response: bytes) -> None:
        work, asked = self._work, self._asked
        response_id = msgspec.json.decode(response, type=_Ended).id
        if not response_id.startswith(OURS):
            return  # its provider keeps it
        items, previous = _items(asked.body), None
        if asked.newest is not None:
            items, previous = items[max(0, len(items) - asked.newest) :], asked.previous
        now = clock.iso(clock.now())
        kept = KeptResponse(response_id, work.project_id, previous, msgspec.json.encode(items), response, now)
        await store.add(work.runtime.database, kept)
        if int(response_id[-2:], 16) % _TIDY_EVERY == 0:
            await tidy(work)


async def tidy(work: Work) -> int:
    """Forget what is too old or too much. Returns how many were forgotten."""
    settings = work.runtime.settings
    before = clock.iso(clock.now() - timedelta(days=settings.responses_keep_days))
    most_bytes = settings.responses_keep_mb << 20
    return await store.tidy(work.runtime.database, work.project_id, before=before, most_bytes=most_bytes)
