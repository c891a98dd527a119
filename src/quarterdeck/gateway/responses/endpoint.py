"""What a client comes back for: `GET` and `DELETE /v1/responses/{id}`, and what was asked for it."""

from __future__ import annotations

import msgspec

from quarterdeck.core.errors import NotFound
from quarterdeck.gateway import refusals
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.plane import Plane
from quarterdeck.gateway.recording import headers_of_request
from quarterdeck.gateway.responses import store
from quarterdeck.gateway.responses.draft import OURS
from quarterdeck.gateway.responses.store import KeptResponse
from quarterdeck.runtime.work import Work

BELOW = "/v1/responses/"
_ITEMS = "/input_items"


async def answer_kept(_plane: Plane, exchange: Exchange, work: Work) -> None:
    """Give a kept response, or its input, or forget it."""
    path = exchange.path.removeprefix(BELOW)
    response_id = path.removesuffix(_ITEMS)
    if exchange.method == "DELETE":
        if path.endswith(_ITEMS) or not await store.remove(work.runtime.database, work.project_id, response_id):
            raise _not_kept(response_id)
        said = msgspec.json.encode({"id": response_id, "object": "response", "deleted": True})
    elif path.endswith(_ITEMS):
        said = _listed(await _line(work, response_id))
    else:
        said = (await _line(work, response_id))[-1].response
    await exchange.answer(200, [refusals.JSON, *headers_of_request(exchange, work)], said)


async def _line(work: Work, response_id: str) -> list[KeptResponse]:
    line = await store.conversation(work.runtime.database, work.project_id, response_id)
    if not line:
        raise _not_kept(response_id)
    return line


def _listed(line: list[KeptResponse]) -> bytes:
    """All items that the model was given, the newest first as OpenAI lists them; each with an id of its place."""
    given: list[dict[str, object]] = []
    for kept in line:
        output = msgspec.json.decode(kept.response)["output"] if kept is not line[-1] else []
        given += [*msgspec.json.decode(kept.input), *output]
    items = [{"id": f"item_{number}", **item} for number, item in enumerate(given)][::-1]
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {"first_id": None, "last_id": None}
    return msgspec.json.encode({"object": "list", "data": items, **ends, "has_more": False})


def _not_kept(response_id: str) -> NotFound:
    if response_id.startswith(OURS):
        return NotFound(
            f"No response `{response_id}` is kept in this project. It may have been deleted, or be too old."
        )
    return NotFound(
        f"`{response_id}` was not made here: the provider that made it keeps it. "
        f"Ask it through the gateway: `/passthrough/{{provider}}/v1/responses/{response_id}`."
    )
