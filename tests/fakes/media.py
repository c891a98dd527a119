"""OpenAI's endpoints that are no conversations, as they are on the wire: moderations, speech, transcripts and images."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from aiohttp import web

from tests.fakes.turn import Json, Script, Turn, script

if TYPE_CHECKING:
    from tests.fakes.upstream import Received

SOUND = bytes(range(256)) * 400
"""What a spoken answer is made of."""
_PIXEL = base64.b64encode(b"not quite a picture").decode()


def answer(path: str, request: web.Request, received: Received, turn: Turn) -> web.StreamResponse | Script | None:
    """What a request gets; None when it is not for here."""
    match path.removeprefix("/v1/"):
        case "moderations":
            return web.json_response(_moderation(received.body))
        case "audio/speech":
            return web.Response(body=SOUND, content_type="audio/mpeg")
        case "audio/transcriptions" | "audio/translations":
            return _transcript(received.raw, turn)
        case "images/generations" | "images/edits" | "images/variations":
            return web.json_response(_images(turn))
        case "rerank":
            return web.json_response(_ranking(received.body, turn))
        case "files" | "files/file-1":
            told = {"object": "file", "id": "file-1", "method": request.method, "bytes": len(received.raw)}
            return web.json_response(told | {"query": dict(request.query)})
    return None


def _moderation(asked: Json) -> Json:
    texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    results = [{"flagged": "kill" in str(text), "categories": {}, "category_scores": {}} for text in texts]
    return {"id": "modr-1", "model": asked["model"], "results": results}


def _transcript(form: bytes, turn: Turn) -> web.StreamResponse | Script:
    text = "".join(turn.words)
    if b'name="stream"' in form:
        deltas: list[str | bytes] = [_event({"type": "transcript.text.delta", "delta": word}) for word in turn.words]
        done = _event({"type": "transcript.text.done", "text": text, "usage": _tokens(turn)})
        return script(turn, [], deltas, [done, "data: [DONE]\n\n"], _event({"error": {"message": "broke"}}))
    if b"\r\n\r\nsrt\r\n" in form:
        body = f"1\n00:00:00,000 --> 00:00:04,000\n{text}\n\n2\n00:00:04,000 --> 00:01:02,500\nYes.\n\n"
        return web.Response(text=body)
    if b"\r\n\r\ntext\r\n" in form:
        return web.Response(text=text)
    used = {"type": "duration", "seconds": 31} if b"whisper" in form else _tokens(turn)
    return web.json_response({"text": text, "usage": used})


def _tokens(turn: Turn) -> Json:
    return {
        "type": "tokens",
        "total_tokens": turn.input_tokens + turn.output_tokens,
        "input_tokens": turn.input_tokens,
        "input_token_details": {"text_tokens": 0, "audio_tokens": turn.input_tokens},
        "output_tokens": turn.output_tokens,
    }


def _images(turn: Turn) -> Json:
    answered: Json = {"created": 1_763_000_000, "data": [{"b64_json": _PIXEL}]}
    if turn.usage == "none":
        return answered  # as DALL·E, which is paid by the picture
    details = {"text_tokens": turn.input_tokens, "image_tokens": 0}
    used = {
        "total_tokens": turn.input_tokens + turn.output_tokens,
        "input_tokens": turn.input_tokens,
        "output_tokens": turn.output_tokens,
        "input_tokens_details": details,
    }
    return answered | {"usage": used}


def _ranking(asked: Json, turn: Turn) -> Json:
    """vLLM's and Jina's answer: the last document first."""
    documents = asked["documents"]
    places = list(reversed(range(len(documents))))[: asked.get("top_n")]
    results = [{"index": place, "relevance_score": (place + 1) / len(documents)} for place in places]
    return {"id": "rerank-1", "model": asked["model"], "usage": {"total_tokens": turn.input_tokens}, "results": results}


def _event(said: Json) -> str:
    return f"data: {json.dumps(said)}\n\n"
