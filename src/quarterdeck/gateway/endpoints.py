"""Every path of the data plane that is not a conversation; those stand in their dialects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial

from quarterdeck.gateway import model_list, token_counts
from quarterdeck.gateway.batching.endpoint import BATCHES, FILES, answer_batches, answer_files
from quarterdeck.gateway.chat import answer_chat
from quarterdeck.gateway.dialect import dialect_at
from quarterdeck.gateway.embeddings import answer_embedding
from quarterdeck.gateway.endpoint import Endpoint
from quarterdeck.gateway.gemini import near as gemini
from quarterdeck.gateway.mcp.endpoint import PATH as MCP
from quarterdeck.gateway.mcp.endpoint import answer_mcp
from quarterdeck.gateway.passing import media, passthrough
from quarterdeck.gateway.rerank import answer_rerank
from quarterdeck.gateway.responses.endpoint import BELOW as RESPONSES
from quarterdeck.gateway.responses.endpoint import answer_kept

_AT: Mapping[str, Endpoint] = {
    "/v1/embeddings": Endpoint(("POST",), answer_embedding),
    "/v1/models": Endpoint(("GET", "HEAD"), model_list.answer_list),
    BATCHES: Endpoint(("GET", "POST"), answer_batches),
    FILES: Endpoint(("GET", "POST"), answer_files),
    MCP: Endpoint(("POST", "DELETE"), answer_mcp),
    "/v1/rerank": Endpoint(("POST",), answer_rerank),
    "/v2/rerank": Endpoint(("POST",), answer_rerank),
    **{path: Endpoint(("POST",), media.answer_media) for path in media.KINDS},
    gemini.PATH: Endpoint(("GET", "HEAD"), gemini.answer_near),
    token_counts.PATH: Endpoint(("POST",), token_counts.answer_count),
}
_BELOW: Sequence[tuple[str, Endpoint]] = (
    ("/v1/models/", Endpoint(("GET", "HEAD"), model_list.answer_one)),
    (BATCHES + "/", Endpoint(("GET", "POST"), answer_batches)),
    (FILES + "/", Endpoint(("GET", "DELETE"), answer_files)),
    (RESPONSES, Endpoint(("GET", "DELETE"), answer_kept)),
    (gemini.PATH + "/", Endpoint(("GET", "HEAD", "POST"), gemini.answer_near)),
    (MCP + "/", Endpoint(("POST", "DELETE"), answer_mcp)),
    (passthrough.PATH, Endpoint(passthrough.METHODS, passthrough.answer_passthrough)),
)


@lru_cache(maxsize=1024)
def endpoint_at(path: str) -> Endpoint | None:
    """Who answers at a path; None when it is not of the data plane."""
    dialect = dialect_at(path)
    if dialect is not None:
        return Endpoint(("POST",), partial(answer_chat, dialect=dialect))
    return _AT.get(path) or next((endpoint for start, endpoint in _BELOW if path.startswith(start)), None)
