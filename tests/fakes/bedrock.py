"""Amazon Bedrock as it is on the wire: ConverseStream in AWS's binary messages, InvokeModel, and the lists of models."""

from __future__ import annotations

import json
import struct
from binascii import crc32

from tests.fakes.turn import Json, Script, Turn, script

BAD_KEY: Json = {"message": "The security token included in the request is invalid."}
RATE_LIMIT: Json = {"message": "Too many requests, please wait before trying again."}
_STOP = {"length": "max_tokens", "content_filter": "guardrail_intervened"}
_PADDING = "abcdefghijklmnopqrstuvwxyz"


def answer(path: str, asked: Json, turn: Turn) -> Json | Script:
    """What a request gets."""
    if path.endswith("/converse-stream"):
        return events(turn)
    if path.endswith("/foundation-models"):
        return _MODELS
    if path.endswith("/inference-profiles"):
        return _PROFILES
    if path.endswith("/invoke"):
        if "texts" in asked:
            return {
                "embeddings": [[float(len(text)), 0.5] for text in asked["texts"]],
                "response_type": "embeddings_floats",
            }
        return {"embedding": [float(len(asked["inputText"])), 0.5], "inputTextTokenCount": turn.input_tokens}
    return {"message": f"no route {path}"}


def events(turn: Turn) -> Script:
    """A stream: each content block with its start (tools only), deltas and stop; then the reason; then the count."""
    contents: list[bytes] = []
    blocks = 0
    if turn.thinking:
        thoughts: list[Json] = [{"reasoningContent": {"text": thought}} for thought in turn.thinking]
        contents += _block(blocks, None, [*thoughts, {"reasoningContent": {"signature": "c2ln"}}])
        blocks += 1
    if turn.words and not turn.tool_calls:
        contents += _block(blocks, None, [{"text": word} for word in turn.words])
    for call in turn.tool_calls:
        middle = len(call.arguments) // 2
        parts = ("", call.arguments[:middle], call.arguments[middle:])
        start = {"toolUse": {"toolUseId": call.id, "name": call.name}}
        contents += _block(blocks, start, [{"toolUse": {"input": part}} for part in parts])
        blocks += 1
    reason = "tool_use" if turn.tool_calls else "end_turn"
    after: Script = [_event("messageStop", {"stopReason": _STOP.get(turn.finish or "", turn.finish or reason)})]
    if turn.usage != "none":
        after.append(_event("metadata", {"usage": usage(turn), "metrics": {"latencyMs": 551}}))
    error = frame(
        {
            ":exception-type": "modelStreamErrorException",
            ":content-type": "application/json",
            ":message-type": "exception",
        },
        json.dumps({"message": "The model had a hiccup.", "originalStatusCode": 500}).encode(),
    )
    return script(turn, [_event("messageStart", {"role": "assistant"})], contents, after, error)


def usage(turn: Turn) -> Json:
    """Cached tokens beside the input; reasoning is not told apart."""
    said: Json = {
        "inputTokens": turn.input_tokens - turn.cached_tokens - turn.cache_write_tokens,
        "outputTokens": turn.output_tokens,
        "totalTokens": turn.input_tokens + turn.output_tokens,
        "cacheReadInputTokens": turn.cached_tokens,
        "cacheWriteInputTokens": turn.cache_write_tokens,
    }
    if turn.cache_write_tokens:
        said["cacheDetails"] = [
            {"ttl": "5m", "inputTokens": turn.cache_write_tokens - turn.cache_write_1h_tokens},
            {"ttl": "1h", "inputTokens": turn.cache_write_1h_tokens},
        ]
    return said


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """A message of `application/vnd.amazon.eventstream`; all headers are texts."""
    block = b"".join(
        bytes([len(name.encode())]) + name.encode() + b"\x07" + struct.pack("!H", len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(block) + len(payload), len(block))
    start = prelude + struct.pack("!I", crc32(prelude)) + block + payload
    return start + struct.pack("!I", crc32(start))


def _block(index: int, start: Json | None, deltas: list[Json]) -> list[bytes]:
    opening = [] if start is None else [_event("contentBlockStart", {"contentBlockIndex": index, "start": start})]
    middle = [_event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}) for delta in deltas]
    return [*opening, *middle, _event("contentBlockStop", {"contentBlockIndex": index})]


def _event(kind: str, said: Json) -> bytes:
    # AWS pads its events, so that their sizes do not tell which words are in them.
    padded = {**said, "p": _PADDING[: 1 + len(str(said)) % 26]}
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(padded, ensure_ascii=False).encode())


_MODELS: Json = {
    "modelSummaries": [
        {
            "modelArn": "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0",
            "modelId": "amazon.nova-lite-v1:0",
            "modelName": "Nova Lite",
            "providerName": "Amazon",
            "outputModalities": ["TEXT"],
        },
        {
            "modelArn": "arn:aws:bedrock:eu-central-1::foundation-model/amazon.titan-embed-text-v2:0",
            "modelId": "amazon.titan-embed-text-v2:0",
            "modelName": "Titan Text Embeddings V2",
            "providerName": "Amazon",
            "outputModalities": ["EMBEDDING"],
        },
    ]
}
_PROFILES: Json = {
    "inferenceProfileSummaries": [
        {
            "inferenceProfileId": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "inferenceProfileName": "EU Anthropic Claude Sonnet 4.5",
            "status": "ACTIVE",
            "type": "SYSTEM_DEFINED",
        }
    ]
}
